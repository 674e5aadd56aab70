"""Where things lie on the disk, and how they are written there.

The places are mke2fs' own for a file system of that size (one flexible block group), so that the
block numbers in kernel messages are plausible; the contents are this simulation's.
"""

import struct
from dataclasses import dataclass

SMALL = 512 * 1024 * 1024
SUPER_OFFSET = 1024
INODE_SIZE = 256
ROOT_INO = 2
JOURNAL_INO = 8
FIRST_INO = 11
MAX_EXTENTS = 18
TAG = b"simulated-fs"

FILE, DIRECTORY = 1, 2

_SUPER = struct.Struct("<12s8s16sIIIIIIIII")
_INODE = struct.Struct("<HHQQH")
_EXTENT = struct.Struct("<IIHH")
_ENTRY = struct.Struct("<IHBB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """A file system's plan; every number but ``block`` counts blocks or inodes."""

    kind: str
    uuid: bytes
    block: int
    total: int
    groups: int
    inodes: int
    bitmap: int
    inode_bitmap: int
    table: int
    root: int
    journal: int
    journal_size: int
    data: int

    def inode_place(self, ino: int) -> tuple[int, int]:
        """(block, offset in it) of an inode."""
        per_block = self.block // INODE_SIZE
        return self.table + (ino - 1) // per_block, (ino - 1) % per_block * INODE_SIZE


def plan(kind: str, size_bytes: int, uuid: bytes) -> Geometry:
    """The geometry that mkfs chooses (misc/mke2fs.c: "small" below 512 MiB)."""
    block = 1024 if size_bytes < SMALL else 4096
    total = size_bytes // block
    per_group = block * 8
    groups = -(-total // per_group)
    ratio = 4096 if block == 1024 else 16384
    per_block = block // INODE_SIZE
    inodes = max(size_bytes // ratio // (groups * per_block) * groups * per_block, 64)
    reserved = 256 if total > 8192 else 16
    bitmap = (3 if block == 1024 else 2) + reserved
    inode_bitmap = bitmap + groups
    table = inode_bitmap + groups
    root = table + inodes // per_block
    journal_size = _journal_size(total)
    journal = max(total // 2, root + 16)
    data = 9216 if block == 1024 and total > 20000 else root + 16
    return Geometry(
        kind=kind, uuid=uuid, block=block, total=total, groups=groups, inodes=inodes, bitmap=bitmap,
        inode_bitmap=inode_bitmap, table=table, root=root, journal=journal,
        journal_size=journal_size, data=data,
    )  # fmt: skip


def _journal_size(total: int) -> int:
    """lib/ext2fs/mkjournal.c:ext2fs_default_journal_size()."""
    for limit, size in ((2048, 0), (32768, 1024), (262144, 4096), (524288, 8192)):
        if total < limit:
            return size
    return 16384


def pack_super(geometry: Geometry) -> bytes:
    """The superblock's 1024 bytes; the magic number stands where ext4 has it."""
    head = _SUPER.pack(
        TAG, geometry.kind.encode(), geometry.uuid, geometry.block, geometry.total, geometry.groups,
        geometry.inodes, geometry.bitmap, geometry.table, geometry.root, geometry.journal,
        geometry.journal_size,
    )  # fmt: skip
    data = bytearray(1024)
    data[0x100 : 0x100 + len(head)] = head
    data[0x38:0x3A] = b"\x53\xef"
    return bytes(data)


def unpack_super(data: bytes) -> Geometry | None:
    """The geometry in a superblock, or None if there is none."""
    if len(data) < 0x100 + _SUPER.size or data[0x38:0x3A] != b"\x53\xef":
        return None
    tag, kind, uuid, _, total, *_rest = _SUPER.unpack_from(data, 0x100)
    block = int.from_bytes(data[0x100 + 36 : 0x100 + 40], "little")
    if tag != TAG or not block:
        return None
    return plan(kind.rstrip(b"\0").decode(), total * block, uuid)


@dataclass(slots=True)
class Extent:
    """A run of blocks of a file. ``unwritten``: allocated, but reads as zeros."""

    logical: int
    physical: int
    length: int
    unwritten: bool = False


@dataclass(slots=True)
class Inode:
    """An inode as the disk has it."""

    kind: int
    nlink: int
    size: int
    mtime_ns: int
    extents: list[Extent]


def pack_inode(inode: Inode) -> bytes:
    """An inode's 256 bytes."""
    out = bytearray(
        _INODE.pack(inode.kind, inode.nlink, inode.size, inode.mtime_ns, len(inode.extents))
    )
    for extent in inode.extents:
        out += _EXTENT.pack(extent.logical, extent.physical, extent.length, int(extent.unwritten))
    return bytes(out.ljust(INODE_SIZE, b"\0"))


def unpack_inode(data: bytes) -> Inode:
    """An inode from its 256 bytes; ``kind`` is 0 if it is free."""
    kind, nlink, size, mtime_ns, count = _INODE.unpack_from(data)
    extents: list[Extent] = []
    for at in range(min(count, MAX_EXTENTS)):
        logical, physical, length, flag = _EXTENT.unpack_from(data, _INODE.size + at * _EXTENT.size)
        extents.append(Extent(logical, physical, length, bool(flag)))
    return Inode(kind, nlink, size, mtime_ns, extents)


def pack_entries(entries: dict[str, tuple[int, int]], size: int) -> bytes | None:
    """A directory block of names to (inode, kind); None if they do not fit."""
    out = bytearray()
    for name, (ino, kind) in entries.items():
        raw = name.encode("utf-8", "surrogateescape")
        length = (_ENTRY.size + len(raw) + 3) // 4 * 4
        out += (_ENTRY.pack(ino, length, len(raw), kind) + raw).ljust(length, b"\0")
    return bytes(out.ljust(size, b"\0")) if len(out) <= size else None


def unpack_entries(data: bytes) -> dict[str, tuple[int, int]]:
    """The names in a directory block."""
    found: dict[str, tuple[int, int]] = {}
    at = 0
    while at + _ENTRY.size <= len(data):
        ino, length, size, kind = _ENTRY.unpack_from(data, at)
        if not length:
            break
        name = bytes(data[at + _ENTRY.size : at + _ENTRY.size + size])
        found[name.decode("utf-8", "surrogateescape")] = (ino, kind)
        at += length
    return found
