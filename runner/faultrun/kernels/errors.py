"""The one way in which building a kernel fails: what, and the one thing that would help."""

import errno
import os
from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FULL_TEXT = "No space left on device"
"""How compilers say it."""


class KernelError(Exception):
    """A kernel could not be built or found; ``hint`` is a command or an option.

    ``usage`` tells a mistake on the command line from a machine that lacks something.
    """

    def __init__(self, message: str, *, hint: str = "", usage: bool = False) -> None:
        super().__init__(message)
        self.hint = hint
        self.usage = usage


def from_os(refused: OSError, where: Path) -> KernelError:
    """What the operating system refused, in words that help."""
    place = Path(os.fsdecode(refused.filename or where))
    if refused.errno in _FULL:
        return disk_full(place)
    hint = ""
    if place.is_relative_to(where) or where.is_relative_to(place):
        hint = "FAULTRUN_CACHE=DIR keeps kernels in another folder"
    return KernelError(f"{place}: {refused.strerror or refused}", hint=hint)


def disk_full(where: Path) -> KernelError:
    """The disk under that path has no room left."""
    return KernelError(
        f"the disk that holds {where} is full ({free_mib(where):,} MiB free)",
        hint="make room there, or let FAULTRUN_CACHE=DIR name a folder on another disk",
    )


def free_mib(where: Path) -> int:
    """Free space, in MiB, of the disk that holds a path or the nearest folder above it."""
    while not where.exists() and where != where.parent:
        where = where.parent
    state = os.statvfs(where)
    return state.f_bavail * state.f_frsize // 2**20


def printable(text: str) -> str:
    """Output of other programs, without what a terminal would obey."""
    return "".join(sign if sign.isprintable() else " " for sign in text).rstrip()
