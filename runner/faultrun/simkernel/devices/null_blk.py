"""One null_blk device: its power, its queues, and the three places where it asks for faults.

Kernel: drivers/block/null_blk/main.c:null_queue_rq(), null_timeout_rq(), null_init_hctx(),
null_add_dev(), null_del_dev()
"""

from collections.abc import Callable, Mapping

from faultrun.simkernel.attr import SimAttr
from faultrun.simkernel.devices.block import Bio, Disk, Request, submit
from faultrun.simkernel.devices.bus import Site
from faultrun.simkernel.devices.medium import SECTOR, Medium, serve
from faultrun.simkernel.devices.null_blk_table import UNMODELLED
from faultrun.simkernel.prng import Prng
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.unmodelled import Unmodelled

MAJOR = 253
_MIB = 1 << 20
_PAGE = 4096
_SUBMIT_NS = 2_000
_BUSY_NS = 3_000_000
"""block/blk-mq.c:BLK_MQ_RESOURCE_DELAY: how long a busy queue is left alone."""

_IO_TIMEOUT_MS = 5_000
"""drivers/block/null_blk/main.c:null_init_tag_set()"""

_OWN_ATTEMPTS = 2
"""The direct issue, and the run of the queue that follows it when the driver was busy
(block/blk-mq.c:blk_mq_try_issue_directly()); further ones are the work of kblockd."""

_SAFE_SECTORS = 255
"""include/linux/blkdev.h:BLK_SAFE_MAX_SECTORS, of whoever sets no limit of its own."""

_PATIENCE = 10_000
"""Attempts, at 3 ms each, after which a request is taken to be put back for ever."""

_DIRECT = (
    "should_fail", "null_queue_rq", "__blk_mq_issue_directly", "blk_mq_try_issue_directly",
    "blk_mq_submit_bio", "__submit_bio", "submit_bio_noacct_nocheck",
)  # fmt: skip
_WORKER = (
    "should_fail", "null_queue_rq", "blk_mq_dispatch_rq_list", "__blk_mq_sched_dispatch_requests",
    "blk_mq_sched_dispatch_requests", "blk_mq_run_work_fn", "process_one_work", "worker_thread",
    "kthread", "ret_from_fork",
)  # fmt: skip
_POWER_ON = (
    "should_fail", "null_init_hctx", "blk_mq_init_hctx", "blk_mq_alloc_and_init_hctx",
    "blk_mq_realloc_hw_ctxs", "blk_mq_init_allocated_queue", "blk_mq_alloc_queue",
    "__blk_mq_alloc_disk", "null_add_dev", "nullb_device_power_store", "configfs_write_iter",
)  # fmt: skip
_SCAN = ("read_part_sector", "bdev_disk_changed", "device_add_disk", "null_add_dev")

Attrs = Mapping[str, SimAttr | None]
"""The fault attributes by module parameter; None if this kernel does not even ask."""


