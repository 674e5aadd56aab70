"""Equal calls in bulk: how many fail, without asking each of them.

Follows lib/fault-inject.c:should_fail_ex() in closed form for calls of one size in one context,
without fail-nth and without a stack filter: ``space`` and ``interval`` by arithmetic, probability by
one binomial draw. Only where ``times`` can run out *and* the counter behind ``interval`` has to
know when, the place of the last failure is drawn too, by a few chunks that each come close to it.
Cost grows neither with calls nor with failures.
"""

from collections.abc import Iterable
from math import isqrt

from faultrun.kernel.binomial import Source, binomial, failures_before_hit, place_of
from faultrun.kernel.fault_attr import CERTAIN, INT_MAX, INT_MIN, Draw, FaultAttr

_FEW = 64
"""A budget as small as this is followed failure by failure."""


def decide_batch(attr: FaultAttr, size: int, calls: int, source: Source) -> int:
    """The number of failures among so many equal calls; changes ``attr`` as the kernel would.

    ``calls`` may be any number from 0 up. The caller has applied the task filter.
    """
    if attr.probability == 0 or attr.times == 0 or calls <= 0:
        return 0
    rest = calls - _suppressed(attr, size, calls)
    if rest <= 0:
        return 0
    interval = max(attr.interval, 1)
    phase = attr.count % interval if interval > 1 else 0
    candidates = (phase + rest) // interval
    hits, used = _draw(attr, candidates, source, place=interval > 1)
    if interval > 1:
        # Once the budget is gone no call gets as far as the counter.
        ran_dry = attr.times == 0
        attr.count += used * interval - phase if ran_dry else rest
    return hits


def decide_many(attr: FaultAttr, sizes: Iterable[int], draw: Draw) -> list[int]:
    """Which of these unequal calls fail, by position; the loop of ``decide`` without its calls.

    For a context that the filters let through, without fail-nth and stack filter. From
    probability 100 on nothing is drawn, since every draw would fail.
    """
    failed: list[int] = []
    probability, interval = attr.probability, attr.interval
    if probability == 0:
        return failed
    times, space, count = attr.times, attr.space, attr.count
    certain = probability >= CERTAIN
    for place, size in enumerate(sizes):
        if times == 0:
            break
        if space > size:
            space -= size
            continue
        if interval > 1:
            count += 1
            if count % interval:
                continue
        if certain or probability > draw():
            failed.append(place)
            if times != -1:
                times = INT_MAX if times == INT_MIN else times - 1
    attr.times, attr.space, attr.count = times, space, count
    return failed


def _suppressed(attr: FaultAttr, size: int, calls: int) -> int:
    """Calls that ``space`` turns away, with what they take from it.

    A call of size 0 takes nothing and is turned away for ever; a negative one makes space grow.
    """
    if attr.space <= size:
        return 0
    if size <= 0:
        attr.space -= size * calls
        return calls
    needed = -(-(attr.space - size) // size)
    turned = min(needed, calls)
    attr.space -= turned * size
    return turned


def _draw(attr: FaultAttr, candidates: int, source: Source, *, place: bool) -> tuple[int, int]:
    """(failures, candidates looked at until the budget was gone, which matters if ``place``)."""
    budget = attr.times if attr.times > 0 else None
    if attr.probability >= CERTAIN:
        hits = candidates if budget is None else min(candidates, budget)
        used = hits
    elif budget is None or budget >= candidates:
        hits = binomial(candidates, attr.probability, source)
        used = candidates
    elif not place:
        hits = min(binomial(candidates, attr.probability, source), budget)
        used = candidates
    else:
        hits, used = _until_spent(budget, candidates, attr.probability, source)
    if attr.times != -1:
        attr.times -= hits
        if attr.times < INT_MIN:
            attr.times += 2**32
    return hits, used


def _until_spent(budget: int, candidates: int, percent: int, source: Source) -> tuple[int, int]:
    """(failures, candidates looked at); each chunk is so long that it hardly ever overdraws."""
    hits = used = 0
    while (left := budget - hits) >= _FEW:
        chunk = min((left - 4 * isqrt(left)) * 100 // percent, candidates - used)
        if chunk == 0:
            return hits, candidates
        found = binomial(chunk, percent, source)
        if found >= left:
            return budget, used + place_of(left, found, chunk, source)
        hits += found
        used += chunk
    while hits < budget:
        used += failures_before_hit(percent, source) + 1
        if used > candidates:
            return hits, candidates
        hits += 1
    return hits, used
