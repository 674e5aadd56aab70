"""``duration``: how long the workload took, in the machine's own time."""

from faultrun.model.campaign import Expectation
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding
from faultrun.oracles.params import mapping, ruling, whole

_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns"))


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """Under one bound and over the other, each exclusive."""
    params = mapping(expectation.params)
    under, over = whole(params, "under_ns"), whole(params, "over_ns")
    took = evidence.finished.elapsed_ns
    held = (under is None or took < under) and (over is None or took > over)
    wanted: list[str] = []
    if over is not None:
        wanted.append(f"more than {_time(over)}")
    if under is not None:
        wanted.append(f"less than {_time(under)}")
    return ruling(
        expectation,
        held=held,
        expected=" and ".join(wanted) or "any duration",
        found=f"it took {_time(took)}",
    )


def _time(duration_ns: int) -> str:
    for size, unit in _UNITS:
        if duration_ns >= size:
            return f"{duration_ns / size:.4g} {unit}"
    return "0 s"


ORACLE = Oracle(
    name="duration",
    summary="How long the workload took: under, over.",
    judge=judge,
)
