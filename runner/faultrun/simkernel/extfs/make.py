"""mkfs: the blocks of an empty file system."""

from faultrun.simkernel.extfs.layout import (
    DIRECTORY,
    FIRST_INO,
    ROOT_INO,
    SUPER_OFFSET,
    Extent,
    Geometry,
    Inode,
    pack_entries,
    pack_inode,
    pack_super,
)


def empty(geometry: Geometry, now_ns: int) -> tuple[tuple[int, bytes], ...]:
    """What to write where: (offset in bytes, data), in the order in which mkfs does."""
    block = geometry.block
    lost = geometry.root + 1
    root = pack_entries(
        {
            ".": (ROOT_INO, DIRECTORY),
            "..": (ROOT_INO, DIRECTORY),
            "lost+found": (FIRST_INO, DIRECTORY),
        },
        block,
    )
    found = pack_entries({".": (FIRST_INO, DIRECTORY), "..": (ROOT_INO, DIRECTORY)}, block)
    assert root is not None
    assert found is not None
    table = bytearray(block * 4)
    for ino, nlink, place in ((ROOT_INO, 3, geometry.root), (FIRST_INO, 2, lost)):
        at = (ino - 1) * 256
        inode = Inode(DIRECTORY, nlink, block, now_ns, [Extent(0, place, 1)])
        table[at : at + 256] = pack_inode(inode)
    return (
        (geometry.bitmap * block, _used_blocks(geometry)),
        (geometry.inode_bitmap * block, _bits(geometry.groups * block, [(0, FIRST_INO)])),
        (geometry.table * block, bytes(table)),
        (geometry.root * block, root + found),
        (geometry.journal * block, b"JBD2".ljust(block, b"\0")),
        (SUPER_OFFSET, pack_super(geometry)),
    )


def _used_blocks(geometry: Geometry) -> bytes:
    journal_end = geometry.journal + geometry.journal_size
    size = geometry.groups * geometry.block
    return _bits(
        size,
        [
            (0, geometry.root + 13),
            (geometry.journal, journal_end),
            (geometry.total, size * 8),
        ],
    )


def _bits(size: int, ranges: list[tuple[int, int]]) -> bytes:
    value = 0
    for begin, end in ranges:
        value |= ((1 << (end - begin)) - 1) << begin if end > begin else 0
    return value.to_bytes(size, "little")
