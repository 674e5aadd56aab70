"""Notes, warnings and the cases that a prediction declines."""

from dataclasses import replace

import pytest

from data.plan_campaigns import fault, nvme, one, plan, step
from faultrun.model.target import Checks
from faultrun.plan.predict import predict
from faultrun.plan.warn import may_be_vacuous

SLAB = "/sys/kernel/debug/failslab"
DISK = "/sys/kernel/debug/nvme0n1/fault_inject"


def made(count, site="kmalloc", **more):
    more.setdefault("in_task", True)
    return Checks(size=64, count=count, site=site, marked=more.pop("marked", True), **more)


def test_a_directory_may_be_named_below_the_mount():
    task = one(fault("failslab", probability=100))
    for name in (SLAB, "failslab"):
        assert predict(task, {name: (made(3),)}, fresh=True).prediction.mean == 1.0


def test_an_unknown_workload_predicts_nothing():
    task = one(fault("failslab", probability=100))
    told = predict(task, {}, fresh=True, unknown="no model of 'fio'")
    assert not told.prediction.known
    assert told.prediction.note == "no model of 'fio'"
    assert told.diagnostics == ()


def test_only_checks_that_the_stack_filter_lets_through_count():
    task = one(fault("failslab", **{"require-start": 1, "probability": 100, "times": -1}))
    seen = (replace(made(3), wanted=False), made(2))
    assert predict(task, {SLAB: seen}, fresh=True).prediction.mean == 2.0
    told = predict(task, {SLAB: seen[:1]}, fresh=True)
    assert told.prediction.vacuous_chance == 1.0
    (warning,) = told.diagnostics
    assert "none has a caller that the ranges let through" in warning.message


def test_a_repeating_workload_resonates():
    loop = (made(6, "own"), made(6, "kmemleak")) * 50
    task = one(fault("failslab", line=10, probability=100, interval=12, times=-1))
    told = predict(task, {SLAB: loop}, fresh=True)
    (warning,) = told.diagnostics
    assert warning.code == "FR120"
    assert warning.mark.line == 12
    assert "repeat every 12: it can reach 'kmemleak', but never 'own'" in warning.message
    assert "interval 11 shares no factor with 12" in warning.hint


@pytest.mark.parametrize("interval", [1, 5, 7, 11, 13])
def test_an_interval_without_a_common_factor_does_not(interval):
    loop = (made(6, "own"), made(6, "kmemleak")) * 50
    task = one(fault("failslab", probability=100, interval=interval, times=-1))
    assert predict(task, {SLAB: loop}, fresh=True).diagnostics == ()


def test_a_single_shot_does_not_resonate():
    loop = (made(6, "own"), made(6, "kmemleak")) * 50
    task = one(fault("failslab", probability=100, interval=12, times=1))
    assert predict(task, {SLAB: loop}, fresh=True).diagnostics == ()


def reasons(task, tally):
    told = predict(task, tally, fresh=True)
    assert told.prediction.vacuous_chance >= 0.99
    return [(item.code, item.message, item.hint) for item in told.diagnostics]


def test_the_wrong_directory_is_vacuous_and_says_which():
    ((code, message, hint),) = reasons(
        one(nvme("nvme0", probability=100)), {DISK: (made(4, in_task=False, marked=False),)}
    )
    assert code == "FR121"
    assert "is 100 %: the workload never asks 'nvme0/fault_inject'" in message
    assert "namespace (nvme0n1)" in hint


def test_a_filter_that_never_matches_says_so():
    ((_, message, _),) = reasons(
        one(nvme(probability=100, task_filter=True)),
        {DISK: (made(4, in_task=False, marked=False),)},
    )
    assert "of 4 checks none is made by a task of the workload" in message


def test_space_that_is_never_used_up_says_so():
    ((_, message, _),) = reasons(
        one(fault("failslab", probability=100, space=100_000)), {SLAB: (made(4),)}
    )
    assert "space 100000 is not used up by 4 checks" in message


def test_a_low_probability_says_so():
    ((_, message, _),) = reasons(
        one(fault("failslab", probability=1, interval=100)), {SLAB: (made(4),)}
    )
    assert "4 checks are too few at probability 1 and interval 100" in message


def test_fail_nth_beyond_the_workload_says_so():
    ((_, message, _),) = reasons(one(fault("fail-nth", nth=9)), {SLAB: (made(4, first=True),)})
    assert "fail-nth 9 never fires" in message


@pytest.mark.parametrize(
    ("params", "allowed"),
    [
        ({"min": 0, "max": 0}, True),
        ({"min": 0}, True),
        ({"max": 3}, True),
        ({"min": 0, "max": 3}, True),
        ({"min": 1}, False),
        ({"min": 1, "max": 1}, False),
        ({"min": 10}, False),
        ({"min": 1, "max": 3}, False),
    ],
)
def test_a_step_that_expects_no_injection_is_not_warned_about(params, allowed):
    made_step = step("a", inject=[nvme("nvme0", probability=100)], expect={"injected": params})
    assert may_be_vacuous(made_step) is allowed
    told = predict(plan(made_step).tasks[0], {}, fresh=True)
    assert (told.diagnostics == ()) is allowed


def test_two_faults_add_up():
    task = one(fault("failslab", probability=100, times=2), nvme(probability=50, times=1))
    told = predict(task, {SLAB: (made(5),), DISK: (made(1, in_task=False),)}, fresh=True).prediction
    assert (told.checks, told.mean, told.vacuous_chance) == (6, 2.5, 0.0)


def test_notes_tell_what_was_assumed():
    slab = one(fault("failslab", probability=100, interval=3))
    told = predict(slab, {SLAB: (made(4),)}, fresh=False).prediction
    assert "phase of the interval is unknown" in told.note
    again = one(nvme(probability=100, dont_retry=False, times=7))
    told = predict(again, {DISK: (made(1, in_task=False),)}, fresh=True).prediction
    assert told.mean == 6.0
    assert "6 times in all" in told.note


@pytest.mark.parametrize(
    ("interval", "resonates"),
    [(2, True), (4, True), (6, True), (12, True), (50, True), (350, True), (700, True),
     (3, False), (5, False), (7, False), (11, False), (701, False)],
)  # fmt: skip
def test_intervals_that_were_seen_to_inject_and_hit_nothing(interval, resonates):
    # A kernel with kmemleak allocates a second time behind every allocation: 12 checks a pipe(2).
    # 1,000 calls at probability 100: even intervals failed none of them, odd ones all.
    loop = (made(1, "own"), made(1, "kmemleak")) * 6_000
    task = one(fault("failslab", probability=100, interval=interval, times=-1))
    told = predict(task, {SLAB: loop}, fresh=True)
    assert bool(told.diagnostics) is resonates
    assert told.prediction.mean == 12_000 // interval
