"""Loop devices: a file as a disk."""

from collections.abc import Callable

from faultrun.simkernel.devices.block import Disk
from faultrun.simkernel.devices.medium import SECTOR
from faultrun.simkernel.devices.plain import PlainDriver
from faultrun.simkernel.file_values import OpenFile
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.sim_errno import SimErrno

_MAJOR = 7


class FileMedium:
    """An open file as the bytes of a disk."""

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        self.size_bytes = file.stat().size // SECTOR * SECTOR

    def read(self, offset: int, size: int) -> bytes:
        """The bytes from there on."""
        self._file.seek(offset)
        return self._file.read(size).ljust(size, b"\0")

    def write(self, offset: int, data: bytes) -> None:
        """Put the bytes there."""
        self._file.seek(offset)
        self._file.write(data)

    def clear(self, offset: int, size: int) -> None:
        """Zeros."""
        self.write(offset, bytes(size))

    def close(self) -> None:
        """The file is not needed any more."""
        self._file.close()


class Loops:
    """The loop devices of one machine."""

    def __init__(
        self,
        kernel: SimKernel,
        publish: Callable[[Disk, int], None],
        withdraw: Callable[[str], None],
    ) -> None:
        self._kernel = kernel
        self._publish = publish
        self._withdraw = withdraw
        self._media: dict[str, FileMedium] = {}

    def attach(self, file: OpenFile, wanted: str = "") -> str:
        """Make a disk of a file: its path. Raises SimErrno("EBUSY") if the wanted one is taken."""
        name = wanted.rpartition("/")[2] or self._free()
        if name in self._media:
            raise SimErrno("EBUSY")
        medium = FileMedium(file)
        self._media[name] = medium
        number = (_MAJOR, int(name.removeprefix("loop") or "0"))
        driver = PlainDriver(self._kernel, medium)
        disk = Disk(self._kernel, name=name, medium=medium, driver=driver, number=number)
        self._kernel.log.emit(6, f"{name}: detected capacity change from 0 to {disk.sectors}")
        self._publish(disk, 0)
        return f"/dev/{name}"

    def release(self, path: str) -> None:
        """Let the file go; nothing happens for a path that is no loop device of ours."""
        name = path.removeprefix("/dev/")
        medium = self._media.pop(name, None)
        if medium is not None:
            self._withdraw(name)
            medium.close()

    def release_all(self) -> None:
        """``losetup -D``."""
        for name in sorted(self._media):
            self.release(name)

    def attached(self) -> tuple[str, ...]:
        """Paths of the loop devices in use, sorted."""
        return tuple(f"/dev/{name}" for name in sorted(self._media))

    def _free(self) -> str:
        number = 0
        while f"loop{number}" in self._media:
            number += 1
        return f"loop{number}"
