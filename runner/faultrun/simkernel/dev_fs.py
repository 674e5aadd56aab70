"""``/dev``: the memory devices, and a node for whatever devices the machine has now."""

from collections.abc import Callable

from faultrun.simkernel.devices.machine_devices import MachineDevices
from faultrun.simkernel.digits import is_number
from faultrun.simkernel.file_values import Flags, OpenFile, Path, Stat
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.power import Power
from faultrun.simkernel.prng import Prng
from faultrun.simkernel.ram_fs import RamFs
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.unmodelled import Unmodelled

_NUMBERS = {
    "null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9),
    "kmsg": (1, 11), "snapshot": (10, 231), "console": (5, 1), "tty": (5, 0),
}  # fmt: skip

_MAPPER = ("mapper",)
"""The directory of mapped devices by their own names."""


class DevFs:
    """The device nodes. What else is created here lives in memory."""

    kind = "devtmpfs"
    source = "devtmpfs"

    def __init__(self, kernel: SimKernel, devices: MachineDevices) -> None:
        self._kernel = kernel
        self._devices = devices
        self._plain = RamFs(kernel.clock.now_ns, kind="devtmpfs", source="devtmpfs")
        self._random: Prng | None = None

    def stat(self, path: Path, task: SimTask) -> Stat:
        """stat(2)."""
        if len(path) == 1 and path[0] in _NUMBERS:
            return Stat(kind="char", mode=0o666, device=_NUMBERS[path[0]])
        if path == _MAPPER:
            return Stat(kind="dir", mode=0o755)
        found = self._devices.node("/".join(path)) if path else None
        return self._plain.stat(path, task) if found is None else found

    def list(self, path: Path, task: SimTask) -> tuple[str, ...]:
        """The names in a directory, sorted."""
        if path == _MAPPER:
            return self._devices.mapped()
        own = () if path else (*_NUMBERS, *self._devices.nodes(), *_MAPPER)
        return tuple(sorted({*own, *self._plain.list(path, task)}))

    def open(self, path: Path, flags: Flags, task: SimTask) -> OpenFile:
        """open(2)."""
        if len(path) == 1:
            name = path[0]
            if name in _NUMBERS and name != "snapshot":
                return CharFile(self._character(name), _NUMBERS[name])
            if name == "snapshot":
                return _snapshot(self._kernel.facility(Power), flags, task)
        opened = self._devices.open("/".join(path), flags, task) if path else None
        return self._plain.open(path, flags, task) if opened is None else opened

    def mkdir(self, path: Path, task: SimTask) -> None:
        """mkdir(2)."""
        self._plain.mkdir(path, task)

    def remove(self, path: Path, task: SimTask, *, directory: bool) -> None:
        """unlink(2) or rmdir(2)."""
        self._plain.remove(path, task, directory=directory)

    def rename(self, old: Path, new: Path, task: SimTask) -> None:
        """rename(2)."""
        self._plain.rename(old, new, task)

    def touch(self, path: Path, task: SimTask) -> None:
        """utimensat(2)."""
        self.stat(path, task)

    def sync(self, task: SimTask) -> None:
        """sync(2) writes back the devices' own caches too (fs/sync.c:ksys_sync())."""
        self._devices.sync(task)

    def write_back_old(self) -> None:
        """The devices' own pages are left to sync."""

    def drop_caches(self) -> None:
        """Forget the devices' clean pages."""
        self._devices.drop_caches()

    def unmount(self, task: SimTask) -> None:
        """Never happens."""

    def busy(self) -> bool:
        """Always in use."""
        return True

    def _character(self, name: str) -> "Source":
        match name:
            case "zero":
                return Source(bytes, _swallow)
            case "full":
                return Source(bytes, _no_space)
            case "random" | "urandom":
                if self._random is None:
                    self._random = self._kernel.stream("urandom")
                return Source(random_bytes(self._random), _swallow)
            case "kmsg":
                return Source(_nothing, self._log)
            case _:
                return Source(_nothing, _swallow)

    def _log(self, data: bytes) -> int:
        text = data.decode("utf-8", "replace").rstrip("\n")
        level = 4
        if text[:1] == "<" and ">" in text:
            head, _, rest = text[1:].partition(">")
            if is_number(head):
                level, text = int(head) & 7, rest
        self._kernel.log.emit(level, text)
        return len(data)


class Source:
    """What a character device gives and takes."""

    __slots__ = ("give", "take")

    def __init__(self, give: Callable[[int], bytes], take: Callable[[bytes], int]) -> None:
        self.give = give
        self.take = take


def random_bytes(prng: Prng) -> Callable[[int], bytes]:
    """Reads from a stream of random numbers."""

    def give(size: int) -> bytes:
        words = (prng.next64().to_bytes(8, "little") for _ in range((size + 7) // 8))
        return b"".join(words)[:size]

    return give


def _snapshot(power: Power, flags: Flags, task: SimTask) -> "CharFile":
    """kernel/power/user.c: to be read it asks the notifiers of hibernation, else of restoring."""
    if flags.read and flags.write:
        raise SimErrno("ENOSYS")
    power.snapshot(task, writing=flags.write)
    return Snapshot(power)


def _nothing(_size: int) -> bytes:
    return b""


def _swallow(data: bytes) -> int:
    return len(data)


def _no_space(_data: bytes) -> int:
    raise SimErrno("ENOSPC")


class CharFile:
    """An open character device of the memory kind."""

    __slots__ = ("_number", "_source")

    def __init__(self, source: Source, number: tuple[int, int]) -> None:
        self._source = source
        self._number = number

    def read(self, size: int) -> bytes:
        """read(2)."""
        return self._source.give(size)

    def write(self, data: bytes) -> int:
        """write(2)."""
        return self._source.take(data)

    def seek(self, offset: int) -> None:
        """No effect."""

    def truncate(self, size: int) -> None:
        """ftruncate(2) is refused."""
        del size
        raise SimErrno("EINVAL")

    def stat(self) -> Stat:
        """fstat(2)."""
        return Stat(kind="char", mode=0o666, device=self._number)

    def sync(self) -> None:
        """fsync(2) is refused."""
        raise SimErrno("EINVAL")

    def close(self) -> None:
        """Drop it."""


class Snapshot(CharFile):
    """``/dev/snapshot`` while it is open; images are neither given out nor taken."""

    __slots__ = ("_power",)

    def __init__(self, power: Power) -> None:
        super().__init__(Source(_no_image, _no_image_taken), _NUMBERS["snapshot"])
        self._power = power

    def close(self) -> None:
        """Others may open it, or hibernate."""
        self._power.snapshot_open = False


def _no_image(_size: int) -> bytes:
    raise SimErrno("ENODATA")


def _no_image_taken(_data: bytes) -> int:
    raise Unmodelled("restoring an image through /dev/snapshot")
