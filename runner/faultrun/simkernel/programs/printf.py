"""printf: formats as bash and coreutils read them."""

import re
from collections.abc import Sequence

from faultrun.simkernel.digits import signed
from faultrun.simkernel.process import Process
from faultrun.simkernel.shell.words import unescape
from faultrun.simkernel.unmodelled import Unmodelled

_DIRECTIVE = re.compile(
    r"%([-+ #0]*)(\*|[0-9]{1,9})?(?:\.(\*|[0-9]{0,9}))?(?:hh|h|ll|l|j|z|t)?([a-zA-Z%])"
)


_WIDEST = 1 << 20
_OCTAL = tuple("01234567")


class PrintfError(Exception):
    """A format that printf refuses."""


def format_all(form: str, args: Sequence[str]) -> tuple[str, list[str]]:
    """The text, using the format again while arguments are left, and what was wrong."""
    rest = list(args)
    wrong: list[str] = []
    out: list[str] = []
    while True:
        before = len(rest)
        text, stop = _once(form, rest, wrong)
        out.append(text)
        if stop or not rest or len(rest) == before:
            return "".join(out), wrong


def _once(form: str, rest: list[str], wrong: list[str]) -> tuple[str, bool]:
    out: list[str] = []
    here = 0
    while here < len(form):
        char = form[here]
        if char == "\\":
            if form[here + 1 : here + 2] == "c":
                return "".join(out), True
            text, here = unescape(form, here + 1)
            out.append(text)
        elif char == "%":
            found = _DIRECTIVE.match(form, here)
            if found is None:
                raise PrintfError(f"`{form[here:]}': missing format character")
            out.append(_directive(found, rest, wrong))
            here = found.end()
        else:
            out.append(char)
            here += 1
    return "".join(out), False


def _directive(found: re.Match[str], rest: list[str], wrong: list[str]) -> str:
    flags, width, precision, kind = found.groups()
    if kind == "%":
        return "%"
    if width == "*":
        width = rest.pop(0) if rest else "0"
    if precision == "*":
        precision = rest.pop(0) if rest else "0"
    if max(abs(signed(width or "0") or 0), abs(signed(precision or "0") or 0)) > _WIDEST:
        raise Unmodelled(f"printf with a field of {width or precision} characters")
    width, precision = _field(width), _field(precision)
    value = rest.pop(0) if rest else ""
    spec = f"%{flags}{width or ''}{'' if precision is None else '.' + precision}"
    if kind == "s":
        return (spec + "s") % value
    if kind == "b":
        return (spec + "s") % _escaped(value)
    if kind == "c":
        return (spec + "s") % value[:1]
    if kind == "q":
        return (spec + "s") % quoted(value)
    if kind in "di":
        return (spec + "d") % _number(value, wrong)
    if kind in "uxXo":
        number = _number(value, wrong) & ((1 << 64) - 1)
        text = (spec + kind.replace("u", "d")) % number
        return text.replace("0o", "0") if kind == "o" else text
    if kind in "feEgG":
        try:
            return (spec + kind) % float(value or "0")
        except (ValueError, OverflowError):
            wrong.append(f"{value}: invalid number")
            return (spec + kind) % 0.0
    raise PrintfError(f"`{kind}': invalid format character")


def _field(text: str | None) -> str | None:
    """A width or precision that came as an argument; what is no number counts as 0."""
    return text if not text else str(signed(text) or 0)


def _number(text: str, wrong: list[str]) -> int:
    if not text:
        return 0
    if text[0] in "'\"":
        return ord(text[1]) if len(text) > 1 else 0
    sign = -1 if text[0] == "-" else 1
    body = text[1:] if text[0] in "+-" else text
    try:
        if body[:2] in ("0x", "0X"):
            return sign * int(_strict(body[2:], "0123456789abcdefABCDEF"), 16)
        if len(body) > 1 and body[0] == "0":
            return sign * int(_strict(body, "01234567"), 8)
        return sign * int(_strict(body, "0123456789"))
    except ValueError:
        wrong.append(f"{text}: invalid number")
        found = re.match(r"[-+]?[0-9]{1,40}", text)
        return int(found.group()) if found else 0


def _strict(text: str, digits: str) -> str:
    """The text, if it is a number of these digits. Raises ValueError for what Python also takes."""
    if not text or len(text) > 64 or any(char not in digits for char in text):
        raise ValueError(text)
    return text


def _escaped(text: str) -> str:
    out: list[str] = []
    here = 0
    while here < len(text):
        if text[here] == "\\":
            # Of an argument, unlike a format, a leading 0 does not count as one of three digits.
            skipped = text[here + 1 : here + 2] == "0" and text[here + 2 : here + 3] in _OCTAL
            char, here = unescape(text, here + 1 + skipped)
            out.append(char)
        else:
            out.append(text[here])
            here += 1
    return "".join(out)


def quoted(text: str) -> str:
    """The text so that a shell reads it back."""
    if text and re.fullmatch(r"[\w@%+=:,./-]+", text):
        return text
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", text) if text else "''"


def printf(process: Process) -> int:
    """``/usr/bin/printf``."""
    if len(process.argv) < 2:
        process.complain("missing operand")
        return 1
    try:
        text, wrong = format_all(process.argv[1], process.argv[2:])
    except PrintfError as bad:
        process.complain(str(bad))
        return 1
    process.out(text)
    for message in wrong:
        process.complain(message)
    return 1 if wrong else 0
