"""Reading a stream without copying into a task's memory, where a terminal would lose what was refused.

drivers/tty/tty_io.c:iterate_tty_read() hands over 64 bytes at a time and drops those that
lib/fault-inject-usercopy.c refused: a request of some hundred bytes never arrives whole. splice(2)
moves pages from the terminal to a pipe and from there to a memory file that is mapped here, so that
nothing passes through a copy that can be refused (lib/iov_iter.c fails copies to user memory only).
Where that cannot allocate, it has taken nothing yet, and read(2) can.
"""

from __future__ import annotations  # python 3.9 may be all the machine has

import errno
import mmap
import os

_CHUNK = 65_536
_SPLICED = 2_048
_LEAVE = frozenset({errno.EAGAIN, errno.EINTR})


class Inlet:
    """One source of bytes. Other sources than terminals lose nothing, and are read as usual."""

    def __init__(self, source: int) -> None:
        self._source = source
        self._spliced = os.isatty(source) and hasattr(os, "splice")
        if self._spliced:
            self._out, self._into = os.pipe()
            os.set_blocking(self._out, False)
            self._file = os.memfd_create("faultrun-inlet")
            os.truncate(self._file, _SPLICED)
            self._map = mmap.mmap(self._file, _SPLICED)

    def read(self) -> bytes:
        """What is there. Raises OSError; empty at the end."""
        if self._spliced:
            try:
                return self._splice()
            except OSError as failed:
                if failed.errno in _LEAVE:
                    raise
        return os.read(self._source, _CHUNK)

    def _splice(self) -> bytes:
        size = os.splice(self._source, self._into, _SPLICED)
        os.lseek(self._file, 0, os.SEEK_SET)
        done = 0
        while done < size:
            try:
                done += os.splice(self._out, self._file, size - done)
            except OSError:
                return self._map[:done] + self._left(size - done)
        return self._map[:size]

    def _left(self, size: int) -> bytes:
        """A pipe keeps what it could not hand over (fs/pipe.c:pipe_read())."""
        found = b""
        while len(found) < size:
            try:
                found += os.read(self._out, size - len(found))
            except OSError:
                continue
        return found
