"""``outcome``: the class of what the run did under its fault."""

from faultrun.model.campaign import Expectation
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding
from faultrun.oracles.params import listed, mapping, mistake, ruling, texts


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """One of the classes, as the engine has classified the run."""
    wanted = texts(mapping(expectation.params), "classes")
    if not wanted:
        return mistake(expectation, "it names no outcome class")
    return ruling(
        expectation,
        held=evidence.outcome in wanted,
        expected=f"the outcome {listed(wanted, 'or')}",
        found=f"'{evidence.outcome}'",
    )


ORACLE = Oracle(
    name="outcome",
    summary="The outcome class: tolerated, right-errno, wrong-errno, oops, hang, crash, latent ...",
    judge=judge,
)
