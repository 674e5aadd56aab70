"""``errno``: the error that the workload reported, by the C library's message for it."""

from faultrun.kernel.errno import reported
from faultrun.model.campaign import Expectation
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding
from faultrun.oracles.ending import ending
from faultrun.oracles.params import listed, mapping, mistake, ruling, texts


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """One of the names is what standard error, or else standard output, tells."""
    wanted = texts(mapping(expectation.params), "names")
    if not wanted:
        return mistake(expectation, "it names no errno")
    finished = evidence.finished
    seen = reported(finished.stderr) or reported(finished.stdout)
    if seen:
        found = f"it reported {listed(seen)}"
    else:
        found = f"it reported no errno by its message; {ending(evidence)}"
    return ruling(
        expectation,
        held=any(name in seen for name in wanted),
        expected=f"the workload reports {listed(wanted, 'or')}",
        found=found,
    )


ORACLE = Oracle(
    name="errno",
    summary="The errno that the workload reported, by the C library's message text.",
    judge=judge,
)
