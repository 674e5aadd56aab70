"""A block device's own page cache, and the files that programs open on it.

Kernel: block/fops.c, fs/buffer.c. What the recordings do not show, such as the size of the first
readahead (mm/readahead.c:get_init_ra_size()), is modelled by hand.
"""

from faultrun.simkernel.devices.block import IDLE, PREFLUSH, RAHEAD, SYNC, Bio, Device, submit
from faultrun.simkernel.devices.medium import SECTOR
from faultrun.simkernel.file_values import Flags, Stat
from faultrun.simkernel.page_cache import ErrorCursor, PageCache
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

PAGE = 4096
_FIRST_AHEAD = 4
_MOST_AHEAD = 32
_WRITEBACK_PAGES = 256

_READ_STACK = (
    "mpage_readahead", "read_pages", "page_cache_ra_unbounded", "filemap_get_pages",
    "filemap_read", "blkdev_read_iter", "vfs_read", "ksys_read", "do_syscall_64",
)  # fmt: skip
_WRITE_STACK = (
    "blkdev_writepages", "do_writepages", "filemap_fdatawrite_wbc", "sync_blockdev",
)  # fmt: skip
_DIRECT_STACK = (
    "__blkdev_direct_IO_simple", "blkdev_direct_IO", "vfs_read", "ksys_read", "do_syscall_64",
)  # fmt: skip


