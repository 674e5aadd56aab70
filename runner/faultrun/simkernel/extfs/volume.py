"""The disk under a mounted file system: metadata blocks, allocation, the journal.

Kernel: fs/ext4/balloc.c, fs/jbd2/commit.c. Simplified by hand: one transaction at a time, written
by two bios (blocks, then the commit record); metadata stays in memory until it is checkpointed.
"""

from dataclasses import dataclass

from faultrun.simkernel.devices.block import FUA, META, PREFLUSH, PRIO, SYNC, Bio, Device, submit
from faultrun.simkernel.devices.medium import SECTOR
from faultrun.simkernel.extfs.layout import INODE_SIZE, Geometry
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.page_cache import PageCache
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

_READ_STACK = (
    "submit_bio_noacct", "submit_bio", "submit_bh_wbc", "submit_bh", "__ext4_read_bh",
    "ext4_read_bh_lock", "ext4_sb_bread",
)  # fmt: skip
LOOKUP_STACK = (
    "submit_bio_noacct", "submit_bio", "submit_bh_wbc", "submit_bh", "__ext4_read_bh",
    "ext4_read_bh_lock", "ext4_bread_batch", "__ext4_find_entry", "ext4_lookup", "__lookup_slow",
    "walk_component", "path_lookupat", "filename_lookup", "vfs_statx", "do_syscall_64",
)  # fmt: skip
DATA_STACK = (
    "submit_bio_noacct", "submit_bio", "ext4_io_submit", "ext4_do_writepages", "ext4_writepages",
    "do_writepages", "__writeback_single_inode", "writeback_sb_inodes", "wb_writeback",
)  # fmt: skip
_JOURNAL_STACK = (
    "submit_bio_noacct", "submit_bio", "submit_bh_wbc", "submit_bh", "jbd2_journal_commit_transaction",
    "kjournald2", "kthread", "ret_from_fork",
)  # fmt: skip
_PLACE_STACK = (
    "submit_bio_noacct", "submit_bio", "submit_bh_wbc", "__block_write_full_folio",
    "blkdev_writepages", "do_writepages", "sync_bdevs", "ksys_sync", "do_syscall_64",
)  # fmt: skip
IDLE_JOURNAL = 0x9800
ALLOC_CACHE = 0x800000
"""Seen on metadata reads of 7.3."""

COMMIT = PREFLUSH | FUA | 0x9800


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """A run of blocks of the disk, and why it is touched."""

    first: int
    count: int = 1
    flags: int = 0
    stack: tuple[str, ...] = ()


