"""Campaign to Plan: pure and deterministic, without a machine."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import Campaign, Workload
from faultrun.model.capability import Capability
from faultrun.model.plan import Plan, Prediction, Task
from faultrun.model.target import Command
from faultrun.plan.digest import digest_of
from faultrun.plan.errors import CycleError, PlanError
from faultrun.plan.expand import Run, expand, names
from faultrun.plan.graph import Graph
from faultrun.plan.locks import Locks
from faultrun.plan.select import Selection, select
from faultrun.plan.writes import Arsenal, WriteSet

UNPREDICTED = Prediction(known=False, note="no dry run was made")
NO_FAULT = Prediction(known=False, note="")
"""A step that arms nothing: there is nothing to predict."""


def make_plan(
    campaign: Campaign,
    capabilities: Mapping[str, Capability],
    *,
    selection: Selection,
    seed: int | None,
) -> Plan:
    """Everything that will be done, in order. ``seed`` None takes the campaign's.

    Raises SelectionError for a name that does not exist, CycleError and PlanError for a campaign
    that the language would have refused.
    """
    runs = expand(campaign.steps)
    named = names(runs)
    graph, needs = _linked(runs, named)
    order = _ordered(graph, runs)
    chosen = select(selection, runs, named, graph, campaign.tags)
    tasks = _Maker(campaign, capabilities, runs).make(
        [place for place in order if place in chosen], needs
    )
    actual = campaign.seed if seed is None else seed
    return Plan(
        campaign=campaign,
        tasks=tasks,
        seed=actual,
        digest=digest_of(campaign, tasks, actual),
        critical_path=tuple(runs[place].id for place in graph.longest(chosen)),
    )


def _linked(
    runs: Sequence[Run], named: Mapping[str, tuple[int, ...]]
) -> tuple[Graph, list[tuple[str, ...]]]:
    """The graph of needs, and for each run the ids that it needs.

    Cells share one tuple of ids, so that a matrix that needs a matrix costs no more than both.
    """
    graph = Graph(len(runs))
    joints: dict[str, int] = {}
    ids: dict[tuple[str, ...], tuple[str, ...]] = {}
    needs: list[tuple[str, ...]] = []
    for place, run in enumerate(runs):
        wanted = tuple(need.id for need in run.step.needs)
        if wanted not in ids:
            for need in run.step.needs:
                if need.id not in named:
                    raise PlanError(f"{need.mark}: '{run.step.id}' needs '{need.id}', no such step")
                if need.id not in joints:
                    joints[need.id] = graph.joint(named[need.id])
            found = {member: None for name in wanted for member in named[name]}
            ids[wanted] = tuple(runs[member].id for member in found)
        graph.need(place, [joints[name] for name in wanted])
        needs.append(ids[wanted])
    return graph, needs


def _ordered(graph: Graph, runs: Sequence[Run]) -> tuple[int, ...]:
    """The order of all runs; steps of one group then follow each other in it.

    Within a group that is the order of the document, unless their needs say otherwise.
    """
    try:
        order = graph.order()
    except CycleError as cycle:
        raise CycleError(tuple(runs[int(place)].id for place in cycle.ids)) from None
    last: dict[str, int] = {}
    for place in order:
        group = runs[place].step.group
        if group is not None:
            if group in last:
                graph.follow(last[group], place)
            last[group] = place
    return order


class _Maker:
    """Builds the tasks of one plan."""

    def __init__(
        self, campaign: Campaign, capabilities: Mapping[str, Capability], runs: Sequence[Run]
    ) -> None:
        version = KernelVersion.parse(campaign.target.kernel)
        self._arsenal = Arsenal(capabilities, version)
        self._locks = Locks(campaign, capabilities)
        self._runs = runs
        self._ids = {run.id for run in runs}

    def make(self, order: Sequence[int], needs: Sequence[tuple[str, ...]]) -> tuple[Task, ...]:
        """The tasks of these runs, numbered from 0 in this order."""
        return tuple(
            self._task(self._runs[place], needs[place], number)
            for number, place in enumerate(order)
        )

    def _task(self, run: Run, needs: tuple[str, ...], order: int) -> Task:
        step = run.step
        armed = self._arsenal.arm(step.injections)
        cleanup = step.cleanup
        return Task(
            id=run.id,
            step=step,
            machine=self._machine(run),
            needs=needs,
            locks=self._locks.of(step),
            writes=armed.writes,
            counters=armed.counters,
            command=_command(
                step.workload,
                step.timeout_ns,
                replace(armed, make_it_fail=armed.make_it_fail and not step.marks_itself),
            ),
            cleanup=None if cleanup is None else _command(cleanup, step.timeout_ns, WriteSet()),
            order=order,
            prediction=UNPREDICTED if step.injections else NO_FAULT,
            look_for=armed.look_for,
        )

    def _machine(self, run: Run) -> str:
        """A group's name, or the run's id; a group that is called like a run is told apart."""
        group = run.step.group
        if group is None:
            return run.id
        return f"group {group}" if group in self._ids else group


def _command(workload: Workload, timeout_ns: int, armed: WriteSet) -> Command:
    return Command(
        timeout_ns=timeout_ns,
        script=workload.script,
        argv=workload.argv,
        stdin=workload.stdin,
        env=workload.env,
        make_it_fail=armed.make_it_fail,
        fail_nth=armed.fail_nth,
    )
