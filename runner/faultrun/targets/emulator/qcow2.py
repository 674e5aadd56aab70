"""Empty disk images that can hold snapshots: qcow2, version 3.

QEMU: docs/interop/qcow2.txt. Only what an empty image has: its header, one table and one block of
reference counts, and the first table of addresses.
"""

import struct
from pathlib import Path

_CLUSTER_BITS = 16
_CLUSTER = 1 << _CLUSTER_BITS
_PER_TABLE = _CLUSTER * (_CLUSTER // 8)
"""Bytes of the disk that one entry of the first table stands for."""
_HEADER = struct.Struct(">4sIQIIQIIQQIIQQQQII")
_BACKING_FORMAT = 0xE279_2ACA


def create(path: Path, size_bytes: int, *, backing: Path | None = None, form: str = "raw") -> None:
    """An image of that size; what was not written yet reads as ``backing``, or as zeros."""
    entries = -(-size_bytes // _PER_TABLE)
    tables = max(-(-entries * 8 // _CLUSTER), 1)
    name = b"" if backing is None else str(backing).encode("utf-8", "surrogateescape")
    extensions = b""
    if backing is not None:
        word = form.encode()
        extensions = struct.pack(">II", _BACKING_FORMAT, len(word)) + word.ljust(8, b"\0")
    extensions += bytes(8)
    head = _HEADER.pack(
        *(b"QFI\xfb", 3, _HEADER.size + len(extensions) if name else 0, len(name)),
        *(_CLUSTER_BITS, size_bytes, 0, entries, 3 * _CLUSTER, _CLUSTER, 1),
        *(0, 0, 0, 0, 0, 4, _HEADER.size),
    )
    counts = struct.pack(f">{3 + tables}H", *[1] * (3 + tables))
    clusters = (head + extensions + name, struct.pack(">Q", 2 * _CLUSTER), counts)
    with path.open("xb") as file:
        for cluster in clusters:
            file.write(cluster.ljust(_CLUSTER, b"\0"))
        file.truncate((3 + tables) * _CLUSTER)


def size_of(image: Path) -> tuple[str, int]:
    """The format of somebody's image, ``qcow2`` or ``raw``, and its size. Raises OSError."""
    with image.open("rb") as file:
        head = file.read(32)
        if head[:4] == b"QFI\xfb":
            return "qcow2", int.from_bytes(head[24:32], "big")
        return "raw", file.seek(0, 2)
