"""What a file system and an open file are to the rest: two protocols and the values they speak."""

from dataclasses import dataclass
from typing import Protocol

from faultrun.simkernel.tasks import SimTask

Path = tuple[str, ...]
"""The names on the way from the root of a file system; empty for the root itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """How a file is opened, as in open(2)."""

    read: bool = False
    write: bool = False
    create: bool = False
    exclusive: bool = False
    truncate: bool = False
    append: bool = False
    direct: bool = False


READ = Flags(read=True)
READ_DIRECT = Flags(read=True, direct=True)
WRITE = Flags(write=True)
UPDATE = Flags(read=True, write=True)
REPLACE = Flags(write=True, create=True, truncate=True)
APPEND = Flags(write=True, create=True, append=True)
BOTH = Flags(read=True, write=True, create=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """What stat(2) tells. ``kind`` is ``file``, ``dir``, ``block``, ``char`` or ``fifo``."""

    kind: str
    size: int = 0
    mode: int = 0o644
    ino: int = 0
    nlink: int = 1
    mtime_ns: int = 0
    device: tuple[int, int] = (0, 0)
    blocks: int = 0


class OpenFile(Protocol):
    """An open file description. Every operation raises SimErrno."""

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes from the offset on; empty at the end."""
        ...

    def write(self, data: bytes) -> int:
        """One write(2)."""
        ...

    def seek(self, offset: int) -> None:
        """Set the offset, in bytes from the start."""
        ...

    def truncate(self, size: int) -> None:
        """ftruncate(2)."""
        ...

    def stat(self) -> Stat:
        """fstat(2)."""
        ...

    def sync(self) -> None:
        """fsync(2): write back, and report an earlier writeback error once."""
        ...

    def close(self) -> None:
        """Drop it."""
        ...


class FileSystem(Protocol):
    """A mounted file system. Paths are relative to its root. Everything raises SimErrno."""

    @property
    def kind(self) -> str:
        """The type's name, such as ``ext4``."""
        ...

    @property
    def source(self) -> str:
        """What is mounted: a device's path, or a word."""
        ...

    def stat(self, path: Path, task: SimTask) -> Stat:
        """stat(2)."""
        ...

    def list(self, path: Path, task: SimTask) -> tuple[str, ...]:
        """The names in a directory, sorted, without ``.`` and ``..``."""
        ...

    def open(self, path: Path, flags: Flags, task: SimTask) -> OpenFile:
        """open(2)."""
        ...

    def mkdir(self, path: Path, task: SimTask) -> None:
        """mkdir(2)."""
        ...

    def remove(self, path: Path, task: SimTask, *, directory: bool) -> None:
        """unlink(2) or rmdir(2)."""
        ...

    def rename(self, old: Path, new: Path, task: SimTask) -> None:
        """rename(2) inside this file system."""
        ...

    def touch(self, path: Path, task: SimTask) -> None:
        """utimensat(2) to now."""
        ...

    def sync(self, task: SimTask) -> None:
        """syncfs(2): errors are remembered for fsync, not raised."""
        ...

    def write_back_old(self) -> None:
        """Write back what has been dirty for longer than the kernel leaves it."""
        ...

    def drop_caches(self) -> None:
        """Forget what is clean."""
        ...

    def unmount(self, task: SimTask) -> None:
        """The last act."""
        ...

    def busy(self) -> bool:
        """Whether a file of it is open."""
        ...
