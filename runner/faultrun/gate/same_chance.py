"""Whether two numbers of hits can come from one probability: exact where trials are known.

Integers only, but for the spread that a plan foretells. One threshold for all: a claim that two runs
differ by chance alone is wrong less than once in a million comparisons.
"""

from math import comb, hypot

ONE_IN = 1_000_000
"""Two counts differ if what was seen, or anything less likely, comes less often than once in so many."""

SPREADS = 5
"""The same threshold for a difference of two forecasts, in its standard deviations (5.7e-7)."""

TEST = f"Fisher's exact test, one in {ONE_IN:,}"
FORECAST_TEST = f"{SPREADS} standard deviations of the forecast's difference"


def same_share(hits_a: int, of_a: int, hits_b: int, of_b: int) -> bool:
    """Fisher's exact test, two-sided: given all hits, how they fell on A's and B's trials.

    It asks nothing about the probability itself, so that interval and space, which leave only some
    of the trials to chance, do no harm: they leave the same ones in both.
    """
    hits = hits_a + hits_b
    total = comb(of_a + of_b, hits)
    seen = comb(of_a, hits_a) * comb(of_b, hits_b)
    as_rare = sum(
        weight
        for k in range(max(0, hits - of_b), min(hits, of_a) + 1)
        if (weight := comb(of_a, k) * comb(of_b, hits - k)) <= seen
    )
    return as_rare * ONE_IN >= total


def plausible_share(hits: int, trials: int, percent: int) -> bool:
    """Exact binomial test, two-sided: whether so many of the trials can hit at ``percent``."""
    weights: list[int] = [
        comb(trials, k) * percent**k * (100 - percent) ** (trials - k) for k in range(trials + 1)
    ]
    as_rare = sum(weight for weight in weights if weight <= weights[hits])
    return as_rare * ONE_IN >= sum(weights)


def same_forecast(number_a: int, spread_a: float, number_b: int, spread_b: float) -> bool:
    """Whether two counts can stand so far apart, if each has the spread that was foretold."""
    return abs(number_a - number_b) <= SPREADS * hypot(spread_a, spread_b)
