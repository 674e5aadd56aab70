"""Block devices that only hold data: ``null_blk``, ``scsi_debug``, loop. No faults of their own."""

from faultrun.simkernel.devices.block import Disk, Request
from faultrun.simkernel.devices.medium import SECTOR, Medium, Storage
from faultrun.simkernel.kernel import SimKernel

_READ_NS = 20_000
_WRITE_NS = 15_000
_PER_KIB_NS = 150


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


def plain_disk(kernel: SimKernel, name: str, size_bytes: int, number: tuple[int, int]) -> Disk:
    """A disk that only holds data."""
    medium = Medium(size_bytes)
    driver = PlainDriver(kernel, medium)
    return Disk(kernel, name=name, medium=medium, driver=driver, number=number)