class NullDevice:
    """A device as configfs has it, on or off. ``values`` are its attributes."""

    def __init__(
        self, site: Site, name: str, values: dict[str, int], attrs: Callable[[str], SimAttr | None]
    ) -> None:
        self.name = name
        self.values = values
        self.disk: Disk | None = None
        self.gone = False
        self._site = site
        self._attr = attrs
        self._medium: Medium | None = None
        self._worker: SimTask | None = None
        self._busy = 0
        self._pointers: Prng | None = None

    def power_on(self, index: int, task: SimTask, partitions: int = 0) -> None:
        """``power`` <- 1. Raises SimErrno ENOMEM if a hardware queue does not come up."""
        for name, what in UNMODELLED.items():
            if self.values[name]:
                raise Unmodelled(what)
        if self.values["queue_mode"] == 1:
            self._log(3, "legacy IO path is no longer available")
            raise SimErrno("EINVAL")
        for _ in range(max(1, self.values["submit_queues"]) + self.values["poll_queues"]):
            if self._fails("init_hctx", task, _POWER_ON):
                raise SimErrno("ENOMEM")
        size = self.values["size"] * _MIB
        if self._medium is None or self._medium.size_bytes != size:
            self._medium = Medium(size)
        self.values["index"] = index
        self.disk = Disk(
            self._site.kernel,
            name=self.name,
            medium=self._medium,
            driver=self,
            number=(MAJOR, index),
            io_timeout_ms=_IO_TIMEOUT_MS,
            max_request=(self.values["max_sectors"] or _SAFE_SECTORS) * SECTOR,
        )
        self._site.publish(self.disk, partitions)
        self._scan(self.disk, task)
        self._log(6, f"disk {self.name} created")

    def power_off(self) -> None:
        """``power`` <- 0: the disk goes, what it holds stays."""
        if self.disk is not None:
            self._site.withdraw(self.name)
            self.disk = None

    def execute(self, request: Request) -> tuple[str, bytes]:
        """A request, to its end: lost, put back as often as the fault wants, or done."""
        disk, kernel = self.disk, self._site.kernel
        if disk is None:
            return "IOERR", b""
        for attempt in range(_PATIENCE):
            own = attempt < _OWN_ATTEMPTS
            task = request.task if own else self._kblockd()
            stack = (*_DIRECT, *request.stack) if own else _WORKER
            kernel.clock.advance(_SUBMIT_NS)
            lost = self._fails("timeout", task, stack) or disk.drops(task, stack)
            if self._fails("requeue", task, stack):
                self._busy += 1
                if self._busy % 2 and not own:
                    kernel.clock.advance(_BUSY_NS)
                continue
            if lost:
                disk.wait_for_timeout()
                self._log(6, f"rq {self._pointer():016x} timed out")
                return "TIMEOUT", b""
            return "OK", self._work(request)
        raise disk.never_completes(request)

    def _work(self, request: Request) -> bytes:
        if self.values["irqmode"] == _TIMER:
            self._site.kernel.clock.advance(self.values["completion_nsec"])
        medium, size = self._medium, request.sectors * SECTOR
        if medium is None or not self.values["memory_backed"]:
            return bytes(size) if request.op == "READ" else b""
        return serve(medium, request.op, request.sector * SECTOR, size, request.data)

    def _scan(self, disk: Disk, task: SimTask) -> None:
        """The kernel's own look for partitions: EFI's reader forgives an error, DOS' does not.

        Kernel: block/partitions/core.c:check_partition(), efi.c:is_pmbr_valid(), msdos.c. Kernels
        with more partition formats ask more often.
        """
        bio = Bio(
            op="READ", sector=0, size=min(_PAGE, disk.sectors * SECTOR), task=task, stack=_SCAN
        )
        for reader in ("efi", "msdos"):
            errno_name, _ = submit(disk, bio)
            if not errno_name:
                return
            self._site.kernel.log.emit(
                3, f"Buffer I/O error on dev {disk.name}, logical block 0, async page read"
            )
            if reader == "msdos":
                self._site.kernel.log.emit(6, f" {disk.name}: unable to read partition table")

    def _fails(self, fault: str, task: SimTask, stack: tuple[str, ...]) -> bool:
        attr = self._attr(fault)
        return attr is not None and attr.should_fail(1, task, stack)

    def _kblockd(self) -> SimTask:
        if self._worker is None:
            self._worker = self._site.kernel.tasks.spawn("kworker/0:1H")
        return self._worker

    def _pointer(self) -> int:
        """A request's address, hashed as %p prints it (lib/vsprintf.c:ptr_to_id())."""
        if self._pointers is None:
            self._pointers = self._site.kernel.stream(f"{self.name}/rq")
        return self._pointers.below(1 << 32)

    def _log(self, level: int, text: str) -> None:
        self._site.kernel.log.emit(level, f"null_blk: {text}")


_TIMER = 2
"""drivers/block/null_blk/main.c:NULL_IRQ_TIMER"""
