"""Block devices that only hold data. No faults of their own."""

from collections.abc import Callable

from faultrun.kernel.device_kinds.shared import PARTITIONS, SIZE
from faultrun.model.campaign import DeviceSpec
from faultrun.simkernel.devices.block import Disk, Request
from faultrun.simkernel.devices.bus import DiskBus, Site
from faultrun.simkernel.devices.medium import SECTOR, Medium, Storage
from faultrun.simkernel.kernel import SimKernel

_MIB = 1 << 20
_READ_NS = 20_000
_WRITE_NS = 15_000
_PER_KIB_NS = 150
_MINORS = 16


class PlainDriver:
    """Does what it is told."""

    def __init__(self, kernel: SimKernel, medium: Storage) -> None:
        self._kernel = kernel
        self._medium = medium

    def execute(self, request: Request) -> tuple[str, bytes]:
        """A request, to its end."""
        size, offset = request.sectors * SECTOR, request.sector * SECTOR
        base = _READ_NS if request.op == "READ" else _WRITE_NS
        self._kernel.clock.advance(base + size // 1024 * _PER_KIB_NS)
        if request.op == "READ":
            return "OK", self._medium.read(offset, size)
        if request.op == "WRITE":
            self._medium.write(offset, request.data)
        elif request.op in ("DISCARD", "WRITE_ZEROES"):
            self._medium.clear(offset, size)
        return "OK", b""


def plain_disk(kernel: SimKernel, name: str, medium: Storage, number: tuple[int, int]) -> Disk:
    """A disk that only holds data."""
    driver = PlainDriver(kernel, medium)
    return Disk(kernel, name=name, medium=medium, driver=driver, number=number)


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
        self.woken = not specs
        for spec in specs:
            site.announce(spec.name, _partitions(spec))

    def owns(self, name: str) -> bool:
        """Whether a disk or partition of that name could be one of ours."""
        return any(name.startswith(spec.name) for spec in self._specs)

    def wake(self) -> None:
        """Make the disks."""
        if self.woken:
            return
        self.woken = True
        for at, spec in enumerate(self._specs):
            size = int(spec.option("size_mib", SIZE.default)) * _MIB
            number = (self._major, at * _MINORS)
            self._site.publish(
                self._make(self._site.kernel, spec.name, Medium(size), number), _partitions(spec)
            )


def _partitions(spec: DeviceSpec) -> int:
    return int(spec.option("partitions", PARTITIONS.default))
