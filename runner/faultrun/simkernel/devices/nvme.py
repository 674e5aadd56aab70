"""NVMe controllers and namespaces: commands, completions, retries, what is logged.

Kernel: drivers/nvme/host/core.c:nvme_decide_disposition(), nvme_complete_rq(), nvme_log_error();
nvme.h:nvme_try_complete_req() asks the fault attributes once the device has done its work.
"""

from collections.abc import Callable
from dataclasses import dataclass

from faultrun.kernel.nvme_status import AUTH_REQUIRED, CODE, CRD, DNR, MORE, status_of
from faultrun.simkernel.devices.block import Disk, Request
from faultrun.simkernel.devices.medium import SECTOR, Medium, serve
from faultrun.simkernel.devices.nvme_table import IO_OPCODES
from faultrun.simkernel.devices.nvme_timeout import HOST_ABORTED, timed_out
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

ADMIN_NS = 200_000
READ_NS = 80_000
WRITE_NS = 20_000
PER_KIB_NS = 250
DEFAULT_RETRIES = 5
FAILFAST = 0x700
"""REQ_FAILFAST_DEV, _TRANSPORT and _DRIVER: such a request is never retried."""

_LOG_BURST = 10
_LOG_WINDOW_NS = 5_000_000_000
_CRD_UNIT_NS = 100_000_000
_ANY_OPCODE = 0x100

