"""A SCSI disk: what sd and the mid-layer make of what a host answers.

Kernel: drivers/scsi/sd.c, scsi_lib.c, scsi_error.c; modelled by hand from them. The default
scsi_logging_level is 0: a retry leaves no line.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from faultrun.kernel.scsi import (
    BUSY_STATUS,
    CHECK_CONDITION,
    CONFLICT,
    HOST_BYTES,
    KEYS,
    OPCODES,
    TEXTS,
    Action,
    Ruling,
    by_sense,
)
from faultrun.simkernel.devices.block import Disk, Request
from faultrun.simkernel.devices.medium import SECTOR, Medium
from faultrun.simkernel.fates import Unkillable
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.unmodelled import Unmodelled

MAX_RETRIES = 5
"""drivers/scsi/sd.h:SD_MAX_RETRIES: a command is sent six times at most."""

_BUSY_NS = 3_000_000
_ABORT_NS = 10_000_000
_MOST_TRIES = 40_000
_LOG_BURST = 10
_LOG_WINDOW_NS = 5_000_000_000
_SECOND_NS = 1_000_000_000
_TAGS = 192
_DONE_STACK = (
    "should_fail", "__blk_should_fake_timeout", "scsi_done_internal", "scsi_done",
    "sdebug_q_cmd_complete", "__hrtimer_run_queues", "hrtimer_interrupt",
    "__sysvec_apic_timer_interrupt", "sysvec_apic_timer_interrupt",
    "asm_sysvec_apic_timer_interrupt",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command on its way: its place in the queue, and how many blocks of 512 bytes it moves."""

    request: Request
    tag: int

    @property
    def opcode(self) -> int:
        """The first byte of the CDB."""
        return OPCODES[self.request.op][0]

    @property
    def cdb(self) -> str:
        """The ten bytes as the log prints them."""
        lba, blocks = self.request.sector, self.request.sectors
        data = bytes((self.opcode, 0)) + lba.to_bytes(4, "big") + b"\0" + blocks.to_bytes(2, "big")
        return (data + b"\0").hex(" ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a command. ``busy``: not taken; ``silent``: taken and never completed.

    ``sense`` is key, code and qualifier; ``good`` the bytes transferred if nothing is wrong.
    """

    busy: bool = False
    silent: bool = False
    status: int = 0
    host: int = 0
    sense: tuple[int, int, int] | None = None
    good: int = 0
    data: bytes = b""


TIMED_OUT = Answer(host=0x03)
"""What a command ends as that was aborted, if it may not be sent again."""


class HostDriver(Protocol):
    """The low-level driver: takes commands, and helps the error handler."""

    def queue(self, disk: "ScsiDisk", command: Command) -> Answer:
        """queuecommand, up to the completion."""
        ...

    def recovered(self, disk: "ScsiDisk", command: Command) -> None:
        """Abort, and reset whatever has to be reset if that fails."""
        ...


class ScsiDisk:
    """One logical unit and its block driver. ``address`` is host, channel, target and LUN."""

    def __init__(
        self, kernel: SimKernel, host: HostDriver, disk: tuple[str, str, Medium, tuple[int, int]]
    ) -> None:
        self.kernel = kernel
        self.name, self.address, self.medium, number = disk
        self.host = host
        self.disk = Disk(kernel, name=self.name, medium=self.medium, driver=self, number=number)
        self._tag = 0
        self._window = (-_LOG_WINDOW_NS, 0)

    def say(self, level: int, text: str) -> None:
        """sdev_printk(): a line about the unit."""
        self.kernel.log.emit(level, f"sd {self.address}: {text}")

    def tell(self, level: int, command: Command, text: str) -> None:
        """scmd_printk(): a line about a command."""
        self.say(level, f"[{self.name}] tag#{command.tag} {text}")

    def execute(self, request: Request) -> tuple[str, bytes]:
        """A request, to its end: what is left after a short transfer is a command of its own."""
        out = bytearray()
        retries, at, size = 0, 0, request.sectors * SECTOR
        began = self.kernel.clock.now_ns()
        for _ in range(_MOST_TRIES):
            command = self._command(request, at)
            answer = self._sent(command)
            if answer.busy:
                self.kernel.clock.advance(_BUSY_NS)
                continue
            ruling = _decided(answer)
            if ruling.action is Action.RETRY and retries < MAX_RETRIES:
                retries += 1
            elif ruling.action is Action.AGAIN:
                self.kernel.clock.advance(_BUSY_NS)
            elif ruling.action is not Action.DONE:
                return self._given_up(command, answer, ruling.status, began)
            else:
                if answer.sense is not None:
                    self._sense(command, answer.sense)
                out += answer.data
                at += answer.good
                if at >= size:
                    return "OK", bytes(out)
        why = f"a command to {self.name} is sent again for ever"
        raise Unkillable(request.task.comm, request.task.pid, why)

    def _command(self, request: Request, at: int) -> Command:
        self._tag = (self._tag + 1) % _TAGS
        rest = replace(
            request,
            sector=request.sector + at // SECTOR,
            sectors=request.sectors - at // SECTOR,
            data=request.data[at:],
        )
        return Command(request=rest, tag=self._tag)

    def _sent(self, command: Command) -> Answer:
        """Queue it. If it does not come back, or says that it timed out, the error handler acts."""
        self.kernel.enter("scsi_queue_rq", command.request.task)
        answer = self.host.queue(self, command)
        late = answer.host and HOST_BYTES[answer.host].ruling is None
        lost = answer.silent
        if not lost and not answer.busy and self.disk.drops(None, _DONE_STACK):
            # drivers/scsi/scsi_lib.c:scsi_done_internal(): the work is done, nobody is told.
            lost = True
        if not lost and not late:
            return answer
        if lost:
            self.disk.wait_for_timeout()
        self.kernel.clock.advance(_ABORT_NS)
        self.host.recovered(self, command)
        return TIMED_OUT

    def _given_up(
        self, command: Command, answer: Answer, status: str, began: int
    ) -> tuple[str, bytes]:
        self._failed(command, answer, began)
        self.disk.log_error(command.request, status)
        self.disk.told = True
        return status, b""

    def _failed(self, command: Command, answer: Answer, began: int) -> None:
        """The three lines of a command that is given up, at most ten commands in five seconds.

        drivers/scsi/scsi_lib.c:scsi_io_completion_action()
        """
        now = self.kernel.clock.now_ns()
        start, printed = self._window
        if now - start >= _LOG_WINDOW_NS:
            start, printed = now, 0
        self._window = (start, printed + 1)
        if printed >= _LOG_BURST:
            return
        age = (now - began) // _SECOND_NS
        self.tell(
            6,
            command,
            f"FAILED Result: hostbyte={HOST_BYTES[answer.host].name} driverbyte=DRIVER_OK"
            f" cmd_age={age}s",
        )
        if answer.sense is not None:
            self._sense(command, answer.sense)
        self.tell(6, command, f"CDB: {OPCODES[command.request.op][1]} {command.cdb}")

    def _sense(self, command: Command, sense: tuple[int, int, int]) -> None:
        key, code, qualifier = sense
        text = TEXTS.get(
            (code, qualifier), f"<<vendor>>ASC=0x{code:x} <<vendor>>ASCQ=0x{qualifier:x}"
        )
        self.tell(6, command, f"Sense Key : {KEYS[key]} [current] ")
        self.tell(6, command, f"Add. Sense: {text}")


def _decided(answer: Answer) -> Ruling:
    """scsi_decide_disposition() and what scsi_io_completion() makes of it."""
    host = HOST_BYTES[answer.host].ruling
    if host is None:
        return Ruling(Action.RETRY, "IOERR")
    if host.action in (Action.RETRY, Action.AGAIN):
        return host
    if answer.sense is not None:
        found = by_sense(answer.sense[0], answer.sense[1])
        if found is None:
            raise Unmodelled(f"SCSI sense key {answer.sense[0]:#x}, code {answer.sense[1]:#x}")
        return found if host.action is Action.DONE or found.status == "PROTECTION" else host
    if host.action is not Action.DONE:
        return host
    if answer.status in BUSY_STATUS:
        return Ruling(Action.AGAIN)
    if answer.status == CONFLICT:
        return Ruling(Action.FAIL, "RESV_CONFLICT")
    if answer.status not in (0, CHECK_CONDITION):
        raise Unmodelled(f"SCSI status {answer.status:#x}")
    return Ruling(Action.DONE)
