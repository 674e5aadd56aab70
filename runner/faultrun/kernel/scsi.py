"""SCSI as the mid-layer reads it: sense keys, their texts, host bytes, and what follows from each.

Kernel: drivers/scsi/scsi_error.c:scsi_check_sense(), scsi_decide_disposition();
drivers/scsi/scsi_lib.c:scsi_result_to_blk_status(), scsi_io_completion_action();
drivers/scsi/constants.c.
"""

from dataclasses import dataclass
from enum import Enum

CHECK_CONDITION = 0x02

OPCODES: dict[str, tuple[int, str]] = {
    "READ": (0x28, "Read(10)"),
    "WRITE": (0x2A, "Write(10)"),
    "FLUSH": (0x35, "Synchronize Cache(10)"),
    "DISCARD": (0x42, "Unmap/Read sub-channel"),
    "WRITE_ZEROES": (0x41, "Write same(10)"),
}
"""Block operation to the command that sd sends (drivers/scsi/sd.c:sd_init_command())."""


class Action(Enum):
    """What is done with a command that came back."""

    DONE = "done"
    RETRY = "retry"
    AGAIN = "again"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Ruling:
    """An action and, if it fails, the block status. RETRY counts against the retries, AGAIN not."""

    action: Action
    status: str = "OK"


_DONE = Ruling(Action.DONE)
_RETRY = Ruling(Action.RETRY, "IOERR")
_AGAIN = Ruling(Action.AGAIN)
_FAIL = Ruling(Action.FAIL, "IOERR")
_TARGET = Ruling(Action.FAIL, "TARGET")

KEYS = (
    "No Sense", "Recovered Error", "Not Ready", "Medium Error", "Hardware Error", "Illegal Request",
    "Unit Attention", "Data Protect", "Blank Check", "Vendor Specific(9)", "Copy Aborted",
    "Aborted Command", "Equal", "Volume Overflow", "Miscompare", "Completed",
)  # fmt: skip
"""drivers/scsi/constants.c:snstext[]."""

TEXTS: dict[tuple[int, int], str] = {
    (0x00, 0x00): "No additional sense information",
    (0x04, 0x00): "Logical unit not ready, cause not reportable",
    (0x0C, 0x00): "Write error",
    (0x10, 0x01): "Logical block guard check failed",
    (0x11, 0x00): "Unrecovered read error",
    (0x20, 0x00): "Invalid command operation code",
    (0x21, 0x00): "Logical block address out of range",
    (0x24, 0x00): "Invalid field in cdb",
    (0x27, 0x00): "Write protected",
    (0x29, 0x00): "Power on, reset, or bus device reset occurred",
    (0x44, 0x00): "Internal target failure",
    (0x4B, 0x03): "Ack/nak timeout",
    (0x5D, 0x00): "Failure prediction threshold exceeded",
}
"""Additional sense that can come about here (drivers/scsi/sense_codes.h)."""

_GUARD = 0x10
_UNREADABLE = frozenset({0x11, 0x13, 0x14})
_REFUSED = frozenset({0x20, 0x21, 0x22, 0x24, 0x26, 0x27})
_BY_KEY: dict[int, Ruling] = {
    0x1: _DONE, 0x4: _TARGET, 0x7: _TARGET, 0x8: _TARGET, 0xA: _TARGET, 0xD: _TARGET,
    0xE: _TARGET,
}  # fmt: skip


def by_sense(key: int, asc: int) -> Ruling | None:
    """What follows from sense data; None for what is not modelled."""
    if key == 0x3:
        return Ruling(Action.FAIL, "MEDIUM") if asc in _UNREADABLE else _RETRY
    if key in {0x5, 0xB} and asc == _GUARD:
        return Ruling(Action.FAIL, "PROTECTION")
    if key == 0x5:
        return _TARGET if asc in _REFUSED else _FAIL
    if key == 0xB:
        return _RETRY
    return _BY_KEY.get(key)


@dataclass(frozen=True, slots=True)
class HostByte:
    """A host byte: its name in the log and what follows from it; None: the error handler's."""

    name: str
    ruling: Ruling | None


HOST_BYTES: dict[int, HostByte] = {
    0x00: HostByte("DID_OK", _DONE),
    0x01: HostByte("DID_NO_CONNECT", _FAIL),
    0x02: HostByte("DID_BUS_BUSY", _RETRY),
    0x03: HostByte("DID_TIME_OUT", None),
    0x04: HostByte("DID_BAD_TARGET", _FAIL),
    0x05: HostByte("DID_ABORT", _FAIL),
    0x06: HostByte("DID_PARITY", _RETRY),
    0x07: HostByte("DID_ERROR", _RETRY),
    0x0B: HostByte("DID_SOFT_ERROR", _RETRY),
    0x0C: HostByte("DID_IMM_RETRY", _AGAIN),
    0x0D: HostByte("DID_REQUEUE", _AGAIN),
    0x0F: HostByte("DID_TRANSPORT_FAILFAST", Ruling(Action.FAIL, "TRANSPORT")),
}
"""drivers/scsi/constants.c:hostbyte_table[]; those that a driver uses for reads and writes."""

BUSY_STATUS = frozenset({0x08, 0x28})
"""SAM_STAT_BUSY and TASK SET FULL: sent again, uncounted."""

CONFLICT = 0x18
