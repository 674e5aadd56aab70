"""The single-threaded driver: one event heap, ordered by virtual time and task id.

Tasks are executed one after the other in this thread, but placed side by side in virtual time:
each slot's machine has a clock of its own, and a task starts where its slot became free. Which
task starts next depends on these times and the plan only, so that the same seed and the same
number of slots give the same bytes of record.
"""

import heapq
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from faultrun.engine.execute import Machine, StepResult, Surroundings, execute
from faultrun.engine.scheduler import Ready, Scheduler
from faultrun.engine.summary import RunSummary
from faultrun.model.data import Json
from faultrun.model.event import Event, Kind
from faultrun.model.failure import RecordError
from faultrun.model.gate import Gate, GateResult
from faultrun.model.interrupt import Interruptible
from faultrun.model.oracle import Oracle
from faultrun.model.plan import Plan, Task
from faultrun.model.target import Renewable, Sink, Target, TargetBroken, TargetInfo
from faultrun.model.undo import Undo
from faultrun.model.verdict import Verdict

__all__ = ["Machines", "RunSummary", "drive"]

Machines = Callable[[str], Target]


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
        first = stack.enter_context(machines(plan.tasks[0].machine if plan.tasks else "none"))
        around = Surroundings(
            sink=sink, oracles=oracles, stop=stop, home=_folder(plan.campaign.mark.file)
        )
        shared = not isinstance(first, Renewable)
        park = _Park(machines, stack, stop, shared=shared)
        park.add(first)
        run = _Run(plan, around, park, slots=1 if shared else max(slots, 1))
        run.play(first.info)
        return run.end(gate)


def _folder(file: str) -> str:
    """Everything before the file's own name, the slash included."""
    return file[: len(file) - len(file.rpartition("/")[2])]


@dataclass(slots=True)
class _Park:
    """Idle machines, and the ones that groups keep."""

    machines: Machines
    stack: ExitStack
    stop: Callable[[], bool]
    shared: bool
    idle: list[Machine] = field(default_factory=list[Machine])
    kept: dict[str, Machine] = field(default_factory=dict[str, Machine])

    def add(self, target: Target) -> None:
        """Take a newly opened machine in."""
        stop_when = target.stop_when if isinstance(target, Interruptible) else None
        if stop_when is not None:
            stop_when(self.stop)
        renew = target.renew if isinstance(target, Renewable) else None
        self.idle.append(Machine(target, target.probe(), renew, stop_when))

    def take(self, task: Task) -> Machine:
        """The machine for a task: its group's, or a clean one. Raises TargetBroken."""
        if self.shared:
            if not self.idle:
                raise TargetBroken("the machine broke in an earlier step")
            return self.idle[-1]
        machine = self.kept.pop(task.machine, None)
        if machine is not None:
            return machine
        if not self.idle:
            self.add(self.stack.enter_context(self.machines(task.machine)))
        machine = self.idle.pop()
        if machine.renew is not None:
            machine.renew(task.machine)
        machine.cursor = 0
        return machine

    def give_back(self, task: Task, machine: Machine, *, last: bool, usable: bool) -> None:
        """Keep it for the next step of the group, or let others have it."""
        if self.shared or not usable:
            # A machine that broke is not handed on; its context is still closed at the end.
            return
        if last:
            self.idle.append(machine)
        else:
            self.kept[task.machine] = machine


