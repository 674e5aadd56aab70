"""A batch of equal calls is the same as asking each: exactly where nothing is random, else in
distribution. Random tests print their seed through Hypothesis, or state it."""

from decimal import localcontext
from math import comb, isqrt

from hypothesis import given, settings
from hypothesis import strategies as st

from faultrun.kernel.batch import decide_batch, decide_many
from faultrun.kernel.binomial import binomial, failures_before_hit, place_of
from faultrun.kernel.fault_attr import FaultAttr, decide, spend
from faultrun.simkernel.prng import Prng

PINNED = [10004348, 10000591, 10000814]
PINNED_GAPS = [11, 2, 12, 1, 23, 3]

ATTRS = st.builds(
    FaultAttr,
    probability=st.sampled_from([0, 100, 101, 2**64 - 1]),
    interval=st.integers(0, 9),
    times=st.sampled_from([-3, -2, -1, 0, 1, 2, 5, 100, -(2**31)]),
    space=st.integers(-5, 60),
    count=st.integers(0, 30),
)


def copy(attr):
    return FaultAttr(**{name: getattr(attr, name) for name in FaultAttr.__dataclass_fields__})


@settings(max_examples=600, deadline=None)
@given(attr=ATTRS, size=st.integers(-3, 12), calls=st.integers(0, 80))
def test_batch_equals_single_calls(attr, size, calls):
    one, many, bulk = copy(attr), copy(attr), copy(attr)
    failed = []
    for place in range(calls):
        if decide(one, size, None, lambda: 0):
            spend(one)
            failed.append(place)
    assert decide_many(many, [size] * calls, lambda: 0) == failed
    assert decide_batch(bulk, size, calls, Prng(1)) == len(failed)
    assert one == many == bulk


@settings(max_examples=200, deadline=None)
@given(
    attr=ATTRS,
    sizes=st.lists(st.integers(-2, 40), max_size=60),
    draws=st.lists(st.integers(0, 99), min_size=60, max_size=60),
    probability=st.integers(1, 99),
)
def test_unequal_calls_in_one_loop(attr, sizes, draws, probability):
    attr.probability = probability
    one, many = copy(attr), copy(attr)
    feed_one, feed_many = iter(draws), iter(draws)
    failed = []
    for place, size in enumerate(sizes):
        if decide(one, size, None, lambda: next(feed_one)):
            spend(one)
            failed.append(place)
    assert decide_many(many, sizes, lambda: next(feed_many)) == failed
    assert one == many


