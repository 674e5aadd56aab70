"""One name space over everything: the control tree, the devices, memory, mounted disks."""

from dataclasses import dataclass

from faultrun.simkernel.control_fs import ControlFs
from faultrun.simkernel.dev_fs import DevFs
from faultrun.simkernel.devices.machine_devices import MachineDevices
from faultrun.simkernel.file_values import FileSystem, Flags, OpenFile, Path, Stat
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.ram_fs import RamFs
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

_BASE = (
    "bin", "boot", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "root", "run",
    "sbin", "srv", "sys", "tmp", "usr", "var", "usr/bin", "usr/sbin", "var/log", "var/tmp", "lib/modules",
)  # fmt: skip

_FILES = {
    "etc/fstab": "",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/hostname": "simulated\n",
    "etc/hosts": "127.0.0.1 localhost simulated\n",
    "etc/os-release": 'PRETTY_NAME="simulated kernel"\nID=simulated\n',
    "etc/passwd": (
        "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    ),
}
"""What workloads read to have something to read: enough that an undisturbed `cat` succeeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A file system and the directory that it covers."""

    place: Path
    fs: FileSystem
    options: str = "rw,relatime"


def normal(path: str) -> Path:
    """The names of an absolute path, without ``.``, ``..`` and empty ones."""
    if "/." not in path and "//" not in path:
        return tuple(path.strip("/").split("/")) if path != "/" else ()
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return tuple(parts)


class Vfs:
    """The name space of one machine."""

    def __init__(self, kernel: SimKernel, devices: MachineDevices) -> None:
        root = RamFs(kernel.clock.now_ns, kind="rootfs", source="rootfs")
        root.fill(_BASE)
        root.put(_FILES)
        self.control = ControlFs(kernel)
        self._mounts: list[Mount] = [
            Mount(place=(), fs=root),
            Mount(place=("proc",), fs=self.control.below("proc", "proc")),
            Mount(place=("sys",), fs=self.control.below("sys", "sysfs")),
            Mount(place=("dev",), fs=DevFs(kernel, devices)),
        ]

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What is mounted, in order."""
        return tuple(self._mounts)

    def open(self, path: str, flags: Flags, task: SimTask) -> OpenFile:
        """open(2)."""
        fs, inside = self._find(path)
        return fs.open(inside, flags, task)

    def stat(self, path: str, task: SimTask) -> Stat:
        """stat(2)."""
        fs, inside = self._find(path)
        return fs.stat(inside, task)

    def list(self, path: str, task: SimTask) -> tuple[str, ...]:
        """The names in a directory, sorted."""
        fs, inside = self._find(path)
        return fs.list(inside, task)

    def mkdir(self, path: str, task: SimTask) -> None:
        """mkdir(2)."""
        if any(mount.place == normal(path) for mount in self._mounts):
            raise SimErrno("EEXIST")
        fs, inside = self._find(path)
        fs.mkdir(inside, task)

    def remove(self, path: str, task: SimTask, *, directory: bool) -> None:
        """unlink(2) or rmdir(2)."""
        if any(mount.place == normal(path) for mount in self._mounts):
            raise SimErrno("EBUSY")
        fs, inside = self._find(path)
        fs.remove(inside, task, directory=directory)

    def rename(self, old: str, new: str, task: SimTask) -> None:
        """rename(2)."""
        fs, inside = self._find(old)
        other, target = self._find(new)
        if fs is not other:
            raise SimErrno("EXDEV")
        fs.rename(inside, target, task)

    def touch(self, path: str, task: SimTask) -> None:
        """utimensat(2) to now."""
        fs, inside = self._find(path)
        fs.touch(inside, task)

    def add(self, mount: Mount) -> None:
        """Put a file system over a directory."""
        self._mounts.append(mount)

    def mounted_at(self, path: str) -> Mount | None:
        """What covers exactly this directory, the newest if several do."""
        place = normal(path)
        return next((mount for mount in reversed(self._mounts) if mount.place == place), None)

    def mounted_from(self, source: str) -> Mount | None:
        """Where a device is mounted, if it is."""
        return next((mount for mount in reversed(self._mounts) if mount.fs.source == source), None)

    def unmount(self, mount: Mount, task: SimTask) -> None:
        """umount(2). Raises SimErrno("EBUSY") while something of it is in use."""
        inner = mount.place
        for other in self._mounts:
            if (
                other is not mount
                and other.place[: len(inner)] == inner
                and len(other.place) > len(inner)
            ):
                raise SimErrno("EBUSY")
        if mount.fs.busy():
            raise SimErrno("EBUSY")
        self._mounts.remove(mount)
        mount.fs.unmount(task)

    def sync(self, task: SimTask) -> None:
        """sync(2): every file system in turn."""
        for mount in self._mounts:
            mount.fs.sync(task)

    def write_back_old(self) -> None:
        """What the flusher threads do by themselves: write back what has been dirty for long.

        Kernel: fs/fs-writeback.c:wb_check_old_data_flush(), fs/jbd2/journal.c:kjournald2()
        """
        for mount in self._mounts:
            mount.fs.write_back_old()

    def drop_caches(self) -> None:
        """``echo 3 > /proc/sys/vm/drop_caches``."""
        for mount in self._mounts:
            mount.fs.drop_caches()

    def _find(self, path: str) -> tuple[FileSystem, Path]:
        names = normal(path)
        best = self._mounts[0]
        for mount in self._mounts:
            size = len(mount.place)
            if size >= len(best.place) and names[:size] == mount.place:
                best = mount
        return best.fs, names[len(best.place) :]
