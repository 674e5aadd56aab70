"""What a program has to have beside it: its loader and its libraries, read from its own headers.

The format is that of elf(5): 64 bit, little endian. What is something else needs nothing.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

_MAGIC = b"\x7fELF\x02\x01"
_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_NEEDED, _STRTAB, _RPATH, _RUNPATH = 1, 5, 15, 29


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """``loader`` is a path or empty, ``libraries`` are names, ``folders`` where to look first."""

    loader: str = ""
    libraries: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


def needs_of(data: bytes, path: Path) -> Needs:
    """What this file needs; nothing if it is no such file, or a damaged one."""
    if not data.startswith(_MAGIC):
        return Needs()
    try:
        return _needs(data, path)
    except (struct.error, ValueError):
        return Needs()


def loadable(data: bytes) -> bytes:
    """The part that is loaded: without section headers, symbols and what debuggers want.

    A file with more behind its headers is left as it is: that is a payload of its own.
    """
    if not data.startswith(_MAGIC):
        return data
    try:
        (headers,) = struct.unpack_from("<Q", data, 40)
        size, count = struct.unpack_from("<HH", data, 58)
        end = max(one.offset + one.size for one in _segments(data))
    except (struct.error, ValueError):
        return data
    if headers + size * count != len(data) or not 64 <= end < headers:
        return data
    head = bytearray(data[:end])
    struct.pack_into("<Q", head, 40, 0)
    struct.pack_into("<HHH", head, 58, 0, 0, 0)
    return bytes(head)


def _needs(data: bytes, path: Path) -> Needs:
    segments = _segments(data)
    loader = next((_text(data, one.offset) for one in segments if one.kind == _INTERP), "")
    words = [word for one in segments if one.kind == _DYNAMIC for word in _dynamic(data, one)]
    table = next((_offset(segments, value) for tag, value in words if tag == _STRTAB), 0)

    def texts(*tags: int) -> tuple[str, ...]:
        return tuple(_text(data, table + value) for tag, value in words if tag in tags)

    origin = str(path.parent)
    folders = [
        folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
        for text in texts(_RUNPATH, _RPATH)
        for folder in text.split(":")
        if folder
    ]
    return Needs(loader=loader, libraries=texts(_NEEDED), folders=tuple(folders))


def _segments(data: bytes) -> tuple[_Segment, ...]:
    (start,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    found: list[_Segment] = []
    for number in range(count):
        at = start + number * size
        kind, _flags, offset, address, _at, length = struct.unpack_from("<IIQQQQ", data, at)
        found.append(_Segment(kind, offset, address, length))
    return tuple(found)


def _dynamic(data: bytes, segment: _Segment) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for at in range(segment.offset, segment.offset + segment.size, 16):
        tag, value = struct.unpack_from("<QQ", data, at)
        if not tag:
            break
        found.append((tag, value))
    return tuple(found)


def _offset(segments: tuple[_Segment, ...], address: int) -> int:
    for one in segments:
        if one.kind == _LOAD and one.address <= address < one.address + one.size:
            return address - one.address + one.offset
    raise ValueError(f"no segment holds address {address:#x}")


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode("utf-8", "surrogateescape")