_IRQ_STACK = (
    "should_fail", "nvme_should_fail", "nvme_poll_cq", "nvme_irq", "__handle_irq_event_percpu",
    "handle_irq_event_percpu", "handle_irq_event", "handle_edge_irq", "__common_interrupt",
    "common_interrupt", "asm_common_interrupt",
)  # fmt: skip
_LOOP_STACK = (
    "should_fail", "nvme_should_fail", "nvme_loop_queue_response", "__nvmet_req_complete",
    "nvmet_req_complete", "nvme_loop_execute_work", "process_one_work", "worker_thread",
    "kthread", "ret_from_fork",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class NvmeCore:
    """The module's parameters. ``max_retries`` is a byte, writable at run time."""

    max_retries: int = DEFAULT_RETRIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a controller says of itself, and where it sits."""

    name: str
    number: int
    transport: str = "pcie"
    address: str = "0000:00:04.0"
    model: str = "QEMU NVMe Ctrl"
    serial: str = "faultrun"
    firmware: str = "8.2.0"
    queues: int = 2


class Controller:
    """One controller. ``state`` is what sysfs shows; a removed one is ``gone``."""

    def __init__(
        self, kernel: SimKernel, core: NvmeCore, identity: Identity, media: tuple[Medium, ...]
    ) -> None:
        self.kernel = kernel
        self.core = core
        self.identity = identity
        self.media = media
        self.state = "live"
        self.gone = False
        self.namespaces: dict[str, Namespace] = {}
        self.errors: list[tuple[int, int]] = []
        self.reset_after_timeout: Callable[[], None] | None = None
        self._worker: SimTask | None = None

    @property
    def directory(self) -> str:
        """Where its fault attributes are, below debugfs."""
        return f"{self.identity.name}/fault_inject"

    def log(self, level: int, text: str) -> None:
        """A line of the driver: ``nvme nvme0: ...``."""
        self.kernel.log.emit(level, f"nvme {self.identity.name}: {text}")

    def admin(self, opcode: int) -> int:
        """Run an admin command: its status word, 0 if it went well. Never retried."""
        self.kernel.clock.advance(ADMIN_NS)
        status = self.completion(self.directory, opcode)
        if status & CODE:
            self.errors.append((opcode, status))
        return status

    def passthrough(self, opcode: int) -> int:
        """An admin command of a program. Raises SimErrno if the controller takes none."""
        if self.gone:
            raise SimErrno("ENODEV")
        if self.state != "live":
            raise SimErrno("EAGAIN")
        return self.admin(opcode)

    def completion(self, directory: str, opcode: int) -> int:
        """The status that the fault attributes put into a completion; 0 if they do not."""
        if self.identity.transport != "loop":
            self.kernel.enter("handle_irq_event", None)
        attr = self.kernel.fault(directory)
        only = attr.extra.get("opcode", _ANY_OPCODE)
        if only < _ANY_OPCODE and only != opcode:
            return 0
        if not self.kernel.should_fail(attr, 1, self.completer(), self.stack()):
            return 0
        return attr.extra["status"] | (DNR if attr.extra["dont_retry"] else 0)

    def completer(self) -> SimTask | None:
        """Loop completes in a worker thread; on PCIe there is no task at all."""
        if self.identity.transport != "loop":
            return None
        if self._worker is None:
            self._worker = self.kernel.tasks.spawn("kworker/u4:2")
        return self._worker

    def stack(self) -> tuple[str, ...]:
        """The call chain of a completion."""
        return _LOOP_STACK if self.identity.transport == "loop" else _IRQ_STACK


class Namespace:
    """One namespace: the driver below its disk."""

    def __init__(self, controller: Controller, number: int, medium: Medium) -> None:
        identity = controller.identity
        self.controller = controller
        self.number = number
        self.name = f"{identity.name}n{number}"
        self.lba_size = SECTOR
        self.disk = Disk(
            controller.kernel,
            name=self.name,
            medium=medium,
            driver=self,
            number=(259, identity.number * 16 + number - 1),
        )
        self._window_ns = -_LOG_WINDOW_NS
        self._printed = 0
        self._missed = 0

    @property
    def directory(self) -> str:
        """Where its fault attributes are, below debugfs."""
        return f"{self.name}/fault_inject"

    def execute(self, request: Request) -> tuple[str, bytes]:
        """A block request, to its end: retried as the driver decides."""
        tries = 0
        opcode, _ = IO_OPCODES[request.op]
        while True:
            if self.controller.state != "live" or self.disk.gone:
                return "IOERR", b""
            data = self._work(request)
            status = self.controller.completion(self.directory, opcode)
            if self.disk.drops(self.controller.completer(), self.controller.stack()):
                # What was lost is gone with the status that it had.
                timed_out(self, request)
                status = HOST_ABORTED
            if not status:
                return "OK", data
            if self._retries(request, status, tries):
                tries += 1
                self._delay(status)
                continue
            self._log_error(request, status)
            result = status_of(status, self.controller.kernel.version).blk_status
            return result, data if result == "OK" else b""

    def passthrough(self, request: Request) -> tuple[int, bytes]:
        """A read, write or flush command of a program: quiet, never retried. Its status word."""
        if request.sector + request.sectors > self.disk.sectors:
            return 0x80 | DNR, b""
        got = self._work(request)
        status = self.controller.completion(self.directory, IO_OPCODES[request.op][0])
        if self.disk.drops(self.controller.completer(), self.controller.stack()):
            timed_out(self, request)
            return HOST_ABORTED, b""
        return status, b"" if status & CODE else got

    def _work(self, request: Request) -> bytes:
        """What the device does; it has done so before any fault replaces the status."""
        kernel, medium = self.controller.kernel, self.disk.medium
        size = request.sectors * SECTOR
        base = READ_NS if request.op == "READ" else WRITE_NS
        kernel.clock.advance(base + size // 1024 * PER_KIB_NS)
        return serve(medium, request.op, request.sector * SECTOR, size, request.data)

    def _retries(self, request: Request, status: int, tries: int) -> bool:
        version = self.controller.kernel.version
        if not version.has("6.12", None) and status & CODE == AUTH_REQUIRED:
            # Built without CONFIG_NVME_HOST_AUTH, authentication completes the request.
            return False
        if request.flags & FAILFAST or status & DNR:
            return False
        return tries < self.controller.core.max_retries and status & CODE != AUTH_REQUIRED

    def _delay(self, status: int) -> None:
        if status & CRD:
            # The controller's CRDT values are its own; QEMU's and ours are one unit each.
            self.controller.kernel.clock.advance(_CRD_UNIT_NS)

    def _log_error(self, request: Request, status: int) -> None:
        kernel = self.controller.kernel
        now = kernel.clock.now_ns()
        if now - self._window_ns >= _LOG_WINDOW_NS:
            if self._missed:
                kernel.log.emit(4, f"nvme_log_error: {self._missed} callbacks suppressed")
            self._window_ns, self._printed, self._missed = now, 0, 0
        if self._printed >= _LOG_BURST:
            self._missed += 1
            return
        self._printed += 1
        opcode, name = IO_OPCODES[request.op]
        text = status_of(status, kernel.version).text
        kernel.log.emit(
            3,
            f"{self.name}: {name}(0x{opcode:x}) @ LBA {request.sector * SECTOR // self.lba_size},"
            f" {request.sectors * SECTOR // self.lba_size} blocks, {text}"
            f" (sct 0x{status >> 8 & 7:x} / sc 0x{status & 0xFF:x})"
            f" {'MORE ' if status & MORE else ''}{'DNR ' if status & DNR else ''}",
        )
