"""``kernel_log``: what the kernel said while the step ran, and that it did not oops."""

from collections.abc import Mapping

from faultrun.model.campaign import Expectation
from faultrun.model.data import Json
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding
from faultrun.oracles.params import mapping, ruling
from faultrun.oracles.text_claims import claims, violations

_QUIET = "a kernel log without oops"
"""By far the most frequent claim; it is said without being put together anew."""


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """Claims about the text of all records, and no oops if that is asked."""
    params = mapping(expectation.params)
    quiet = not evidence.oops and not evidence.log_lost
    if params.get("no_oops") is True and quiet and not _has_claims(params):
        found = _found(len(evidence.log))
        return ruling(expectation, held=True, expected=_QUIET, found=found)
    text = "\n".join(line.text for line in evidence.log)
    broken = violations(params, text)
    no_oops = params.get("no_oops") is True
    if no_oops and evidence.oops:
        broken.append(f"the kernel log says: {evidence.oops}")
    wanted = [claims(params)] if _has_claims(params) else []
    if no_oops:
        wanted.append("without oops")
    found = ", ".join(broken) if broken else _found(len(evidence.log))
    if evidence.log_lost:
        found += f" ({evidence.log_lost} records of the log were lost)"
    expected = f"a kernel log {' and '.join(wanted)}" if wanted else "any kernel log"
    return ruling(expectation, held=not broken, expected=expected, found=found)


def _has_claims(params: Mapping[str, Json]) -> bool:
    return bool(params.get("has") or params.get("lacks") or params.get("matches"))


def _found(records: int) -> str:
    if not records:
        return "the kernel said nothing"
    return "1 record, nothing bad" if records == 1 else f"{records} records, nothing bad"


ORACLE = Oracle(
    name="kernel_log",
    summary="The kernel log of the step: has, lacks, matches, and no oops, BUG or warning.",
    judge=judge,
)
