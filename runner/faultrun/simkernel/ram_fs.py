"""A file system that lives in memory: the root, ``/tmp`` and every ``tmpfs``."""

from collections.abc import Callable, Mapping

from faultrun.simkernel.file_values import Flags, OpenFile, Path, Stat
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

Now = Callable[[], int]


class _File:
    __slots__ = ("data", "ino", "mode", "mtime_ns")

    def __init__(self, ino: int, now_ns: int) -> None:
        self.ino = ino
        self.data = bytearray()
        self.mtime_ns = now_ns
        self.mode = 0o644


class _Dir:
    __slots__ = ("children", "ino", "mtime_ns")

    def __init__(self, ino: int, now_ns: int) -> None:
        self.ino = ino
        self.children: dict[str, _File | _Dir] = {}
        self.mtime_ns = now_ns


class RamFs:
    """A tree of names. ``limit`` is the number of bytes it may hold; ENOSPC beyond."""

    def __init__(
        self, now: Now, *, kind: str = "tmpfs", source: str = "tmpfs", limit: int = 1 << 30
    ) -> None:
        self.kind = kind
        self.source = source
        self._now = now
        self._limit = limit
        self._used = 0
        self._next = 2
        self._open = 0
        self._root = _Dir(1, now())

    def fill(self, names: tuple[str, ...]) -> None:
        """Directories that are there from the start, each after its parent."""
        for name in names:
            path = tuple(name.split("/"))
            self._dir(path[:-1]).children[path[-1]] = _Dir(self._number(), self._now())

    def put(self, texts: Mapping[str, str]) -> None:
        """Files that are there from the start, in directories that are."""
        for name, text in texts.items():
            path = tuple(name.split("/"))
            file = _File(self._number(), self._now())
            file.data += text.encode()
            self._dir(path[:-1]).children[path[-1]] = file

    def stat(self, path: Path, task: SimTask) -> Stat:
        """stat(2)."""
        del task
        return self._stat(self._find(path))

    def list(self, path: Path, task: SimTask) -> tuple[str, ...]:
        """The names in a directory, sorted."""
        del task
        return tuple(sorted(self._dir(path).children))

    def open(self, path: Path, flags: Flags, task: SimTask) -> OpenFile:
        """open(2)."""
        del task
        parent = self._dir(path[:-1]) if path else self._root
        found = parent.children.get(path[-1]) if path else self._root
        if found is None:
            if not flags.create:
                raise SimErrno("ENOENT")
            found = parent.children[path[-1]] = _File(self._number(), self._now())
            parent.mtime_ns = self._now()
        elif flags.exclusive:
            raise SimErrno("EEXIST")
        if isinstance(found, _Dir):
            if flags.write:
                raise SimErrno("EISDIR")
            return _OpenDir(self._stat(found))
        if flags.truncate:
            self._charge(-len(found.data))
            found.data.clear()
            found.mtime_ns = self._now()
        self._open += 1
        return _OpenRam(self, found, flags)

    def mkdir(self, path: Path, task: SimTask) -> None:
        """mkdir(2)."""
        del task
        if not path:
            raise SimErrno("EEXIST")
        parent = self._dir(path[:-1])
        if path[-1] in parent.children:
            raise SimErrno("EEXIST")
        parent.children[path[-1]] = _Dir(self._number(), self._now())

    def remove(self, path: Path, task: SimTask, *, directory: bool) -> None:
        """unlink(2) or rmdir(2)."""
        del task
        if not path:
            raise SimErrno("EBUSY")
        parent = self._dir(path[:-1])
        found = parent.children.get(path[-1])
        if found is None:
            raise SimErrno("ENOENT")
        if isinstance(found, _Dir):
            if not directory:
                raise SimErrno("EISDIR")
            if found.children:
                raise SimErrno("ENOTEMPTY")
        elif directory:
            raise SimErrno("ENOTDIR")
        else:
            self._charge(-len(found.data))
        del parent.children[path[-1]]

    def rename(self, old: Path, new: Path, task: SimTask) -> None:
        """rename(2) inside this file system."""
        moved = self._find(old)
        if not old or not new:
            raise SimErrno("EBUSY")
        target = self._dir(new[:-1])
        there = target.children.get(new[-1])
        if there is moved:
            return
        if isinstance(there, _Dir) and not isinstance(moved, _Dir):
            raise SimErrno("EISDIR")
        if there is not None:
            self.remove(new, task, directory=isinstance(there, _Dir))
        del self._dir(old[:-1]).children[old[-1]]
        target.children[new[-1]] = moved

    def touch(self, path: Path, task: SimTask) -> None:
        """utimensat(2) to now."""
        del task
        self._find(path).mtime_ns = self._now()

    def sync(self, task: SimTask) -> None:
        """Nothing to write back to."""

    def write_back_old(self) -> None:
        """Nothing is ever dirty."""

    def drop_caches(self) -> None:
        """Memory is all there is; nothing can be forgotten."""

    def unmount(self, task: SimTask) -> None:
        """Everything is gone with it."""

    def busy(self) -> bool:
        """Whether a file of it is open."""
        return self._open > 0

    def resize(self, file: _File, size: int) -> None:
        """Grow with zeros, or cut."""
        change = size - len(file.data)
        self._charge(change)
        if change >= 0:
            file.data.extend(bytes(change))
        else:
            del file.data[size:]
        file.mtime_ns = self._now()

    def closed(self) -> None:
        """One open file less."""
        self._open -= 1

    def describe(self, file: _File) -> Stat:
        """fstat(2) of an open file."""
        return self._stat(file)

    def _charge(self, change: int) -> None:
        if self._used + change > self._limit:
            raise SimErrno("ENOSPC")
        self._used += change

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _find(self, path: Path) -> _File | _Dir:
        node: _File | _Dir = self._root
        for name in path:
            if not isinstance(node, _Dir):
                raise SimErrno("ENOTDIR")
            found = node.children.get(name)
            if found is None:
                raise SimErrno("ENOENT")
            node = found
        return node

    def _dir(self, path: Path) -> _Dir:
        node = self._find(path)
        if not isinstance(node, _Dir):
            raise SimErrno("ENOTDIR")
        return node

    @staticmethod
    def _stat(node: _File | _Dir) -> Stat:
        if isinstance(node, _Dir):
            folders = sum(isinstance(child, _Dir) for child in node.children.values())
            return Stat(
                kind="dir", size=20 * (len(node.children) + 2), mode=0o755, ino=node.ino,
                nlink=2 + folders, mtime_ns=node.mtime_ns,
            )  # fmt: skip
        size = len(node.data)
        return Stat(
            kind="file", size=size, mode=node.mode, ino=node.ino,
            mtime_ns=node.mtime_ns, blocks=(size + 4095) // 4096 * 8,
        )  # fmt: skip


