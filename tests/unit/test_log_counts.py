"""Injections counted by lines of the kernel log: how much is known when lines are missing."""

from dataclasses import replace

import pytest

from data.engine_plans import Events, MemoryMachine, expect, never, plan, succeed, task
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.model.plan import Counter
from faultrun.model.verdict import Verdict
from faultrun.oracles.registry import builtin

COUNTER = Counter(capability="failslab", path="/p", traces=(r"^hit$",))
ONCE = expect("injected", {"min": 1, "max": 1})
ANY = expect("injected", {"min": 1, "max": None})


class Forgetful(MemoryMachine):
    """A machine whose log is short of records, or that has none."""

    lost = 0
    silent = False

    def log(self, since):
        records, cursor, _ = super().log(since)
        return ((), 0, 0) if self.silent else (records, cursor, self.lost)


def run(machine, *lines, claim):
    def work(at, command):
        for line in lines:
            at.say(line)
        return succeed(at, command)

    machine.work = work
    step = replace(task("a", inject=True, expectations=(claim,)), counters=(COUNTER,))
    events = Events()
    summary = drive(
        plan(step),
        lambda _name: machine,
        events,
        oracles=builtin(),
        gate=decide,
        slots=1,
        stop=never,
    )
    return summary.verdicts["a"], events.of("evidence")[0].data["counts"][0]


def test_a_whole_log_is_exact():
    verdict, count = run(Forgetful(), "hit", claim=ONCE)
    assert (verdict, count["injected"]) == (Verdict.PASS, 1)
    assert "at_least" not in count


@pytest.mark.parametrize(("claim", "wanted"), [(ONCE, Verdict.ERROR), (ANY, Verdict.PASS)])
def test_a_log_that_lost_records_is_a_lower_bound(claim, wanted):
    machine = Forgetful()
    machine.lost = 3
    verdict, count = run(machine, "hit", claim=claim)
    assert (verdict, count["injected"], count["at_least"]) == (wanted, 1, True)


@pytest.mark.parametrize(("claim", "wanted"), [(ONCE, Verdict.ERROR), (ANY, Verdict.PASS)])
def test_so_is_one_in_which_the_kernel_held_lines_back(claim, wanted):
    text = "blk_report: 4 callbacks suppressed"
    verdict, count = run(Forgetful(), "hit", text, claim=claim)
    assert (verdict, count["injected"], count["at_least"]) == (wanted, 1, True)


def test_without_a_log_nothing_is_known():
    machine = Forgetful()
    machine.silent = True
    verdict, count = run(machine, "hit", claim=ONCE)
    assert (verdict, count["injected"]) == (Verdict.VACUOUS, None)
