"""Numbers, times and expectations as a person would say them in a plan."""

from collections.abc import Sequence

from faultrun.model.campaign import Expectation
from faultrun.model.plan import Prediction
from faultrun.spec.claims import claim

_UNITS = (
    (60_000_000_000, "min"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
    (1_000, "us"),
    (1, "ns"),
)


def many(count: int, noun: str) -> str:
    """``1 step``, ``1,204 steps``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(ns: int) -> str:
    """Exactly, in the largest unit that divides it: ``30 s``, ``1,500 ms``."""
    for size, unit in _UNITS:
        if ns and ns % size == 0:
            return f"{ns // size:,} {unit}"
    return "0 s"


def percent(part: float) -> str:
    """A chance of 0 to 1. Only what cannot happen is 0 %, and only what must happen is 100 %."""
    if part <= 0.0 or part >= 1.0:
        return "0 %" if part <= 0.0 else "100 %"
    value = 100.0 * part
    if value < 0.001:
        return "less than 0.001 %"
    if value > 99.999:
        return "more than 99.999 %"
    digits = 3 if value < 0.1 or value > 99.9 else 2 if value < 1.0 or value > 99.0 else 1
    text = f"{value:.{digits}f}"
    return f"{text.removesuffix('.0')} %"


def amount(value: float) -> str:
    """A mean or a spread, in injections: ``1.0``, ``0.27``, ``6,000.0``."""
    return f"{value:,.2f}" if 0.0 < value < 0.95 else f"{value:,.1f}"


def visible(text: str) -> str:
    """A text without power over a terminal: control characters are spelled out."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def expectation(expected: Expectation) -> str:
    """One expectation as a clause: ``exactly 1 fault is injected``."""
    return visible(claim(expected.oracle, expected.params))


def forecast(prediction: Prediction, probabilities: Sequence[int]) -> str:
    """What a dry run promises, or why it promises nothing. Empty if there is nothing to say.

    ``probabilities`` are those that the step arms, in percent of checks.
    """
    if not prediction.known:
        return f"not known: {prediction.note}" if prediction.note else ""
    # A fault changes what the workload does next; only the first is certain to find it undisturbed.
    goes_on = " if the workload goes on after each" if prediction.mean > 1.0 else ""
    said = (
        f"expects {amount(prediction.mean)} injections (spread {amount(prediction.spread)}) in"
        f" {many(prediction.checks, 'check')}{goes_on}, chance of a vacuous run"
        f" {percent(prediction.vacuous_chance)}"
    )
    if len(probabilities) == 1 and 0 < probabilities[0] < 100 and prediction.checks > 1:
        said += (
            f"; {probabilities[0]} % a check means {percent(1.0 - prediction.vacuous_chance)}"
            f" a run of {many(prediction.checks, 'check')}"
        )
    return f"{said}; {prediction.note}" if prediction.note else said
