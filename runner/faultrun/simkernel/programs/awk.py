"""awk, as far as scripts use it to pick fields: ``pattern { print $N, ... }``.

Known are ``-F``, patterns ``/expression/``, ``NR==N`` and none, and ``print`` of fields, ``$NF``,
``NR``, ``NF`` and texts. Anything else is named by Unmodelled.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faultrun.simkernel.digits import is_number
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.grepping import translate
from faultrun.simkernel.programs.inputs import Inputs, lines
from faultrun.simkernel.programs.options import parse
from faultrun.simkernel.unmodelled import Unmodelled

_RULE = re.compile(r"\s*(/(?:\\.|[^/\\])*/|NR\s*==\s*[0-9]{1,9})?\s*(?:\{([^{}]*)\})?\s*;?")
_PIECE = re.compile(r'\s*(\$NF|\$[0-9]{1,4}|NR|NF|"(?:\\.|[^"\\])*"|,)')
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\", "\\/": "/"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    pattern: re.Pattern[str] | None
    number: int
    pieces: tuple[str, ...] | None


def _rules(program: str) -> list[_Rule]:
    found: list[_Rule] = []
    here = 0
    while program[here:].strip():
        match = _RULE.match(program, here)
        if match is None or not match[0].strip():
            raise Unmodelled(f"awk program '{program.strip()}'")
        here = match.end()
        condition, body = match[1] or "", match[2]
        pattern, number = None, 0
        if condition.startswith("/"):
            try:
                pattern = re.compile(translate(condition[1:-1].replace("\\/", "/"), extended=True))
            except (re.error, OverflowError):
                raise Unmodelled(f"awk expression '{condition}'") from None
        elif condition:
            number = int(condition.partition("==")[2])
        pieces = None if body is None else _print(body.strip().rstrip(";").strip(), program)
        found.append(_Rule(pattern=pattern, number=number, pieces=pieces))
    return found


def _print(body: str, program: str) -> tuple[str, ...]:
    if re.match(r"print\b", body) is None:
        raise Unmodelled(f"awk program '{program.strip()}'")
    pieces: list[str] = []
    here = len("print")
    while here < len(body):
        match = _PIECE.match(body, here)
        if match is None:
            if body[here:].strip():
                raise Unmodelled(f"awk program '{program.strip()}'")
            break
        pieces.append(match[1])
        here = match.end()
    return tuple(pieces)


def _awk(process: Process) -> int:
    found = parse(process, "", "F", strict=True)
    if not found.operands:
        process.err("usage: awk [-F fs][-v var=value][prog | -f progfile][file ...]\n")
        return 2
    rules = _rules(found.operands[0])
    separator = found.value("F", default=" ").replace("\\t", "\t")
    inputs = Inputs(process, found.operands[1:])
    number = 0
    out: list[str] = []
    for _, data in inputs:
        for row in lines(data):
            number += 1
            fields = _fields(row, separator)
            for rule in rules:
                if rule.pattern is not None and rule.pattern.search(row) is None:
                    continue
                if rule.number in (0, number):
                    out.append(_shown(rule.pieces, row, fields, number) + "\n")
    process.out("".join(out))
    return inputs.status * 2


def _fields(row: str, separator: str) -> list[str]:
    if separator == " ":
        return [piece for piece in re.split("[ \t\n]+", row) if piece]
    if len(separator) == 1:
        return row.split(separator) if row else []
    try:
        return re.split(translate(separator, extended=True), row) if row else []
    except (re.error, OverflowError):
        raise Unmodelled(f"awk -F '{separator}'") from None


def _shown(pieces: tuple[str, ...] | None, row: str, fields: list[str], number: int) -> str:
    if not pieces:
        return row
    out = ""
    for piece in pieces:
        if piece == ",":
            out += " "
        elif piece == "NR":
            out += str(number)
        elif piece == "NF":
            out += str(len(fields))
        elif piece == "$NF":
            out += fields[-1] if fields else row
        elif piece.startswith("$") and is_number(piece[1:]):
            at = int(piece[1:])
            out += row if at == 0 else fields[at - 1] if at <= len(fields) else ""
        else:
            out += re.sub(r"\\.", lambda found: _ESCAPES.get(found[0], found[0]), piece[1:-1])
    return out


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"awk": _awk, "mawk": _awk, "gawk": _awk}
