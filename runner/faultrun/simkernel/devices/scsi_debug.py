"""The scsi_debug driver: its options, its command counter, and what they do to commands.

Kernel: drivers/scsi/scsi_debug.c; modelled by hand from it, the lines of loading and of every_nth
from a recording of Linux 6.12.
"""

from dataclasses import dataclass, field

from faultrun.kernel.scsi import CHECK_CONDITION, HOST_BYTES, OPCODES
from faultrun.simkernel.devices.medium import SECTOR
from faultrun.simkernel.devices.scsi_disk import Answer, Command, ScsiDisk
from faultrun.simkernel.devices.scsi_errors import (
    ABORT,
    COMMAND,
    LUN_RESET,
    QUEUE,
    TIMEOUT,
    ErrorRules,
)
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.unmodelled import Unmodelled

NOISE = 0x1
MEDIUM_ERR = 0x2
OPT_TIMEOUT = 0x4
RECOVERED_ERR = 0x8
TRANSPORT_ERR = 0x10
DIF_ERR = 0x20
DIX_ERR = 0x40
MAC_TIMEOUT = 0x80
SHORT_TRANSFER = 0x100
Q_NOISE = 0x200
RESET_NOISE = 0x2000
NO_CDB_NOISE = 0x4000
HOST_BUSY = 0x8000
CMD_ABORT = 0x10000
ALL_NOISE = NOISE | Q_NOISE | RESET_NOISE
"""SDEBUG_OPT_* of drivers/scsi/scsi_debug.c."""

BAD_START, BAD_COUNT = 0x1234, 10
"""OPT_MEDIUM_ERR_ADDR, OPT_MEDIUM_ERR_NUM: the sectors that cannot be read with opts bit 1."""

PLACE = "/sys/bus/pseudo/drivers/scsi_debug"
UNITS = "/sys/kernel/debug/scsi_debug"
_DID_ABORT = 0x05
_JIFFY_NS = 4_000_000
_TINY_NS = 10_000

_MEDIUM = (0x3, 0x11, 0)
_RECOVERED = (0x1, 0x5D, 0)
_GUARD_DIF = (0xB, 0x10, 1)
_GUARD_DIX = (0x5, 0x10, 1)
_TRANSPORT = (0xB, 0x4B, 3)


@dataclass(slots=True)
class Counts:
    """What /proc/scsi/scsi_debug/<n> counts; the first two only while statistics are on."""

    commands: int = 0
    completions: int = 0
    aborts: int = 0
    resets: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("device", "target", "bus", "host"), 0)
    )


