"""What a kind of device has to offer to a machine, and what the machine offers to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from faultrun.simkernel.devices.block import Disk
from faultrun.simkernel.file_values import Flags, OpenFile, Stat
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.tasks import SimTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The machine as a driver sees it.

    ``publish`` makes a disk appear with that many partitions, ``withdraw`` makes it go;
    ``announce`` only says that a disk of that name will be there once its bus is woken.
    """

    kernel: SimKernel
    publish: Callable[[Disk, int], None]
    withdraw: Callable[[str], None]
    announce: Callable[[str, int], None]


class Bus(Protocol):
    """All devices of one kind. Made with the machine, woken when one of its names is touched.

    A machine is cheap because of this: what a bus does before ``wake`` is naming directories.
    """

    @property
    def woken(self) -> bool:
        """Whether its devices are there."""
        ...

    def owns(self, name: str) -> bool:
        """Whether a device node of that name could be one of ours."""
        ...

    def wake(self) -> None:
        """Make the devices that the machine booted with."""
        ...

    def chars(self) -> tuple[str, ...]:
        """The names of its character devices, sorted."""
        ...

    def char_stat(self, name: str) -> Stat | None:
        """stat(2) of a character device; None if there is none of that name."""
        ...

    def char_open(self, name: str, flags: Flags, task: SimTask) -> OpenFile | None:
        """open(2) of a character device; None if there is none of that name."""
        ...


class DiskBus:
    """A bus that has disks and no character devices: what most kinds start from.

    ``names`` are those with which the names of its disks and partitions begin.
    """

    names: tuple[str, ...] = ()
    woken = True

    def owns(self, name: str) -> bool:
        """Whether a disk or partition of that name could be one of ours."""
        return any(name.startswith(own) for own in self.names)

    def wake(self) -> None:
        """Make the devices that the machine booted with, once."""
        if not self.woken:
            self.woken = True
            self._make_devices()

    def _make_devices(self) -> None:
        """What waking means for a kind; nothing if it has no devices of its own."""

    def chars(self) -> tuple[str, ...]:
        """None."""
        return ()

    def char_stat(self, name: str) -> Stat | None:
        """There is none."""
        del name
        return None

    def char_open(self, name: str, flags: Flags, task: SimTask) -> OpenFile | None:
        """There is none."""
        del name, flags, task
        return None
