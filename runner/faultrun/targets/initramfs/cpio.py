"""Archives as the kernel unpacks them into a guest's root: cpio in its "newc" form.

Kernel: Documentation/driver-api/early-userspace/buffer-format.rst, init/initramfs.c:do_header()
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MAGIC = b"070701"
_END = "TRAILER!!!"
_ALIGN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name. ``path`` starts with ``/``; ``device`` is (major, minor) of a node."""

    path: str
    mode: int
    data: bytes = b""
    mtime_s: int = 0
    device: tuple[int, int] = (0, 0)


def archive(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The archive in pieces. A folder has to come before what is in it."""
    number = 0
    for number, entry in enumerate(entries, start=1):
        yield _header(entry, entry.path.lstrip("/"), number)
        yield entry.data
        yield _padding(len(entry.data))
    yield _header(Entry(path=_END, mode=0), _END, number + 1)


def _header(entry: Entry, name: str, number: int) -> bytes:
    raw = name.encode("utf-8", "surrogateescape") + b"\0"
    fields = (
        number,
        entry.mode,
        0,
        0,
        1,
        entry.mtime_s,
        len(entry.data),
        0,
        0,
        *entry.device,
        len(raw),
        0,
    )
    head = _MAGIC + b"".join(b"%08x" % field for field in fields) + raw
    return head + _padding(len(head))


def _padding(length: int) -> bytes:
    return bytes(-length % _ALIGN)
