"""What a workload printed: its beginning, its end, and how much there was between."""

from __future__ import annotations  # python 3.9 may be all the machine has

KEPT = 2 << 20
"""Bytes of a stream that are kept at its beginning, and again at its end."""


class Output:
    """One stream. A workload that prints a gigabyte is no reason to lose it, or the machine."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._lost = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        room = KEPT - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 2 * KEPT:
            self._lost += len(self._tail) - KEPT
            del self._tail[:-KEPT]

    def text(self) -> str:
        """What is told; latin-1 carries bytes through JSON as they are."""
        between = b""
        if self._lost:
            between = b"\n[faultrun: %d bytes of output are left out here]\n" % self._lost
        return (bytes(self._head) + between + bytes(self._tail)).decode("latin-1")