class ScsiDebug:
    """The module: one set of options for all its hosts."""

    def __init__(self, kernel: SimKernel) -> None:
        self.kernel = kernel
        self.opts = 0
        self.every_nth = 0
        self.statistics = False
        self.delay = 1
        self.ndelay = 0
        self.bad_start = BAD_START
        self.bad_count = BAD_COUNT
        self.counts = Counts()
        self.rules: dict[str, ErrorRules] = {}
        self.fail_reset: dict[str, bool] = {}
        self._pending = False

    @property
    def verbose(self) -> bool:
        """sdebug_verbose."""
        return bool(self.opts & NOISE)

    def rules_of(self, address: str) -> ErrorRules:
        """The error rules of a logical unit."""
        return self.rules.setdefault(address, ErrorRules())

    def tweak(self) -> None:
        """Round the counter down, so that a full period passes before the next trigger."""
        period = abs(self.every_nth)
        if period > 1:
            self.counts.commands -= self.counts.commands % period

    def queue(self, disk: ScsiDisk, command: Command) -> Answer:
        """scsi_debug_queuecommand()."""
        now = self._counted()
        if self.verbose and not self.opts & NO_CDB_NOISE:
            disk.say(6, f"scsi_debug: tag={command.tag:#x}, cmd {command.cdb} ")
        if now or (not self.every_nth and self._unreadable(command)):
            self.kernel.met(PLACE, command.request.task, OPCODES[command.request.op][1])
        if now and self.opts & HOST_BUSY:
            return Answer(busy=True)
        told = self._by_rule(disk, command)
        if told is not None:
            return told
        self._pending = self._pending or now
        if self._times_out():
            return Answer(silent=True)
        return self._scheduled(disk, command)

    def recovered(self, disk: ScsiDisk, command: Command) -> None:
        """Abort; where that fails reset the unit, its target, its bus: the bus always works."""
        rules, opcode = self.rules_of(disk.address), command.opcode
        self.counts.aborts += 1
        if self.opts & ALL_NOISE:
            disk.say(6, "scsi_debug_abort: command not found")
        if rules.hit(ABORT, opcode) is None:
            return
        disk.tell(6, command, f"fail abort command 0x{opcode:x}")
        self._reset(disk, "device")
        if rules.hit(LUN_RESET, opcode) is not None:
            disk.tell(6, command, f"fail lun reset 0x{opcode:x}")
            self._reset(disk, "target")
            if self.fail_reset.get(target_of(disk.address), False):
                disk.tell(6, command, f"fail target reset 0x{opcode:x}")
                self._reset(disk, "bus")
        # scsi_eh_tur(): a TEST UNIT READY gets the unit attention, a second one is fine.
        self._pending = self._counted() or self._pending
        disk.say(4, "Power-on or device reset occurred")
        self._pending = self._counted() or self._pending

    def _counted(self) -> bool:
        """Count a command; whether an injection is due (inject_on_this_cmd())."""
        if not self.statistics:
            return False
        self.counts.commands += 1
        return self.every_nth != 0 and self.counts.commands % abs(self.every_nth) == 0

    def _reset(self, disk: ScsiDisk, what: str) -> None:
        self.counts.resets[what] += 1
        if self.opts & ALL_NOISE:
            disk.say(6, f"scsi_debug_{what}_reset")

    def _times_out(self) -> bool:
        """fake_timeout(): all our commands are of the medium, so that both options mean the same.

        It looks at the counter again, whether or not statistics are on.
        """
        if not self.every_nth or self.counts.commands % abs(self.every_nth):
            return False
        self.every_nth = max(self.every_nth, -1)
        return bool(self.opts & (OPT_TIMEOUT | MAC_TIMEOUT))

    def _by_rule(self, disk: ScsiDisk, command: Command) -> Answer | None:
        """The unit's own error rules, from 6.8 on."""
        opcode = command.opcode
        if self.kernel.version.has("6.8", None):
            name = OPCODES[command.request.op][1]
            self.kernel.met(f"{UNITS}/{disk.address}", command.request.task, name)
        rules = self.rules.get(disk.address)
        if rules is None:
            return None
        if rules.hit(TIMEOUT, opcode) is not None:
            disk.tell(6, command, f"timeout command 0x{opcode:x}")
            return Answer(silent=True)
        rule = rules.hit(QUEUE, opcode)
        if rule is not None and rule.answer[0]:
            disk.tell(6, command, f"fail queue command 0x{opcode:x} with 0x{rule.answer[0]:x}")
            return Answer(busy=True)
        rule = rules.hit(COMMAND, opcode)
        if rule is None:
            return None
        host, driver, status, key, code, qualifier = rule.answer
        disk.tell(
            6,
            command,
            f"fail command 0x{opcode:x} with hostbyte=0x{host:x}, driverbyte=0x{driver:x},"
            f" statusbyte=0x{status:x}, sense_key=0x{key:x}, asc=0x{code:x}, asq=0x{qualifier:x}",
        )
        if host not in HOST_BYTES:
            raise Unmodelled(f"SCSI host byte {host:#x}")
        sense = (key, code, qualifier) if status == CHECK_CONDITION else None
        # Completed without the work: a read that is said to have gone well leaves its buffer alone.
        size = command.request.sectors * SECTOR
        data = bytes(size) if command.request.op == "READ" else b""
        return Answer(status=status, host=host, sense=sense, good=size, data=data)

    def _scheduled(self, disk: ScsiDisk, command: Command) -> Answer:
        """schedule_resp(): the work, then what goes wrong with it."""
        self.kernel.clock.advance(self._delay_ns())
        answer = self._responded(disk, command)
        if answer.status == 0 and self._takes(TRANSPORT_ERR):
            answer = self._check(disk, _TRANSPORT)
        if self.verbose and answer.status:
            result = answer.host << 16 | answer.status
            disk.say(6, f"schedule_resp: non-zero result=0x{result:x}")
        if self.delay < 0 and self._takes(CMD_ABORT):
            disk.say(6, f"abort request tag={command.tag:#x}")
            return Answer(silent=True)
        if self.statistics:
            self.counts.completions += 1
        return answer

    def _responded(self, disk: ScsiDisk, command: Command) -> Answer:
        """resp_read_dt0(), resp_write_dt0() and their kin."""
        request, medium = command.request, disk.medium
        blocks, data = request.sectors, b""
        if request.op == "READ":
            if self._takes(SHORT_TRANSFER):
                blocks //= 2
            if self.opts & MEDIUM_ERR and self._unreadable(command, blocks):
                return self._check(disk, _MEDIUM)
            data = medium.read(request.sector * SECTOR, blocks * SECTOR)
        elif request.op == "WRITE":
            medium.write(request.sector * SECTOR, request.data)
        elif request.op != "FLUSH":
            medium.clear(request.sector * SECTOR, blocks * SECTOR)
        good = blocks * SECTOR
        if request.op in ("READ", "WRITE"):
            if self._takes(RECOVERED_ERR):
                return self._check(disk, _RECOVERED, good=good, data=data)
            if self._takes(DIF_ERR):
                return self._check(disk, _GUARD_DIF, host=_DID_ABORT)
            if self._takes(DIX_ERR):
                return self._check(disk, _GUARD_DIX, host=_DID_ABORT)
        return Answer(good=good, data=data)

    def _unreadable(self, command: Command, blocks: int | None = None) -> bool:
        """Whether a read touches the sectors that opts bit 1 spoils, whatever every_nth says."""
        request = command.request
        last = self.bad_start + self.bad_count - 1
        end = request.sector + (request.sectors if blocks is None else blocks)
        return request.op == "READ" and request.sector <= last and end > self.bad_start

    def _takes(self, option: int) -> bool:
        """Whether an option is on and an injection is pending, which it then uses up."""
        if not self.opts & option or not self._pending:
            return False
        self._pending = False
        return True

    def _check(
        self,
        disk: ScsiDisk,
        sense: tuple[int, int, int],
        *,
        host: int = 0,
        good: int = 0,
        data: bytes = b"",
    ) -> Answer:
        """mk_sense_buffer() and CHECK CONDITION."""
        if self.verbose:
            told = ",".join(f"0x{value:x}" for value in sense)
            disk.say(6, f"scsi_debug:  [sense_key,asc,ascq]: [{told}]")
        return Answer(status=CHECK_CONDITION, host=host, sense=sense, good=good, data=data)

    def _delay_ns(self) -> int:
        if self.ndelay:
            return self.ndelay
        return self.delay * _JIFFY_NS if self.delay > 0 else _TINY_NS


def target_of(address: str) -> str:
    """``0:0:0:0`` -> ``0:0:0``: the target of a logical unit."""
    return address.rpartition(":")[0]
