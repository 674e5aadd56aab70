"""A file or directory of a mounted file system: its inode in memory, its pages, its way to disk."""

from faultrun.simkernel.devices.block import RAHEAD, SYNC
from faultrun.simkernel.extfs.layout import (
    DIRECTORY,
    FILE,
    MAX_EXTENTS,
    Extent,
    Inode,
    pack_entries,
    pack_inode,
    unpack_entries,
)
from faultrun.simkernel.extfs.volume import DATA_STACK, LOOKUP_STACK, Blocks, Volume
from faultrun.simkernel.page_cache import PageCache
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

_MOST_BLOCKS = 256
_READ_STACK = (
    "submit_bio_noacct", "submit_bio", "ext4_mpage_readpages", "ext4_readahead", "read_pages",
    "page_cache_ra_unbounded", "filemap_get_pages", "filemap_read", "ext4_file_read_iter",
    "vfs_read", "ksys_read", "do_syscall_64",
)  # fmt: skip


class Node:
    """An inode in use. ``size`` is what stat(2) tells; the disk learns it at writeback."""

    def __init__(self, volume: Volume, ino: int, inode: Inode, *, fresh: bool = False) -> None:
        self.volume = volume
        self.ino = ino
        self.inode = inode
        self.size = inode.size
        self.cache = PageCache(volume.geometry.block)
        self.opened = 0
        self.dirty_ns = 0
        self._fresh = fresh
        self._promised: set[int] = set()

    @property
    def is_dir(self) -> bool:
        """Whether it is a directory."""
        return self.inode.kind == DIRECTORY

    # --- data ---

    def read(self, offset: int, size: int, task: SimTask) -> bytes:
        """File content. Raises SimErrno("EIO")."""
        size = max(0, min(size, self.size - offset))
        if not size:
            return b""
        unit = self.cache.unit
        first, last = offset // unit, (offset + size - 1) // unit
        data = b"".join(self._page(at, last - at + 1, task) for at in range(first, last + 1))
        return data[offset - first * unit : offset - first * unit + size]

    def write(self, offset: int, data: bytes, task: SimTask) -> int:
        """Into the cache; nothing is allocated yet. Raises SimErrno."""
        self.volume.may_change(task)
        unit = self.cache.unit
        at = 0
        if not self.cache.dirty:
            self.dirty_ns = self.volume.kernel.clock.now_ns()
        while at < len(data):
            index, inside = divmod(offset + at, unit)
            piece = data[at : at + unit - inside]
            if index not in self.cache.pages:
                if len(piece) == unit or index * unit >= self.size:
                    self.cache.put(index, b"")
                else:
                    self._page(index, 1, task)
            if index not in self._promised and not self._is_mapped(index):
                try:
                    self.volume.reserve(1)
                except SimErrno:
                    return self._short(offset, at)
                self._promised.add(index)
            self.cache.change(index, inside, piece)
            at += len(piece)
        return self._grown(offset, at)

    def _short(self, offset: int, done: int) -> int:
        """The disk is full: what fitted is written. Raises SimErrno("ENOSPC") if nothing did."""
        if not done:
            raise SimErrno("ENOSPC")
        return self._grown(offset, done)

    def _grown(self, offset: int, done: int) -> int:
        self.size = max(self.size, offset + done)
        self.inode.mtime_ns = self.volume.kernel.clock.now_ns()
        return done

    def _is_mapped(self, index: int) -> bool:
        return any(
            extent.logical <= index < extent.logical + extent.length
            for extent in self.inode.extents
        )

    def _break_promises(self, keep: int) -> None:
        """Blocks from ``keep`` on will not be needed."""
        gone = {index for index in self._promised if index >= keep}
        self.volume.unreserve(len(gone))
        self._promised -= gone

    def truncate(self, size: int, task: SimTask) -> None:
        """Cut or grow. Raises SimErrno."""
        self.volume.may_change(task)
        unit = self.cache.unit
        keep = -(-size // unit)
        if size < self.size:
            if size % unit and self._physical(size // unit)[0]:
                self._page(size // unit, 1, task)
            self.cache.forget([index for index in self.cache.pages if index >= keep])
            if size % unit and size // unit in self.cache.pages:
                self.cache.change(size // unit, size % unit, bytes(unit - size % unit))
            self._break_promises(keep)
            self._cut(keep, task)
        self.size = self.inode.size = size
        self.inode.mtime_ns = self.volume.kernel.clock.now_ns()
        self.save(task)

    def flush(self, task: SimTask, flags: int = SYNC) -> None:
        """Write dirty pages back; a failure is remembered, logged, and the data given up.

        Kernel: fs/ext4/page-io.c:ext4_end_bio(), ext4_end_io_end()
        """
        if not self.cache.dirty:
            return
        volume = self.volume
        if volume.aborted or volume.read_only:
            for index in list(self.cache.dirty):
                self.cache.clean(index)
            self.cache.failed("EIO")
            return
        for first, count in self.cache.runs():
            at = first
            while at < first + count:
                try:
                    at += self._write_run(at, min(first + count - at, _MOST_BLOCKS), task, flags)
                except SimErrno as refused:
                    self.cache.clean(at)
                    self.cache.failed(refused.name)
                    at += 1
        self.inode.size = self.size
        self.save(task)

    def _write_run(self, first: int, count: int, task: SimTask, flags: int) -> int:
        extent = self._mapped(first, count, task)
        offset = first - extent.logical
        length = min(count, extent.length - offset)
        data = b"".join(self.cache.pages[index] for index in range(first, first + length))
        physical = extent.physical + offset
        where = Blocks(first=physical, count=length, flags=flags, stack=DATA_STACK)
        failed = self.volume.write(where, data, task)
        for index in range(first, first + length):
            self.cache.clean(index)
        if not failed:
            self._written(extent, offset, length)
            return length
        self.cache.failed(failed)
        if extent.unwritten:
            self.volume.log(
                2,
                "failed to convert unwritten extents to written extents -- potential data loss!"
                f"  (inode {self.ino}, error -5)",
            )
        for number in range(physical, physical + length):
            self.volume.kernel.log.emit(
                3, f"Buffer I/O error on device {self.volume.device.name}, logical block {number}"
            )
        return length

    def _page(self, index: int, wanted: int, task: SimTask) -> bytearray:
        page = self.cache.pages.get(index)
        if page is not None:
            return page
        physical, length = self._physical(index)
        if not physical:
            return self.cache.put(index, b"")
        ahead = 1
        end = -(-self.size // self.cache.unit)
        while ahead < min(length, max(wanted, 16384 // self.cache.unit)) and index + ahead < end:
            if index + ahead in self.cache.pages:
                break
            ahead += 1
        where = Blocks(first=physical, count=ahead, flags=RAHEAD, stack=_READ_STACK)
        try:
            data = self.volume.read(where, task)
        except SimErrno:
            # Readahead never fails a read: the block that is needed is asked for again, alone.
            ahead = 1
            data = self._read_again(physical, index, task)
        unit = self.cache.unit
        for at in range(ahead):
            self.cache.put(index + at, data[at * unit : (at + 1) * unit])
        return self.cache.pages[index]

    def _read_again(self, physical: int, index: int, task: SimTask) -> bytes:
        del index
        try:
            return self.volume.read(Blocks(first=physical, stack=_READ_STACK), task)
        except SimErrno:
            raise SimErrno("EIO") from None

    # --- extents ---

    def _physical(self, index: int) -> tuple[int, int]:
        """(block, blocks from there on); block 0 where the file has a hole or reads as zeros."""
        for extent in self.inode.extents:
            if extent.logical <= index < extent.logical + extent.length:
                if extent.unwritten:
                    return 0, 1
                inside = index - extent.logical
                return extent.physical + inside, extent.length - inside
        return 0, 1

    def _mapped(self, index: int, count: int, task: SimTask) -> Extent:
        """The extent that holds a block, allocated if need be. Raises SimErrno."""
        for extent in self.inode.extents:
            if extent.logical <= index < extent.logical + extent.length:
                return extent
            if extent.logical > index:
                count = min(count, extent.logical - index)
        first, length = self.volume.allocate(count, task)
        if len(self.inode.extents) >= MAX_EXTENTS:
            self.volume.release(first, length, task)
            raise SimErrno("EFBIG")
        kept = self._promised.intersection(range(index, index + length))
        self.volume.unreserve(len(kept))
        self._promised -= kept
        extent = Extent(index, first, length, unwritten=True)
        self.inode.extents.append(extent)
        self.inode.extents.sort(key=lambda each: each.logical)
        return extent

    def _written(self, extent: Extent, offset: int, length: int) -> None:
        if not extent.unwritten:
            return
        before = Extent(extent.logical, extent.physical, offset, unwritten=True)
        rest = extent.length - offset - length
        after = Extent(
            extent.logical + offset + length,
            extent.physical + offset + length,
            rest,
            unwritten=True,
        )
        extent.logical, extent.physical = extent.logical + offset, extent.physical + offset
        extent.length, extent.unwritten = length, False
        extents = [*self.inode.extents, *(each for each in (before, after) if each.length)]
        extents.sort(key=lambda each: each.logical)
        merged: list[Extent] = []
        for each in extents:
            last = merged[-1] if merged else None
            if (
                last is not None
                and last.unwritten == each.unwritten
                and last.logical + last.length == each.logical
                and last.physical + last.length == each.physical
            ):
                last.length += each.length
            else:
                merged.append(each)
        self.inode.extents = merged

    def _cut(self, keep: int, task: SimTask) -> None:
        kept: list[Extent] = []
        for extent in self.inode.extents:
            inside = max(0, min(extent.length, keep - extent.logical))
            if inside < extent.length:
                self.volume.release(extent.physical + inside, extent.length - inside, task)
            if inside:
                kept.append(Extent(extent.logical, extent.physical, inside, extent.unwritten))
        self.inode.extents = kept

    # --- metadata ---

    def save(self, task: SimTask) -> None:
        """Put the inode into its table block. Raises SimErrno("EIO")."""
        number, inside = self.volume.geometry.inode_place(self.ino)
        if self._fresh:
            self.volume.fresh_inode_block(self.ino, task)
            self._fresh = False
        else:
            self.volume.block(number, task)
        self.volume.change(number, inside, pack_inode(self.inode))

    def forget(self, task: SimTask) -> None:
        """The last name is gone: give back blocks and inode. Raises SimErrno."""
        self.cache.forget(list(self.cache.pages))
        self._break_promises(0)
        self._cut(0, task)
        self.inode.kind = 0
        self.save(task)
        self.volume.free_inode(self.ino, task)

    def entries(
        self, task: SimTask, stack: tuple[str, ...] = LOOKUP_STACK
    ) -> dict[str, tuple[int, int]]:
        """The names of a directory. Raises SimErrno("EIO")."""
        found: dict[str, tuple[int, int]] = {}
        for number in self._dir_blocks():
            found.update(unpack_entries(bytes(self.volume.block(number, task, stack))))
        return found

    def set_entry(self, name: str, target: tuple[int, int] | None, task: SimTask) -> None:
        """Add, replace or (None) remove a name. Raises SimErrno."""
        self.volume.may_change(task)
        size = self.cache.unit
        self.inode.mtime_ns = self.volume.kernel.clock.now_ns()
        blocks = self._dir_blocks()
        tables = [
            unpack_entries(bytes(self.volume.block(number, task, LOOKUP_STACK)))
            for number in blocks
        ]
        for number, table in zip(blocks, tables, strict=True):
            if name in table:
                if target is None:
                    del table[name]
                else:
                    table[name] = target
                packed = pack_entries(table, size)
                assert packed is not None
                self.volume.change(number, 0, packed)
                self.save(task)
                return
        if target is None:
            raise SimErrno("ENOENT")
        for number, table in zip(blocks, tables, strict=True):
            packed = pack_entries({**table, name: target}, size)
            if packed is not None:
                self.volume.change(number, 0, packed)
                self.save(task)
                return
        self._new_dir_block(name, target, task)

    def _new_dir_block(self, name: str, target: tuple[int, int], task: SimTask) -> None:
        extent = self._mapped(self.inode.size // self.cache.unit, 1, task)
        extent.unwritten = False
        packed = pack_entries({name: target}, self.cache.unit)
        assert packed is not None
        self.volume.meta.put(extent.physical, packed)
        self.volume.change(extent.physical, 0, packed)
        self.inode.size += self.cache.unit
        self.size = self.inode.size
        self.save(task)

    def _dir_blocks(self) -> list[int]:
        return [
            number
            for extent in self.inode.extents
            for number in range(extent.physical, extent.physical + extent.length)
        ]


def new_inode(volume: Volume, task: SimTask, *, directory: bool) -> Node:
    """A fresh inode, not yet named. Raises SimErrno."""
    volume.may_change(task)
    ino = volume.new_inode(task)
    kind = DIRECTORY if directory else FILE
    inode = Inode(kind, 2 if directory else 1, 0, volume.kernel.clock.now_ns(), [])
    return Node(volume, ino, inode, fresh=True)
