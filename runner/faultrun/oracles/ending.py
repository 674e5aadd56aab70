"""How the workload ended, in words that several oracles share."""

from signal import Signals

from faultrun.model.evidence import Evidence


def ending(evidence: Evidence) -> str:
    """``exit status 5``, ``killed by SIGSEGV``, ``killed after its timeout``."""
    finished = evidence.finished
    if evidence.died:
        return f"the kernel died: {evidence.died}"
    if finished.timed_out:
        return "it was killed after its timeout"
    if finished.signal is not None:
        return f"killed by {signal_name(finished.signal)}"
    if finished.exit_code is None:
        return "it did not end by itself"
    return f"exit status {finished.exit_code}"


def signal_name(number: int) -> str:
    """The name of a signal, or its number in words."""
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"
