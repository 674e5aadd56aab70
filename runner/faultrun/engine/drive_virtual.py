"""The single-threaded driver: one event heap, ordered by virtual time and task id.

Tasks are executed one after the other in this thread, but placed side by side in virtual time:
each slot's machine has a clock of its own, and a task starts where its slot became free. Which
task starts next depends on these times and the plan only, so that the same seed and the same
number of slots give the same bytes of record.
"""

import heapq
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from faultrun.engine.execute import execute
from faultrun.engine.ledger import Ledger, no_machine, stuck
from faultrun.engine.park import Machines, Park
from faultrun.engine.scheduler import Ready, Scheduler
from faultrun.engine.summary import RunSummary
from faultrun.engine.surroundings import StepResult, Surroundings
from faultrun.model.data import Json
from faultrun.model.event import Event, Kind
from faultrun.model.failure import RecordError
from faultrun.model.gate import Gate
from faultrun.model.oracle import Oracle
from faultrun.model.plan import Plan, Task
from faultrun.model.target import Renewable, Sink, TargetBroken, TargetInfo
from faultrun.model.verdict import Verdict

__all__ = ["Machines", "RunSummary", "drive"]


def drive(
    plan: Plan,
    machines: Machines,
    sink: Sink,
    *,
    oracles: Mapping[str, Oracle],
    gate: Gate,
    slots: int,
    stop: Callable[[], bool],
) -> RunSummary:
    """Run a whole plan and leave every machine as it was found.

    ``machines`` opens a machine by name; on a target that cannot be renewed all tasks share one,
    in one slot. ``stop`` is looked at between and during steps. Raises TargetBroken if the first
    machine cannot be opened; every later trouble is a verdict, or stands in the summary.
    """
    with ExitStack() as stack:
        target = machines(plan.tasks[0].machine if plan.tasks else "none")
        shared = not isinstance(target, Renewable)
        park = Park(plan, machines, stop, shared=shared, clean=False)
        first = park.open(target)
        stack.push(first.closing)
        park.idle.append(first)
        around = Surroundings(sink=sink, oracles=oracles, stop=stop, home=plan.campaign.mark.folder)
        run = _Run(plan, around, park, stack, slots=1 if shared else max(slots, 1))
        run.play(first.target.info)
        return run.end(gate)


class _Run:
    """One pass over a plan: the heap of what is going on, and what came of it."""

    def __init__(
        self, plan: Plan, around: Surroundings, park: Park, stack: ExitStack, *, slots: int
    ) -> None:
        self._around = around
        self._park = park
        self._stack = stack
        self._scheduler = Scheduler(plan, shared=park.shared)
        self._ledger = Ledger(plan, park.shared)
        self._now = 0
        self._free = list(range(slots))
        self._going: list[tuple[int, str, int, Verdict]] = []
        self._end = 0

    def play(self, info: TargetInfo) -> None:
        """Everything from the first event to the last verdict."""
        try:
            self._emit(Kind.RUN_START, self._ledger.start(info))
            while self._going or not self._over():
                if not self._over():
                    self._start_all()
                if not self._going:
                    break
                self._advance()
            unfinished = self._scheduler.unfinished
            if unfinished and not self._over():
                self._emit(Kind.NOTE, stuck(unfinished[0]))
        except RecordError as failure:
            self._ledger.fail(str(failure), lost=True)

    def end(self, gate: Gate) -> RunSummary:
        """The last event, and what is left of the run."""
        self._now = self._end
        return self._ledger.end(gate, self._end, self._emit)

    def _over(self) -> bool:
        return self._ledger.over(asked=self._around.stop())

    def _start_all(self) -> None:
        while self._free and not self._over():
            ready = self._scheduler.next()
            if ready is None:
                return
            if ready.skip:
                self._skip(ready)
            else:
                self._start(ready.task)

    def _skip(self, ready: Ready) -> None:
        self._emit(Kind.STEP_SKIP, {"reasons": list(ready.skip)}, ready.task.id)
        self._park.let_go(ready.task)
        self._finish(ready.task.id, Verdict.SKIP)

    def _start(self, task: Task) -> None:
        slot = heapq.heappop(self._free)
        result = self._execute(task, slot)
        self._end = max(self._end, self._now + result.elapsed_ns)
        self._ledger.book(task, result)
        if result.verdict is not None:
            until = self._now + result.elapsed_ns
            heapq.heappush(self._going, (until, task.id, slot, result.verdict))

    def _execute(self, task: Task, slot: int) -> StepResult:
        self._park.begin(task)
        try:
            machine = self._park.take(task, self._stack)
        except TargetBroken as broken:
            self._emit(Kind.VERDICT, no_machine(str(broken)), task.id)
            return StepResult(verdict=Verdict.ERROR, elapsed_ns=0)
        result = execute(task, machine, self._around, slot=slot, at_ns=self._now)
        self._park.give_back(task, machine, usable=result.usable)
        return result

    def _advance(self) -> None:
        """To the next moment at which something ends; all that ends then, in order of id."""
        self._now, name, slot, verdict = heapq.heappop(self._going)
        heapq.heappush(self._free, slot)
        self._finish(name, verdict)
        while self._going and self._going[0][0] == self._now:
            _, name, slot, verdict = heapq.heappop(self._going)
            heapq.heappush(self._free, slot)
            self._finish(name, verdict)

    def _finish(self, name: str, verdict: Verdict) -> None:
        self._ledger.verdicts[name] = verdict
        self._scheduler.finish(name, verdict)

    def _emit(self, kind: Kind, data: dict[str, Json], step: str = "") -> None:
        self._around.sink.emit(Event(kind, self._now, step, data))
