"""``device``: the state of an NVMe controller afterwards.

Kernel: drivers/nvme/host/sysfs.c:nvme_sysfs_show_state()
"""

from faultrun.model.campaign import Expectation
from faultrun.model.data import Json
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding
from faultrun.oracles.params import mapping, ruling

_GONE = frozenset({"ENOENT", "ENODEV", "ENXIO"})


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """Each device is in the given state; ``gone`` if it has no state file any more."""
    held = True
    wanted: list[str] = []
    found: list[str] = []
    for name, state in mapping(expectation.params).items():
        wanted.append(f"{name} is {state}")
        seen = _state(name, evidence)
        held = held and seen == state
        found.append(f"{name} is {seen}")
    return ruling(expectation, held=held, expected=" and ".join(wanted), found=" and ".join(found))


def looks_at(params: Json) -> tuple[str, ...]:
    """The state files that the engine has to read."""
    return tuple(_path(name) for name in mapping(params))


def _path(name: str) -> str:
    return f"/sys/class/nvme/{name}/state"


def _state(name: str, evidence: Evidence) -> str:
    seen = evidence.files.get(_path(name))
    if seen is None:
        return "unknown: it was not looked at"
    if seen.content is not None:
        return seen.content.decode("utf-8", "backslashreplace").strip()
    return "gone" if seen.errno_name in _GONE else f"unreadable: {seen.errno_name}"


ORACLE = Oracle(
    name="device",
    summary="The state of an NVMe controller: live, resetting, connecting, deleting, dead, gone.",
    judge=judge,
    looks_at=looks_at,
)
