"""The harness's own world breaks at every possible point; the three goals must hold all the same.

Never leave a kernel armed (or say so), never call a vacuous run a pass, same input, same record.
"""

import pytest

from data.engine_plans import (
    DEFAULTS,
    Events,
    MemoryMachine,
    expect,
    meet_the_fault,
    never,
    plan,
    task,
)
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.model.failure import RecordError
from faultrun.model.target import AttrRefused, TargetBroken, TargetDied
from faultrun.model.verdict import Verdict
from faultrun.oracles.registry import builtin

PLAN = plan(
    task(
        "a",
        0,
        inject=True,
        times=2,
        cleanup="clean",
        expectations=(
            expect("injected", {"min": 1, "max": None}),
            expect("exit", {"nonzero": True}),
        ),
    ),
    task("b", 1, inject=True),
)
FAILURES = {
    "refused once": lambda path: AttrRefused(path, "EFAULT", "write"),
    "refused for good": lambda path: AttrRefused(path, "EPERM", "write"),
    "died": lambda _path: TargetDied("panic"),
    "broke": lambda _path: TargetBroken("link down"),
}
OPERATIONS = ("read", "write", "hold", "run", "log", "list", "release")


class Fragile(MemoryMachine):
    """Fails at its n-th operation; an AttrRefused only where the seam allows one."""

    def plant(self, number, failure):
        self.left = number
        self.failure = failure
        self.stuck = ""
        self.fired = ""
        return self

    def _may_fail(self, operation, path=""):
        self.left -= 1
        if self.stuck and self.stuck == path and operation == "write":
            raise FAILURES[self.failure](path)
        if self.left == 0:
            if self.failure.startswith("refused") and operation in ("run", "log", "release"):
                return
            self.fired = operation
            if self.failure == "refused for good" and operation == "write":
                self.stuck = path
            raise FAILURES[self.failure](path)

    def read(self, path):
        self._may_fail("read", path)
        return super().read(path)

    def write(self, path, data):
        self._may_fail("write", path)
        super().write(path, data)

    def hold(self, paths):
        self._may_fail("hold", paths[0])
        super().hold(paths)

    def run(self, command):
        self._may_fail("run")
        return super().run(command)

    def log(self, since):
        self._may_fail("log")
        return super().log(since)


def go(machine, sink=None, stop=never):
    events = sink or Events()
    summary = drive(
        PLAN, lambda _name: machine, events, oracles=builtin(), gate=decide, slots=1, stop=stop
    )
    return summary, events


def count_operations():
    machine = Fragile(work=meet_the_fault).plant(10**9, "died")
    summary, _ = go(machine)
    assert summary.counts[Verdict.PASS] == 2
    return 10**9 - machine.left


@pytest.mark.parametrize("failure", FAILURES)
def test_whatever_operation_fails_the_machine_is_restored_or_it_is_said(failure):
    total = count_operations()
    assert total > 60
    fired = set()
    for number in range(1, total + 1):
        machine = Fragile(work=meet_the_fault).plant(number, failure)
        summary, events = go(machine)
        fired.add(machine.fired)
        assert machine.files == DEFAULTS or not summary.restored, number
        assert not summary.failure or not summary.restored
        assert events.events[-1].kind.value == "run.end"
        for event in events.of("step.verdict"):
            if event.data["verdict"] == "PASS":
                assert event.data["injected"] >= 1
        if not summary.restored:
            assert summary.commands()
            assert any(event.data["complete"] is False for event in events.of("attr.restored"))
    assert len(fired) > 2


@pytest.mark.parametrize("number", range(1, 25))
def test_a_record_that_fails_at_any_event_leaves_a_restored_machine(number):
    class Full:
        left = number

        def emit(self, _event):
            self.left -= 1
            if self.left <= 0:
                raise RecordError("No space left on device")

    machine = MemoryMachine(work=meet_the_fault)
    summary, _ = go(machine, sink=Full())
    assert machine.files == DEFAULTS
    assert summary.restored
    assert bool(summary.failure) == (number <= 19)


@pytest.mark.parametrize("number", range(1, 20))
def test_a_stop_at_any_moment_leaves_a_restored_machine_and_a_whole_record(number):
    calls = iter(range(number))
    machine = MemoryMachine(work=meet_the_fault)
    summary, events = go(machine, stop=lambda: next(calls, None) is None)
    assert machine.files == DEFAULTS
    assert summary.restored
    assert events.events[-1].kind.value == "run.end"
    judged = {event.step for event in events.of("step.verdict")}
    assert judged | set(summary.not_run) == {"a", "b"}
    assert summary.interrupted or not summary.not_run
    opened = {event.step for event in events.of("attr.intent")}
    closed = {event.step for event in events.of("attr.restored")}
    assert opened == closed
