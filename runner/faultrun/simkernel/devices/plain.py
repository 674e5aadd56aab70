"""Disks that were there when the machine came up, and only hold data."""

from collections.abc import Callable

from faultrun.kernel.device_kinds.shared import PARTITIONS, SIZE
from faultrun.model.campaign import DeviceSpec
from faultrun.simkernel.devices.block import Disk
from faultrun.simkernel.devices.bus import DiskBus, Site
from faultrun.simkernel.devices.medium import Medium, Storage
from faultrun.simkernel.kernel import SimKernel

_MIB = 1 << 20
_MINORS = 16


DiskMaker = Callable[[SimKernel, str, Storage, tuple[int, int]], Disk]


class PlainBus(DiskBus):
    """Disks of one major number that were there when the machine came up."""

    def __init__(
        self, major: int, make: DiskMaker, site: Site, specs: tuple[DeviceSpec, ...]
    ) -> None:
        self._major = major
        self._make = make
        self._site = site
        self._specs = specs
        self.names = tuple(spec.name for spec in specs)
        self.woken = not specs
        for spec in specs:
            site.announce(spec.name, _partitions(spec))

    def _make_devices(self) -> None:
        """Make the disks."""
        for at, spec in enumerate(self._specs):
            size = int(spec.option("size_mib", SIZE.default)) * _MIB
            number = (self._major, at * _MINORS)
            self._site.publish(
                self._make(self._site.kernel, spec.name, Medium(size), number), _partitions(spec)
            )


def _partitions(spec: DeviceSpec) -> int:
    return int(spec.option("partitions", PARTITIONS.default))
