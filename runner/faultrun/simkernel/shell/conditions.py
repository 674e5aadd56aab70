"""``test``, ``[`` and ``[[``: questions about files, texts and numbers."""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from faultrun.simkernel.digits import is_number, signed
from faultrun.simkernel.file_values import Stat
from faultrun.simkernel.shell.patterns import matches

_UNARY_FILE = frozenset("-" + char for char in "abcdefghkprstuwxLNOGS")
_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": int.__eq__,
    "-ne": int.__ne__,
    "-lt": int.__lt__,
    "-le": int.__le__,
    "-gt": int.__gt__,
    "-ge": int.__ge__,
}
_BINARY = frozenset({"=", "==", "!=", "<", ">", "=~", "-nt", "-ot", "-ef", *_NUMBERS})


class TestError(Exception):
    """What test says about its arguments, without its prefix."""

    __test__ = False


class World(Protocol):
    """What a condition may ask of the machine."""

    def status(self, path: str) -> Stat | None:
        """stat(2), or None if there is nothing."""
        ...

    def is_terminal(self, fd: int) -> bool:
        """isatty(3)."""
        ...

    def has_variable(self, name: str) -> bool:
        """Whether the shell has a variable of this name."""
        ...

    def has_option(self, name: str) -> bool:
        """Whether the shell's option of this name is on."""
        ...


def ask(words: Sequence[str], world: World) -> bool:
    """The truth of ``test WORDS``. Raises TestError."""
    if not words:
        return False
    asked = _Test(list(words), world)
    return asked.whole()


class _Test:
    def __init__(self, words: list[str], world: World) -> None:
        self._words = words
        self._world = world
        self._at = 0

    def whole(self) -> bool:
        """All words, or an error that names what is left."""
        if len(self._words) == 3 and self._words[1] in _BINARY:
            return binary(self._words[0], self._words[1], self._words[2], self._world)
        if len(self._words) == 1:
            return bool(self._words[0])
        result = self._either()
        if self._at < len(self._words):
            if len(self._words) == 2 or (len(self._words) == 3 and self._at == 1):
                word = self._words[0] if len(self._words) == 2 else self._words[1]
                kind = "unary" if len(self._words) == 2 else "binary"
                raise TestError(f"{word}: {kind} operator expected")
            raise TestError("too many arguments")
        return result

    def _peek(self, ahead: int = 0) -> str | None:
        at = self._at + ahead
        return self._words[at] if at < len(self._words) else None

    def _either(self) -> bool:
        result = self._both()
        while self._peek() == "-o":
            self._at += 1
            right = self._both()
            result = result or right
        return result

    def _both(self) -> bool:
        result = self._one()
        while self._peek() == "-a":
            self._at += 1
            right = self._one()
            result = result and right
        return result

    def _one(self) -> bool:
        word = self._peek()
        if word is None:
            raise TestError("argument expected")
        following = self._peek(1)
        if word == "!" and following is not None:
            self._at += 1
            return not self._one()
        if following in _BINARY and self._peek(2) is not None:
            right = self._words[self._at + 2]
            self._at += 3
            return binary(word, following or "", right, self._world)
        if word == "(":
            self._at += 1
            result = self._either()
            if self._peek() != ")":
                raise TestError("`)' expected")
            self._at += 1
            return result
        if following is not None and (
            word in _UNARY_FILE or word in ("-n", "-z", "-t", "-v", "-o")
        ):
            self._at += 2
            return unary(word, following, self._world)
        self._at += 1
        return bool(word)


def unary(op: str, word: str, world: World) -> bool:
    """``-n word``, ``-e path`` and their kin. Raises TestError."""
    if op == "-n":
        return bool(word)
    if op == "-z":
        return not word
    if op == "-t":
        return is_number(word) and world.is_terminal(int(word))
    if op == "-v":
        return world.has_variable(word)
    if op == "-o":
        return world.has_option(word)
    stat = world.status(word)
    if stat is None:
        return False
    match op:
        case "-e" | "-a" | "-r" | "-O" | "-G" | "-N":
            return True
        case "-f":
            return stat.kind == "file"
        case "-d":
            return stat.kind == "dir"
        case "-b":
            return stat.kind == "block"
        case "-c":
            return stat.kind == "char"
        case "-p":
            return stat.kind == "fifo"
        case "-s":
            return stat.size > 0
        case "-w":
            return stat.kind != "file" or bool(stat.mode & 0o222)
        case "-x":
            return stat.kind == "dir" or bool(stat.mode & 0o111)
        case "-h" | "-L" | "-S" | "-g" | "-u" | "-k":
            return False
        case _:
            raise TestError(f"{op}: unary operator expected")


def binary(left: str, op: str, right: str, world: World) -> bool:
    """Two texts, two numbers or two files. Raises TestError."""
    if op in _NUMBERS:
        return _NUMBERS[op](_integer(left), _integer(right))
    match op:
        case "=" | "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case ">":
            return left > right
        case "-nt" | "-ot" | "-ef":
            return _compare_files(left, op, right, world)
        case _:
            raise TestError(f"{op}: binary operator expected")


def pattern_match(op: str, text: str, pattern: str) -> tuple[bool, list[str]]:
    """``[[ text == pattern ]]`` or ``=~``; the second value is what the groups caught."""
    if op == "=~":
        try:
            found = re.search(_posix(pattern), text)
        except re.error as wrong:
            raise TestError(f"invalid regular expression `{pattern}': {wrong.msg}") from wrong
        return found is not None, [found[0], *(g or "" for g in found.groups())] if found else []
    result = matches(pattern, text)
    return (result if op != "!=" else not result), []


def _posix(pattern: str) -> str:
    for name, chars in (
        ("digit", "0-9"),
        ("alpha", "A-Za-z"),
        ("alnum", "A-Za-z0-9"),
        ("space", r"\s"),
        ("xdigit", "0-9A-Fa-f"),
        ("upper", "A-Z"),
        ("lower", "a-z"),
    ):
        pattern = pattern.replace(f"[:{name}:]", chars)
    return pattern


def _integer(text: str) -> int:
    value = signed(text.strip(" \t\n"))
    if value is None or not -(1 << 63) <= value < 1 << 63:
        raise TestError(f"{text}: integer expression expected")
    return value


def _compare_files(left: str, op: str, right: str, world: World) -> bool:
    one, other = world.status(left), world.status(right)
    if op == "-ef":
        return one is not None and one == other
    if one is None or other is None:
        return (one is not None) == (op == "-nt") and one is not other
    newer = one.mtime_ns > other.mtime_ns
    return newer if op == "-nt" else other.mtime_ns > one.mtime_ns
