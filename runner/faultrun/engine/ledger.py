"""What came of a run so far, and the events that frame it: the same with either driver.

It has no clock and no machines; with several threads, whoever writes here holds the driver's lock.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from faultrun.engine.summary import RunSummary
from faultrun.engine.surroundings import StepResult
from faultrun.model.data import Json
from faultrun.model.event import Kind
from faultrun.model.failure import RecordError
from faultrun.model.gate import Gate, GateResult
from faultrun.model.plan import Plan, Task
from faultrun.model.target import TargetInfo
from faultrun.model.undo import Undo
from faultrun.model.verdict import Verdict


@dataclass(slots=True)
class Ledger:
    """Verdicts, what could not be put back, and why the run ended early, if it did.

    ``lost``: the record cannot be written any more, so that nothing more may be armed or told.
    """

    plan: Plan
    shared: bool
    verdicts: dict[str, Verdict] = field(default_factory=dict[str, Verdict])
    undos: list[Undo] = field(default_factory=list[Undo])
    restored: bool = True
    interrupted: bool = False
    failure: str = ""
    lost: bool = False
    injected: int = 0

    def over(self, *, asked: bool) -> bool:
        """Whether nothing more may start; ``asked``: the user wants the run to stop."""
        if asked:
            self.interrupted = True
        return self.interrupted or bool(self.failure)

    def fail(self, why: str, *, lost: bool = False) -> None:
        """The run cannot go on. The first reason is the one to tell: the others follow from it."""
        self.failure = self.failure or why
        self.lost = self.lost or lost

    def book(self, task: Task, result: StepResult) -> None:
        """How a task ended, but for its verdict, which counts from when the driver says so."""
        self.injected += result.injected
        if result.failure:
            self.fail(result.failure, lost=result.lost)
        if not result.restored:
            self.restored = False
            self.undos.extend(result.undos)
            if self.shared:
                # Arm nothing more on a machine that may still be armed and cannot be thrown away.
                self.fail(f"the machine may still be armed after step '{task.id}'")
        if result.verdict is None and not self.failure:
            self.interrupted = True

    def start(self, info: TargetInfo) -> dict[str, Json]:
        """The data of ``run.start``."""
        return {
            "campaign": self.plan.campaign.name,
            "plan": self.plan.digest,
            "release": info.release,
            "seed": self.plan.seed,
            "target": info.name,
            "tasks": len(self.plan.tasks),
        }

    def end(
        self, gate: Gate, elapsed_ns: int, emit: Callable[[Kind, dict[str, Json]], None]
    ) -> RunSummary:
        """The last event, and what is left of the run."""
        not_run = tuple(task.id for task in self.plan.tasks if task.id not in self.verdicts)
        counts = _counts(self.verdicts.values())
        # A step that the campaign keeps for other kinds of target was not missed on this one.
        meant = {task.id for task in self.plan.tasks_meant()}
        judged = _counts(self.verdicts[name] for name in self.verdicts if name in meant)
        result = gate(self.plan.campaign.gate, judged, len(not_run))
        if not self.lost:
            try:
                emit(Kind.RUN_END, self._end_data(counts, result, not_run))
            except RecordError as failure:
                self.failure, self.lost = str(failure), True
        return RunSummary(
            verdicts=self.verdicts,
            counts=counts,
            gate=result,
            interrupted=self.interrupted,
            restored=self.restored,
            not_run=not_run,
            undos=tuple(self.undos),
            failure=self.failure,
            injected=self.injected,
            elapsed_ns=elapsed_ns,
        )

    def _end_data(
        self, counts: dict[Verdict, int], result: GateResult, not_run: tuple[str, ...]
    ) -> dict[str, Json]:
        return {
            "counts": dict(sorted((verdict.value, number) for verdict, number in counts.items())),
            "gate": {"passed": result.passed, "violations": list(result.violations)},
            "interrupted": self.interrupted,
            "not_run": list(not_run),
            "restored": self.restored,
        }


def _counts(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    counts = dict.fromkeys(Verdict, 0)
    for verdict in verdicts:
        counts[verdict] += 1
    return counts


def no_machine(why: str) -> dict[str, Json]:
    """The verdict of a task that had no machine to run on: ours, not the kernel's."""
    return {
        "elapsed_ns": 0,
        "findings": [],
        "injected": 0,
        "outcome": "no-fault",
        "reasons": [f"no machine to run on: {why}"],
        "verdict": Verdict.ERROR.value,
    }


def stuck(task: Task) -> dict[str, Json]:
    """A note that the rest of the plan can never start, since this task cannot."""
    text = f"'{task.id}' can never start: its needs and its group's order contradict"
    return {"level": "error", "text": text}
