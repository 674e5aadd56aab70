"""``injected``: how often the fault fired, by the exact counters or by lines of the kernel log."""

from dataclasses import replace

from faultrun.model.campaign import Expectation
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding, Verdict
from faultrun.oracles.params import mapping, ruling, whole


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """Within the bounds, or not.

    A fault that should have fired and never did is VACUOUS, not FAIL: it says nothing about the
    kernel. Where a counter or lines of the log are missing the number is only a lower bound, and
    what depends on there not having been more is an ERROR: it can be neither confirmed nor denied.
    """
    params = mapping(expectation.params)
    least = whole(params, "min") or 0
    most = whole(params, "max")
    number = evidence.injected
    held = number >= least and (most is None or number <= most)
    finding = ruling(expectation, held=held, expected=_bounds(least, most), found=_found(evidence))
    if not held and number == 0 and evidence.armed:
        return replace(finding, verdict=Verdict.VACUOUS)
    more = any(count.at_least or count.injected is None for count in evidence.counts)
    decided = most is None if held else most is not None and number > most
    if more and not decided:
        return replace(finding, verdict=Verdict.ERROR)
    return finding


def _bounds(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {_many(least)}" if least else "any number of injections"
    if least == most:
        return f"exactly {_many(least)}" if least else "no injection"
    return f"between {least} and {_many(most)}" if least else f"at most {_many(most)}"


def _found(evidence: Evidence) -> str:
    if not evidence.armed:
        return "none: the step arms nothing"
    told = _many(evidence.injected) if evidence.injected else "none"
    if any(count.at_least for count in evidence.counts):
        missing = f"{evidence.log_lost} of its" if evidence.log_lost else "some of its"
        return f"{told} in the kernel log, of which {missing} lines are missing"
    unknown = [count for count in evidence.counts if count.injected is None and not count.budget]
    if unknown:
        return (
            f"{told}, as far as is known: {unknown[0].capability} is counted by lines of the"
            " kernel log, which could not be read"
        )
    lost = [count for count in evidence.counts if count.left is None and count.budget]
    if lost:
        source = "by the kernel log, since" if evidence.injected else "as far as is known;"
        told += f" ({source} the counter {lost[0].path} could not be read)"
    return told


def _many(number: int) -> str:
    return "1 injection" if number == 1 else f"{number} injections"


ORACLE = Oracle(
    name="injected",
    summary="How many faults fired: none, exactly, at least, at most, between.",
    judge=judge,
)
