"""The block layer: bios to a disk or a partition, the fault hook on their way, what is logged.

Kernel: block/blk-core.c:submit_bio_noacct(), block/blk-mq.c:blk_mq_end_request().
"""

from dataclasses import dataclass
from typing import Protocol

from faultrun.kernel.blk_status import BY_NAME, text_of
from faultrun.simkernel.devices.block_error import ErrorRules
from faultrun.simkernel.devices.medium import SECTOR, Storage
from faultrun.simkernel.fates import Unkillable
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.tasks import SimTask

OPS = {"READ": 0, "WRITE": 1, "FLUSH": 2, "DISCARD": 3, "WRITE_ZEROES": 9}
"""Kernel: include/linux/blk_types.h:enum req_op."""

SYNC = 0x800
META = 0x1000
PRIO = 0x2000
IDLE = 0x8000
FUA = 0x20000
PREFLUSH = 0x40000
RAHEAD = 0x80000

MAX_REQUEST = 512 * 1024
_LOG_BURST = 10
_LOG_WINDOW_NS = 5_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One command to a driver. ``data`` is what is written; ``task`` is who submitted it."""

    op: str
    sector: int
    sectors: int
    task: SimTask
    data: bytes = b""
    flags: int = 0
    stack: tuple[str, ...] = ()


class Driver(Protocol):
    """What stands below the block layer."""

    def execute(self, request: Request) -> tuple[str, bytes]:
        """Run it to its end: the block status without BLK_STS_, and what was read."""
        ...


class Disk:
    """A whole disk as ``/sys/block`` shows it.

    ``gone``: its device was removed; ``dead``: the driver gave it up, and the node is still there.
    ``told``: the driver has said of this failure what is to be said (RQF_QUIET).
    ``has_timeout``: the driver has a handler for requests whose time is up, without which
    ``queue/io_timeout`` does not exist (block/blk-sysfs.c:queue_attr_visible()).
    """

    def __init__(
        self,
        kernel: SimKernel,
        *,
        name: str,
        medium: Storage,
        driver: Driver,
        number: tuple[int, int],
        has_timeout: bool = True,
        io_timeout_ms: int = 30_000,
        max_request: int = MAX_REQUEST,
    ) -> None:
        self.kernel = kernel
        self.name = name
        self.medium = medium
        self.driver = driver
        self.number = number
        self.make_it_fail = False
        self.io_timeout_fail = False
        self.has_timeout = has_timeout
        self.io_timeout_ms = io_timeout_ms
        self.max_request = max_request
        self.read_only = False
        self.gone = False
        self.dead = False
        self.told = False
        self.holders = 0
        self.parts: tuple[Part, ...] = ()
        self.errors = ErrorRules(kernel, name)
        self._window_ns = -_LOG_WINDOW_NS
        self._printed = 0
        self._missed = 0

    @property
    def start(self) -> int:
        """The first sector: a whole disk starts at 0."""
        return 0

    @property
    def sectors(self) -> int:
        """Capacity in units of 512 bytes; a dead disk has none."""
        return 0 if self.dead else self.medium.size_bytes // SECTOR

    @property
    def whole(self) -> "Disk":
        """The disk itself."""
        return self

    def drops(self, task: SimTask | None, stack: tuple[str, ...]) -> bool:
        """Whether a completion is thrown away; a driver asks where its own code does.

        Kernel: block/blk-timeout.c:blk_should_fake_timeout(). ``task`` is who completes: nobody
        in an interrupt.
        """
        return self.io_timeout_fail and self.kernel.io_timeout(task, stack)

    def wait_for_timeout(self) -> None:
        """Until the request's time is up (block/blk-mq.c:blk_mq_timeout_work())."""
        self.kernel.clock.advance(self.io_timeout_ms * 1_000_000)

    def never_completes(self, request: Request) -> Unkillable:
        """What becomes of who waits for a request that no handler will ever end."""
        why = f"{request.op} of {self.name} was lost, and its driver has no timeout handler"
        return Unkillable(request.task.comm, request.task.pid, why)

    def log_error(self, request: Request, status: str) -> None:
        """The request's error line, at most ten in five seconds.

        Kernel: block/blk-mq.c:blk_print_req_error()
        """
        now = self.kernel.clock.now_ns()
        if now - self._window_ns >= _LOG_WINDOW_NS:
            if self._missed:
                text = f"blk_print_req_error: {self._missed} callbacks suppressed"
                self.kernel.log.emit(4, text)
            self._window_ns, self._printed, self._missed = now, 0, 0
        if self._printed >= _LOG_BURST:
            self._missed += 1
            return
        self._printed += 1
        self.kernel.log.emit(
            3,
            f"{text_of(status, self.kernel.version)} error, dev {self.name}, sector {request.sector}"
            f" op 0x{OPS[request.op]:x}:({request.op}) flags 0x{request.flags:x}"
            f" phys_seg {1 if request.sectors else 0} prio class 2",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSpec:
    """Where a partition lies, in sectors."""

    name: str
    start: int
    sectors: int


class Part:
    """A partition: a window on a disk with a switch of its own."""

    def __init__(self, disk: Disk, spec: PartSpec, number: tuple[int, int]) -> None:
        self.disk = disk
        self.name = spec.name
        self.start = spec.start
        self.sectors = spec.sectors
        self.number = number
        self.make_it_fail = False
        self.holders = 0

    @property
    def whole(self) -> Disk:
        """The disk that it is part of."""
        return self.disk

    @property
    def kernel(self) -> SimKernel:
        """The kernel of its disk."""
        return self.disk.kernel

    @property
    def gone(self) -> bool:
        """Whether the disk was removed."""
        return self.disk.gone

    @property
    def read_only(self) -> bool:
        """Whether the disk refuses writes."""
        return self.disk.read_only


Device = Disk | Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Bio:
    """A piece of I/O as the block layer gets it; ``sector`` counts from the device's start."""

    op: str
    sector: int
    size: int
    task: SimTask
    data: bytes = b""
    flags: int = 0
    stack: tuple[str, ...] = ()


def submit(device: Device, bio: Bio) -> tuple[str, bytes]:
    """Run a bio to its end. Returns the errno name (empty if it went well) and what was read."""
    disk = device.whole
    if disk.gone or disk.dead:
        return "EIO", b""
    if bio.size and bio.sector * SECTOR + bio.size > device.sectors * SECTOR:
        disk.kernel.log.emit(
            4,
            f"{bio.task.comm}: attempt to access beyond end of device\n{device.name}: rw=0, sector="
            f"{bio.sector}, nr_sectors = {bio.size // SECTOR} limit={device.sectors}",
        )
        return "EIO", b""
    if "submit_bh" in bio.stack:
        disk.kernel.enter("submit_bh", bio.task)
    if _fails(device, bio):
        return "EIO", b""
    return _transfer(device, bio)


def _transfer(device: Device, bio: Bio) -> tuple[str, bytes]:
    """A bio, split into requests as large as the disk takes; the first error ends it.

    What is left behind a split is submitted again, and so asks the whole disk's switch again
    with its own size (block/blk-merge.c:bio_submit_split()). Its partition is not asked twice.
    """
    disk = device.whole
    out = bytearray()
    at = 0
    while True:
        left = bio.size - at
        if at and _asks_disk(disk, bio, left):
            return "EIO", b""
        size = min(disk.max_request, left)
        sector = device.start + bio.sector + at // SECTOR
        status = disk.errors.status(bio.op, sector, left // SECTOR, bio.task)
        if status:
            return BY_NAME[status].errno, b""
        request = Request(
            op=bio.op,
            sector=sector,
            sectors=size // SECTOR,
            task=bio.task,
            data=bio.data[at : at + size],
            flags=bio.flags,
            stack=bio.stack,
        )
        status, data = disk.driver.execute(request)
        if status != "OK":
            if not disk.told:
                disk.log_error(request, status)
            disk.told = False
            return BY_NAME[status].errno, b""
        out += data
        at += size
        if at >= bio.size:
            return "", bytes(out)


def _fails(device: Device, bio: Bio) -> bool:
    """fail_make_request: for the disk, then, before the remapping, for the partition.

    Kernel: block/blk-core.c:submit_bio_noacct(), blk_partition_remap()
    """
    disk = device.whole
    if _asks_disk(disk, bio, bio.size):
        return True
    if device is disk or not device.make_it_fail:
        return False
    return disk.kernel.bio(bio.task, device.name, bio.size, bio.stack)


def _asks_disk(disk: Disk, bio: Bio, size: int) -> bool:
    """block/blk-core.c:should_fail_bio(), which fail_function can take the place of."""
    if disk.kernel.overridden("should_fail_bio", bio.task, bio.stack):
        return True
    return disk.make_it_fail and disk.kernel.bio(bio.task, disk.name, size, bio.stack)
