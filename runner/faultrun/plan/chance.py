"""How many of k candidates fail, if each fails with the same probability and a cap ends it.

Exact where that is cheap, a normal distribution where the numbers are so large that nobody could
tell the difference. Only the standard library's mathematics.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

WIDE = 1000.0
"""From this standard deviation on a binomial is taken as normal (relative error below 1e-3)."""
_REACH = 12.0
"""Standard deviations around the mode beyond which a binomial weighs nothing (below 1e-30)."""
_CELLS = 20_000
"""Largest number of table cells that are worth an exact answer."""


@dataclass(frozen=True, slots=True)
class Chance:
    """A number of injections: its mean, its variance, and the probability that it is 0."""

    mean: float
    variance: float
    none: float

    @property
    def spread(self) -> float:
        """Standard deviation, in injections."""
        return math.sqrt(max(self.variance, 0.0))


CERTAIN_NONE = Chance(0.0, 0.0, 1.0)


def surely(count: int) -> Chance:
    """Exactly so many."""
    return Chance(float(count), 0.0, 0.0 if count else 1.0)


def mixed(parts: Iterable[tuple[float, Chance]]) -> Chance:
    """One of several chances, each with its weight; the weights sum up to 1."""
    kept = [(weight, part) for weight, part in parts if weight > 0.0]
    mean = sum(weight * part.mean for weight, part in kept)
    square = sum(weight * (part.variance + part.mean**2) for weight, part in kept)
    none = sum(weight * part.none for weight, part in kept)
    return Chance(mean, max(square - mean**2, 0.0), min(none, 1.0))


def summed(parts: Iterable[Chance]) -> Chance:
    """Several independent chances together."""
    mean, variance, none = 0.0, 0.0, 1.0
    for part in parts:
        mean += part.mean
        variance += part.variance
        none *= part.none
    return Chance(mean, variance, none)


def capped_binomial(candidates: int, likely: float, cap: int) -> Chance:
    """min(Binomial(candidates, likely), cap). ``likely`` is 0 to 1, ``cap`` at least 0."""
    if candidates <= 0 or cap <= 0 or likely <= 0.0:
        return CERTAIN_NONE
    if likely >= 1.0:
        return surely(min(candidates, cap))
    none = math.exp(candidates * math.log1p(-likely))
    mean = candidates * likely
    variance = mean * (1.0 - likely)
    if cap == 1:
        return Chance(1.0 - none, none * (1.0 - none), none)
    reach = _REACH * math.sqrt(variance) + _REACH
    if cap >= candidates or cap > mean + reach:
        return Chance(mean, variance, none)
    if cap < mean - reach:
        return Chance(float(cap), 0.0, none)
    if math.sqrt(variance) > WIDE:
        return capped_normal(mean, variance, cap, none)
    low = max(0, math.floor(mean - reach))
    high = min(candidates, math.ceil(mean + reach))
    weights = _binomial_window(candidates, likely, low, high)
    return _of_weights(((min(low + at, cap), weight) for at, weight in enumerate(weights)), none)


def capped_normal(mean: float, variance: float, cap: int, none: float) -> Chance:
    """min(Normal, cap), for numbers far from 0. ``none`` is handed through."""
    spread = math.sqrt(variance)
    edge = (cap - mean) / spread
    below = 0.5 * math.erfc(-edge / math.sqrt(2.0))
    height = math.exp(-edge * edge / 2.0) / math.sqrt(2.0 * math.pi)
    first = mean * below - spread * height + cap * (1.0 - below)
    second = (
        (mean**2 + variance) * below
        - (mean + cap) * spread * height
        + float(cap) ** 2 * (1.0 - below)
    )
    return Chance(first, max(second - first**2, 0.0), none)


def capped_retries(commands: int, likely: float, attempts: int, cap: int) -> Chance:
    """Failures of commands that are sent again after each one, ``attempts`` times in all.

    A command fails j times or more with probability likely**j, for j up to ``attempts``.
    """
    if commands <= 0 or cap <= 0 or likely <= 0.0:
        return CERTAIN_NONE
    if likely >= 1.0:
        return surely(min(commands * attempts, cap))
    one = [likely**j * (1.0 - likely) for j in range(attempts)] + [likely**attempts]
    mean = sum(j * weight for j, weight in enumerate(one))
    variance = sum(j * j * weight for j, weight in enumerate(one)) - mean**2
    none = math.exp(commands * math.log1p(-likely))
    mean, variance = commands * mean, commands * variance
    if cap >= commands * attempts:
        return Chance(mean, variance, none)
    if commands * (cap + 1) > _CELLS:
        return capped_normal(mean, variance, cap, none)
    total = [1.0] + [0.0] * cap
    for _ in range(commands):
        after = [0.0] * (cap + 1)
        for sofar, weight in enumerate(total):
            for more, chance in enumerate(one):
                after[min(sofar + more, cap)] += weight * chance
        total = after
    return _of_weights(enumerate(total), none)


def _binomial_window(candidates: int, likely: float, low: int, high: int) -> list[float]:
    """Weights of low..high relative to the mode, by the ratio of neighbours: no factorials."""
    odds = likely / (1.0 - likely)
    mode = min(max(math.floor((candidates + 1) * likely), low), high)
    up = [1.0]
    for count in range(mode, high):
        up.append(up[-1] * odds * (candidates - count) / (count + 1))
    down: list[float] = []
    weight = 1.0
    for count in range(mode, low, -1):
        weight = weight * count / ((candidates - count + 1) * odds)
        down.append(weight)
    return [*reversed(down), *up]


def _of_weights(weights: Iterable[tuple[int, float]], none: float) -> Chance:
    total, first, second = 0.0, 0.0, 0.0
    for count, weight in weights:
        total += weight
        first += count * weight
        second += count * count * weight
    mean = first / total
    return Chance(mean, max(second / total - mean**2, 0.0), none)
