"""One task on one machine: announce, arm, run, disarm, look, clean up, restore, judge.

However a step ends, its control files are put back: the paths out of it are a verdict, a dead
machine, a broken target, a user who asks to stop, and a record that cannot be written any more.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace

from faultrun.engine.arming import Arming
from faultrun.engine.evidence import collect, oops_of
from faultrun.engine.judge import judge
from faultrun.engine.ranges import resolved
from faultrun.engine.requirements import unmet
from faultrun.engine.rows import command_data, ended, evidence_data, finding_data, log_rows
from faultrun.engine.surroundings import Machine, StepResult, Surroundings, bug_words
from faultrun.model.data import Json
from faultrun.model.event import Event, Kind
from faultrun.model.evidence import Evidence
from faultrun.model.failure import RecordError
from faultrun.model.guarding import Guarding
from faultrun.model.plan import Task
from faultrun.model.target import (
    AttrRefused,
    Clock,
    Command,
    Finished,
    LogLine,
    TargetBroken,
    TargetDied,
)
from faultrun.model.verdict import Finding, Outcome, OutcomeClass, Verdict

_HEARD = 3
"""Records of the kernel log that are quoted when arming failed."""

_NEVER_RAN = Finished(exit_code=None, stdout="", stderr="", elapsed_ns=0)


def execute(
    task: Task, machine: Machine, around: Surroundings, *, slot: int, at_ns: int
) -> StepResult:
    """Run one task; ``at_ns`` is the run's own time at which it starts.

    Raises nothing but errors of this program itself, and those only after restoring.
    """
    step = _step(task, machine, around, at_ns)
    try:
        return step.perform(slot)
    except RecordError as failure:
        return step.abandon(str(failure), lost=True)
    except BaseException:
        step.abandon("")
        raise


def attempt(
    task: Task, machine: Machine, around: Surroundings, *, slot: int, at_ns: int
) -> StepResult:
    """The same for a thread with nobody above it: an error of this program is a result, too."""
    step = _step(task, machine, around, at_ns)
    try:
        return step.perform(slot)
    except RecordError as failure:
        return step.abandon(str(failure), lost=True)
    except BaseException as bug:  # noqa: BLE001  # whatever it is, other slots have to restore
        return step.abandon(f"step '{task.id}': {bug_words(bug)}")


def _step(task: Task, machine: Machine, around: Surroundings, at_ns: int) -> "_Step":
    clock = around.clock or machine.target.clock
    offset_ns = at_ns - clock.now_ns()
    return _Step(
        task=task, machine=machine, around=around, clock=clock, offset_ns=offset_ns, began_ns=at_ns
    )


@dataclass(slots=True)
class _Step:
    task: Task
    machine: Machine
    around: Surroundings
    clock: Clock
    offset_ns: int
    began_ns: int
    arming: Arming = field(init=False)
    finished: Finished | None = None
    evidence: Evidence | None = None
    problem: str = ""
    died: TargetDied | None = None
    unreachable: bool = False
    reborn: bool = False
    cleanup_words: str = ""
    late_oops: str = ""

    def __post_init__(self) -> None:
        self.arming = Arming(self.machine.target, self.task)

    def perform(self, slot: int) -> StepResult:
        """The whole step. Raises RecordError only."""
        reasons = unmet(self.task, self.machine.facts, self.machine.target.info.kind)
        if reasons:
            self._emit(Kind.STEP_SKIP, {"reasons": list(reasons)})
            return StepResult(verdict=Verdict.SKIP, elapsed_ns=0, touched=False)
        self._emit(Kind.STEP_START, {"machine": self.task.machine, "slot": slot})
        try:
            self._live()
        except TargetDied as died:
            self._after_death(died)
        except TargetBroken as broken:
            self.problem = self.problem or f"the target broke: {broken}"
            self.unreachable = True
        self._restore()
        if self.finished is not None and self.around.stop() and self._was_cut_short():
            self._note(f"{self.around.stopped()} while the workload was running", "warning")
            return self._result(None)
        if self.finished is None and not self.problem and self.died is None:
            return self._result(None)
        return self._judge()

    def abandon(self, why: str, *, lost: bool = False) -> StepResult:
        """Put everything back before the run ends: the record is ``lost``, or this program has a bug."""
        if self.arming.announced:
            try:
                self.arming.disarm()
                data = self.arming.restore()
                if self.arming.complete:
                    self._let_go()
            except Exception as broken:  # noqa: BLE001  # a bug that hits restoring, too, leaves it armed
                data = self.arming.give_up(str(broken))
            if not lost:
                with suppress(Exception):
                    self._emit(Kind.RESTORED, data)
        return StepResult(
            verdict=None,
            elapsed_ns=self._now() - self.began_ns,
            restored=self.arming.complete,
            undos=() if self.arming.complete else self.arming.undos(),
            failure=why,
            usable=False,
            lost=lost,
        )

    def _live(self) -> None:
        target = self.machine.target
        _before, self.machine.cursor, _lost = target.log(self.machine.cursor)
        if self.task.writes:
            self._arm()
        if not self.problem and not self.around.stop():
            self._run()
        if self.arming.announced and self.arming.saved:
            self._emit(Kind.DISARMED, self.arming.disarm())
        if self.finished is None:
            return
        log, self.machine.cursor, lost = target.log(self.machine.cursor)
        self._look(log, lost)
        if self.task.cleanup is not None:
            self._clean_up(self.task.cleanup)

    def _arm(self) -> None:
        found = resolved(self.task, self.machine.target)
        for note in found.notes:
            self._note(note, "info")
        self.problem = found.problem
        if self.problem:
            return
        arming = self.arming = Arming(self.machine.target, found.task)
        self.problem = arming.read_old() or arming.hold()
        if arming.absent:
            self._note(
                f"this kernel lacks {', '.join(arming.absent)}, which may be missing", "info"
            )
        if self.problem:
            return
        self._emit(Kind.INTENT, arming.intent())
        if isinstance(self.machine.target, Guarding):
            self.machine.target.guard(arming.undos())
        data, self.problem = arming.arm()
        self._emit(Kind.ARMED, data)
        if self.problem:
            self._hear()

    def _hear(self) -> None:
        """What the kernel said when it refused a write belongs to the reason."""
        log, self.machine.cursor, _lost = self.machine.target.log(self.machine.cursor)
        if log:
            words = " / ".join(line.text for line in log[-_HEARD:])
            self.problem += f"; the kernel log says: {words}"

    def _run(self) -> None:
        began = self._now()
        try:
            self.finished = self.machine.target.run(self.task.command)
        except AttrRefused as refused:
            self.problem = (
                f"the workload's own task could not be armed: {refused}"
                " (make-it-fail needs CAP_SYS_RESOURCE)"
            )
            return
        except TargetDied:
            self.finished = Finished(
                exit_code=None, stdout="", stderr="", elapsed_ns=self._now() - began
            )
            self._emit(Kind.COMMAND, command_data(self.finished))
            raise
        self._emit(Kind.COMMAND, command_data(self.finished))

    def _look(self, log: tuple[LogLine, ...], lost: int) -> None:
        self.evidence = collect(
            self.task,
            self.machine.target,
            self.around.oracles,
            finished=self.finished or _NEVER_RAN,
            log=log,
            lost=lost,
            arming=self.arming,
            died=str(self.died) if self.died is not None else "",
            hung=self.died is not None and self.died.hung,
            log_there=self.machine.cursor > 0,
        )
        self._emit(Kind.EVIDENCE, evidence_data(self.evidence))

    def _clean_up(self, command: Command) -> None:
        stop_when = self.machine.stop_when
        if stop_when is not None:
            # Also a user who stops the run wants the machine cleaned up.
            stop_when(_never)
        finished = self.machine.target.run(command)
        if stop_when is not None:
            stop_when(self.around.stop)
        self._emit(Kind.CLEANUP, command_data(finished))
        if finished.exit_code != 0:
            self.cleanup_words = f"the cleanup {ended(finished)}"
            self._note(self.cleanup_words, "warning")
        log, self.machine.cursor, _lost = self.machine.target.log(self.machine.cursor)
        self.late_oops = oops_of(log) if log else ""
        if self.late_oops:
            text = f"while cleaning up, the kernel said: {self.late_oops}"
            self._emit(Kind.NOTE, {"level": "error", "log": log_rows(log), "text": text})

    def _after_death(self, died: TargetDied) -> None:
        """A crash is an outcome: keep the last words, bring the machine back, go on."""
        self.died = died
        before = self._now()
        try:
            self.machine.target.release()
            self.machine.target.recover(str(died))
            self.machine.cursor = 0
            self.reborn = True
            # A machine that booted anew may count its time from zero; the run's own does not.
            self.offset_ns += max(before - self._now(), 0)
            if self.evidence is None:
                self._look(died.log_tail, 0)
            else:
                self.evidence = replace(self.evidence, died=str(died), hung=died.hung)
        except (TargetBroken, TargetDied) as gone:
            self.unreachable = True
            self.problem = f"the machine died ({died}) and did not come back: {gone}"

    def _restore(self) -> None:
        if not self.arming.announced:
            self._release()
            return
        try:
            data = self._put_back()
        except (TargetDied, TargetBroken) as gone:
            data = self.arming.give_up(f"the machine cannot be reached: {gone}")
        if self.arming.complete and not self.unreachable:
            self._let_go()
        self._emit(Kind.RESTORED, data)

    def _let_go(self) -> None:
        """Nothing is armed any more: the machine's own watchdog has nothing to put back."""
        target = self.machine.target
        if isinstance(target, Guarding):
            try:
                target.guard(())
            except (TargetDied, TargetBroken) as gone:
                self.problem = self.problem or f"the target broke: {gone}"
                self.unreachable = True

    def _put_back(self) -> dict[str, Json]:
        try:
            return self.arming.restore()
        except TargetDied as died:
            # It died while being restored: what came back has to be looked at as well.
            self._after_death(died)
            return self.arming.restore()

    def _release(self) -> None:
        try:
            self.machine.target.release()
        except (TargetDied, TargetBroken) as gone:
            self.problem = self.problem or f"the target broke: {gone}"

    def _judge(self) -> StepResult:
        if self.evidence is None or self.problem:
            outcome = self._not_judged()
        else:
            outcome = judge(self.task, self.evidence, self.around.oracles, late_oops=self.late_oops)
        if not self.arming.complete:
            outcome = _unrestored(outcome)
        injected = self.evidence.injected if self.evidence is not None else 0
        reasons = list(outcome.reasons)
        if self.cleanup_words and outcome.verdict is not Verdict.PASS:
            reasons.append(self.cleanup_words)
        self._emit(
            Kind.VERDICT,
            {
                "elapsed_ns": self._now() - self.began_ns,
                "findings": [
                    finding_data(finding, self.around.home) for finding in outcome.findings
                ],
                "injected": injected,
                "outcome": outcome.outcome.value,
                "reasons": reasons,
                "verdict": outcome.verdict.value,
            },
        )
        return self._result(outcome.verdict, injected)

    def _not_judged(self) -> Outcome:
        reason = self.problem or "the step ended before there was anything to judge"
        crashed = self.died is not None
        refused = Finding(
            oracle="arming",
            verdict=Verdict.ERROR,
            expected="the kernel takes every value that arms the step",
            found=reason,
            place="",
        )
        return Outcome(
            verdict=Verdict.ERROR,
            outcome=OutcomeClass.CRASH if crashed else OutcomeClass.NO_FAULT,
            findings=(refused,) if self.arming.announced and self.finished is None else (),
            reasons=(reason,),
        )

    def _result(self, verdict: Verdict | None, injected: int = 0) -> StepResult:
        complete = self.arming.complete
        return StepResult(
            verdict=verdict,
            elapsed_ns=self._now() - self.began_ns,
            injected=injected,
            restored=complete,
            undos=() if complete else self.arming.undos(),
            usable=complete and not self.unreachable,
            # Whatever ran there went with the machine that died; since then we only put back.
            touched=not self.reborn,
        )

    def _was_cut_short(self) -> bool:
        finished = self.finished
        return finished is not None and finished.exit_code is None and not finished.timed_out

    def _now(self) -> int:
        return self.clock.now_ns() + self.offset_ns

    def _emit(self, kind: Kind, data: dict[str, Json]) -> None:
        self.around.sink.emit(Event(kind, self._now(), self.task.id, data))

    def _note(self, text: str, level: str) -> None:
        self._emit(Kind.NOTE, {"level": level, "text": text})


def _never() -> bool:
    return False


def _unrestored(outcome: Outcome) -> Outcome:
    finding = Finding(
        oracle="restore",
        verdict=Verdict.ERROR,
        expected="every control file as it was before the step",
        found="some could not be put back; the kernel may still be armed",
        place="",
    )
    return Outcome(
        verdict=Verdict.ERROR,
        outcome=outcome.outcome,
        findings=(*outcome.findings, finding),
        reasons=(
            "not everything could be restored: the kernel may still be armed",
            *outcome.reasons,
        ),
    )
