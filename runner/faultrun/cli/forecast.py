"""Ask the simulated kernel how often each workload passes its fault points, before any run.

Planning itself needs no machine. This is the composition: the command line runs every distinct
workload once on the simulator with its fault armed in all but the trigger, counts the checks, and
hands the counts to the pure mathematics of ``faultrun.plan.predict``. See
``runner/decisions/0005-forecast.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from faultrun.capabilities.common import CORE_ATTRS
from faultrun.cli.dress_rehearsal import NOTE, DressRehearsal
from faultrun.engine.ranges import resolved
from faultrun.engine.requirements import unmet
from faultrun.model.diagnostic import Diagnostic, Severity
from faultrun.model.plan import Plan, Prediction, Task, Write
from faultrun.model.target import AttrRefused, Checks, KernelFacts, TargetBroken, TargetDied
from faultrun.plan.predict import Predicted, predict
from faultrun.plan.warn import may_be_vacuous
from faultrun.targets.simulated import SimulatedTarget

NUMBERS = frozenset(spec.name for spec in CORE_ATTRS) - {"task-filter"} | {"status", "dont_retry"}
"""Attributes that change what a check decides, not how many checks there are."""

_VACUOUS = "FR121"

Tally = Mapping[str, tuple[Checks, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The plan with its predictions, and the warnings that only a dry run can give."""

    plan: Plan
    diagnostics: tuple[Diagnostic, ...]


def forecast(plan: Plan) -> Forecast:
    """Predict every task of a plan. Costs one dry run for each distinct workload."""
    rehearsal = _Rehearsal(plan)
    dress = DressRehearsal(plan)
    tasks: list[Task] = []
    findings: dict[tuple[object, ...], Diagnostic] = {}
    last: Task | None = None
    for task in plan.tasks:
        if not task.step.injections:
            # What is skipped leaves nothing behind for later steps of its machine.
            if not rehearsal.fresh(task) and not rehearsal.lacking(task):
                rehearsal.pass_by(task)
                dress.perform(task, alone=False)
            tasks.append(task)
            continue
        if last is not None and rehearsal.alike(task, last):
            # Cells of a matrix that differ in name only: what was said of one holds for the next.
            tasks.append(replace(task, prediction=tasks[-1].prediction))
            continue
        last = task
        lacking = rehearsal.lacking(task)
        if lacking:
            tasks.append(replace(task, prediction=Prediction(known=False, note=lacking)))
            continue
        tally, why = rehearsal.tally(task)
        fresh = rehearsal.fresh(task)
        result = predict(task, tally, fresh=fresh, unknown=why)
        if not fresh or is_certain(result.prediction):
            result = corrected(result, dress.perform(task, alone=fresh))
            result = never_seen(task, result)
        tasks.append(replace(task, prediction=result.prediction))
        for finding in result.diagnostics:
            findings.setdefault((finding.code, finding.mark, finding.message), finding)
    return Forecast(plan=replace(plan, tasks=tuple(tasks)), diagnostics=tuple(findings.values()))


def is_certain(prediction: Prediction) -> bool:
    """Whether nothing is left to chance: then a dry run with the fault armed tells exactly."""
    return prediction.known and not prediction.spread


def corrected(result: Predicted, seen: int | None) -> Predicted:
    """The arithmetic's answer, or where it is certain and differs, what a dry run has seen."""
    prediction = result.prediction
    if seen is None or not is_certain(prediction) or seen == prediction.mean:
        return result
    notes = [note for note in (prediction.note, NOTE) if note]
    return Predicted(
        prediction=replace(
            prediction,
            mean=float(seen),
            vacuous_chance=0.0 if seen else 1.0,
            note="; ".join(notes),
        ),
        diagnostics=tuple(
            finding for finding in result.diagnostics if not seen or finding.code != _VACUOUS
        ),
    )


