"""Loop devices: a file as a disk."""

from collections.abc import Callable

from faultrun.simkernel.devices.block import Disk, Request
from faultrun.simkernel.devices.block_cache import OpenBlock
from faultrun.simkernel.devices.medium import SECTOR, Storage, serve
from faultrun.simkernel.digits import whole
from faultrun.simkernel.file_values import OpenFile
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

_MAJOR = 7
_BASE_NS = 20_000
_PER_KIB_NS = 150
_STACK = (
    "should_fail", "loop_handle_cmd", "loop_process_work", "loop_workfn", "process_one_work",
    "worker_thread", "kthread", "ret_from_fork",
)  # fmt: skip


class FileMedium:
    """An open file as the bytes of a disk."""

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        size = file.size() if isinstance(file, OpenBlock) else file.stat().size
        self.size_bytes = size // SECTOR * SECTOR

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

    def sync(self) -> None:
        """fsync(2) of the file."""
        self._file.sync()

    def close(self) -> None:
        """The file is not needed any more."""
        self._file.close()


class LoopDriver:
    """Does each request as a read or write of its file, in a worker thread.

    Kernel: drivers/block/loop.c:loop_handle_cmd(), lo_complete_rq(). It has no timeout handler: a
    completion that is dropped never comes. Any error of the file is EIO.
    """

    def __init__(self, kernel: SimKernel, medium: Storage) -> None:
        self._kernel = kernel
        self._medium = medium
        self._worker: SimTask | None = None
        self.disk: Disk | None = None

    def execute(self, request: Request) -> tuple[str, bytes]:
        """A request, to its end. Raises Unkillable."""
        size = request.sectors * SECTOR
        self._kernel.clock.advance(_BASE_NS + size // 1024 * _PER_KIB_NS)
        try:
            data = self._work(request, size)
        except SimErrno:
            status, data = "IOERR", b""
        else:
            status = "OK"
        if self.disk is not None and self.disk.drops(self._thread(), _STACK):
            raise self.disk.never_completes(request)
        return status, data

    def _work(self, request: Request, size: int) -> bytes:
        medium, offset = self._medium, request.sector * SECTOR
        if request.op == "FLUSH" and isinstance(medium, FileMedium):
            medium.sync()
        return serve(medium, request.op, offset, size, request.data)

    def _thread(self) -> SimTask:
        if self._worker is None:
            self._worker = self._kernel.tasks.spawn("kworker/u4:3")
        return self._worker


def loop_disk(kernel: SimKernel, name: str, medium: Storage, number: tuple[int, int]) -> Disk:
    """A loop device over those bytes."""
    driver = LoopDriver(kernel, medium)
    disk = Disk(kernel, name=name, medium=medium, driver=driver, number=number, has_timeout=False)
    driver.disk = disk
    return disk


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
        self._disks: dict[str, Disk] = {}
        self._leaving: set[str] = set()
        self._worker: SimTask | None = None

    @property
    def worker(self) -> SimTask:
        """Who reads and writes the files: nobody's child, so that no task filter lets it through."""
        if self._worker is None:
            self._worker = self._kernel.tasks.spawn("kworker/u4:4")
        return self._worker

    def attach(self, file: OpenFile, wanted: str = "") -> str:
        """Make a disk of a file: its path. Raises SimErrno("EBUSY") if the wanted one is taken."""
        self._settle()
        name = wanted.rpartition("/")[2] or self._free()
        if name in self._media:
            raise SimErrno("EBUSY")
        minor = whole(name.removeprefix("loop"))
        if minor is None:
            raise SimErrno("ENOENT")
        medium = FileMedium(file)
        self._media[name] = medium
        number = (_MAJOR, minor)
        disk = self._disks[name] = loop_disk(self._kernel, name, medium, number)
        self._kernel.log.emit(6, f"{name}: detected capacity change from 0 to {disk.sectors}")
        self._publish(disk, 0)
        return f"/dev/{name}"

    def release(self, path: str) -> None:
        """Let the file go; nothing happens for a path that is no loop device of ours.

        Kernel: drivers/block/loop.c:loop_clr_fd() waits for whoever else has the device open.
        """
        name = path.removeprefix("/dev/")
        if name in self._media:
            self._leaving.add(name)
        self._settle()

    def release_all(self) -> None:
        """``losetup -D``."""
        for name in sorted(self._media):
            self.release(name)

    def attached(self) -> tuple[str, ...]:
        """Paths of the loop devices in use, sorted."""
        self._settle()
        return tuple(f"/dev/{name}" for name in sorted(self._media))

    def _settle(self) -> None:
        for name in sorted(self._leaving):
            if self._disks[name].holders:
                continue
            self._leaving.remove(name)
            del self._disks[name]
            medium = self._media.pop(name)
            self._withdraw(name)
            medium.close()

    def _free(self) -> str:
        number = 0
        while f"loop{number}" in self._media:
            number += 1
        return f"loop{number}"
