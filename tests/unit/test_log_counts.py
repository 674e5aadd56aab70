"""Injections counted by lines of the kernel log: how much is known when lines are missing."""

from dataclasses import replace

import pytest

from data.engine_plans import (
    MARK,
    Events,
    MemoryMachine,
    expect,
    injection_text,
    never,
    plan,
    succeed,
    task,
)
from faultrun.engine.drive_virtual import drive
from faultrun.engine.evidence import paths_of
from faultrun.gate.policy import decide
from faultrun.model.campaign import Injection, Setting
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


def test_a_hit_of_fail_nth_is_taken_from_times_and_from_no_line_of_the_log():
    def work(at, command):
        at.say("hit")
        at.say(injection_text("w", 100))
        return replace(succeed(at, command), fail_nth_left=0, pids=(100,))

    machine = MemoryMachine(work=work)
    exactly = expect("injected", {"min": 2, "max": 2})
    step = replace(task("a", inject=True, fail_nth=1, expectations=(exactly,)), counters=(COUNTER,))
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
    assert events.of("evidence")[0].data["counts"][0]["injected"] == 1
    assert summary.verdicts["a"] is Verdict.PASS


@pytest.mark.parametrize(
    ("capability", "where", "attribute", "path"),
    [
        ("lkdtm", {"cpoint_name": "DIRECT"}, "cpoint_count", "/sys/module/lkdtm/parameters/"),
        ("memory_notifier", {"event": "MEM_GOING_ONLINE"}, "error", "/MEM_GOING_ONLINE/"),
        ("fail_function", {"function": "open_ctree"}, "retval", "/fail_function/open_ctree/"),
    ],
)
def test_an_attribute_is_read_where_its_table_says(capability, where, attribute, path):
    places = tuple(Setting(name=name, value=value, mark=MARK) for name, value in where.items())
    injection = Injection(capability=capability, where=places, settings=(), mark=MARK)
    (found,) = paths_of(f"{capability}.{attribute}", (injection,))
    assert path in found
    assert found.endswith(f"/{attribute}")
