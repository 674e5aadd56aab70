"""A boot option's ``<interval>,<probability>,<space>,<times>``, read and written as the kernel does.

Kernel: lib/fault-inject.c:setup_fault_attr(), with sscanf("%lu,%lu,%d,%d") of lib/vsprintf.c:
vsscanf(). The interval comes first here, and nowhere else.
"""

from dataclasses import dataclass

from faultrun.kernel.numbers import U64_MAX, signed
from faultrun.kernel.version import KernelVersion

FIELDS = ("interval", "probability", "space", "times")
"""The attributes in the order of the string."""

GRAMMAR = "<interval>,<probability>,<space>,<times>"

FAILED = "FAULT_INJECTION: failed to parse arguments"
"""What the kernel logs, as a warning, of a string that it cannot read."""

_SIGNED = ("space", "times")
_SPACE = b" \t\n\v\f\r\xa0"
"""lib/ctype.c:_ctype[], on bytes: the last is Latin-1's hard space."""

_CHUNK = 18
_CERTAINLY_MORE = 21
"""A number of so many digits, without leading zeros, is above 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a setup string sets; every other attribute keeps its default."""

    interval: int
    probability: int
    space: int
    times: int

    def text(self) -> str:
        """The setup string that sets this, the same in every kernel version."""
        return f"{self.interval},{self.probability},{self.space},{self.times}"

    def values(self) -> dict[str, int]:
        """The values by attribute, in the order of the string."""
        return {
            "interval": self.interval,
            "probability": self.probability,
            "space": self.space,
            "times": self.times,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A number that did not fit: what was written, and what the kernel keeps of it."""

    name: str
    written: str
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A string that the kernel takes. ``ignored`` is what follows the fourth number."""

    setup: Setup
    cuts: tuple[Cut, ...] = ()
    ignored: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A string that the kernel refuses: ``read`` of the four numbers were read before ``rest``."""

    read: int
    rest: str

    def reason(self) -> str:
        """In words."""
        at = f"at {self.rest[:40]!r}" if self.rest else "at its end"
        return f"{self.read} of 4 numbers read, stopped {at}"


def read(text: str, version: KernelVersion) -> Reading | Refusal:
    """What the kernel makes of a setup string.

    All four numbers are needed. White space may stand before each, not before a comma. Digits are
    decimal; only the last two may have a minus, none a plus. What follows the fourth is ignored.
    """
    data = text.encode("utf-8", "surrogateescape").partition(b"\0")[0]
    values: dict[str, int] = {}
    cuts: list[Cut] = []
    for count, name in enumerate(FIELDS):
        start = data if count == 0 else data.removeprefix(b",")
        digits, rest = _number(start.lstrip(_SPACE), minus=name in _SIGNED)
        if not digits or (count and not data.startswith(b",")):
            stopped = data if count and not data.startswith(b",") else start
            return Refusal(read=count, rest=_text(stopped))
        kept = _kept(digits, version, minus=name in _SIGNED)
        values[name] = kept
        if _differs(digits, kept):
            cuts.append(Cut(name=name, written=digits, kept=kept))
        data = rest
    return Reading(setup=Setup(**values), cuts=tuple(cuts), ignored=_text(data))


def _number(data: bytes, *, minus: bool) -> tuple[str, bytes]:
    """The number that the text starts with and what follows it; an empty number if there is none."""
    sign = 1 if minus and data.startswith(b"-") else 0
    end = sign
    while data[end : end + 1].isdigit():
        end += 1
    return ("", data) if end == sign else (data[:end].decode("ascii"), data[end:])


def _kept(digits: str, version: KernelVersion, *, minus: bool) -> int:
    """What is stored: ``%lu`` fills 64 bits, ``%d`` is cut to 32.

    Too many digits wrap; since 7.3 they saturate at 2^64-1. That was seen with ``%lu``; both
    conversions read their digits by the same function (lib/vsprintf.c:simple_strntoull()).
    """
    negative = digits.startswith("-")
    magnitude = _magnitude(digits.lstrip("-"), saturates=version.has("7.3", None))
    return signed(-magnitude if negative else magnitude, 32) if minus else magnitude


def _magnitude(digits: str, *, saturates: bool) -> int:
    bare = digits.lstrip("0") or "0"
    if saturates and (len(bare) >= _CERTAINLY_MORE or int(bare) > U64_MAX):
        return U64_MAX
    value = 0
    for at in range(0, len(bare), _CHUNK):
        part = bare[at : at + _CHUNK]
        value = (value * 10 ** len(part) + int(part)) & U64_MAX
    return value


def _differs(digits: str, kept: int) -> bool:
    bare = digits.lstrip("-").lstrip("0") or "0"
    sign = "-" if digits.startswith("-") and bare != "0" else ""
    return f"{sign}{bare}" != str(kept)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
