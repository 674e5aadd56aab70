"""printf: formats as bash and coreutils read them."""

import re
from collections.abc import Sequence

from faultrun.simkernel.process import Process
from faultrun.simkernel.shell.words import unescape

_DIRECTIVE = re.compile(r"%([-+ #0]*)(\*|\d+)?(?:\.(\*|\d*))?(?:hh|h|ll|l|j|z|t)?([a-zA-Z%])")


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
        except ValueError:
            wrong.append(f"{value}: invalid number")
            return (spec + kind) % 0.0
    raise PrintfError(f"`{kind}': invalid format character")


def _number(text: str, wrong: list[str]) -> int:
    if not text:
        return 0
    if text[0] in "'\"":
        return ord(text[1]) if len(text) > 1 else 0
    sign = -1 if text[0] == "-" else 1
    body = text.lstrip("+-")
    try:
        if body[:2] in ("0x", "0X"):
            return sign * int(body, 16)
        if len(body) > 1 and body[0] == "0":
            return sign * int(body, 8)
        return sign * int(body)
    except ValueError:
        wrong.append(f"{text}: invalid number")
        found = re.match(r"[-+]?\d+", text)
        return int(found.group()) if found else 0


def _escaped(text: str) -> str:
    out: list[str] = []
    here = 0
    while here < len(text):
        if text[here] == "\\":
            char, here = unescape(text, here + 1)
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