class _OpenDir:
    """A directory opened for reading: every byte of it is refused."""

    def __init__(self, stat: Stat) -> None:
        self._stat = stat

    def read(self, size: int) -> bytes:
        """read(2) of a directory."""
        del size
        raise SimErrno("EISDIR")

    def write(self, data: bytes) -> int:
        """write(2) to a directory."""
        del data
        raise SimErrno("EBADF")

    def seek(self, offset: int) -> None:
        """No effect."""

    def truncate(self, size: int) -> None:
        """ftruncate(2) of a directory."""
        del size
        raise SimErrno("EINVAL")

    def stat(self) -> Stat:
        """fstat(2)."""
        return self._stat

    def sync(self) -> None:
        """No effect."""

    def close(self) -> None:
        """Drop it."""


class _OpenRam:
    """An open file in memory."""

    __slots__ = ("_at", "_file", "_flags", "_fs")

    def __init__(self, fs: RamFs, file: _File, flags: Flags) -> None:
        self._fs = fs
        self._file = file
        self._flags = flags
        self._at = 0

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes from the offset on."""
        if not self._flags.read:
            raise SimErrno("EBADF")
        data = bytes(self._file.data[self._at : self._at + size])
        self._at += len(data)
        return data

    def write(self, data: bytes) -> int:
        """Put the data at the offset, or at the end if opened for appending."""
        if not self._flags.write:
            raise SimErrno("EBADF")
        at = len(self._file.data) if self._flags.append else self._at
        end = at + len(data)
        if end > len(self._file.data):
            self._fs.resize(self._file, end)
        self._file.data[at:end] = data
        self._at = end
        return len(data)

    def seek(self, offset: int) -> None:
        """Set the offset."""
        self._at = offset

    def truncate(self, size: int) -> None:
        """ftruncate(2)."""
        self._fs.resize(self._file, size)

    def stat(self) -> Stat:
        """fstat(2)."""
        return self._fs.describe(self._file)

    def sync(self) -> None:
        """Nothing to write back to."""

    def close(self) -> None:
        """Drop it."""
        self._fs.closed()
