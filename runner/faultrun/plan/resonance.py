"""Intervals that share a factor with the workload's own rhythm, and so can never hit all of it.

A workload that repeats an operation of 12 checks under ``interval: 2`` fails every second check, the
same six of the twelve for ever. If those lie in a part that does not matter, thousands of faults are
injected and nothing is tested. An interval without a common factor walks through all twelve.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 20_000
"""Checks that are looked at: more would only repeat what the first ones show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resonance:
    """What an interval can and cannot reach.

    ``period`` is the number of checks after which the workload repeats itself. ``reached`` and
    ``missed`` are names of sites; ``classes`` is how many phases reach different checks, and
    ``coprime`` the nearest interval that reaches all.
    """

    period: int
    classes: int
    reached: tuple[str, ...]
    missed: tuple[str, ...]
    coprime: int


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """Where a sequence of sites repeats itself: from ``start`` to ``end``, every ``period``."""

    sites: tuple[str, ...]
    start: int
    end: int
    period: int


def resonance(
    runs: Iterable[tuple[str, int]], interval: int, *, fresh: bool, cap: int
) -> Resonance | None:
    """Whether an interval resonates with a sequence of sites, each as often as its number says.

    ``fresh`` says that the counter behind the interval starts at 0; otherwise any phase may be the
    one, and the first that misses a site is told. ``cap`` is the budget of failures.
    """
    sequence = tuple(runs)
    if interval <= 1 or cap < 2 or len({site for site, _ in sequence}) < 2:
        return None
    rhythm = _rhythm(sequence)
    sites, start, end, period = rhythm.sites, rhythm.start, rhythm.end, rhythm.period
    classes = math.gcd(interval, period)
    hits = min(cap, (end - start) // interval)
    if classes <= 1 or hits < 2 * (period // classes):
        return None
    everything = set(sites[start : start + period])
    for phase in range(1 if fresh else classes):
        first = (-1 - phase - start) % classes
        reached = {sites[start + at] for at in range(first, period, classes)}
        if reached != everything:
            return Resonance(
                period=period,
                classes=classes,
                reached=tuple(sorted(reached)),
                missed=tuple(sorted(everything - reached)),
                coprime=coprime(interval, period),
            )
    return None


def coprime(interval: int, period: int) -> int:
    """The interval nearest to this one, at least 2, that shares no factor with the period."""
    distance = 1
    while True:
        for candidate in (interval - distance, interval + distance):
            if candidate >= 2 and math.gcd(candidate, period) == 1:
                return candidate
        distance += 1


@lru_cache(maxsize=64)
def _rhythm(runs: tuple[tuple[str, int], ...]) -> _Rhythm:
    """Remembered, because the cells of a matrix often run the same workload."""
    sites: list[str] = []
    for site, count in runs:
        sites.extend([site] * min(count, LONGEST - len(sites)))
    start, end, period = _loop(sites)
    return _Rhythm(tuple(sites), start, end, period)


def _loop(sites: Sequence[str]) -> tuple[int, int, int]:
    """(start, end, period) of the repeating part; period 1 if nothing repeats.

    A program starts and ends with checks that do not repeat, so the middle half tells the period.
    """
    low, high = len(sites) // 4, len(sites) - len(sites) // 4
    period = _period(sites[low:high])
    if period <= 1:
        return 0, len(sites), 1
    while low > 0 and sites[low - 1] == sites[low - 1 + period]:
        low -= 1
    while high < len(sites) and sites[high] == sites[high - period]:
        high += 1
    return low, high, period


def _period(sites: Sequence[str]) -> int:
    """The shortest period that fits at least twice; 1 if there is none.

    Found by the failure function of Knuth, Morris and Pratt, in linear time.
    """
    if not sites:
        return 1
    fallback = [0] * len(sites)
    length = 0
    for at in range(1, len(sites)):
        while length and sites[at] != sites[length]:
            length = fallback[length - 1]
        if sites[at] == sites[length]:
            length += 1
        fallback[at] = length
    period = len(sites) - fallback[-1]
    return period if 2 * period <= len(sites) else 1
