"""``signal``: the signal that ended the workload."""

from signal import Signals

from faultrun.model.campaign import Expectation
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding
from faultrun.oracles.ending import ending, signal_name
from faultrun.oracles.params import mapping, mistake, ruling, texts, whole

_SHELL_BASE = 128


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """A shell reports the death of its last command as 128 and the number; that counts too."""
    params = mapping(expectation.params)
    names = texts(params, "name")
    number = _number(names[0]) if names else whole(params, "number")
    if number is None:
        return mistake(expectation, f"'{names[0] if names else ''}' is no signal")
    finished = evidence.finished
    died = finished.signal == number and not finished.timed_out
    held = died or finished.exit_code == _SHELL_BASE + number
    return ruling(
        expectation,
        held=held,
        expected=f"death by {signal_name(number)}",
        found=ending(evidence),
    )


def _number(name: str) -> int | None:
    if name.isdigit():
        return int(name)
    for full in (name, f"SIG{name}"):
        if full in Signals.__members__:
            return Signals[full].value
    return None


ORACLE = Oracle(
    name="signal",
    summary="The signal that ended the workload, such as SIGSEGV.",
    judge=judge,
)
