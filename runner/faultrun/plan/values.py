"""A value of a campaign as the text that a control file takes and, where it can, gives back."""

from faultrun.model.capability import AttrKind
from faultrun.model.data import Scalar

_DIGITS = {AttrKind.X16: 4, AttrKind.XUL: 16, AttrKind.RETVAL: 16, AttrKind.HEX: 1}
_U64 = 2**64


def text_of(kind: AttrKind, value: Scalar) -> str:
    """The text to write, without the newline, in the form in which the kernel prints it.

    A text that is no number is left as it is: the language refuses it, the kernel would too.
    """
    if kind is AttrKind.BOOL:
        return "Y" if truth(value) else "N"
    found = number(value) if kind is not AttrKind.TEXT else None
    if found is None:
        return str(value)
    if kind is AttrKind.RETVAL:
        # kernel/fail_function.c:fei_retval_set() takes unsigned numbers only.
        found %= _U64
    digits = _DIGITS.get(kind)
    return str(found) if digits is None or found < 0 else f"0x{found:0{digits}x}"


def truth(value: Scalar) -> bool:
    """Yes or no as the kernel reads it (lib/kstrtox.c:kstrtobool())."""
    if isinstance(value, str):
        return value[:1] in {"y", "Y", "t", "T", "1"} or value[:2].lower() == "on"
    return bool(value)


def number(value: Scalar) -> int | None:
    """The number that is meant, in any base that the kernel reads; None if it is none."""
    if not isinstance(value, str):
        return int(value)
    try:
        return int(value, 0)
    except ValueError:
        return None
