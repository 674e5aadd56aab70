"""What a block status becomes: the errno of the caller and the words of the kernel log.

Kernel: block/blk-core.c:blk_errors[].
"""

from dataclasses import dataclass

from faultrun.kernel.version import KernelVersion


@dataclass(frozen=True, slots=True)
class BlkStatus:
    """``name`` without BLK_STS_, the errno name, and the text before " error, dev ..."."""

    name: str
    errno: str
    text: str


BLK_STATUSES: tuple[BlkStatus, ...] = (
    BlkStatus("OK", "", ""),
    BlkStatus("NOTSUPP", "EOPNOTSUPP", "operation not supported"),
    BlkStatus("TIMEOUT", "ETIMEDOUT", "timeout"),
    BlkStatus("NOSPC", "ENOSPC", "critical space allocation"),
    BlkStatus("TRANSPORT", "ENOLINK", "recoverable transport"),
    BlkStatus("TARGET", "EREMOTEIO", "critical target"),
    BlkStatus("NEXUS", "EBADE", "critical nexus"),
    BlkStatus("RESV_CONFLICT", "EBADE", "reservation conflict"),
    BlkStatus("MEDIUM", "ENODATA", "critical medium"),
    BlkStatus("PROTECTION", "EILSEQ", "protection"),
    BlkStatus("RESOURCE", "ENOMEM", "kernel resource"),
    BlkStatus("DEV_RESOURCE", "EBUSY", "device resource"),
    BlkStatus("AGAIN", "EAGAIN", "nonblocking retry"),
    BlkStatus("OFFLINE", "ENODEV", "device offline"),
    BlkStatus("DM_REQUEUE", "EREMCHG", "dm internal retry"),
    BlkStatus("ZONE_OPEN_RESOURCE", "ETOOMANYREFS", "open zones exceeded"),
    BlkStatus("ZONE_ACTIVE_RESOURCE", "EOVERFLOW", "active zones exceeded"),
    BlkStatus("DURATION_LIMIT", "ETIME", "duration limit exceeded"),
    BlkStatus("INVAL", "EINVAL", "invalid"),
    BlkStatus("IOERR", "EIO", "I/O"),
)

BY_NAME: dict[str, BlkStatus] = {status.name: status for status in BLK_STATUSES}


def text_of(name: str, version: KernelVersion) -> str:
    """The words of the log line; a reservation conflict was a critical nexus error before 6.8."""
    if name == "RESV_CONFLICT" and not version.has("6.8", None):
        return BY_NAME["NEXUS"].text
    return BY_NAME[name].text
