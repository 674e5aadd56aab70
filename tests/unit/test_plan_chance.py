"""Capped distributions: against sums over every outcome, and where they are approximate, how well."""

import math

import pytest

from faultrun.plan.chance import (
    capped_binomial,
    capped_normal,
    capped_retries,
    mixed,
    summed,
    surely,
)


def by_sum(candidates, likely, cap):
    weights = [
        math.comb(candidates, hits) * likely**hits * (1 - likely) ** (candidates - hits)
        for hits in range(candidates + 1)
    ]
    mean = sum(weight * min(hits, cap) for hits, weight in enumerate(weights))
    square = sum(weight * min(hits, cap) ** 2 for hits, weight in enumerate(weights))
    return mean, square - mean**2, weights[0]


@pytest.mark.parametrize("candidates", [1, 2, 6, 40, 300])
@pytest.mark.parametrize("likely", [0.01, 0.05, 0.5, 0.99])
@pytest.mark.parametrize("cap", [1, 2, 5, 20, 150, 10**9])
def test_capped_binomial_equals_the_sum(candidates, likely, cap):
    told = capped_binomial(candidates, likely, cap)
    mean, variance, none = by_sum(candidates, likely, cap)
    assert told.mean == pytest.approx(mean, rel=1e-9)
    assert told.variance == pytest.approx(variance, rel=1e-6, abs=1e-9)
    assert told.none == pytest.approx(none, rel=1e-9)


def test_five_percent_a_check_is_twentyseven_an_operation():
    assert 1 - capped_binomial(6, 0.05, 10**9).none == pytest.approx(0.265, abs=0.001)


@pytest.mark.parametrize("offset", [-3, -1, 0, 0.5, 2])
def test_the_normal_form_meets_the_exact_one(offset):
    candidates, likely = 3_000_000, 0.3
    mean = candidates * likely
    variance = mean * (1 - likely)
    cap = round(mean + offset * math.sqrt(variance))
    exact = capped_binomial(candidates, likely, cap)
    near = capped_normal(mean, variance, cap, exact.none)
    assert near.mean == pytest.approx(exact.mean, abs=1.0)
    assert near.spread == pytest.approx(exact.spread, rel=2e-3)


def test_enormous_numbers_cost_nothing():
    told = capped_binomial(10**12, 0.01, 10**10)
    assert told.mean == pytest.approx(10**10, rel=1e-4)
    assert told.none == 0.0
    assert capped_binomial(10**12, 0.01, 2_000_000_000) == surely(2_000_000_000)
    assert capped_binomial(10**12, 1.0, 7) == surely(7)


@pytest.mark.parametrize(("candidates", "likely", "cap"), [(0, 0.5, 1), (5, 0.0, 1), (5, 0.5, 0)])
def test_nothing_can_happen(candidates, likely, cap):
    assert capped_binomial(candidates, likely, cap).none == 1.0
    assert capped_retries(candidates, likely, 6, cap).none == 1.0


def test_retries_without_a_cap():
    told = capped_retries(10, 0.5, 6, 10**9)
    assert told.mean == pytest.approx(10 * sum(0.5**j for j in range(1, 7)))
    assert told.none == pytest.approx(0.5**10)
    assert capped_retries(3, 1.0, 6, 10**9) == surely(18)
    many = capped_retries(5000, 0.5, 6, 4900)
    assert many.mean <= 4900


def test_mixtures_and_sums():
    half = mixed([(0.5, surely(0)), (0.5, surely(2))])
    assert (half.mean, half.variance, half.none) == (1.0, 1.0, 0.5)
    both = summed([half, half])
    assert (both.mean, both.variance, both.none) == (2.0, 2.0, 0.25)
