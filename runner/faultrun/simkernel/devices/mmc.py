"""An SD card behind an MMC host: transfers, injected data errors, and the recovery from them.

Kernel: drivers/mmc/core/block.c. Modelled by hand from the source; the card is QEMU's, as a
recording of Linux 6.12 shows it (``mmc0:4567``).
"""

from dataclasses import dataclass, replace

from faultrun.capabilities.registry import builtin
from faultrun.kernel.errno import number_of
from faultrun.simkernel.attr import SimAttr
from faultrun.simkernel.devices.block import Disk, Request
from faultrun.simkernel.devices.medium import SECTOR, Medium
from faultrun.simkernel.fates import Unkillable
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.tasks import SimTask

MAX_RETRIES = 5
DATA_RETRIES = 2
"""drivers/mmc/core/block.c: MMC_MAX_RETRIES, MMC_DATA_RETRIES."""

ERRORS = ("ETIMEDOUT", "EILSEQ", "EIO")
"""drivers/mmc/core/core.c:mmc_should_fail_request(): one of these at random."""

ASK_WRITTEN = 4
"""Bytes of ACMD22 (drivers/mmc/core/block.c:mmc_sd_num_wr_blocks())."""

RESET_READS = (64, 64)
"""Bytes that a re-initialised SD card is asked for: its switch functions, then high speed.

drivers/mmc/core/sd.c:mmc_sd_setup_card(), mmc_sd_switch_hs(); SCR and SD status are not read again.
"""

_COMMAND_NS = 40_000
_PER_KIB_NS = 40_000
_RESET_NS = 60_000_000

