"""What ``${name op word}`` does to a value: trimming, replacing, cutting, changing case."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from faultrun.simkernel.shell.nodes import Param
from faultrun.simkernel.shell.patterns import compiled, matches
from faultrun.simkernel.shell.special import in_quotes
from faultrun.simkernel.shell.wrong import ExpandError

if TYPE_CHECKING:
    from faultrun.simkernel.shell.expand import Expander


def each(expander: "Expander", part: Param, items: list[str]) -> list[str]:
    """``$@`` and ``${name[@]}`` with an operator: a range of the items, or each one edited."""
    if not part.op:
        return list(items)
    if part.op != ":":
        return [edited(expander, part, item) for item in items]
    start, colon, length = _slice_parts(expander.text(part.arg))
    begin = expander.calculate(start)
    begin = len(items) + begin if begin < 0 else begin
    if begin < 0:
        return []
    if part.name in "@*" and begin != 0 and not items:
        return []
    count = expander.calculate(length) if colon else len(items)
    if count < 0:
        raise ExpandError(f"{length}: substring expression < 0")
    return items[begin : begin + count]


def edited(expander: "Expander", part: Param, value: str) -> str:
    """The value after the operator."""
    op = part.op
    if op in ("#", "##", "%", "%%"):
        return _trim(value, op, expander.pattern(part.arg))
    if op.startswith("/"):
        return _replaced(expander, part, value)
    if op == ":":
        return _slice(expander, part, value)
    if op == "@Q":
        return in_quotes(value)
    change: Callable[[str], str] = str.upper if op[0] == "^" else str.lower
    reach = len(value) if len(op) == 2 else 1
    wanted = expander.pattern(part.arg) or "?"
    return "".join(
        change(char) if at < reach and matches(wanted, char) else char
        for at, char in enumerate(value)
    )


def _replaced(expander: "Expander", part: Param, value: str) -> str:
    pattern, text = expander.pattern(part.arg), expander.text(part.other)
    op = part.op
    if op == "/" and pattern[:1] in ("#", "%"):
        op, pattern = op + pattern[0], pattern[1:]
    if op == "/#":
        found = compiled(pattern).match(value)
        return text + value[found.end() :] if found else value
    if op == "/%":
        at = next((at for at in range(len(value) + 1) if matches(pattern, value[at:])), -1)
        return value[:at] + text if at >= 0 else value
    if not value:
        return text if pattern and matches(pattern, "") else ""
    expression = compiled(pattern)
    out: list[str] = []
    here = 0
    while here < len(value) and pattern:
        found = expression.match(value, here)
        if found is None or found.end() == here:
            out.append(value[here])
            here += 1
            continue
        out.append(text)
        here = found.end()
        if op == "/":
            break
    return "".join(out) + value[here:]


def _slice(expander: "Expander", part: Param, value: str) -> str:
    start, colon, length = _slice_parts(expander.text(part.arg))
    begin = expander.calculate(start)
    begin = len(value) + begin if begin < 0 else begin
    if begin < 0:
        return ""
    if not colon:
        return value[begin:]
    count = expander.calculate(length)
    if count < 0 and begin <= len(value) and len(value) + count < begin:
        raise ExpandError(f"{length}: substring expression < 0")
    return value[begin : len(value) + count] if count < 0 else value[begin : begin + count]


def _slice_parts(text: str) -> tuple[str, str, str]:
    """``start:length``, cut at the first colon that no ``?`` claims."""
    open_choices = 0
    for at, char in enumerate(text):
        if char == "?":
            open_choices += 1
        elif char == ":" and open_choices:
            open_choices -= 1
        elif char == ":":
            return text[:at], ":", text[at + 1 :]
    return text, "", ""


def _trim(value: str, op: str, pattern: str) -> str:
    expression = compiled(pattern)
    places = range(len(value) + 1)
    if op[0] == "#":
        ends = places if op == "#" else reversed(places)
        for end in ends:
            if expression.fullmatch(value[:end]):
                return value[end:]
        return value
    starts = reversed(places) if op == "%" else places
    for start in starts:
        if expression.fullmatch(value[start:]):
            return value[:start]
    return value
