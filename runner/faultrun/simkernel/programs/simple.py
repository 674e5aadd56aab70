"""Programs that hardly touch a file: true, sleep, seq, uname, date and their kin."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from faultrun.simkernel.cpus import Cpus
from faultrun.simkernel.digits import signed
from faultrun.simkernel.file_values import Stat
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.options import parse
from faultrun.simkernel.shell.conditions import TestError, ask
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_EPOCH_S = 1_700_000_000
_LONGEST = 1_000_000


def _true(_process: Process) -> int:
    return 0


def _false(_process: Process) -> int:
    return 1


def duration(text: str) -> int | None:
    """``1.5``, ``10s``, ``2m`` in nanoseconds; None if it is none."""
    unit = _UNITS.get(text[-1:], 0)
    digits = text[:-1] if unit else text
    if re.fullmatch(r"[0-9]{0,20}(?:\.[0-9]{0,20})?", digits) is None or digits in ("", "."):
        return None
    value = Decimal(digits)
    return int(value * (unit or 1) * 1_000_000_000) if value >= 0 else None


def _sleep(process: Process) -> int:
    if len(process.argv) < 2:
        process.complain("missing operand")
        return 1
    for text in process.argv[1:]:
        length = duration(text)
        if length is None:
            process.complain(f"invalid time interval '{text}'")
            return 1
        process.machine.sleep(length)
    return 0


def _seq(process: Process) -> int:
    found = parse(process, "w", "s", ("separator=", "equal-width"))
    read = [signed(word) for word in found.operands]
    numbers = [value for value in read if value is not None]
    if len(numbers) < len(read):
        raise Unmodelled("seq with other than whole numbers")
    if not 1 <= len(numbers) <= 3:
        process.complain(
            "missing operand" if not numbers else f"extra operand '{found.operands[3]}'"
        )
        return 1
    first = numbers[0] if len(numbers) > 1 else 1
    step = numbers[1] if len(numbers) == 3 else 1
    last = numbers[-1]
    if step == 0:
        process.complain("invalid Zero increment value: '0'")
        return 1
    if abs(last - first) // abs(step) > _LONGEST:
        raise Unmodelled(f"seq of more than {_LONGEST} numbers")
    texts = [str(value) for value in range(first, last + (1 if step > 0 else -1), step)]
    if found.has("w", "equal-width"):
        width = max((len(text) for text in texts), default=0)
        texts = [text.zfill(width) for text in texts]
    separator = found.value("s", "separator", default="\n")
    if texts:
        process.out(separator.join(texts) + "\n")
    return 0


def _uname(process: Process) -> int:
    found = parse(process, "asnrvmpio")
    kernel = process.machine.kernel
    parts = {
        "s": "Linux", "n": "simulated", "r": str(kernel.version),
        "v": "#1 SMP PREEMPT_DYNAMIC", "m": "x86_64", "o": "GNU/Linux",
    }  # fmt: skip
    chosen = "snrvmo" if found.has("a") else "".join(found.flags) or "s"
    process.out(" ".join(parts[key] for key in parts if key in chosen) + "\n")
    return 0


def _date(process: Process) -> int:
    form = next((word[1:] for word in process.argv[1:] if word.startswith("+")), "")
    now = process.machine.kernel.clock.now_ns()
    seconds = _EPOCH_S + now // 1_000_000_000
    if form not in ("%s", "%s%N", "%s.%N", "%N"):
        raise Unmodelled("date with any format but +%s and %N")
    process.out(form.replace("%s", str(seconds)).replace("%N", f"{now % 1_000_000_000:09d}") + "\n")
    return 0


def _basename(process: Process) -> int:
    words = process.argv[1:]
    if not words:
        process.complain("missing operand")
        return 1
    name = words[0].rstrip("/").rpartition("/")[2] or "/"
    if len(words) > 1 and name != words[1]:
        name = name.removesuffix(words[1])
    process.out(name + "\n")
    return 0


def _dirname(process: Process) -> int:
    if len(process.argv) < 2:
        process.complain("missing operand")
        return 1
    head, slash, _ = process.argv[1].rstrip("/").rpartition("/")
    process.out((head or ("/" if slash else ".")) + "\n")
    return 0


def _id(process: Process) -> int:
    found = parse(process, "ugn")
    uid = process.task.uid
    if uid and found.has("u") and not found.has("n"):
        process.out(f"{uid}\n")
    elif uid:
        raise Unmodelled("id of another user than root with other options than -u")
    elif found.has("n"):
        process.out("root\n")
    else:
        process.out("0\n" if found.flags else "uid=0(root) gid=0(root) groups=0(root)\n")
    return 0


def _pwd(process: Process) -> int:
    process.out(process.cwd + "\n")
    return 0


def _nproc(process: Process) -> int:
    process.out(f"{len(process.machine.kernel.facility(Cpus).online)}\n")
    return 0


def _test(process: Process) -> int:
    words = process.argv[1:]
    if process.name == "[":
        if words[-1:] != ("]",):
            process.complain("missing ']'")
            return 2
        words = words[:-1]
    try:
        return 0 if ask(words, _World(process)) else 1
    except TestError as wrong:
        process.complain(str(wrong))
        return 2


def _expr(process: Process) -> int:
    words = process.argv[1:]
    if len(words) == 3 and words[1] in "+-*/%":
        left, right = signed(words[0]), signed(words[2])
        if left is None or right is None:
            process.complain("non-integer argument")
            return 2
        if words[1] in "/%" and right == 0:
            process.complain("division by zero")
            return 2
        quotient = abs(left) // abs(right or 1) * (1 if (left < 0) == (right < 0) else -1)
        value = {
            "+": left + right, "-": left - right, "*": left * right, "/": quotient,
            "%": left - right * quotient,
        }[words[1]]  # fmt: skip
        process.out(f"{value}\n")
        return 0 if value else 1
    raise Unmodelled(f"expr {' '.join(words)}")


class _World:
    def __init__(self, process: Process) -> None:
        self._process = process

    def status(self, path: str) -> Stat | None:
        """stat(2)."""
        try:
            return self._process.stat(path)
        except SimErrno:
            return None

    def is_terminal(self, fd: int) -> bool:
        """Nothing is a terminal."""
        del fd
        return False

    def has_variable(self, name: str) -> bool:
        """A program sees no shell variables, but the environment."""
        return name in self._process.env

    def has_option(self, name: str) -> bool:
        """A program has no shell options."""
        del name
        return False


PROGRAMS: Mapping[str, Callable[[Process], int]] = {
    "true": _true, "false": _false, "sleep": _sleep, "seq": _seq, "uname": _uname, "date": _date,
    "basename": _basename, "dirname": _dirname, "id": _id, "pwd": _pwd, "nproc": _nproc,
    "test": _test, "[": _test, "expr": _expr, "udevadm": _true,
}  # fmt: skip
