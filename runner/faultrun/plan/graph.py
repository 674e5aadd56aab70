"""The graph of runs: a stable order, the longest chain, what comes before and after.

networkx does the work and stays in this file. A step that needs a matrix of n cells would have n
edges, and a matrix that needs a matrix n times n; so every name that means several runs gets one
joint, a node that is no run: n edges lead into it, one leads out to each run that needs it.
"""

from __future__ import annotations  # DiGraph takes a type in its stubs only

from collections.abc import Callable, Iterable, Iterator, Sequence

import networkx as nx

from faultrun.plan.errors import CycleError


class Graph:
    """Runs are numbered from 0 in the order of the document; joints have negative numbers."""

    def __init__(self, count: int) -> None:
        self._graph: nx.DiGraph[int] = nx.DiGraph()
        self._graph.add_nodes_from(range(count))
        self._joints = 0
        self._sorted: list[int] = []

    def joint(self, runs: Sequence[int]) -> int:
        """One node that stands for all of these runs: ready when the last of them is."""
        if len(runs) == 1:
            return runs[0]
        self._joints -= 1
        self._graph.add_edges_from((run, self._joints) for run in runs)
        return self._joints

    def need(self, run: int, nodes: Iterable[int]) -> None:
        """Let a run wait for runs and joints."""
        self._graph.add_edges_from((node, run) for node in nodes)

    def order(self) -> tuple[int, ...]:
        """Every run after all that it needs, otherwise as in the document.

        Raises CycleError, with the numbers of the runs as texts.
        """
        # Joints have the lowest keys: they pass at once and do not disturb the order of runs.
        self._sorted = []
        try:
            self._sorted.extend(nx.lexicographical_topological_sort(self._graph))
        except nx.NetworkXUnfeasible:
            raise CycleError(tuple(str(node) for node in self._circle())) from None
        return tuple(node for node in self._sorted if node >= 0)

    def follow(self, before: int, after: int) -> None:
        """Let a run wait for one that precedes it in ``order`` anyway, so that the order holds."""
        self._graph.add_edge(before, after)

    def before(self, runs: Iterable[int]) -> frozenset[int]:
        """These runs and all that they wait for, however far back."""
        return _closure(runs, self._graph.predecessors)

    def after(self, runs: Iterable[int]) -> frozenset[int]:
        """These runs and all that wait for them, however far ahead."""
        return _closure(runs, self._graph.successors)

    def longest(self, among: frozenset[int]) -> tuple[int, ...]:
        """The longest chain of runs, among some that are closed under ``before``.

        ``order`` has to come first: the chain is followed along it.
        """
        graph = self._graph
        order = [
            node
            for node in self._sorted
            if node in among or (node < 0 and among.issuperset(graph.predecessors(node)))
        ]
        if not order:
            return ()
        for joint in range(self._joints, 0):
            for _, _, data in graph.in_edges(joint, data=True):
                data["runs"] = 0
        path = nx.dag_longest_path(graph, weight="runs", topo_order=order)
        return tuple(node for node in path if node >= 0)

    def _circle(self) -> tuple[int, ...]:
        """The runs of one circle, in the order in which they wait for each other.

        What could not be sorted waits for something that could not be sorted either, so that going
        back from anywhere comes round.
        """
        stuck = set(self._graph).difference(self._sorted)
        path: dict[int, None] = {}
        node = min(stuck, key=lambda one: (one < 0, one))
        while node not in path:
            path[node] = None
            node = next(one for one in self._graph.predecessors(node) if one in stuck)
        walked = list(path)
        circle = walked[walked.index(node) :]
        return tuple(one for one in reversed(circle) if one >= 0)


def _closure(runs: Iterable[int], step: Callable[[int], Iterator[int]]) -> frozenset[int]:
    found = set(runs)
    left = list(found)
    while left:
        for node in step(left.pop()):
            if node not in found:
                found.add(node)
                left.append(node)
    return frozenset(node for node in found if node >= 0)
