"""How the kernel reads numbers from text (lib/kstrtox.c:kstrtoull(), kstrtoll(), kstrtobool())."""

import re

from faultrun.kernel.version import KernelVersion

U64_MAX = 2**64 - 1
S64_MAX = 2**63 - 1
BUFFER = 23
"""fs/libfs.c:simple_attr_write() parses a 24-byte buffer with its terminator, and no more."""

S32_MAX = 2**31 - 1

BLANKS = " \t\n\v\f\r\xa0"
"""What lib/ctype.c:_ctype[] calls white space; the last is Latin-1's hard space."""

_BODY = re.compile(r"0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*)")
_LONG = r"[0-9]{1,4095}"
"""Digits of a number that is never refused: sysfs and boot options hand over a page at most."""

_SCAN = re.compile(rf"[{BLANKS}]*(-?{_LONG})")
_DIGITS = re.compile(_LONG)
_MOST_DIGITS = 20
"""Decimal digits of the largest 64-bit number."""


class Refused(Exception):
    """The kernel's parser said no. ``name`` is the errno name, EINVAL or ERANGE."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def kstrtoull(text: str) -> int:
    """An unsigned 64-bit number in base 0 with at most one ``+``. Raises Refused."""
    return _magnitude(text.removeprefix("+"))


def kstrtoll(text: str) -> int:
    """A signed 64-bit number in base 0 with at most one sign. Raises Refused."""
    if text.startswith("-"):
        value = _magnitude(text[1:])
        if value > S64_MAX + 1:
            raise Refused("ERANGE")
        return -value
    value = _magnitude(text.removeprefix("+"))
    if value > S64_MAX:
        raise Refused("ERANGE")
    return value


def kstrtoint(text: str) -> int:
    """A signed 32-bit number by the rules of ``kstrtoll``. Raises Refused."""
    value = kstrtoll(text)
    if not -S32_MAX - 1 <= value <= S32_MAX:
        raise Refused("ERANGE")
    return value


def _magnitude(text: str) -> int:
    """The digits of ``_kstrtoull()``: too large is said before what follows is looked at."""
    if "\0" in text:
        text = c_string(text)
    found = _BODY.match(text)
    if found is None:
        raise Refused("EINVAL")
    hexadecimal, octal, decimal = found.groups()
    if hexadecimal is not None:
        value = int(hexadecimal, 16)
    elif octal is not None:
        value = int(octal or "0", 8)
    else:
        value = int(decimal) if len(decimal) <= _MOST_DIGITS else U64_MAX + 1
    if value > U64_MAX:
        raise Refused("ERANGE")
    if text[found.end() :] not in ("", "\n"):
        raise Refused("EINVAL")
    return value


def c_string(text: str) -> str:
    """What a parser of C strings sees of a buffer: nothing from the first NUL on."""
    return text.partition("\0")[0]


def scanned_int(text: str, version: KernelVersion) -> int | None:
    """``sscanf("%d")`` (lib/vsprintf.c:vsscanf()): blanks, a minus or none, decimal digits.

    Without a digit nothing is stored, which is None here. Too much is cut to 32 bits.
    """
    found = _SCAN.match(c_string(text))
    if found is None:
        return None
    value = int(found[1])
    kept = _kept(abs(value), version)
    return signed(-kept if value < 0 else kept, 32)


def simple_strtoul(text: str, version: KernelVersion) -> int:
    """The decimal digits at the very start (lib/vsprintf.c:simple_strtoul()); none are 0."""
    found = _DIGITS.match(text)
    return 0 if found is None else _kept(int(found[0]), version)


def _kept(value: int, version: KernelVersion) -> int:
    """More than 64 bits wrap, and saturate since 7.3 (lib/kstrtox.c:_parse_integer_limit())."""
    return min(value, U64_MAX) if version.has("7.3", None) else value & U64_MAX


def kstrtobool(text: str, version: KernelVersion) -> bool | None:
    """A bool from its first characters, or None where the kernel would not understand."""
    first = text[:1]
    if first and first in "yYtT1":
        return True
    if first and first in "nNfF0":
        return False
    if version.has("6.19", None) and first and first in "eE":
        return True
    if version.has("6.19", None) and first and first in "dD":
        return False
    if first in ("o", "O"):
        second = text[1:2]
        if second in ("n", "N"):
            return True
        if second in ("f", "F"):
            return False
    return None


def signed(value: int, bits: int) -> int:
    """The value cut to that many bits and read as a signed number."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value
