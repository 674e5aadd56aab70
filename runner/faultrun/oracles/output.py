"""``stdout`` and ``stderr``: what the workload printed."""

from faultrun.model.campaign import Expectation
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding
from faultrun.oracles.params import mapping, ruling
from faultrun.oracles.text_claims import claims, shown, violations


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """All claims about the one stream that the expectation is named after."""
    finished = evidence.finished
    text = finished.stderr if expectation.oracle == "stderr" else finished.stdout
    params = mapping(expectation.params)
    broken = violations(params, text)
    said = f"it says {shown(text)}"
    return ruling(
        expectation,
        held=not broken,
        expected=f"{expectation.oracle} {claims(params)}",
        found=f"{', '.join(broken)}: {said}" if broken else said,
    )


STDOUT = Oracle(
    name="stdout",
    summary="The workload's standard output: contains, lacks, matches, equals.",
    judge=judge,
)
STDERR = Oracle(
    name="stderr",
    summary="The workload's standard error: contains, lacks, matches, equals.",
    judge=judge,
)
