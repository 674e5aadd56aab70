"""Layered drawing of a small directed graph: ranks, few crossings, straight long edges.

The classic four stages in their simplest honest form: longest-path ranks, invisible nodes where an
edge passes a rank, barycentre sweeps for the order, and least-squares placement in each rank.
Made for up to some hundred nodes; the caller collapses anything larger.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Where nodes go: rank (column) and centre (pixels), and the points of every edge.

    An edge's points are (rank, centre), first the tail, last the head, the passed ranks between.
    """

    rank: Mapping[int, int]
    centre: Mapping[int, float]
    edges: tuple[tuple[tuple[int, int], tuple[tuple[int, float], ...]], ...]


def ranks(count: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """Longest path from a root, per node. Nodes on a cycle (a damaged record) get rank 0."""
    after: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for tail, head in edges:
        after[tail].append(head)
        waiting[head] += 1
    rank = [0] * count
    ready = [node for node in range(count) if waiting[node] == 0]
    for node in ready:
        for head in after[node]:
            rank[head] = max(rank[head], rank[node] + 1)
            waiting[head] -= 1
            if waiting[head] == 0:
                ready.append(head)
    return rank


def reduced(count: int, edges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The edges without those that a longer way implies (needs are transitive)."""
    pairs = sorted(set(edges))
    rank = ranks(count, pairs)
    pairs = [(tail, head) for tail, head in pairs if rank[tail] < rank[head]]
    above = [0] * count
    for node in sorted(range(count), key=lambda item: rank[item]):
        for tail, head in pairs:
            if head == node:
                above[node] |= above[tail] | (1 << tail)
    kept: list[tuple[int, int]] = []
    for tail, head in pairs:
        others = (other for other, to in pairs if to == head and other != tail)
        if not any(above[other] >> tail & 1 for other in others):
            kept.append((tail, head))
    return kept


def _pack(wanted: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Centres in the given order, as near to the wanted ones as their sizes allow.

    Least squares under an order is isotonic regression: neighbours that clash become one block
    that moves to the mean of what its members want.
    """
    offsets: list[float] = []
    run = 0.0
    for index, size in enumerate(sizes):
        run += size / 2 + (sizes[index - 1] / 2 if index else 0.0)
        offsets.append(run)
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, members = want - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / members:
            last_total, last_members = blocks.pop()
            total, members = total + last_total, members + last_members
        blocks.append((total, members))
    placed = [total / members for total, members in blocks for _ in range(members)]
    return [base + offset for base, offset in zip(placed, offsets, strict=True)]


def _ordered(columns: list[list[int]], near: Sequence[Mapping[int, list[int]]]) -> None:
    """Sort each column by the mean place of its neighbours, forth and back."""
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        order = columns[1:] if forth else columns[-2::-1]
        links = near[0] if forth else near[1]
        place = {node: at for column in columns for at, node in enumerate(column)}
        for column in order:
            keys = {
                node: sum(place[other] for other in links[node]) / len(links[node])
                if links[node]
                else float(place[node])
                for node in column
            }
            column.sort(key=lambda node: (keys[node], place[node]))
            place.update({node: at for at, node in enumerate(column)})


def _centres(
    columns: Sequence[Sequence[int]],
    near: Sequence[Mapping[int, list[int]]],
    size: Mapping[int, float],
) -> dict[int, float]:
    centre: dict[int, float] = {}
    for column in columns:
        packed = _pack([0.0] * len(column), [size[node] for node in column])
        centre.update(zip(column, packed, strict=True))
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for column in columns if forth else columns[::-1]:
            wanted: list[float] = []
            for node in column:
                links = near[0][node] + near[1][node] if sweep else near[0][node]
                wanted.append(
                    sum(centre[other] for other in links) / len(links) if links else centre[node]
                )
            packed = _pack(wanted, [size[node] for node in column])
            centre.update(zip(column, packed, strict=True))
    top = min(centre[node] - size[node] / 2 for node in centre)
    return {node: place - top for node, place in centre.items()}


def draw(heights: Sequence[float], edges: Sequence[tuple[int, int]], *, passing: float) -> Drawing:
    """Place nodes of these heights (gaps included). ``passing`` is the height of a passing edge.

    Edges must not form a cycle; ``reduced`` sees to that.
    """
    count = len(heights)
    rank = dict(enumerate(ranks(count, edges)))
    size = dict(enumerate(heights))
    ways: list[tuple[tuple[int, int], list[int]]] = []
    for tail, head in edges:
        way = [tail]
        for between in range(rank[tail] + 1, rank[head]):
            node = len(size)
            rank[node], size[node] = between, passing
            way.append(node)
        ways.append(((tail, head), [*way, head]))
    before: dict[int, list[int]] = {node: [] for node in size}
    after: dict[int, list[int]] = {node: [] for node in size}
    for _, way in ways:
        for first, second in pairwise(way):
            after[first].append(second)
            before[second].append(first)
    columns: list[list[int]] = [[] for _ in range(max(rank.values(), default=0) + 1)]
    for node in size:
        columns[rank[node]].append(node)
    _ordered(columns, (before, after))
    centre = _centres(columns, (before, after), size) if size else {}
    return Drawing(
        rank=rank,
        centre=centre,
        edges=tuple(
            (pair, tuple((rank[node], centre[node]) for node in way)) for pair, way in ways
        ),
    )
