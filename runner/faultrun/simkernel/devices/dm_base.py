"""What every target of the device mapper has, and the plain ones: linear, zero, error.

Kernel: drivers/md/dm-linear.c, dm-zero.c, dm-target.c; by hand from them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from faultrun.simkernel.devices.block import Bio, Device, Request, submit
from faultrun.simkernel.devices.medium import SECTOR
from faultrun.simkernel.kernel import SimKernel

Ended = tuple[str, bytes]
"""The errno of a bio, empty if it went well, and what was read."""

KILLED: Ended = ("EIO", b"")


class BadTable(Exception):
    """A constructor said no: ``str()`` is its ``ti->error``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a constructor has: the machine, how to find a device, and the target's length."""

    kernel: SimKernel
    find: Callable[[str], Device | None]
    sectors: int


class Target(Protocol):
    """One row of a table. Sectors of requests count from the target's own start."""

    @property
    def kind(self) -> str:
        """Its type as the table names it."""
        ...

    @property
    def most(self) -> int:
        """Sectors after which a request is split; 0 for no limit."""
        ...

    def map(self, request: Request) -> Ended:
        """Do it, pass it on, or fail it."""
        ...

    def table(self) -> str:
        """Its arguments, as ``dmsetup table`` shows them."""
        ...

    def status(self) -> str:
        """What ``dmsetup status`` shows."""
        ...

    def message(self, words: Sequence[str]) -> str | None:
        """Take a message and answer it; None is EINVAL."""
        ...


class Plain:
    """What most targets have in common."""

    kind = ""
    most = 0

    def table(self) -> str:
        """No arguments."""
        return ""

    def status(self) -> str:
        """Nothing to tell."""
        return ""

    def message(self, words: Sequence[str]) -> str | None:
        """No target here takes one unless it says so."""
        del words
        return None


class Zero(Plain):
    """Reads zeros, forgets writes."""

    kind = "zero"

    def map(self, request: Request) -> Ended:
        """drivers/md/dm-zero.c:zero_map()."""
        return "", bytes(request.sectors * SECTOR) if request.op == "READ" else b""


class Error(Plain):
    """Fails everything."""

    kind = "error"

    def map(self, request: Request) -> Ended:
        """drivers/md/dm-target.c:io_err_map()."""
        del request
        return KILLED


class Linear(Plain):
    """A window on another device."""

    kind = "linear"

    def __init__(self, lower: Device, start: int) -> None:
        self.lower = lower
        self.start = start

    def map(self, request: Request) -> Ended:
        """drivers/md/dm-linear.c:linear_map()."""
        return self.passed(request)

    def passed(self, request: Request) -> Ended:
        """The request on the lower device; an empty flush goes to all of it."""
        return submit(
            self.lower,
            Bio(
                op=request.op,
                sector=self.start + request.sector if request.sectors else 0,
                size=request.sectors * SECTOR,
                task=request.task,
                data=request.data,
                flags=request.flags,
                stack=request.stack,
            ),
        )

    def table(self) -> str:
        """Device and offset."""
        major, minor = self.lower.number
        return f"{major}:{minor} {self.start}"