def never_seen(task: Task, result: Predicted) -> Predicted:
    """With a warning if nothing but the dry run with the fault armed tells that it never fires."""
    told = any(finding.code == _VACUOUS for finding in result.diagnostics)
    if told or result.prediction.vacuous_chance < 1.0 or may_be_vacuous(task.step):
        return result
    why = "the workload passes it, but when it is armed it does not fire"
    finding = Diagnostic(
        code=_VACUOUS,
        severity=Severity.WARNING,
        mark=task.step.injections[0].mark,
        message=f"'{task.step.origin}': this fault never fires: {why}",
        hint="look whether the workload changes the fault's own files, or fails before it",
    )
    return Predicted(
        prediction=replace(result.prediction, why=why), diagnostics=(*result.diagnostics, finding)
    )


class _Rehearsal:
    """Dry runs on simulated machines, remembered by what decides their counts."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        # A dry run counts checks and injects nothing, so what the boot armed must not fire in it.
        self._target = replace(plan.campaign.target, cmdline="")
        self._facts: KernelFacts | None = None
        self._seen: dict[tuple[object, ...], tuple[Tally, str]] = {}
        self._shared: dict[str, SimulatedTarget] = {}
        self._steps_on: dict[str, int] = {}
        for task in plan.tasks:
            self._steps_on[task.machine] = self._steps_on.get(task.machine, 0) + 1

    def fresh(self, task: Task) -> bool:
        """Whether no other step runs on the task's machine, so that interval counters start at 0."""
        return self._steps_on[task.machine] == 1

    def alike(self, task: Task, other: Task) -> bool:
        """Whether two tasks do the same on machines of their own."""
        return (
            task.writes == other.writes
            and task.command == other.command
            and self.fresh(task)
            and self.fresh(other)
        )

    def lacking(self, task: Task) -> str:
        """Why the simulated kernel cannot run the step at all; empty if it can."""
        if self._facts is None:
            self._facts = SimulatedTarget(self._target, seed=self._plan.seed).probe()
        return "; ".join(unmet(task, self._facts, self._plan.campaign.target.kind))

    def pass_by(self, task: Task) -> None:
        """Run a step without a fault: later steps of its machine build on what it does."""
        self._run(self._machine(task), task)

    def tally(self, task: Task) -> tuple[Tally, str]:
        """The checks the task's workload makes, and why they are not known if they are not."""
        if not self.fresh(task):
            return self._run(self._machine(task), task)
        kept = tuple(write for write in task.writes if _name(write) not in NUMBERS)
        key = (task.command, tuple((write.path, write.value) for write in kept))
        if key not in self._seen:
            self._seen[key] = self._run(self._machine(task), task)
        return self._seen[key]

    def _machine(self, task: Task) -> SimulatedTarget:
        if self.fresh(task):
            return SimulatedTarget(self._target, seed=self._plan.seed, machine=task.machine)
        if task.machine not in self._shared:
            self._shared[task.machine] = SimulatedTarget(
                self._target, seed=self._plan.seed, machine=task.machine
            )
        return self._shared[task.machine]

    @staticmethod
    def _run(target: SimulatedTarget, task: Task) -> tuple[Tally, str]:
        try:
            before: list[tuple[str, bytes]] = []
            found = resolved(task, target)
            if found.problem:
                return {}, found.problem
            task = found.task
            for write in task.writes:
                if not write.trigger or write.rule.rehearsed:
                    if not write.rule.made:
                        undo = [line.encode() for line in write.rule.undo.splitlines()]
                        lines = undo or [target.read(write.path)]
                        before.extend((write.path, line) for line in reversed(lines))
                    target.write(write.path, f"{write.value}\n".encode())
            target.forget_checks()
            finished = target.run(replace(task.command, fail_nth=0))
            tally = target.checks()
            for path, old in reversed(before):
                target.write(path, old)
            if task.cleanup is not None:
                target.run(task.cleanup)
        except (AttrRefused, TargetDied, TargetBroken) as refused:
            return {}, str(refused)
        return tally, finished.unmodelled


def _name(write: Write) -> str:
    return write.path.rsplit("/", 1)[-1]