class Volume:
    """The blocks of one mounted file system."""

    def __init__(self, kernel: SimKernel, device: Device, geometry: Geometry) -> None:
        self.kernel = kernel
        self.device = device
        self.geometry = geometry
        self.meta = PageCache(geometry.block)
        self.aborted = False
        self.read_only = False
        self.error = ""
        self._logged: dict[int, None] = {}
        self._head = 1
        self._next = geometry.data
        self._next_ino = 12
        self._free = self._count_free()
        self._reserved = 0
        self._threads: dict[str, SimTask] = {}
        self.changed_ns = 0
        newest = kernel.version.has("7.3", None)
        self._read_flags = META | PRIO | (ALLOC_CACHE if newest else 0)

    def thread(self, comm: str) -> SimTask:
        """A kernel thread that works for this file system, made when it is first needed."""
        found = self._threads.get(comm)
        if found is None:
            found = self._threads[comm] = self.kernel.tasks.spawn(comm)
        return found

    def log(self, level: int, text: str) -> None:
        """``EXT4-fs (nvme0n1): ...`` in the file system's own name."""
        self.kernel.log.emit(level, f"{self.prefix} ({self.device.name}): {text}")

    @property
    def prefix(self) -> str:
        """How this kind begins its messages."""
        return {"xfs": "XFS", "btrfs": "BTRFS"}.get(self.geometry.kind, "EXT4-fs")

    def read(self, where: Blocks, task: SimTask) -> bytes:
        """Blocks from the disk. Raises SimErrno."""
        errno_name, data = self._submit("READ", where, b"", task)
        if errno_name:
            raise SimErrno(errno_name)
        return data

    def write(self, where: Blocks, data: bytes, task: SimTask) -> str:
        """Blocks to the disk: the errno name, empty if it went well."""
        return self._submit("WRITE", where, data, task)[0]

    def block(self, number: int, task: SimTask, stack: tuple[str, ...] = _READ_STACK) -> bytearray:
        """A metadata block, from memory if it is there. Raises SimErrno("EIO")."""
        page = self.meta.pages.get(number)
        if page is not None:
            return page
        where = Blocks(first=number, flags=self._read_flags, stack=stack)
        try:
            return self.meta.put(number, self.read(where, task))
        except SimErrno:
            raise SimErrno("EIO") from None

    def fresh_inode_block(self, ino: int, task: SimTask) -> bytearray:
        """The table block of a new inode; not read if no other inode in it is used.

        Kernel: fs/ext4/inode.c:__ext4_get_inode_loc(). Raises SimErrno("EIO").
        """
        number, _ = self.geometry.inode_place(ino)
        page = self.meta.pages.get(number)
        if page is not None:
            return page
        per_block = self.geometry.block // INODE_SIZE
        first = ino - (ino - 1) % per_block
        for other in range(first, first + per_block):
            block, at, bit = self._inode_bit(other)
            bitmap = self.meta.pages.get(block)
            if bitmap is None or (other != ino and bitmap[at] >> bit & 1):
                return self.block(number, task)
        return self.meta.put(number, b"")

    def change(self, number: int, inside: int, data: bytes) -> None:
        """Change a metadata block that is in memory."""
        if not self._logged:
            self.changed_ns = self.kernel.clock.now_ns()
        self.meta.change(number, inside, data)
        self.meta.pinned.add(number)
        self._logged[number] = None

    @property
    def changed(self) -> bool:
        """Whether there is a transaction to commit."""
        return bool(self._logged)

    def may_change(self, task: SimTask) -> None:
        """The start of a transaction. Raises SimErrno("EROFS").

        Kernel: fs/ext4/ext4_jbd2.c:ext4_journal_check_start()
        """
        if self.aborted and not self.read_only:
            self.kernel.log.emit(
                2,
                f"EXT4-fs error (device {self.device.name}): ext4_journal_check_start:84:"
                f" comm {task.comm}: Detected aborted journal",
            )
            self.log(2, "Remounting filesystem read-only")
            self.read_only = True
        if self.read_only:
            raise SimErrno("EROFS")

    def commit(self) -> None:
        """Write the transaction to the journal. Raises SimErrno("EIO") if the journal aborts."""
        if not self._logged:
            return
        if self.aborted:
            raise SimErrno("EROFS")
        numbers, self._logged = sorted(self._logged), {}
        if not self.geometry.journal_size:
            return
        data = b"JBD2".ljust(self.geometry.block, b"\0")
        data += b"".join(self.meta.pages[number] for number in numbers)
        thread = self.thread(f"jbd2/{self.device.name}-8"[:15])
        count = len(numbers) + 1
        if self._head + count + 1 >= self.geometry.journal_size:
            self._head = 1
        first = self.geometry.journal + self._head
        blocks = Blocks(first=first, count=count, flags=IDLE_JOURNAL, stack=_JOURNAL_STACK)
        record = Blocks(first=first + count, flags=COMMIT, stack=_JOURNAL_STACK)
        failed = self.write(blocks, data, thread)
        failed = failed or self.write(record, b"JBD2".ljust(self.geometry.block, b"\0"), thread)
        self._head += count + 1
        if failed:
            self.aborted = True
            self.kernel.log.emit(3, f"Aborting journal on device {self.device.name}-8.")
            raise SimErrno("EIO")

    def write_in_place(self, task: SimTask) -> None:
        """Write changed metadata to where it belongs, as sync(2) does for the device's buffers."""
        if self.aborted or self.read_only:
            return
        for first, count in self.meta.runs():
            data = b"".join(self.meta.pages[number] for number in range(first, first + count))
            where = Blocks(first=first, count=count, flags=SYNC, stack=_PLACE_STACK)
            failed = self.write(where, data, task)
            for number in range(first, first + count):
                self.meta.clean(number)
                if failed:
                    self.kernel.log.emit(
                        3,
                        f"Buffer I/O error on dev {self.device.name}, logical block {number},"
                        " lost async page write",
                    )

    def checkpoint(self, task: SimTask) -> None:
        """The journal is emptied: nothing is held in memory for it any more."""
        self.write_in_place(task)
        self.meta.pinned.clear()

    def reserve(self, count: int) -> None:
        """Promise blocks to data that is written back later. Raises SimErrno("ENOSPC")."""
        if self._reserved + count > self._free:
            raise SimErrno("ENOSPC")
        self._reserved += count

    def unreserve(self, count: int) -> None:
        """The data was allocated, or is not wanted any more."""
        self._reserved -= count

    def _count_free(self) -> int:
        """The group descriptors' free counts, known from mounting on."""
        geometry = self.geometry
        size = geometry.groups * geometry.block
        offset = self.device.start * SECTOR + geometry.bitmap * geometry.block
        bits = int.from_bytes(self.device.whole.medium.read(offset, size), "little")
        return size * 8 - bits.bit_count()

    def allocate(self, count: int, task: SimTask) -> tuple[int, int]:
        """A run of at most ``count`` free blocks: (first, length). Raises SimErrno("ENOSPC")."""
        start = self._next
        for begin, end in ((start, self.geometry.total), (self.geometry.root + 13, start)):
            for number in range(begin, end):
                if self._is_free(number, task):
                    length = 1
                    while length < count and number + length < self.geometry.total:
                        if not self._is_free(number + length, task):
                            break
                        length += 1
                    self._mark(number, length, task, used=True)
                    self._next = number + length
                    return number, length
        raise SimErrno("ENOSPC")

    def release(self, first: int, count: int, task: SimTask) -> None:
        """Give blocks back."""
        self._mark(first, count, task, used=False)
        self._next = min(self._next, max(first, self.geometry.data))

    def new_inode(self, task: SimTask) -> int:
        """A free inode's number. Raises SimErrno("ENOSPC")."""
        for ino in range(self._next_ino, self.geometry.inodes + 1):
            number, at, bit = self._inode_bit(ino)
            if not self.block(number, task)[at] >> bit & 1:
                page = self.block(number, task)
                self.change(number, at, bytes((page[at] | 1 << bit,)))
                self._next_ino = ino + 1
                return ino
        raise SimErrno("ENOSPC")

    def free_inode(self, ino: int, task: SimTask) -> None:
        """Give an inode back."""
        number, at, bit = self._inode_bit(ino)
        page = self.block(number, task)
        self.change(number, at, bytes((page[at] & ~(1 << bit),)))
        self._next_ino = min(self._next_ino, ino)

    def _inode_bit(self, ino: int) -> tuple[int, int, int]:
        at, bit = divmod(ino - 1, 8)
        number, inside = divmod(at, self.geometry.block)
        return self.geometry.inode_bitmap + number, inside, bit

    def _is_free(self, number: int, task: SimTask) -> bool:
        at, bit = divmod(number, 8)
        block, inside = divmod(at, self.geometry.block)
        return not self.block(self.geometry.bitmap + block, task)[inside] >> bit & 1

    def _mark(self, first: int, count: int, task: SimTask, *, used: bool) -> None:
        for number in range(first, first + count):
            at, bit = divmod(number, 8)
            block, inside = divmod(at, self.geometry.block)
            page = self.block(self.geometry.bitmap + block, task)
            value = page[inside] | 1 << bit if used else page[inside] & ~(1 << bit)
            self.change(self.geometry.bitmap + block, inside, bytes((value,)))
        self._free += -count if used else count

    def _submit(self, op: str, where: Blocks, data: bytes, task: SimTask) -> tuple[str, bytes]:
        block = self.geometry.block
        bio = Bio(
            op=op,
            sector=where.first * block // SECTOR,
            size=where.count * block,
            task=task,
            data=data,
            flags=where.flags,
            stack=where.stack,
        )
        return submit(self.device, bio)
