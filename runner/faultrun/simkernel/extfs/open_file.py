"""Open files of a mounted file system."""

from typing import Protocol

from faultrun.simkernel.devices.block import Device
from faultrun.simkernel.devices.medium import SECTOR
from faultrun.simkernel.extfs.node import Node
from faultrun.simkernel.file_values import Flags, Stat
from faultrun.simkernel.page_cache import ErrorCursor
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask


class Owner(Protocol):
    """What an open file needs of its file system."""

    @property
    def device(self) -> Device:
        """The disk."""
        ...

    def sync_node(self, node: Node, task: SimTask) -> None:
        """fsync(2)."""
        ...

    def drop(self, node: Node, task: SimTask) -> None:
        """Delete what has no name any more."""
        ...


def describe(node: Node) -> Stat:
    """stat(2) of a node."""
    blocks = sum(extent.length for extent in node.inode.extents)
    return Stat(
        kind="dir" if node.is_dir else "file",
        size=node.size,
        mode=0o755 if node.is_dir else 0o644,
        ino=node.ino,
        nlink=node.inode.nlink,
        mtime_ns=node.inode.mtime_ns,
        blocks=blocks * node.cache.unit // SECTOR,
    )


class OpenDir:
    """A directory opened: only fsync(2) does something."""

    def __init__(self, owner: Owner, node: Node, task: SimTask) -> None:
        node.opened += 1
        self._owner = owner
        self._node = node
        self._task = task

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
        return describe(self._node)

    def sync(self) -> None:
        """fsync(2)."""
        self._owner.sync_node(self._node, self._task)

    def close(self) -> None:
        """close(2)."""
        self._node.opened -= 1


class OpenData:
    """A file opened for reading or writing."""

    def __init__(self, owner: Owner, node: Node, flags: Flags, task: SimTask) -> None:
        node.opened += 1
        self._owner = owner
        self._node = node
        self._flags = flags
        self._task = task
        self._at = 0
        self._errors = ErrorCursor(node.cache)
        self._closed = False

    def read(self, size: int) -> bytes:
        """read(2); O_DIRECT writes back first and forgets the pages."""
        if not self._flags.read:
            raise SimErrno("EBADF")
        if self._flags.direct:
            self._aligned(size)
            self._bypass()
        data = self._node.read(self._at, size, self._task)
        self._at += len(data)
        return data

    def write(self, data: bytes) -> int:
        """write(2); with O_DIRECT the disk has it, or the error is returned, at once."""
        if not self._flags.write:
            raise SimErrno("EBADF")
        at = self._node.size if self._flags.append else self._at
        if self._flags.direct:
            self._aligned(len(data))
        done = self._node.write(at, data, self._task)
        self._at = at + done
        if self._flags.direct:
            self._bypass()
            news = self._errors.news()
            if news:
                raise SimErrno(news)
        return done

    def seek(self, offset: int) -> None:
        """lseek(2)."""
        self._at = offset

    def truncate(self, size: int) -> None:
        """ftruncate(2)."""
        self._node.truncate(size, self._task)

    def stat(self) -> Stat:
        """fstat(2)."""
        return describe(self._node)

    def sync(self) -> None:
        """fsync(2): an error since the last one is told once."""
        self._owner.sync_node(self._node, self._task)
        news = self._errors.news()
        if news:
            raise SimErrno(news)

    def close(self) -> None:
        """close(2)."""
        if self._closed:
            return
        self._closed = True
        self._node.opened -= 1
        if not self._node.opened and not self._node.inode.nlink:
            self._owner.drop(self._node, self._task)

    def _bypass(self) -> None:
        self._node.flush(self._task)
        self._node.cache.drop()

    def _aligned(self, size: int) -> None:
        if size % SECTOR or self._at % SECTOR:
            raise SimErrno("EINVAL")