_IRQ_STACK = (
    "should_fail", "mmc_request_done", "sdhci_irq", "__handle_irq_event_percpu",
    "handle_irq_event_percpu", "handle_irq_event", "handle_fasteoi_irq", "__common_interrupt",
    "common_interrupt", "asm_common_interrupt",
)  # fmt: skip
_THREAD_STACK = (
    "should_fail", "mmc_request_done", "sdhci_request_done", "sdhci_thread_irq", "irq_thread_fn",
    "irq_thread", "kthread", "ret_from_fork", "ret_from_fork_asm",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a transfer ended: the errno of its data phase, or empty, and how many bytes count."""

    error: str
    done: int


class Host:
    """One host, its fault attributes, and whether a request maps its buffers beforehand.

    A request of the queue does, and completes in the interrupt; others complete in its thread
    (drivers/mmc/host/sdhci.c:sdhci_defer_done()).
    """

    def __init__(self, kernel: SimKernel, name: str) -> None:
        self.kernel = kernel
        self.name = name
        self._draw = kernel.stream(f"{name}:errors")
        self._thread: SimTask | None = None

    @property
    def attr(self) -> SimAttr:
        """Its fault attributes; made with the host, so that a boot option was copied by then."""
        directory = f"{self.name}/fail_mmc_request"
        return self.kernel.adopt(directory, builtin()["fail_mmc_request"])

    def ended(self, size: int, *, mapped: bool) -> Outcome:
        """What a transfer of so many bytes, which went well, ends as."""
        task = None if mapped else self._irq_thread()
        stack = _IRQ_STACK if mapped else _THREAD_STACK
        if not self.kernel.should_fail(self.attr, size, task, stack):
            return Outcome(error="", done=size)
        error = ERRORS[self._draw.below(len(ERRORS))]
        blocks = size // SECTOR
        return Outcome(error=error, done=self._draw.below(blocks) * SECTOR if blocks else 0)

    def _irq_thread(self) -> SimTask:
        if self._thread is None:
            self._thread = self.kernel.tasks.spawn(f"irq/16-{self.name}")
        return self._thread


class Card:
    """The block driver of one SD card. ``disk`` is set once its disk is made."""

    def __init__(self, host: Host, name: str, medium: Medium, number: tuple[int, int]) -> None:
        self.host = host
        self.name = name
        self.medium = medium
        self.disk = Disk(host.kernel, name=name, medium=medium, driver=self, number=number)
        self._reset_done: set[str] = set()

    def execute(self, request: Request) -> tuple[str, bytes]:
        """A request of the queue, to its end."""
        if request.op not in ("READ", "WRITE"):
            # Flush, discard and erase have no data phase (mmc_blk_mq_issue_rq()).
            if request.op != "FLUSH":
                self.medium.clear(request.sector * SECTOR, request.sectors * SECTOR)
            self.host.kernel.clock.advance(_COMMAND_NS)
            return "OK", b""
        out = bytearray()
        retries, at, size = 0, 0, request.sectors * SECTOR
        while at < size:
            rest = self._rest(request, at)
            data = self._transfer(rest)
            ended = self.host.ended(size - at, mapped=True)
            if not ended.error:
                self._reset_done.discard(request.op)
                self._may_get_lost(request)
                return "OK", bytes(out) + data
            done = self._recovered(rest, ended)
            if done:
                # Progress is success: the rest is queued again, and no retry was used.
                out += data[:done]
                at += done
                continue
            if self._reset_fails_before_last(request.op, retries):
                retries += 1
                continue
            if retries < MAX_RETRIES - DATA_RETRIES:
                retries = MAX_RETRIES - DATA_RETRIES
            elif request.op == "READ" and rest.sectors > 1:
                return self._sector_by_sector(rest, out)
            if retries >= MAX_RETRIES:
                # The line names where the request has got to, not where it began.
                self.disk.log_error(rest, "IOERR")
                self.disk.told = True
                return "IOERR", b""
            retries += 1
        return "OK", bytes(out)

    def _may_get_lost(self, request: Request) -> None:
        """A completion that fail_io_timeout drops never comes: the handler only resets its timer.

        drivers/mmc/core/block.c:mmc_blk_mq_post_req(), drivers/mmc/core/queue.c:mmc_mq_timed_out()
        """
        if self.disk.drops(None, _IRQ_STACK[1:]):
            why = f"{request.op} of {self.name} was lost, and its timeout only starts anew"
            raise Unkillable(request.task.comm, request.task.pid, why)

    def _rest(self, request: Request, at: int) -> Request:
        return replace(
            request,
            sector=request.sector + at // SECTOR,
            sectors=request.sectors - at // SECTOR,
            data=request.data[at:],
        )

    def _transfer(self, request: Request) -> bytes:
        """What the card does; it has done so before any fault says otherwise."""
        size, offset = request.sectors * SECTOR, request.sector * SECTOR
        self.host.kernel.clock.advance(_COMMAND_NS + size * _PER_KIB_NS // 1024)
        if request.op == "READ":
            return self.medium.read(offset, size)
        self.medium.write(offset, request.data)
        return b""

    def _recovered(self, request: Request, ended: Outcome) -> int:
        """How many bytes count after a data error: an SD card knows what it wrote."""
        if request.op == "READ":
            return ended.done
        self.host.kernel.clock.advance(_COMMAND_NS)
        asked = self.host.ended(ASK_WRITTEN, mapped=False)
        return 0 if asked.error else request.sectors * SECTOR

    def _reset_fails_before_last(self, op: str, retries: int) -> bool:
        """Reset the card before the last retry, once until something of that kind succeeds.

        drivers/mmc/core/block.c:mmc_blk_reset(); a second reset is refused with EEXIST.
        """
        if retries + 1 != MAX_RETRIES:
            return False
        if op in self._reset_done:
            return True
        self._reset_done.add(op)
        self.host.kernel.clock.advance(_RESET_NS)
        for size in RESET_READS:
            ended = self.host.ended(size, mapped=False)
            if ended.error:
                self.host.kernel.log.emit(
                    4,
                    f"{self.host.name}: tried to HW reset card, got error"
                    f" -{number_of(ended.error)}",
                )
                return True
        return False

    def _sector_by_sector(self, request: Request, before: bytearray) -> tuple[str, bytes]:
        """Read what is left one sector at a time; each that fails has a line of its own.

        drivers/mmc/core/block.c:mmc_blk_read_single(): only command errors are tried again there,
        and an injected error is one of data.
        """
        out, failed = bytearray(before), False
        for number in range(request.sectors):
            one = replace(request, sector=request.sector + number, sectors=1)
            out += self._transfer(one)
            if self.host.ended(SECTOR, mapped=False).error:
                failed = True
                left = replace(one, sectors=request.sectors - number)
                self.disk.log_error(left, "IOERR")
        if failed:
            self.disk.told = True
            return "IOERR", b""
        return "OK", bytes(out)
