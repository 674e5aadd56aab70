"""The device mapper: named disks made of a table of targets. Kernel: drivers/md/dm.c, dm-table.c."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from faultrun.simkernel.devices.block import Device, Disk, Request
from faultrun.simkernel.devices.dm_base import BadTable, Context, Target
from faultrun.simkernel.devices.dm_targets import TARGETS
from faultrun.simkernel.devices.machine_devices import MachineDevices
from faultrun.simkernel.devices.medium import SECTOR, Medium
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.sim_errno import SimErrno

MAJOR = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A target and where it lies in its device."""

    start: int
    sectors: int
    target: Target


class Mapped:
    """One device: its live table, and the one that a resume will make live."""

    def __init__(self, kernel: SimKernel, name: str, minor: int) -> None:
        self.name = name
        self.minor = minor
        self.rows: tuple[Row, ...] = ()
        self.waiting: tuple[Row, ...] = ()
        self.disk = Disk(
            kernel,
            name=f"dm-{minor}",
            medium=Medium(0),
            driver=self,
            number=(MAJOR, minor),
            has_timeout=False,
        )
        self._kernel = kernel

    def resume(self) -> None:
        """Make the loaded table live."""
        if self.waiting:
            self.rows, self.waiting = self.waiting, ()
            self.disk.medium = Medium(sum(row.sectors for row in self.rows) * SECTOR)

    def execute(self, request: Request) -> tuple[str, bytes]:
        """Split it by targets, and by what a target takes at once. A bio has no line of its own."""
        out = bytearray()
        self._kernel.met(f"/sys/block/{self.disk.name}/dm", request.task, request.op)
        at, end = request.sector, request.sector + request.sectors
        while True:
            row = next(
                (row for row in self.rows if row.start <= at < row.start + row.sectors), None
            )
            if row is None:
                return self._failed()
            inside = at - row.start
            size = min(end, row.start + row.sectors) - at
            if row.target.most:
                size = min(size, row.target.most - inside % row.target.most)
            offset = (at - request.sector) * SECTOR
            piece = replace(
                request,
                sector=inside,
                sectors=size,
                data=request.data[offset : offset + size * SECTOR],
            )
            errno_name, data = row.target.map(piece)
            if errno_name:
                return self._failed()
            out += data
            at += size
            if at >= end:
                return "OK", bytes(out)

    def _failed(self) -> tuple[str, bytes]:
        self.disk.told = True
        return "IOERR", b""


class Mappings:
    """All mapped devices of a machine, by name."""

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel
        self.by_name: dict[str, Mapped] = {}

    def create(self, devices: MachineDevices, name: str, lines: Sequence[str]) -> Mapped:
        """DM_DEV_CREATE, DM_TABLE_LOAD and resume. Raises SimErrno; then nothing is left."""
        if name in self.by_name:
            raise SimErrno("EBUSY")
        minor = next(n for n in range(256) if all(n != m.minor for m in self.by_name.values()))
        made = Mapped(self._kernel, name, minor)
        self.load(devices, made, lines)
        made.resume()
        self.by_name[name] = made
        devices.publish(made.disk, 0)
        devices.aliases[f"mapper/{name}"] = made.disk.name
        return made

    def load(self, devices: MachineDevices, mapped: Mapped, lines: Sequence[str]) -> None:
        """DM_TABLE_LOAD. Raises SimErrno EINVAL after the kernel has said why."""
        rows: list[Row] = []
        at = 0
        for line in lines:
            words = line.split()
            if len(words) < 3 or not (words[0].isdigit() and words[1].isdigit()):
                raise SimErrno("EINVAL")
            start, sectors, kind = int(words[0]), int(words[1]), words[2]
            if start != at:
                raise self._refused(mapped, kind, "Gap in table")
            make = TARGETS.get(kind)
            if make is None:
                raise self._refused(mapped, kind, "unknown target type")
            context = Context(
                kernel=self._kernel, find=lambda name: _lower(devices, name), sectors=sectors
            )
            try:
                target = make(context, words[3:])
            except BadTable as bad:
                raise self._refused(mapped, kind, str(bad)) from None
            rows.append(Row(start=start, sectors=sectors, target=target))
            at = start + sectors
        mapped.waiting = tuple(rows)

    def remove(self, devices: MachineDevices, name: str) -> None:
        """DM_DEV_REMOVE. Raises SimErrno EBUSY while it is open."""
        mapped = self.by_name[name]
        cache = devices.cache(mapped.disk)
        if cache.openers or mapped.disk.holders:
            raise SimErrno("EBUSY")
        del self.by_name[name]
        devices.aliases.pop(f"mapper/{name}", None)
        devices.withdraw(mapped.disk.name)

    def _refused(self, mapped: Mapped, kind: str, why: str) -> SimErrno:
        self._kernel.log.emit(
            3, f"device-mapper: table: {MAJOR}:{mapped.minor}: {kind}: {why} (-EINVAL)"
        )
        return SimErrno("EINVAL")


def _lower(devices: MachineDevices, name: str) -> Device | None:
    """A device by its path, or by its numbers."""
    if name.startswith("/dev/"):
        return devices.disk(name.removeprefix("/dev/"))
    major, colon, minor = name.partition(":")
    if not colon or not (major.isdigit() and minor.isdigit()):
        return None
    number = (int(major), int(minor))
    found = (devices.disk(node) for node in devices.nodes())
    return next((disk for disk in found if disk is not None and disk.number == number), None)