def mean_and_spread(values):
    mean = sum(values) / len(values)
    return mean, (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5


def test_binomial_has_the_right_mean_and_spread():
    for seed, (trials, percent) in enumerate(
        [(50, 7), (10**4, 3), (10**9, 1), (10**12, 37), (999, 80)]
    ):
        source = Prng(seed)
        values = [binomial(trials, percent, source) for _ in range(1500)]
        expected = trials * percent / 100
        deviation = (expected * (100 - percent) / 100) ** 0.5
        mean, spread = mean_and_spread(values)
        # Five standard errors: a right generator fails this once in a million seeds.
        assert abs(mean - expected) < 5 * deviation / 1500**0.5, f"seed {seed}"
        assert 0.9 < spread / deviation < 1.1, f"seed {seed}"


def test_binomial_follows_the_exact_distribution():
    source, trials, percent, rounds = Prng(42), 12, 30, 20_000
    seen = [0] * (trials + 1)
    for _ in range(rounds):
        seen[binomial(trials, percent, source)] += 1
    for hits, number in enumerate(seen):
        share = comb(trials, hits) * 0.3**hits * 0.7 ** (trials - hits)
        assert abs(number - rounds * share) < 5 * (rounds * share) ** 0.5 + 3, "seed 42"


def test_no_number_of_calls_is_too_large():
    for seed, trials in enumerate((2**63, 10**30, 10**60)):
        source = Prng(seed)
        values = [binomial(trials, 37, source) for _ in range(400)]
        deviation = isqrt(trials * 37 * 63) // 100
        apart = sum(values) * 100 - 400 * trials * 37
        assert abs(apart) < 5 * 100 * 20 * deviation, f"seed {seed}"
        spread = isqrt(sum((value - trials * 37 // 100) ** 2 for value in values) // 400)
        assert 9 * deviation < 10 * spread < 11 * deviation, f"seed {seed}"


def test_a_callers_decimal_context_changes_nothing():
    expected = [binomial(10**12, 37, Prng(seed)) for seed in range(50)]
    with localcontext(prec=5):
        assert [binomial(10**12, 37, Prng(seed)) for seed in range(50)] == expected


def test_bulk_numbers_are_pinned():
    """A record must not change because a library or a machine did."""
    assert [binomial(10**9, 1, Prng(seed)) for seed in range(3)] == PINNED
    source = Prng(4)
    assert [failures_before_hit(7, source) for _ in range(6)] == PINNED_GAPS


def test_place_follows_the_exact_distribution():
    """The second hit of 4 in 10 trials: at place k in (k-1)(10-k choose 2) of (10 choose 4) ways."""
    source, rounds = Prng(11), 20_000
    seen = [0] * 11
    for _ in range(rounds):
        seen[place_of(2, 4, 10, source)] += 1
    for place, number in enumerate(seen):
        share = max(place - 1, 0) * comb(max(10 - place, 0), 2) / comb(10, 4)
        assert abs(number - rounds * share) < 5 * (rounds * share) ** 0.5 + 3, "seed 11"


def test_when_the_budget_runs_out_has_the_right_mean_and_spread():
    """The counter stops at the last failure: interval times a negative binomial number."""
    for seed, (budget, percent) in enumerate([(40, 3), (700, 10), (5000, 60)]):
        source, rounds, used = Prng(seed), 600, []
        for _ in range(rounds):
            attr = FaultAttr(probability=percent, interval=3, times=budget)
            assert decide_batch(attr, 1, 10**12, source) == budget
            assert attr.count % 3 == 0
            used.append(attr.count // 3)
        mean, spread = mean_and_spread(used)
        expected = budget * 100 / percent
        deviation = (budget * (100 - percent) * 100) ** 0.5 / percent
        assert abs(mean - expected) < 5 * deviation / rounds**0.5, f"seed {seed}"
        assert 0.85 < spread / deviation < 1.15, f"seed {seed}"


def test_a_budget_that_may_or_may_not_run_out():
    """At most ``times`` failures, and as often that many as the binomial tail says."""
    for interval in (1, 2):
        source, rounds, full = Prng(interval), 3000, 0
        for _ in range(rounds):
            attr = FaultAttr(probability=10, interval=interval, times=100)
            hits = decide_batch(attr, 1, 1000 * interval, source)
            assert hits == 100 - attr.times
            full += attr.times == 0
        share = sum(comb(1000, k) * 0.1**k * 0.9 ** (1000 - k) for k in range(100, 200))
        assert abs(full - rounds * share) < 5 * (rounds * share * (1 - share)) ** 0.5


def test_gap_has_the_right_mean():
    source = Prng(9)
    for percent in (1, 10, 50, 99):
        values = [failures_before_hit(percent, source) for _ in range(4000)]
        expected = (100 - percent) / percent
        deviation = ((100 - percent) * 100) ** 0.5 / percent
        mean, _ = mean_and_spread(values)
        assert abs(mean - expected) < 5 * deviation / 4000**0.5 + 0.01, f"seed 9, {percent} percent"


def test_the_generator_is_pinned():
    source = Prng(0)
    assert [source.next64() for _ in range(3)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]
    one, other = Prng(3), Prng(3)
    assert [one.percent() for _ in range(1000)] == [other.below(100) for _ in range(1000)]
    assert Prng.named(1, "a", "b").next64() == Prng.named(1, "a", "b").next64()
    assert Prng.named(1, "a", "b").next64() != Prng.named(1, "a", "c").next64()
