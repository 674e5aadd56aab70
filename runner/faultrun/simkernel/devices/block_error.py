"""A disk's ``error_injection`` file: rules that end bios with a status of one's choice.

Kernel: block/error-injection.c, since 7.3.
"""

from dataclasses import dataclass

from faultrun.capabilities.block_error import BLK_ERROR_INJECTION, STATUSES
from faultrun.kernel.blk_op import OPS
from faultrun.kernel.blk_status import text_of
from faultrun.kernel.numbers import Refused, kstrtoull
from faultrun.simkernel.kernel import DEBUGFS, SimKernel
from faultrun.simkernel.prng import Prng
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

SINCE = BLK_ERROR_INJECTION.since
_U64 = 2**64 - 1
_U32 = 2**32 - 1
_BURST = 10
_WINDOW_NS = 5_000_000_000
_NUMBERS = {"start": _U64, "nr_sectors": _U64, "chance": _U32}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRule:
    """One rule: bios of exactly that operation that touch these sectors, one in ``chance``."""

    op: str
    status: str
    start: int
    end: int
    chance: int

    def line(self) -> str:
        """As a read of the file shows it."""
        return f"{self.start}:{self.end} op={self.op},status={self.status},chance={self.chance}\n"


class ErrorRules:
    """The rules of one disk, the newest first, and the file that shows and takes them."""

    __slots__ = ("_disk", "_kernel", "_missed", "_printed", "_prng", "_window_ns", "gone", "rules")

    def __init__(self, kernel: SimKernel, disk: str) -> None:
        self._kernel = kernel
        self._disk = disk
        self.rules: tuple[ErrorRule, ...] = ()
        self.gone = False
        self._prng: Prng | None = None
        self._window_ns, self._printed, self._missed = -_WINDOW_NS, 0, 0

    def status(self, op: str, sector: int, sectors: int, task: SimTask) -> str:
        """The status with which a bio ends here, or empty. A bio without data never meets a rule.

        A dry run counts where a rule would hit, and lets the bio go on.
        """
        if not self.rules or not sectors:
            return ""
        for rule in self.rules:
            if op != rule.op or sector > rule.end or sector + sectors <= rule.start:
                continue
            if rule.chance > 1 and self._draw(rule.chance):
                continue
            if self._kernel.counting:
                self._kernel.met(f"{DEBUGFS}/block/{self._disk}", task, rule.op)
                return ""
            self._log(rule, sector, sectors)
            return rule.status
        return ""

    def read(self, _task: SimTask | None) -> str:
        """The rules, a line each."""
        return "".join(rule.line() for rule in self.rules)

    def write(self, text: str, _task: SimTask | None) -> None:
        """``add,op=...`` or ``removeall``. Raises SimErrno EINVAL, or what a number is refused with."""
        options: dict[str, str] = {}
        actions: list[str] = []
        for word in text.replace("\n", ",").split(","):
            if word in ("add", "removeall"):
                actions.append(word)
                if len(actions) > 1:
                    raise SimErrno("EINVAL")
            elif word:
                name, value = self._option(word)
                options[name] = value
        if not actions or (actions == ["removeall"] and options):
            raise SimErrno("EINVAL")
        if actions == ["removeall"]:
            self.rules = ()
        else:
            self.rules = (self._rule(options), *self.rules)

    def end(self) -> None:
        """The disk is gone, and its rules with it."""
        self.rules = ()
        self.gone = True

    def _draw(self, chance: int) -> int:
        if self._prng is None:
            self._prng = self._kernel.stream(f"error_injection/{self._disk}")
        return self._prng.below(chance)

    def _option(self, word: str) -> tuple[str, str]:
        name, sign, value = word.partition("=")
        known = name in ("op", "status") or (name in _NUMBERS and value[:1].isdigit())
        if not known or not sign or not value:
            self._warn(f"unknown parameter or missing value '{word}'")
            raise SimErrno("EINVAL")
        if name == "op" and value not in OPS:
            self._warn(f"invalid op '{value}'")
        if name == "status" and value not in STATUSES:
            self._warn(f"invalid status '{value}'")
        if name in _NUMBERS:
            number = _number(value, _NUMBERS[name])
            if name == "chance" and number == 0:
                raise SimErrno("EINVAL")
            value = str(number)
        return name, value

    def _rule(self, options: dict[str, str]) -> ErrorRule:
        op, status = options.get("op", ""), options.get("status", "")
        if op not in OPS or status not in STATUSES:
            raise SimErrno("EINVAL")
        start, count = int(options.get("start", "0")), int(options.get("nr_sectors", "0"))
        if count and start + count > _U64:
            raise SimErrno("EINVAL")
        return ErrorRule(
            op=op,
            status=status,
            start=start,
            end=start + count - 1 if count else _U64,
            chance=int(options.get("chance", "1")),
        )

    def _warn(self, text: str) -> None:
        self._kernel.log.emit(4, text)

    def _log(self, rule: ErrorRule, sector: int, sectors: int) -> None:
        """At most ten lines in five seconds (include/linux/printk.h:pr_info_ratelimited())."""
        now = self._kernel.clock.now_ns()
        if now - self._window_ns >= _WINDOW_NS:
            if self._missed:
                self._warn(f"__blk_error_inject: {self._missed} callbacks suppressed")
            self._window_ns, self._printed, self._missed = now, 0, 0
        if self._printed >= _BURST:
            self._missed += 1
            return
        self._printed += 1
        text = text_of(rule.status, self._kernel.version)
        self._kernel.log.emit(
            6, f"{self._disk}: injecting {text} error for {rule.op} at sector {sector}:{sectors}"
        )


def _number(text: str, limit: int) -> int:
    """lib/parser.c:match_u64(), match_uint(): a whole number in any of C's bases."""
    try:
        value = kstrtoull(text)
    except Refused as refused:
        raise SimErrno(refused.name) from None
    if value > limit:
        raise SimErrno("ERANGE")
    return value
