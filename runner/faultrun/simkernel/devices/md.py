"""Arrays of md with the personality "faulty": a disk over one other, whose requests fail at will.

Kernel: drivers/md/md.c, drivers/md/md-faulty.c, up to 6.1; modelled by hand from them.
"""

from collections.abc import Callable, Mapping
from functools import partial

from faultrun.kernel.md_faulty import Faulty
from faultrun.kernel.numbers import Refused, kstrtoull
from faultrun.simkernel.devices.block import Bio, Device, Disk, Request, submit
from faultrun.simkernel.devices.medium import SECTOR, Medium
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tree import ControlFile, TextFile

MAJOR = 9
OFFSET = 2048
"""Sectors before the data of a small array with 1.2 metadata, as mdadm lays them out."""


class Array:
    """One array. Its disk has no queue of its own, so that a failure has no line of the block layer."""

    def __init__(self, kernel: SimKernel, name: str, lower: Device) -> None:
        self.name = name
        self.lower = lower
        self.faulty = Faulty()
        self._kernel = kernel
        medium = Medium((lower.sectors - OFFSET) // 2 * 2 * SECTOR)
        number = (MAJOR, int(name.removeprefix("md")))
        self.disk = Disk(
            kernel, name=name, medium=medium, driver=self, number=number, has_timeout=False
        )

    def execute(self, request: Request) -> tuple[str, bytes]:
        """faulty_make_request(): a request is sent on even if it then fails; not in WriteAll."""
        write = request.op != "READ"
        self._kernel.met(f"/sys/block/{self.name}/md", request.task, request.op)
        if self.faulty.refuses(write=write):
            return self._fail()
        end = request.sector + request.sectors
        failed = self.faulty.fails(request.sector, end, write=write)
        errno_name, data = submit(
            self.lower,
            Bio(
                op=request.op,
                sector=OFFSET + request.sector,
                size=request.sectors * SECTOR,
                task=request.task,
                data=request.data,
                flags=request.flags,
                stack=request.stack,
            ),
        )
        return self._fail() if failed or errno_name else ("OK", data)

    def _fail(self) -> tuple[str, bytes]:
        self.disk.told = True
        return "IOERR", b""

    def reshape(self, layout: int) -> None:
        """Raises SimErrno EINVAL for a mode that is none."""
        if not self.faulty.reshape(layout):
            raise SimErrno("EINVAL")

    def files(self) -> Mapping[str, ControlFile]:
        """``/sys/block/<array>/md``; the layout is taken in at once and reads -1 ever after."""

        def layout(text: str) -> None:
            try:
                value = kstrtoull(text)
            except Refused as refused:
                raise SimErrno(refused.name) from None
            if value >= 1 << 32:
                raise SimErrno("ERANGE")
            self.reshape(value)

        return {
            "layout": TextFile(lambda: "-1\n", layout),
            "level": TextFile(lambda: "faulty\n"),
            "raid_disks": TextFile(lambda: "1\n"),
            "metadata_version": TextFile(lambda: "1.2\n"),
            "array_state": TextFile(lambda: "active\n"),
        }


class Arrays:
    """The arrays of one machine, by name."""

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel
        self.by_name: dict[str, Array] = {}

    def run(
        self, name: str, lower: Device, layout: int, publish: Callable[[Disk, int], None]
    ) -> Array:
        """RUN_ARRAY. Raises SimErrno EINVAL on a kernel without the personality."""
        if not self._kernel.version.has(None, "6.8"):
            self._kernel.log.emit(4, "md: personality for level -5 is not loaded!")
            raise SimErrno("EINVAL")
        array = Array(self._kernel, name, lower)
        array.reshape(layout)
        self.by_name[name] = array
        self._kernel.log.emit(6, f"{name}: detected capacity change from 0 to {array.disk.sectors}")
        publish(array.disk, 0)
        self._kernel.tree.provide(f"/sys/block/{name}/md", partial(array.files))
        return array

    def stop(self, name: str, withdraw: Callable[[str], None]) -> None:
        """STOP_ARRAY."""
        del self.by_name[name]
        self._kernel.log.emit(6, f"{name}: detected capacity change to 0")
        withdraw(name)

    def mdstat(self) -> str:
        """``/proc/mdstat``."""
        known = "[faulty] " if self._kernel.version.has(None, "6.8") else ""
        rows = "".join(
            f"{name} : active faulty {array.lower.name}[0]\n"
            f"      {array.disk.sectors // 2} blocks super 1.2{array.faulty.status()}\n      \n"
            for name, array in sorted(self.by_name.items(), reverse=True)
        )
        return f"Personalities : {known}\n{rows}unused devices: <none>\n"
