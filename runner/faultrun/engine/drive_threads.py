"""The driver for real machines: one thread for each slot, each with a machine in its hands.

A slot's thread opens, renews, recovers and ends machines, so that guests boot side by side. All
slots share one scheduler, one park and one ledger under one lock, which nobody holds while a
machine is at work. Threads end together, after the last machine was ended: a kernel that sends a
guest the signal of its parent's death (prctl(2), PR_SET_PDEATHSIG) means the parent's thread.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from threading import Condition, Thread

from faultrun.engine.execute import attempt
from faultrun.engine.ledger import Ledger, no_machine, stuck
from faultrun.engine.one_at_a_time import OneAtATime
from faultrun.engine.park import Machines, Park
from faultrun.engine.scheduler import Ready, Scheduler
from faultrun.engine.summary import RunSummary
from faultrun.engine.surroundings import Machine, StepResult, Surroundings, bug_words
from faultrun.model.data import Json
from faultrun.model.event import Event, Kind
from faultrun.model.failure import RecordError
from faultrun.model.gate import Gate
from faultrun.model.oracle import Oracle
from faultrun.model.plan import Plan, Task
from faultrun.model.target import (
    Clock,
    Renewable,
    Sink,
    Target,
    TargetBroken,
    TargetDied,
    TargetInfo,
)
from faultrun.model.verdict import Verdict

__all__ = ["Machines", "drive"]

_LOOK_S = 0.05
"""How often a slot without work looks whether the user has stopped the run."""

_TRIES = 3
"""So many machines in a row that cannot be opened end the run."""

_STOPPED = StepResult(verdict=None, elapsed_ns=0)


def drive(
    plan: Plan,
    machines: Machines,
    sink: Sink,
    *,
    oracles: Mapping[str, Oracle],
    gate: Gate,
    slots: int,
    stop: Callable[[], bool],
    clock: Clock,
) -> RunSummary:
    """Run a whole plan and leave every machine as it was found.

    As ``drive_virtual.drive``, in real time: ``clock`` is the run's own, and everything in the
    record is told by it. On a target that cannot be renewed all tasks share one machine, in one
    slot. Raises TargetBroken if that one cannot be opened; a guest that does not come up is an
    error of the step that wanted it.
    """
    first = machines(plan.tasks[0].machine if plan.tasks else "none")
    shared = not isinstance(first, Renewable)
    lanes = 1 if shared else max(1, min(slots, len(plan.tasks)))
    run = _Run(
        plan, machines, clock, sink=OneAtATime(sink), oracles=oracles, stop=stop, shared=shared
    )
    info = run.adopt(first) if shared else first.info
    return run.play(info, lanes, gate)


class _Run:
    """What the slots' threads share; scheduler, park, ledger and counts are changed under ``_turn``."""

    def __init__(
        self,
        plan: Plan,
        machines: Machines,
        clock: Clock,
        *,
        sink: OneAtATime,
        oracles: Mapping[str, Oracle],
        stop: Callable[[], bool],
        shared: bool,
    ) -> None:
        self._clock = clock
        self._zero = clock.now_ns()
        self._user_stop = stop
        self._around = Surroundings(
            sink=sink,
            oracles=oracles,
            stop=self._stop,
            home=plan.campaign.mark.folder,
            clock=clock,
            stopped=self._stopped,
        )
        self._turn = Condition()
        self._scheduler = Scheduler(plan, shared=shared)
        self._park = Park(plan, machines, self._stop, shared=shared, clean=True)
        self._ledger = Ledger(plan, shared)
        self._opened: list[Machine] = []
        self._going = 0
        self._unopened = 0
        self._busy = 0
        self._ending = 0

    def adopt(self, target: Target) -> TargetInfo:
        """Open the one machine that all tasks share. Raises what the target raises."""
        machine = self._park.open(target)
        self._opened.append(machine)
        self._park.idle.append(machine)
        return machine.target.info

    def play(self, info: TargetInfo, lanes: int, gate: Gate) -> RunSummary:
        """Everything from the first event to the last."""
        try:
            self._emit(Kind.RUN_START, self._ledger.start(info))
            self._work(lanes)
            unfinished = self._scheduler.unfinished
            if self._ledger.failure and not self._ledger.lost:
                self._note(self._ledger.failure, "error")
            elif unfinished and not self._over():
                self._emit(Kind.NOTE, stuck(unfinished[0]))
        except RecordError as failure:
            self._fail(str(failure), lost=True)
        finally:
            self._end_all()
        return self._ledger.end(gate, self._now(), self._emit)

    def _work(self, lanes: int) -> None:
        threads = [
            Thread(target=self._slot, args=(number,), name=f"slot {number}")
            for number in range(lanes)
        ]
        self._busy = self._ending = lanes
        # Not Thread.join(): one that a signal's handler breaks off takes the thread for ended
        # (CPython 3.11, Lib/threading.py:Thread._wait_for_tstate_lock()).
        try:
            self._start(threads)
            self._wait_for_slots()
        except BaseException:
            # Whoever breaks in on the wait gets his way only after everything is restored.
            self._fail("the run was broken off")
            self._wait_for_slots()
            raise
        for thread in threads:
            if thread.ident is not None:
                thread.join()

    def _start(self, threads: list[Thread]) -> None:
        try:
            for thread in threads:
                thread.start()
        except RuntimeError as no:
            self._fail(f"the thread of a slot cannot be started: {no}")
        finally:
            # Who never began does not end either.
            missing = sum(thread.ident is None for thread in threads)
            with self._turn:
                self._busy -= missing
                self._ending -= missing
                self._turn.notify_all()

    def _wait_for_slots(self) -> None:
        with self._turn:
            self._turn.wait_for(lambda: not self._ending)

    def _slot(self, number: int) -> None:
        try:
            while (ready := self._next()) is not None:
                self._perform(ready, number)
        except RecordError as failure:
            self._fail(str(failure), lost=True)
        except BaseException as bug:  # noqa: BLE001  # told at the end; the other slots restore
            self._fail(bug_words(bug))
        finally:
            self._leave()

    def _next(self) -> Ready | None:
        """Wait for something to do; None when there will be nothing any more."""
        with self._turn:
            while not self._over():
                ready = self._scheduler.next()
                if ready is not None:
                    self._going += 1
                    return ready
                if not self._going:
                    break
                self._turn.wait(_LOOK_S)
            return None

    def _perform(self, ready: Ready, slot: int) -> None:
        task = ready.task
        verdict: Verdict | None = None
        try:
            if ready.skip:
                self._emit(Kind.STEP_SKIP, {"reasons": list(ready.skip)}, task.id)
                with self._turn:
                    self._park.let_go(task)
                verdict = Verdict.SKIP
            else:
                verdict = self._run(task, slot)
        finally:
            with self._turn:
                self._going -= 1
                if verdict is not None:
                    self._ledger.verdicts[task.id] = verdict
                    self._scheduler.finish(task.id, verdict)
                self._turn.notify_all()

    def _run(self, task: Task, slot: int) -> Verdict | None:
        with self._turn:
            self._park.begin(task)
        try:
            machine = self._machine(task)
        except (TargetBroken, TargetDied) as broken:
            return self._without(task, str(broken))
        result = _STOPPED
        if not self._stop():
            around = self._around
            result = attempt(task, machine, around, slot=slot, at_ns=self._now())
            machine.clean = machine.clean and not result.touched
        with self._turn:
            kept = self._park.give_back(task, machine, usable=result.usable)
        if not kept:
            result = self._throw_away(task, machine, result)
        with self._turn:
            self._ledger.book(task, result)
        return result.verdict

    def _machine(self, task: Task) -> Machine:
        """The machine for a task, clean or its group's. Raises TargetBroken and TargetDied."""
        with self._turn:
            machine = self._park.find(task)
        if machine is not None:
            try:
                self._park.make_ready(machine, task)
            except (TargetBroken, TargetDied) as gone:
                self._note(
                    f"a machine could not be renewed, another one is opened: {gone}", "warning"
                )
                self._close(machine)
            else:
                return machine
        try:
            machine = self._park.open(self._park.machines(task.machine))
        except (TargetBroken, TargetDied) as broken:
            self._count_unopened(str(broken))
            raise
        with self._turn:
            self._unopened = 0
            self._opened.append(machine)
        self._park.make_ready(machine, task)
        return machine

    def _count_unopened(self, why: str) -> None:
        with self._turn:
            self._unopened += 1
            if self._unopened >= _TRIES:
                words = f"{_TRIES} machines in a row could not be opened; the last: {why}"
                self._ledger.fail(words)

    def _without(self, task: Task, why: str) -> Verdict | None:
        if self._user_stop():
            # Who asks a booting machine to stop has not found out anything about it.
            return None
        self._emit(Kind.VERDICT, no_machine(why), task.id)
        return Verdict.ERROR

    def _throw_away(self, task: Task, machine: Machine, result: StepResult) -> StepResult:
        """End a machine that broke. What was armed in a kernel that ends with us is gone with it."""
        closed = self._close(machine)
        if result.restored or not closed or machine.target.info.durable:
            return result
        if not result.lost:
            text = "the machine was ended, and with it everything that could not be put back"
            self._note(text, "warning", task.id)
        return replace(result, restored=True, undos=())

    def _leave(self) -> None:
        """Wait until no slot works, end the machines side by side, wait until all are ended."""
        with self._turn:
            self._busy -= 1
            self._turn.notify_all()
            self._turn.wait_for(lambda: not self._busy)
        self._end_all()
        with self._turn:
            self._ending -= 1
            self._turn.notify_all()
            self._turn.wait_for(lambda: not self._ending)

    def _end_all(self) -> None:
        while True:
            with self._turn:
                if not self._opened:
                    return
                machine = self._opened.pop()
            self._end(machine)

    def _close(self, machine: Machine) -> bool:
        with self._turn:
            self._opened.remove(machine)
        return self._end(machine)

    def _end(self, machine: Machine) -> bool:
        """Whether a machine could be ended."""
        try:
            machine.closing.close()
        except (TargetBroken, TargetDied) as why:
            with suppress(RecordError):
                self._note(f"a machine could not be ended: {why}", "warning")
            return False
        except BaseException as bug:  # noqa: BLE001  # the other machines have to be ended, too
            self._fail(bug_words(bug))
            return False
        return True

    def _stop(self) -> bool:
        return bool(self._ledger.failure) or self._user_stop()

    def _stopped(self) -> str:
        return "the run ended early" if self._ledger.failure else "the user stopped the run"

    def _over(self) -> bool:
        return self._ledger.over(asked=self._user_stop())

    def _fail(self, why: str, *, lost: bool = False) -> None:
        with self._turn:
            self._ledger.fail(why, lost=lost)
            self._turn.notify_all()

    def _now(self) -> int:
        return self._clock.now_ns() - self._zero

    def _emit(self, kind: Kind, data: dict[str, Json], step: str = "") -> None:
        self._around.sink.emit(Event(kind, self._now(), step, data))

    def _note(self, text: str, level: str, step: str = "") -> None:
        self._emit(Kind.NOTE, {"level": level, "text": text}, step)
