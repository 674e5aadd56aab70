"""Control files through open descriptors, and the kernel log."""

from __future__ import annotations  # python 3.9 may be all the machine has

import errno
import os

_CHUNK = 65_536
_TRIES = 200
_RECORD = 8_192
"""A record of /dev/kmsg is at most this long (kernel/printk/printk.c:PRINTKRB_RECORD_MAX)."""


class Files:
    """Reads and writes; the files that are held go through their descriptors."""

    def __init__(self) -> None:
        self._held: dict[str, int] = {}

    def read(self, path: str) -> bytes:
        """The whole file. Raises OSError."""
        held = self._held.get(path)
        if held is not None and _rewound(held):
            return _drain(held)
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _drain(handle)
        finally:
            os.close(handle)

    def write(self, path: str, data: bytes) -> None:
        """Exactly one write(2). Raises OSError."""
        held = self._held.get(path)
        if held is not None:
            _rewound(held)
            _insist(held, data)
            return
        handle = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
        try:
            os.write(handle, data)
        finally:
            os.close(handle)

    def hold(self, path: str) -> None:
        """Open for both, or for writing only where a file cannot be read. Raises OSError."""
        if path in self._held:
            return
        try:
            self._held[path] = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except PermissionError:
            self._held[path] = os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def release(self) -> None:
        """Close what is held."""
        while self._held:
            os.close(self._held.popitem()[1])


def _rewound(handle: int) -> bool:
    """Back to the start; False for a file that cannot seek, as most of debugfs.

    fs/libfs.c:simple_attr_open() makes it so: a write needs no position there, but what was read
    once through a descriptor cannot be read again.
    """
    try:
        os.lseek(handle, 0, os.SEEK_SET)
    except OSError as failed:
        if failed.errno != errno.ESPIPE:
            raise
        return False
    return True


def _insist(handle: int, data: bytes) -> None:
    """The write that disarms may be refused by what it disarms: nothing was done, so try again."""
    for _ in range(_TRIES):
        try:
            os.write(handle, data)
        except OSError as failed:
            if failed.errno != errno.EFAULT:
                raise
        else:
            return
    os.write(handle, data)


def _drain(handle: int) -> bytes:
    pieces: list[bytes] = []
    while True:
        piece = os.read(handle, _CHUNK)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


class KernelLog:
    """Records of /dev/kmsg through one descriptor that stays open; nothing if it cannot be."""

    def __init__(self) -> None:
        try:
            self._handle = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            self._handle = -1
        self._next = 0

    def since(self, number: int) -> bytes:
        """The text of all records from that sequence number on."""
        if self._handle < 0:
            return b""
        if number < self._next:
            os.lseek(self._handle, 0, os.SEEK_SET)
        found: list[bytes] = []
        tries = _TRIES
        while True:
            try:
                record = os.read(self._handle, _RECORD)
            except OSError as failed:
                # EPIPE: records were overwritten meanwhile; the next read gives the oldest left.
                if failed.errno == errno.EPIPE:
                    continue
                if failed.errno in (errno.EFAULT, errno.ENOMEM) and tries:
                    # The record is lost to this descriptor: from the start, again.
                    tries -= 1
                    found.clear()
                    os.lseek(self._handle, 0, os.SEEK_SET)
                    continue
                break
            if not record:
                break
            sequence = int(record.split(b",", 2)[1])
            self._next = sequence + 1
            if sequence >= number:
                found.append(record)
        return b"".join(found)