class _Run:
    """One pass over a plan: the heap of what is going on, and what came of it."""

    def __init__(self, plan: Plan, around: Surroundings, park: _Park, *, slots: int) -> None:
        self._plan = plan
        self._around = around
        self._park = park
        self._scheduler = Scheduler(plan, shared=park.shared)
        self._now = 0
        self._free = list(range(slots))
        self._going: list[tuple[int, str, int, Verdict]] = []
        self._left: dict[str, int] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._undos: list[Undo] = []
        self._restored = True
        self._interrupted = False
        self._failure = ""
        self._lost = False
        self._injected = 0
        self._end = 0
        for task in plan.tasks:
            self._left[task.machine] = self._left.get(task.machine, 0) + 1

    def play(self, info: TargetInfo) -> None:
        """Everything from the first event to the last verdict."""
        try:
            self._emit(Kind.RUN_START, self._start_data(info))
            while self._going or not self._over():
                if not self._over():
                    self._start_all()
                if not self._going:
                    break
                self._advance()
            self._tell_stuck()
        except RecordError as failure:
            self._failure, self._lost = str(failure), True

    def end(self, gate: Gate) -> RunSummary:
        """The last event, and what is left of the run."""
        not_run = tuple(task.id for task in self._plan.tasks if task.id not in self._verdicts)
        counts = dict.fromkeys(Verdict, 0)
        for verdict in self._verdicts.values():
            counts[verdict] += 1
        result = gate(self._plan.campaign.gate, counts, len(not_run))
        if not self._lost:
            try:
                self._now = self._end
                self._emit(Kind.RUN_END, self._end_data(counts, result, not_run))
            except RecordError as failure:
                self._failure, self._lost = str(failure), True
        return RunSummary(
            verdicts=self._verdicts,
            counts=counts,
            gate=result,
            interrupted=self._interrupted,
            restored=self._restored,
            not_run=not_run,
            undos=tuple(self._undos),
            failure=self._failure,
            injected=self._injected,
            elapsed_ns=self._end,
        )

    def _tell_stuck(self) -> None:
        stuck = self._scheduler.unfinished
        if stuck and not self._over():
            text = f"'{stuck[0].id}' can never start: its needs and its group's order contradict"
            self._emit(Kind.NOTE, {"level": "error", "text": text})

    def _over(self) -> bool:
        if self._around.stop():
            self._interrupted = True
        return self._interrupted or bool(self._failure)

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
        task = ready.task
        self._emit(Kind.STEP_SKIP, {"reasons": list(ready.skip)}, task.id)
        self._left[task.machine] -= 1
        self._let_go(task)
        self._finish(task.id, Verdict.SKIP)

    def _let_go(self, task: Task) -> None:
        """The last task of a group was skipped: nobody will give the group's machine back."""
        if not self._left[task.machine] and task.machine in self._park.kept:
            self._park.idle.append(self._park.kept.pop(task.machine))

    def _start(self, task: Task) -> None:
        slot = heapq.heappop(self._free)
        result = self._execute(task, slot)
        self._injected += result.injected
        self._end = max(self._end, self._now + result.elapsed_ns)
        if not result.restored:
            self._restored = False
            self._undos.extend(result.undos)
            self._halt(task)
        if result.failure:
            self._failure, self._lost = result.failure, True
        if result.verdict is None:
            self._interrupted = self._interrupted or not result.failure
            return
        until = self._now + result.elapsed_ns
        heapq.heappush(self._going, (until, task.id, slot, result.verdict))

    def _execute(self, task: Task, slot: int) -> StepResult:
        self._left[task.machine] -= 1
        try:
            machine = self._park.take(task)
        except TargetBroken as broken:
            return self._no_machine(task, str(broken))
        result = execute(task, machine, self._around, slot=slot, at_ns=self._now)
        self._park.give_back(task, machine, last=not self._left[task.machine], usable=result.usable)
        return result

    def _no_machine(self, task: Task, why: str) -> StepResult:
        data: dict[str, Json] = {
            "elapsed_ns": 0,
            "findings": [],
            "injected": 0,
            "outcome": "no-fault",
            "reasons": [f"no machine to run on: {why}"],
            "verdict": Verdict.ERROR.value,
        }
        self._emit(Kind.VERDICT, data, task.id)
        return StepResult(verdict=Verdict.ERROR, elapsed_ns=0)

    def _halt(self, task: Task) -> None:
        """Arm nothing more on a machine that may still be armed, unless it can be thrown away."""
        if self._park.shared and not self._failure:
            self._failure = f"the machine may still be armed after step '{task.id}'"

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
        self._verdicts[name] = verdict
        self._scheduler.finish(name, verdict)

    def _emit(self, kind: Kind, data: dict[str, Json], step: str = "") -> None:
        self._around.sink.emit(Event(kind, self._now, step, data))

    def _start_data(self, info: TargetInfo) -> dict[str, Json]:
        return {
            "campaign": self._plan.campaign.name,
            "plan": self._plan.digest,
            "release": info.release,
            "seed": self._plan.seed,
            "target": info.name,
            "tasks": len(self._plan.tasks),
        }

    def _end_data(
        self, counts: Mapping[Verdict, int], result: GateResult, not_run: tuple[str, ...]
    ) -> dict[str, Json]:
        return {
            "counts": dict(sorted((verdict.value, number) for verdict, number in counts.items())),
            "gate": {"passed": result.passed, "violations": list(result.violations)},
            "interrupted": self._interrupted,
            "not_run": list(not_run),
            "restored": self._restored,
        }
