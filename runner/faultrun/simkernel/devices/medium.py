"""What a disk remembers: sparse, so that a terabyte costs what was written to it."""

from typing import Protocol

SECTOR = 512
_CHUNK = 4096
_ZERO = bytes(_CHUNK)


class Storage(Protocol):
    """Bytes that a disk can keep."""

    @property
    def size_bytes(self) -> int:
        """How many."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """The bytes from there on."""
        ...

    def write(self, offset: int, data: bytes) -> None:
        """Put the bytes there."""
        ...

    def clear(self, offset: int, size: int) -> None:
        """Forget them: they read as zeros."""
        ...


def serve(medium: Storage, op: str, offset: int, size: int, data: bytes) -> bytes:
    """Do one request of the block layer, ``size`` bytes from ``offset`` on; what was read.

    What neither moves nor clears data, such as a flush, does nothing here.
    """
    if op == "READ":
        return medium.read(offset, size)
    if op == "WRITE":
        medium.write(offset, data)
    elif op in ("DISCARD", "WRITE_ZEROES"):
        medium.clear(offset, size)
    return b""


class Medium:
    """A number of bytes that read as zeros until they are written."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._chunks: dict[int, bytes] = {}

    def read(self, offset: int, size: int) -> bytes:
        """The bytes from there on."""
        first, last = offset // _CHUNK, (offset + size + _CHUNK - 1) // _CHUNK
        data = b"".join(self._chunks.get(index, _ZERO) for index in range(first, last))
        begin = offset - first * _CHUNK
        return data[begin : begin + size]

    def write(self, offset: int, data: bytes) -> None:
        """Put the bytes there."""
        at = 0
        while at < len(data):
            index, inside = divmod(offset + at, _CHUNK)
            size = min(_CHUNK - inside, len(data) - at)
            piece = data[at : at + size]
            if size < _CHUNK:
                old = self._chunks.get(index, _ZERO)
                piece = old[:inside] + piece + old[inside + size :]
            if piece == _ZERO:
                self._chunks.pop(index, None)
            else:
                self._chunks[index] = piece
            at += size

    def clear(self, offset: int, size: int) -> None:
        """Forget: whole chunks become holes."""
        first, last = -(-offset // _CHUNK), (offset + size) // _CHUNK
        if last <= first:
            self.write(offset, bytes(size))
            return
        self.write(offset, bytes(first * _CHUNK - offset))
        self.write(last * _CHUNK, bytes(offset + size - last * _CHUNK))
        for index in [index for index in self._chunks if first <= index < last]:
            del self._chunks[index]
