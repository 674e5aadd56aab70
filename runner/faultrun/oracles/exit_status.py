"""``exit``: the status with which the workload ended."""

from faultrun.model.campaign import Expectation
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding
from faultrun.oracles.ending import ending
from faultrun.oracles.params import mapping, mistake, ruling, whole


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """A status that was asked for by number, or any that is zero or not."""
    params = mapping(expectation.params)
    code = evidence.finished.exit_code
    found = ending(evidence)
    if params.get("nonzero") is True:
        held = code is not None and code != 0
        return ruling(expectation, held=held, expected="an exit status other than 0", found=found)
    wanted = 0 if params.get("zero") is True else whole(params, "code")
    if wanted is None:
        return mistake(expectation, "it names no exit status")
    return ruling(expectation, held=code == wanted, expected=f"exit status {wanted}", found=found)


ORACLE = Oracle(
    name="exit",
    summary="The workload's exit status: a number, 'zero' or 'nonzero'.",
    judge=judge,
)
