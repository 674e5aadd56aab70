"""The class of what a run did under its fault, whatever was expected of it."""

from collections.abc import Sequence
from functools import lru_cache

from faultrun.kernel.errno import reported
from faultrun.kernel.loss import first_loss
from faultrun.kernel.oops import kind_of
from faultrun.model.evidence import Evidence
from faultrun.model.verdict import Finding, OutcomeClass, Verdict

_SHORT = 1_024
"""Characters up to which a text is remembered."""

_DAMAGE = frozenset({"file", "device"})
"""Oracles whose failure after a success is damage that nobody reported."""


def classify(
    evidence: Evidence, findings: Sequence[Finding], *, oops: str, late: bool
) -> OutcomeClass:
    """The first class that fits, the worst ones first.

    ``oops`` is the line of the kernel log that shows one, or empty; ``late`` says that one was
    shown only after the workload had ended.
    """
    finished = evidence.finished
    if evidence.died:
        return OutcomeClass.HANG if evidence.hung else OutcomeClass.CRASH
    if oops:
        kind = kind_of(oops)
        hung = kind is not None and kind.fate == "hang"
        return OutcomeClass.HANG if hung else OutcomeClass.OOPS
    if finished.timed_out:
        return OutcomeClass.HANG
    if not evidence.armed:
        return OutcomeClass.NO_FAULT
    if not evidence.injected:
        return OutcomeClass.NOT_ACTIVATED
    if finished.exit_code == 0:
        damaged = any(
            finding.oracle in _DAMAGE and finding.verdict is Verdict.FAIL for finding in findings
        )
        latent = damaged or late or first_loss(evidence.log)
        return OutcomeClass.LATENT if latent else OutcomeClass.TOLERATED
    return _by_errno(evidence)


def _named(text: str) -> tuple[str, ...]:
    """The errnos that a text names; remembered, since the cells of a matrix say the same."""
    return _remembered(text) if len(text) <= _SHORT else reported(text)


@lru_cache(maxsize=1_024)
def _remembered(text: str) -> tuple[str, ...]:
    return reported(text) if text else ()


def _by_errno(evidence: Evidence) -> OutcomeClass:
    """A failure keeps its errno if the workload names one that the capability may cause.

    A workload that failed without naming any has kept it as far as anybody can tell.
    """
    named = _named(evidence.finished.stderr) or _named(evidence.finished.stdout)
    if named and not set(named) & set(evidence.errnos):
        return OutcomeClass.WRONG_ERRNO
    if evidence.finished.signal is not None:
        return OutcomeClass.WRONG_ERRNO
    return OutcomeClass.RIGHT_ERRNO
