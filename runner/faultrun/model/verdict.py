"""Verdicts, their severity, and the outcome class that stands beside them."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What a step says. Their failure, ours, and "cannot tell" are different values."""

    PASS = "PASS"
    VACUOUS = "VACUOUS"
    FAIL = "FAIL"
    ERROR = "ERROR"
    SKIP = "SKIP"


SEVERITY: dict[Verdict, int] = {
    Verdict.SKIP: 0,
    Verdict.PASS: 1,
    Verdict.VACUOUS: 2,
    Verdict.FAIL: 3,
    Verdict.ERROR: 4,
}
"""A step's verdict is the worst of its findings. SKIP is decided before a step runs."""


class OutcomeClass(Enum):
    """What an injected run did, whatever was expected of it."""

    NO_FAULT = "no-fault"
    NOT_ACTIVATED = "not-activated"
    TOLERATED = "tolerated"
    RIGHT_ERRNO = "right-errno"
    WRONG_ERRNO = "wrong-errno"
    OOPS = "oops"
    HANG = "hang"
    CRASH = "crash"
    LATENT = "latent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one oracle found about one expectation."""

    oracle: str
    verdict: Verdict
    expected: str
    found: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The judged step: verdict, class, every finding, and the reasons in words."""

    verdict: Verdict
    outcome: OutcomeClass
    findings: tuple[Finding, ...]
    reasons: tuple[str, ...]
