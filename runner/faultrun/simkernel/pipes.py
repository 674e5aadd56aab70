"""Open files that have no file: pipes, captured output, text as input."""

from faultrun.simkernel.file_values import OpenFile, Stat
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

PIPE_LIMIT = 64 * 1024 * 1024


class Buffer:
    """A pipe. The writer runs to its end before the reader starts, so it holds everything."""

    __slots__ = ("_at", "data")

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self._at = 0

    def read(self, size: int) -> bytes:
        """What was written, in order."""
        data = bytes(self.data[self._at : self._at + size])
        self._at += len(data)
        return data

    def write(self, data: bytes) -> int:
        """Add to what is to be read."""
        if len(self.data) + len(data) > PIPE_LIMIT:
            raise Unmodelled("more than 64 MiB through one pipe or as output")
        self.data += data
        return len(data)

    def seek(self, offset: int) -> None:
        """A pipe cannot seek."""
        del offset
        raise SimErrno("ESPIPE")

    def truncate(self, size: int) -> None:
        """A pipe has no size."""
        del size
        raise SimErrno("EINVAL")

    def stat(self) -> Stat:
        """fstat(2)."""
        return Stat(kind="fifo", mode=0o600)

    def sync(self) -> None:
        """A pipe cannot be synced."""
        raise SimErrno("EINVAL")

    def close(self) -> None:
        """Nothing to do."""


class Duplicate:
    """The same open file behind another descriptor: closing this one leaves it open."""

    __slots__ = ("_file",)

    def __init__(self, file: OpenFile) -> None:
        self._file = file

    @property
    def same(self) -> OpenFile:
        """The open file itself, however often it was duplicated."""
        return self._file.same if isinstance(self._file, Duplicate) else self._file

    def read(self, size: int) -> bytes:
        """read(2)."""
        return self._file.read(size)

    def write(self, data: bytes) -> int:
        """write(2)."""
        return self._file.write(data)

    def seek(self, offset: int) -> None:
        """lseek(2)."""
        self._file.seek(offset)

    def truncate(self, size: int) -> None:
        """ftruncate(2)."""
        self._file.truncate(size)

    def stat(self) -> Stat:
        """fstat(2)."""
        return self._file.stat()

    def sync(self) -> None:
        """fsync(2)."""
        self._file.sync()

    def close(self) -> None:
        """The other descriptor stays."""
