"""Options as getopt_long(3) takes them apart."""

import re
from dataclasses import dataclass, field

from faultrun.simkernel.digits import signed
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.unmodelled import Unmodelled


@dataclass(slots=True)
class Parsed:
    """Options by their short letter or long name, and the operands."""

    flags: dict[str, str] = field(default_factory=dict[str, str])
    every: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    operands: list[str] = field(default_factory=list[str])

    def has(self, *names: str) -> bool:
        """Whether one of these was given."""
        return any(name in self.flags for name in names)

    def value(self, *names: str, default: str = "") -> str:
        """The value of the first of these that was given."""
        return next((self.flags[name] for name in names if name in self.flags), default)


def number(process: Process, text: str, *, least: int = 0) -> int:
    """A decimal number among the arguments; the program ends with status 1 if it is none."""
    value = signed(text)
    if value is None or value < least:
        process.complain(f"invalid number: '{text}'")
        raise ExitNow(1)
    return value


def operand(process: Process, found: Parsed) -> str:
    """The operand that has to be there; the program ends with status 1 without one."""
    if not found.operands:
        process.complain("bad usage")
        raise ExitNow(1)
    return found.operands[0]


def based(process: Process, text: str) -> int:
    """The same, with ``0x`` for a hexadecimal one."""
    if re.fullmatch("0[xX][0-9a-fA-F]{1,32}", text):
        return int(text, 16)
    return number(process, text)


def parse(
    process: Process,
    plain: str,
    valued: str = "",
    long: tuple[str, ...] = (),
    *,
    strict: bool = False,
) -> Parsed:
    """Options in ``plain`` take nothing, in ``valued`` a value; ``long`` names, ``name=`` with one.

    An option that exists but is not modelled is named by Unmodelled, so every unknown one is.
    ``strict`` stops at the first operand, as programs do that run another program.
    """
    found = Parsed()
    words = list(process.argv[1:])
    while words:
        word = words.pop(0)
        if word == "--":
            found.operands.extend(words)
            break
        if word.startswith("--"):
            _long(process, word, words, long, found)
        elif word.startswith("-") and len(word) > 1:
            _short(process, word, words, (plain, valued), found)
        else:
            found.operands.append(word)
            if strict:
                found.operands.extend(words)
                break
    return found


def _add(found: Parsed, name: str, value: str) -> None:
    found.flags[name] = value
    found.every.append((name, value))


def _short(
    process: Process, word: str, words: list[str], known: tuple[str, str], found: Parsed
) -> None:
    plain, valued = known
    for at, letter in enumerate(word[1:], 1):
        if letter in plain:
            _add(found, letter, "")
        elif letter in valued:
            rest = word[at + 1 :]
            if not rest and not words:
                process.complain(f"option requires an argument -- '{letter}'")
                raise ExitNow(1)
            _add(found, letter, rest or words.pop(0))
            return
        else:
            raise Unmodelled(f"option '-{letter}' of '{process.name}'")


def _long(
    process: Process, word: str, words: list[str], known: tuple[str, ...], found: Parsed
) -> None:
    name, equals, value = word[2:].partition("=")
    if name in known and not equals:
        _add(found, name, "")
    elif f"{name}=" in known:
        if not equals:
            if not words:
                process.complain(f"option '--{name}' requires an argument")
                raise ExitNow(1)
            value = words.pop(0)
        _add(found, name, value)
    elif name in known and equals:
        _add(found, name, value)
    else:
        raise Unmodelled(f"option '--{name}' of '{process.name}'")
