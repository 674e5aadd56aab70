"""Pages of one file or disk in memory: read once, written back later, errors told once.

Kernel: mm/filemap.c, lib/errseq.c
"""

from collections.abc import Iterable


class PageCache:
    """Blocks by index. ``unit`` is their size in bytes."""

    def __init__(self, unit: int) -> None:
        self.unit = unit
        self.pages: dict[int, bytearray] = {}
        self.dirty: dict[int, None] = {}
        self.pinned: set[int] = set()
        self.error = ""
        self.errors = 0
        self.told = True

    def put(self, index: int, data: bytes) -> bytearray:
        """Take a block as just read."""
        page = self.pages[index] = bytearray(data.ljust(self.unit, b"\0"))
        return page

    def change(self, index: int, inside: int, data: bytes) -> None:
        """Write into a cached block."""
        self.pages[index][inside : inside + len(data)] = data
        self.dirty[index] = None

    def clean(self, index: int) -> None:
        """The block was written back, or given up."""
        self.dirty.pop(index, None)

    def failed(self, errno_name: str) -> None:
        """A block could not be written back: its data stays, its dirt is gone, as in Linux."""
        self.error = errno_name
        self.errors += 1
        self.told = False

    def drop(self) -> None:
        """Forget what is clean and not pinned by the journal."""
        keep = {index for index in self.pages if index in self.dirty or index in self.pinned}
        if len(keep) != len(self.pages):
            self.pages = {index: page for index, page in self.pages.items() if index in keep}

    def forget(self, indexes: Iterable[int]) -> None:
        """Throw blocks away, dirty or not."""
        for index in indexes:
            self.pages.pop(index, None)
            self.dirty.pop(index, None)
            self.pinned.discard(index)

    def runs(self) -> list[tuple[int, int]]:
        """Dirty blocks as runs of neighbours: (first, count), in order."""
        found: list[tuple[int, int]] = []
        for index in sorted(self.dirty):
            if found and found[-1][0] + found[-1][1] == index:
                found[-1] = (found[-1][0], found[-1][1] + 1)
            else:
                found.append((index, 1))
        return found


class ErrorCursor:
    """Since when an open file has not been told of a writeback error.

    One that nobody was told of yet is news for a file opened later, too (lib/errseq.c:
    errseq_sample()).
    """

    def __init__(self, cache: PageCache) -> None:
        self._cache = cache
        self._seen = cache.errors if cache.told else -1

    def news(self) -> str:
        """The errno of an error since the last question, once; else empty."""
        if self._seen == self._cache.errors:
            return ""
        self._seen = self._cache.errors
        self._cache.told = True
        return self._cache.error