class BlockCache:
    """The pages of one disk or partition."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.cache = PageCache(PAGE)
        self.openers = 0
        self._next_page = -1
        self._window = 0

    @property
    def size_bytes(self) -> int:
        """Capacity."""
        return self.device.sectors * SECTOR

    def read(self, offset: int, size: int, task: SimTask) -> bytes:
        """Through the cache; raises SimErrno("EIO") whatever the status was."""
        size = max(0, min(size, self.size_bytes - offset))
        if not size:
            return b""
        first, last = offset // PAGE, (offset + size - 1) // PAGE
        pages = [self._page(index, last - index + 1, task) for index in range(first, last + 1)]
        data = b"".join(pages)
        begin = offset - first * PAGE
        return data[begin : begin + size]

    def write(self, offset: int, data: bytes, task: SimTask) -> int:
        """Into the cache; a partly written page is read first."""
        room = self.size_bytes - offset
        if room <= 0 and data:
            raise SimErrno("ENOSPC")
        data = data[:room]
        at = 0
        while at < len(data):
            index, inside = divmod(offset + at, PAGE)
            piece = data[at : at + PAGE - inside]
            if index not in self.cache.pages:
                whole = len(piece) == PAGE
                self.cache.put(index, b"") if whole else self._page(index, 1, task)
            self.cache.change(index, inside, piece)
            at += len(piece)
        return len(data)

    def flush(self, task: SimTask, *, flags: int = SYNC) -> None:
        """Write back what is dirty; errors are remembered in the cache."""
        for first, count in self.cache.runs():
            for begin in range(first, first + count, _WRITEBACK_PAGES):
                self._write_back(begin, min(_WRITEBACK_PAGES, first + count - begin), task, flags)

    def drop(self) -> None:
        """drop_caches."""
        self.cache.drop()
        self._next_page = -1

    def close(self, task: SimTask) -> None:
        """The last opener is gone: write back, then forget all.

        Kernel: block/bdev.c:blkdev_put_whole()
        """
        self.openers -= 1
        if self.openers == 0:
            self.flush(task)
            self.cache.forget(list(self.cache.pages))

    def _page(self, index: int, wanted: int, task: SimTask) -> bytearray:
        page = self.cache.pages.get(index)
        if page is not None:
            self._next_page = index + 1
            return page
        ahead = self._ahead(index, wanted)
        if self._fetch(index, ahead, task, RAHEAD):
            # Readahead never fails a read: the page that is needed is asked for again, alone.
            errno_name = self._fetch(index, 1, task, 0)
            if errno_name:
                self._log(index, "async page read")
                raise SimErrno("EIO")
        self._next_page = index + 1
        return self.cache.pages[index]

    def _ahead(self, index: int, wanted: int) -> int:
        if index == self._next_page and self._window:
            self._window = min(self._window * 2, _MOST_AHEAD)
        else:
            self._window = max(_FIRST_AHEAD, min(wanted, _MOST_AHEAD))
        end = -(-self.size_bytes // PAGE)
        count = 1
        while count < self._window and index + count < end:
            if index + count in self.cache.pages:
                break
            count += 1
        return count

    def _fetch(self, index: int, count: int, task: SimTask, flags: int) -> str:
        size = min(count * PAGE, self.size_bytes - index * PAGE)
        bio = Bio(
            op="READ", sector=index * PAGE // SECTOR, size=size, task=task,
            flags=flags, stack=_READ_STACK,
        )  # fmt: skip
        self.device.kernel.mempool(task, "bio_alloc_bioset")
        errno_name, data = submit(self.device, bio)
        if not errno_name:
            for page in range(count):
                self.cache.put(index + page, data[page * PAGE : (page + 1) * PAGE])
        return errno_name

    def _write_back(self, first: int, count: int, task: SimTask, flags: int) -> None:
        data = b"".join(self.cache.pages[index] for index in range(first, first + count))
        data = data[: self.size_bytes - first * PAGE]
        bio = Bio(
            op="WRITE", sector=first * PAGE // SECTOR, size=len(data), task=task, data=data,
            flags=flags, stack=_WRITE_STACK,
        )  # fmt: skip
        self.device.kernel.mempool(task, "bio_alloc_bioset")
        errno_name, _ = submit(self.device, bio)
        for index in range(first, first + count):
            self.cache.clean(index)
            if errno_name:
                self._log(index, "lost async page write")
        if errno_name:
            self.cache.failed("EIO")

    def _log(self, index: int, what: str) -> None:
        self.device.kernel.log.emit(
            3, f"Buffer I/O error on dev {self.device.name}, logical block {index}, {what}"
        )


class OpenBlock:
    """A block device as a program has it open."""

    def __init__(self, cache: BlockCache, flags: Flags, task: SimTask) -> None:
        cache.openers += 1
        self._cache = cache
        self._flags = flags
        self._task = task
        self._at = 0
        self._errors = ErrorCursor(cache.cache)

    def read(self, size: int) -> bytes:
        """read(2); O_DIRECT goes past the cache and gets the status' own errno."""
        data = (
            self._direct("READ", size, b"")
            if self._flags.direct
            else self._cache.read(self._at, size, self._task)
        )
        self._at += len(data)
        return data

    def write(self, data: bytes) -> int:
        """write(2); with O_DIRECT an error comes at once, else at the next fsync."""
        if not self._flags.write:
            raise SimErrno("EBADF")
        if self._cache.device.read_only:
            raise SimErrno("EPERM")
        if self._flags.direct:
            done = self._write_direct(data)
        else:
            done = self._cache.write(self._at, data, self._task)
        self._at += done
        return done

    def seek(self, offset: int) -> None:
        """Set the offset."""
        self._at = offset

    def truncate(self, size: int) -> None:
        """A device keeps its size."""
        del size
        raise SimErrno("EINVAL")

    def stat(self) -> Stat:
        """fstat(2)."""
        return Stat(kind="block", mode=0o660, device=self._cache.device.number)

    def size(self) -> int:
        """BLKGETSIZE64."""
        return self._cache.size_bytes

    def device(self) -> Device:
        """What it is open on, for ioctl(2)."""
        return self._cache.device

    def flush_buffers(self) -> None:
        """BLKFLSBUF: write back and forget."""
        self._cache.flush(self._task)
        self._cache.drop()

    def sync(self) -> None:
        """fsync(2): write back, flush the device, report an error once."""
        self._cache.flush(self._task)
        bio = Bio(op="FLUSH", sector=0, size=0, task=self._task, flags=PREFLUSH | SYNC)
        errno_name, _ = submit(self._cache.device, bio)
        news = self._errors.news()
        if news or errno_name:
            raise SimErrno(news or errno_name)

    def close(self) -> None:
        """close(2)."""
        self._cache.close(self._task)

    def _write_direct(self, data: bytes) -> int:
        room = self._cache.size_bytes - self._at
        if room <= 0 and data:
            raise SimErrno("ENOSPC")
        data = data[:room]
        self._direct("WRITE", len(data), data)
        first, last = self._at // PAGE, (self._at + len(data) + PAGE - 1) // PAGE
        self._cache.cache.forget(range(first, last))
        return len(data)

    def _direct(self, op: str, size: int, data: bytes) -> bytes:
        if size % SECTOR or self._at % SECTOR:
            raise SimErrno("EINVAL")
        size = max(0, min(size, self._cache.size_bytes - self._at))
        if not size:
            return b""
        flags = SYNC if op == "READ" else SYNC | IDLE
        bio = Bio(
            op=op, sector=self._at // SECTOR, size=size, task=self._task, data=data,
            flags=flags, stack=_DIRECT_STACK,
        )  # fmt: skip
        errno_name, got = submit(self._cache.device, bio)
        if errno_name:
            raise SimErrno(errno_name)
        return got
