"""Reading ``name=value``, ``name[index]+=value`` and ``name=(items)`` from a script."""

import re

from faultrun.simkernel.shell.borders import skip, word_end
from faultrun.simkernel.shell.nodes import Assign, Item, Word
from faultrun.simkernel.shell.scanner import Scanner
from faultrun.simkernel.shell.words import WordParser

_ASSIGN = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\[)?")


def read_assign(scanner: Scanner, parser: WordParser) -> Assign | None:
    """The assignment that stands here; None, with nothing read, if it is none."""
    text = scanner.text
    found = _ASSIGN.match(text, scanner.at)
    if found is None:
        return None
    at, index = found.end(), ""
    if found[2]:
        end = _bracket(text, at)
        index, at = text[at:end], end + 1
    append = text.startswith("+=", at)
    if not append and text[at : at + 1] != "=":
        return None
    at += 2 if append else 1
    subscript = parser.subscript(index)
    if text[at : at + 1] == "(":
        scanner.at = at + 1
        return Assign(found[1], (), append, subscript, _items(scanner, parser))
    scanner.at = word_end(text, at)
    return Assign(found[1], parser.value(text[at : scanner.at]), append, subscript)


def _bracket(text: str, here: int) -> int:
    depth = 0
    while here < len(text) and text[here] != "\n" and (text[here] != "]" or depth):
        depth += (text[here] == "[") - (text[here] == "]")
        here = skip(text, here)
    return here


def _items(scanner: Scanner, parser: WordParser) -> tuple[Item, ...]:
    """What stands between the parentheses of an array."""
    out: list[Item] = []
    while True:
        scanner.newlines()
        if scanner.take(")"):
            return tuple(out)
        if scanner.text[scanner.at : scanner.at + 1] == "[":
            end = _bracket(scanner.text, scanner.at + 1)
            if scanner.text.startswith("]=", end):
                subscript: Word = parser.subscript(scanner.text[scanner.at + 1 : end])
                begin = end + 2
                scanner.at = word_end(scanner.text, begin)
                value = parser.value(scanner.text[begin : scanner.at])
                out.append(Item(value, subscript))
                continue
        out.extend(Item(word) for word in parser.words(scanner.word()))
