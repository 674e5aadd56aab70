"""Predictions against the kernel's decision itself, followed through every branch of the draw."""

from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.plan_campaigns import fault, nvme, one
from faultrun.kernel.fault_attr import FaultAttr, decide, spend
from faultrun.model.target import Checks
from faultrun.plan.predict import predict

PAGES = "/sys/kernel/debug/fail_page_alloc"
DISK = "/sys/kernel/debug/nvme0n1/fault_inject"
ATTEMPTS = 6

run_of_checks = st.builds(
    Checks,
    size=st.integers(min_value=-1, max_value=6),
    count=st.integers(min_value=1, max_value=5),
    in_task=st.booleans(),
    site=st.sampled_from(["a", "b"]),
    marked=st.booleans(),
    first=st.booleans(),
)
sequences = st.lists(run_of_checks, max_size=6).map(tuple)
numbers = st.fixed_dictionaries(
    {
        "probability": st.sampled_from([0, 1, 5, 37, 50, 99, 100]),
        "interval": st.integers(min_value=0, max_value=5),
        "times": st.sampled_from([-1, 0, 1, 2, 3, 7]),
        "space": st.integers(min_value=0, max_value=15),
    }
)


@dataclass
class Task:
    make_it_fail: bool = False
    fail_nth: int = 0


def calls(items):
    for item in items:
        for _ in range(item.count):
            yield item


def branch(state, item, likely):
    """What one call makes of (count, space, times): pairs of weight, state and whether it failed."""
    count, space, times, probability, interval, filtered = state
    outcomes = []
    for weight, drawn in ((likely, 0), (1.0 - likely, 99)):
        if weight == 0.0:
            continue
        attr = FaultAttr(
            probability=100 if probability >= 100 else min(probability, 1),
            interval=interval,
            times=times,
            space=space,
            task_filter=filtered,
            count=count,
        )
        task = Task(make_it_fail=item.marked) if item.in_task else None
        failed = decide(attr, item.size, task, lambda drawn=drawn: drawn)
        if failed:
            spend(attr)
        outcomes.append(
            (
                weight,
                (attr.count, attr.space, attr.times, probability, interval, filtered),
                failed,
            )
        )
    return outcomes


def truth(wanted, items, *, filtered, phases, attempts=1):
    """Mean, variance and chance of none, by following every branch."""
    likely = min(wanted["probability"], 100) / 100
    start = 2_000_000_000 if wanted["times"] == -1 else wanted["times"]
    live = {
        (
            (phase, wanted["space"], start, wanted["probability"], wanted["interval"], filtered),
            0,
        ): 1.0 / len(phases)
        for phase in phases
    }
    for item in calls(items):
        pending = dict(live)
        live = {}
        for attempt in range(attempts):
            again = {}
            for (state, hits), weight in pending.items():
                for part, after, failed in branch(state, item, likely):
                    key = (after, hits + failed)
                    into = again if failed and attempt + 1 < attempts else live
                    into[key] = into.get(key, 0.0) + weight * part
            pending = again
    mean = sum(weight * hits for (_, hits), weight in live.items())
    square = sum(weight * hits * hits for (_, hits), weight in live.items())
    none = sum(weight for (_, hits), weight in live.items() if hits == 0)
    return mean, square - mean**2, none


def agrees(told, mean, variance, none):
    assert told.known
    assert told.mean == pytest.approx(mean, abs=1e-9)
    assert told.spread**2 == pytest.approx(variance, abs=1e-7)
    assert told.vacuous_chance == pytest.approx(none, abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(wanted=numbers, items=sequences, filtered=st.booleans(), fresh=st.booleans())
@example(
    wanted={"probability": 1, "interval": 1, "times": -1, "space": 0},
    items=(Checks(size=-1, count=1, in_task=False, site="a"),),
    filtered=False,
    fresh=True,
)
def test_prediction_is_exact(wanted, items, filtered, fresh):
    task = one(fault("fail_page_alloc", task_filter=filtered, **wanted))
    told = predict(task, {PAGES: items}, fresh=fresh).prediction
    phases = [0] if fresh else range(max(wanted["interval"], 1))
    agrees(told, *truth(wanted, items, filtered=filtered, phases=phases))


@settings(max_examples=150, deadline=None)
@given(
    wanted=numbers,
    commands=st.integers(min_value=0, max_value=6),
    fresh=st.booleans(),
)
def test_commands_that_the_kernel_sends_again_are_counted(wanted, commands, fresh):
    if wanted["interval"] > 1 and 0 < wanted["probability"] < 100:
        wanted = {**wanted, "interval": 1}
    items = (Checks(size=1, count=commands, in_task=False, site="nvme"),) if commands else ()
    task = one(nvme(dont_retry=False, status=0x6, **wanted))
    told = predict(task, {DISK: items}, fresh=fresh).prediction
    phases = [0] if fresh else range(max(wanted["interval"], 1))
    expected = truth(wanted, items, filtered=False, phases=phases, attempts=ATTEMPTS)
    agrees(told, *expected)


@settings(max_examples=100, deadline=None)
@given(items=sequences, nth=st.integers(min_value=1, max_value=12))
def test_fail_nth_counts_the_first_task_only(items, nth):
    told = predict(one(fault("fail-nth", nth=nth)), {PAGES: items}, fresh=True).prediction
    state = Task(fail_nth=nth)
    hits = sum(
        decide(FaultAttr(), item.size, state, lambda: 0)
        for item in calls(items)
        if item.in_task and item.first
    )
    assert (told.mean, told.spread, told.vacuous_chance) == (hits, 0.0, 1.0 - hits)
