"""A partition table for an empty disk, so that no machine needs a program that makes one.

The layout is that of the UEFI specification, chapter 5; Kernel: block/partitions/efi.h.
"""

import base64
import struct
import zlib

_SECTOR = 512
_PER_MIB = (1 << 20) // _SECTOR
_ENTRIES, _ENTRY = 128, 128
_TABLE_SECTORS = _ENTRIES * _ENTRY // _SECTOR
_LINUX = bytes.fromhex("af3dc60f838472478e793d69d8477de4")
"""The type "Linux filesystem data", as its bytes lie on a disk."""


def pieces(size_mib: int, count: int) -> tuple[tuple[int, bytes], ...]:
    """What to write where, in sectors: ``count`` partitions of equal whole MiB, the first at 1 MiB.

    The last one gives way to the second table where nothing else is left for it.
    """
    sectors = size_mib * _PER_MIB
    each = max((size_mib - 1) // count, 1) * _PER_MIB
    end = sectors - 2 - _TABLE_SECTORS
    starts = [_PER_MIB + number * each for number in range(count)]
    entries = b"".join(
        _entry(number, start, min(start + each - 1, end))
        for number, start in enumerate(starts, start=1)
    )
    check = zlib.crc32(entries.ljust(_ENTRIES * _ENTRY, b"\0"))
    last = sectors - 1
    first = _header(1, last, 2, sectors, check)
    second = _header(last, 1, last - _TABLE_SECTORS, sectors, check)
    return (
        (0, _protective(sectors) + first + _whole(entries)),
        (last - _TABLE_SECTORS, _whole(entries)),
        (last, second),
    )


def lines(disk: str, size_mib: int, count: int) -> str:
    """Shell lines that write it on a disk that holds zeros."""
    return "".join(
        f"base64 -d <<< {base64.b64encode(data).decode()} |"
        f" dd of=/dev/{disk} bs={_SECTOR} seek={at} conv=notrunc,fsync status=none || exit 1\n"
        for at, data in pieces(size_mib, count)
    )


def _entry(number: int, first: int, last: int) -> bytes:
    own = struct.pack("<IHH8s", 1, number, 0x4000, b"faultrun")
    return struct.pack("<16s16sQQQ72s", _LINUX, own, first, last, 0, b"")


def _header(here: int, other: int, table: int, sectors: int, check: int) -> bytes:
    usable = (2 + _TABLE_SECTORS, sectors - 2 - _TABLE_SECTORS)
    own = b"faultrun        "

    def packed(crc: int) -> bytes:
        head = (b"EFI PART", 0x10000, 92, crc, 0, here, other, *usable, own)
        return struct.pack("<8sIIIIQQQQ16sQIII", *head, table, _ENTRIES, _ENTRY, check)

    return _whole(packed(zlib.crc32(packed(0))))


def _protective(sectors: int) -> bytes:
    """A table of the old kind with one partition over all (block/partitions/efi.c:is_pmbr_valid())."""
    size = min(sectors - 1, 0xFFFF_FFFF)
    entry = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, size)
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def _whole(data: bytes) -> bytes:
    return data + bytes(-len(data) % _SECTOR)
