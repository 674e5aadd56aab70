"""Binomial and geometric draws that give the same number on every machine.

The probability is whole percent, as the kernel's. Everything is integers and ``decimal``, whose
results are specified to the last digit, so that a record does not depend on a platform's libm, nor
on whatever decimal context a caller has set. Rejection needs no factorial exactly, only the sign of
a difference: at 40 digits and more that the caller's numbers have, and 64 random bits a draw, what
is drawn differs from the true distribution by less than 2**-30, which no count of runs could show.
"""

from bisect import bisect_left
from decimal import Context, Decimal, localcontext
from functools import cache
from math import floor
from typing import Protocol

_FEW = 64
_DIGITS = 40
"""Digits behind those that the number of trials itself takes."""

_SCALE_BITS = 128
_GUARD_BITS = 64
_TABLE = 1024
_HALF_LN_TWO_PI = Decimal("0.918938533204672741780329736405617639861")


class Source(Protocol):
    """Where the randomness comes from: a named stream of the simulated kernel."""

    def next64(self) -> int:
        """Uniform in 0 to 2**64 - 1."""
        ...

    def below(self, bound: int) -> int:
        """Uniform in 0 to bound - 1; ``bound`` is less than 2**64."""
        ...


def failures_before_hit(percent: int, source: Source) -> int:
    """How many draws miss before one hits at ``percent`` (1 to 99).

    By inversion in 128-bit fixed point: the number is k exactly if q**(k+1) <= u < q**k. A gap beyond
    the table starts over, since a geometric gap forgets how long it has lasted.
    """
    powers = _falling(percent)
    gap = 0
    while True:
        u = (source.next64() << 64) | source.next64()
        if u >= powers[-1]:
            # powers falls, so the table is searched by what remains below u.
            return gap + bisect_left(powers, -u, key=lambda power: -power)
        gap += _TABLE


@cache
def _falling(percent: int) -> tuple[int, ...]:
    """q**1 to q**_TABLE with q = 1 - percent/100, in units of 2**-128, rounded down.

    64 guard bits hold what rounding down a thousand times can lose.
    """
    powers: list[int] = []
    power = 1 << (_SCALE_BITS + _GUARD_BITS)
    for _ in range(_TABLE):
        power = power * (100 - percent) // 100
        powers.append(power >> _GUARD_BITS)
    return tuple(powers)


def binomial(trials: int, percent: int, source: Source) -> int:
    """How many of ``trials`` draws hit at ``percent`` (0 to 100), each on its own.

    Few expected hits are found one by one; many by transformed rejection with squeeze (Hörmann
    1993, algorithm BTRS), so that the cost does not depend on the number of trials.
    """
    if trials <= 0 or percent <= 0:
        return 0
    if percent >= 100:
        return trials
    if percent > 50:
        return trials - binomial(trials, 100 - percent, source)
    if trials * percent < _FEW * 100:
        return _one_by_one(trials, percent, source)
    with localcontext(Context(prec=_DIGITS + len(str(trials)))):
        return _rejection(trials, percent, source)


def place_of(wanted: int, hits: int, trials: int, source: Source) -> int:
    """Which trial, from 1, was the hit number ``wanted`` if ``hits`` of ``trials`` hit.

    Every arrangement is equally likely, so that the trials are taken from the far end one by one.
    """
    while True:
        hit = source.below(trials) < hits
        if hit and hits == wanted:
            return trials
        hits -= hit
        trials -= 1


def _one_by_one(trials: int, percent: int, source: Source) -> int:
    hits = 0
    place = failures_before_hit(percent, source)
    while place < trials:
        hits += 1
        place += 1 + failures_before_hit(percent, source)
    return hits


def _rejection(trials: int, percent: int, source: Source) -> int:
    words = 1 + trials.bit_length() // 64
    n, p = Decimal(trials), Decimal(percent) / 100
    q = 1 - p
    spread = (n * p * q).sqrt()
    b = Decimal("1.15") + Decimal("2.53") * spread
    a = Decimal("-0.0873") + Decimal("0.0248") * b + p / 100
    c = n * p + Decimal("0.5")
    inner = Decimal("0.92") - Decimal("4.2") / b
    alpha = (Decimal("2.83") + Decimal("5.1") / b) * spread
    odds = (p / q).ln()
    mode = (trials + 1) * percent // 100
    height = _ln_factorial(mode) + _ln_factorial(trials - mode)
    while True:
        u = _unit(source, words) - Decimal("0.5")
        v = _unit(source, 1)
        us = Decimal("0.5") - abs(u)
        if us == 0:
            continue
        hits = floor((2 * a / us + b) * u + c)
        if us >= Decimal("0.07") and v <= inner:
            return hits
        if hits < 0 or hits > trials or v == 0:
            continue
        bound = height - _ln_factorial(hits) - _ln_factorial(trials - hits) + (hits - mode) * odds
        if (v * alpha / (a / (us * us) + b)).ln() <= bound:
            return hits


def _unit(source: Source, words: int) -> Decimal:
    """Uniform in [0, 1) in steps of 2**-64, or finer for a spread that needs it."""
    number = 0
    for _ in range(words):
        number = (number << 64) | source.next64()
    return Decimal(number) / (1 << (64 * words))


def _ln_factorial(number: int) -> Decimal:
    """ln(number!) by Stirling's series; small numbers by the product itself."""
    if number < _FEW:
        return _ln_small_factorial(number)
    x = Decimal(number)
    square = x * x
    series = (
        1 / (12 * x)
        - 1 / (360 * x * square)
        + 1 / (1260 * x * square * square)
        - 1 / (1680 * x * square**3)
        + 1 / (1188 * x * square**4)
    )
    return (x + Decimal("0.5")) * x.ln() - x + _HALF_LN_TWO_PI + series


@cache
def _ln_small_factorial(number: int) -> Decimal:
    product = 1
    for factor in range(2, number + 1):
        product *= factor
    return Context(prec=_DIGITS).ln(Decimal(product))
