"""What each kind of control file takes, stores and answers, by the kernel's own rules.

Kernel: lib/fault-inject.c:fault_create_debugfs_attr(), fs/libfs.c:simple_attr_write(),
fs/debugfs/file.c:debugfs_write_file_bool(); configfs: lib/fault-inject.c:fault_config_init().
"""

import re

from faultrun.kernel.numbers import (
    BUFFER,
    Refused,
    kstrtobool,
    kstrtoint,
    kstrtoll,
    kstrtoull,
    scanned_int,
    signed,
)
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import AttrKind

MAX_DEPTH = 32
"""include/linux/fault-inject.h:MAX_STACK_TRACE_DEPTH; a larger value is cut, not refused."""

MAX_ERRNO = 4095
"""include/linux/err.h; lib/notifier-error-inject.c:debugfs_errno_set() clamps to it."""

_U32 = 2**32 - 1
_X16 = 2**16 - 1


def strip_newline(data: bytes) -> str:
    """What a control file says, without the newline at its end."""
    return data.decode("utf-8", "backslashreplace").removesuffix("\n")


def seen(pattern: str, text: str) -> bool:
    """Whether one of the lines of a file matches the pattern, from its start to its end."""
    return any(re.fullmatch(pattern, line) for line in text.splitlines())


def parse(kind: AttrKind, text: str, version: KernelVersion, old: int) -> int:
    """The number that the kernel stores when ``text`` is written to a debugfs file.

    ``old`` is what is stored before: bad text in a bool file keeps it. A bool is 0 or 1.
    Raises Refused with the errno name.
    """
    if kind is AttrKind.BOOL:
        truth = kstrtobool(text[:3], version)
        return old if truth is None else int(truth)
    if kind is AttrKind.FLAG:
        return _leading(text, version, old)
    if kind is AttrKind.COUNT:
        return _count(text)
    if kind is AttrKind.INT:
        return kstrtoint(text)
    short = text[:BUFFER]
    if kind is AttrKind.ATOMIC:
        return signed(kstrtoll(short), 32)
    if kind is AttrKind.ERRNO:
        return max(-MAX_ERRNO, min(0, signed(kstrtoll(short), 32)))
    value = kstrtoull(short)
    if kind is AttrKind.U32:
        return value & _U32
    if kind is AttrKind.X16:
        return value & _X16
    return min(value, MAX_DEPTH) if kind is AttrKind.DEPTH else value


def show(kind: AttrKind, value: int, version: KernelVersion) -> str:
    """What a read of a debugfs file answers, without the newline."""
    if kind is AttrKind.BOOL:
        return "Y" if value else "N"
    if kind is AttrKind.X16:
        return f"0x{value:04x}"
    if kind is AttrKind.XUL and version.has("6.8", None):
        return f"0x{value:016x}"
    if kind is AttrKind.RETVAL:
        return f"{value:x}"
    if kind is AttrKind.HEX:
        return f"0x{value:x}"
    return str(value)


def reads_back(kind: AttrKind, text: str, version: KernelVersion, old: str) -> str | None:
    """What the file answers after ``text`` was written; None if the kernel refuses the text.

    ``old`` is the answer from before, which bad text in a bool file leaves as it was.
    """
    if kind is AttrKind.TEXT:
        return text
    before = 1 if old in ("Y", "1") else 0
    try:
        return show(kind, parse(kind, text, version, before), version)
    except Refused:
        return None


def parse_config(kind: AttrKind, text: str, version: KernelVersion) -> int:
    """The same for a configfs file, which refuses what debugfs cuts. Raises Refused."""
    if kind is AttrKind.BOOL:
        value = kstrtobool(text, version)
        if value is None:
            raise Refused("EINVAL")
        return int(value)
    if kind is AttrKind.ATOMIC:
        number = kstrtoll(text)
        if signed(number, 32) != number:
            raise Refused("ERANGE")
        return number
    number = kstrtoull(text)
    if kind is AttrKind.U32 and number > _U32:
        raise Refused("ERANGE")
    return min(number, MAX_DEPTH) if kind is AttrKind.DEPTH else number


def show_config(kind: AttrKind, value: int, version: KernelVersion) -> str:
    """What a read of a configfs file answers, without the newline: a bool as 1 or 0."""
    return str(value) if kind is AttrKind.BOOL else show(kind, value, version)


def reads_back_config(kind: AttrKind, text: str, version: KernelVersion) -> str | None:
    """What a configfs file answers after ``text`` was written; None if the kernel refuses it."""
    try:
        return show_config(kind, parse_config(kind, text, version), version)
    except Refused:
        return None


def _leading(text: str, version: KernelVersion, old: int) -> int:
    """block/genhd.c:part_fail_store(): text without a number changes nothing."""
    value = scanned_int(text, version)
    return old if value is None else int(value != 0)


def _count(text: str) -> int:
    """fs/proc/base.c:proc_fail_nth_write(): an unsigned int; no blanks."""
    value = kstrtoull(text[:34])
    if value > _U32:
        raise Refused("ERANGE")
    return value
