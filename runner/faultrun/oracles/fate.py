"""``fate``: what became of the machine, and of the task that met the fault."""

from faultrun.kernel.oops import kind_of
from faultrun.model.campaign import Expectation
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding
from faultrun.oracles.ending import ending
from faultrun.oracles.params import mapping, mistake, ruling, texts

SURVIVES, KILLED, PANIC, HANG = "survives", "task-killed", "panic", "hang"

_DEADLY = frozenset({"task-killed", "panic"})
"""Kinds of oops that a task does not come back from; on a machine that lives on, a task died."""

_WORDS = {
    SURVIVES: "kernel and workload survive",
    KILLED: "the kernel kills a task and goes on",
    PANIC: "the kernel panics",
    HANG: "the machine or the workload hangs",
}


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """The one fate that the evidence tells of is the expected one."""
    wanted = texts(mapping(expectation.params), "fate")
    if len(wanted) != 1 or wanted[0] not in _WORDS:
        return mistake(expectation, "it names no fate")
    fate, why = fate_of(evidence)
    return ruling(
        expectation,
        held=fate == wanted[0],
        expected=f"{wanted[0]}: {_WORDS[wanted[0]]}",
        found=f"{fate}: {why}",
    )


def fate_of(evidence: Evidence) -> tuple[str, str]:
    """The worst fate that the evidence shows, and what shows it."""
    if evidence.died:
        return HANG if evidence.hung else PANIC, evidence.died
    if evidence.finished.timed_out:
        return HANG, "the workload did not come back until its timeout"
    oops = _deadly(evidence)
    if oops:
        return KILLED, f"the kernel log says: {oops}"
    if evidence.finished.signal is not None:
        return KILLED, f"{ending(evidence)}; the kernel log shows no oops"
    return SURVIVES, f"{ending(evidence)}, and no oops that kills"


def _deadly(evidence: Evidence) -> str:
    for record in evidence.log:
        for line in record.text.splitlines():
            kind = kind_of(line)
            if kind is not None and kind.fate in _DEADLY:
                return line.strip()
    return ""


ORACLE = Oracle(
    name="fate",
    summary="What became of the machine: survives, task-killed, panic, hang.",
    judge=judge,
)
