"""One line of the record. Every act of a run is announced by exactly one event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from faultrun.model.data import Json


class Kind(Enum):
    """What happened. The data of each kind is listed in ``schemas/record.v1.json``."""

    RUN_START = "run.start"
    STEP_START = "step.start"
    STEP_SKIP = "step.skip"
    INTENT = "attr.intent"
    ARMED = "attr.armed"
    COMMAND = "command"
    DISARMED = "attr.disarmed"
    EVIDENCE = "evidence"
    CLEANUP = "cleanup"
    RESTORED = "attr.restored"
    VERDICT = "step.verdict"
    NOTE = "note"
    RUN_END = "run.end"


@dataclass(frozen=True, slots=True)
class Event:
    """``t_ns`` is the run's own time (virtual on the simulator), ``step`` a task id or ``""``."""

    kind: Kind
    t_ns: int
    step: str = ""
    data: Mapping[str, Json] = field(default_factory=dict)
