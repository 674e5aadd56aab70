"""``read`` and ``getopts``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from faultrun.simkernel.digits import whole
from faultrun.simkernel.shell.state import array
from faultrun.simkernel.shell.variables import put
from faultrun.simkernel.unmodelled import Unmodelled

if TYPE_CHECKING:
    from faultrun.simkernel.shell.interpreter import Shell

Argv = tuple[str, ...]


@dataclass(slots=True)
class _Asked:
    """What ``read`` is told."""

    raw: bool = False
    into: str = ""
    mark: str = "\n"
    count: int = -1
    fd: int = 0


def read(shell: "Shell", argv: Argv) -> int:
    """``read [-rs] [-a array] [-d mark] [-n count] [-u fd] [-p prompt] [-t time] [name...]``."""
    asked, names = _read_options(shell, argv)
    text, ended = _line(shell, asked)
    if asked.into:
        shell.state.variables[asked.into] = array(_cut(shell, text))
        return 0 if ended else 1
    if not names:
        put(shell, "REPLY", _bare(text))
        return 0 if ended else 1
    for name, value in zip(names, _share(text, len(names), _separators(shell)), strict=True):
        if name in shell.state.readonly:
            shell.say(f"{name}: readonly variable")
            return 1
        put(shell, name, _bare(value))
    return 0 if ended else 1


def _read_options(shell: "Shell", argv: Argv) -> tuple[_Asked, list[str]]:
    asked = _Asked()
    words = list(argv[1:])
    while words and words[0].startswith("-") and len(words[0]) > 1:
        word = words.pop(0)
        if word == "--":
            break
        for at, letter in enumerate(word[1:], 2):
            if letter in "rs":
                asked.raw = asked.raw or letter == "r"
                continue
            if letter not in "adnNuptg":
                raise Unmodelled(f"read option '-{letter}'", shell.line)
            value = word[at:] or (words.pop(0) if words else "")
            _set_option(shell, asked, letter, value)
            break
    for name in words:
        if not (name.isidentifier() and name.isascii()):
            raise Unmodelled(f"read into '{name}'", shell.line)
    return asked, words


def _set_option(shell: "Shell", asked: _Asked, letter: str, value: str) -> None:
    number = whole(value)
    if letter == "a":
        asked.into = value
    elif letter == "d":
        asked.mark = value[:1] or "\0"
    elif letter in "nu":
        if number is None:
            raise Unmodelled(f"read option '-{letter} {value}'", shell.line)
        if letter == "n":
            asked.count = number
        else:
            asked.fd = number
    elif letter not in "pt":
        raise Unmodelled(f"read option '-{letter}'", shell.line)


_ESCAPE = "\x00"
"""In front of a character that a backslash protects from being cut at; no text holds it."""


def _line(shell: "Shell", asked: _Asked) -> tuple[str, bool]:
    file = shell.process.fd(asked.fd)
    mark = asked.mark.encode("utf-8", "surrogateescape")
    out = bytearray()
    left = asked.count
    while left:
        byte = file.read(1)
        if not byte:
            return out.decode("utf-8", "surrogateescape"), False
        if byte == mark:
            break
        if byte == b"\\" and not asked.raw:
            following = file.read(1)
            if following != b"\n":
                out += _ESCAPE.encode() + following
            continue
        if byte != b"\0":
            out += byte
            left -= 1
    return out.decode("utf-8", "surrogateescape"), True


def _bare(text: str) -> str:
    return text.replace(_ESCAPE, "")


def _separators(shell: "Shell") -> str:
    found = shell.state.text("IFS")
    return " \t\n" if found is None else found


def _next(text: str, separators: str) -> int:
    """Where the first separator stands that no backslash protects; the length if none does."""
    here = 0
    while here < len(text):
        if text[here] == _ESCAPE:
            here += 2
        elif text[here] in separators:
            return here
        else:
            here += 1
    return here


def _share(line: str, count: int, separators: str) -> list[str]:
    blanks = "".join(char for char in separators if char in " \t\n")
    rest = line.lstrip(blanks) if blanks else line
    out: list[str] = []
    while len(out) < count - 1:
        at = _next(rest, separators)
        out.append(rest[:at])
        rest = rest[at:].lstrip(blanks)
        if rest[:1] and rest[0] in separators and rest[0] not in blanks:
            rest = rest[1:].lstrip(blanks)
    return [*out, _last(rest, separators, blanks)]


def _last(rest: str, separators: str, blanks: str) -> str:
    """The last name gets all that is left; one separator behind a single field goes."""
    trimmed = rest
    while trimmed and trimmed[-1] in blanks and trimmed[-2:-1] != _ESCAPE:
        trimmed = trimmed[:-1]
    at = _next(trimmed, separators)
    if at == len(trimmed) - 1 and trimmed[at] not in blanks:
        return trimmed[:at]
    return trimmed


def _cut(shell: "Shell", text: str) -> list[str]:
    separators = _separators(shell)
    blanks = "".join(char for char in separators if char in " \t\n")
    out: list[str] = []
    rest = text.strip(blanks) if blanks else text
    while rest:
        at = _next(rest, separators)
        out.append(_bare(rest[:at]))
        rest = rest[at:].lstrip(blanks)
        if rest[:1] and rest[0] in separators and rest[0] not in blanks:
            rest = rest[1:].lstrip(blanks)
    return out


def getopts(shell: "Shell", argv: Argv) -> int:
    """``getopts letters name [word...]``; the place inside a word is the shell's own."""
    if len(argv) < 3:
        shell.say("getopts: usage: getopts optstring name [arg]")
        return 2
    letters, name = argv[1], argv[2]
    words = list(argv[3:]) or shell.state.args
    quiet = letters.startswith(":")
    index = whole(shell.state.text("OPTIND") or "1") or 1
    if shell.opt_index != index:
        shell.opt_place = 1
    word = words[index - 1] if index <= len(words) else ""
    if len(word) < 2 or word[0] != "-" or word == "--":
        _found(shell, name, "?", None, index + (word == "--"))
        shell.opt_place = 1
        return 1
    letter = word[shell.opt_place]
    shell.opt_place += 1
    if shell.opt_place >= len(word):
        index, shell.opt_place = index + 1, 1
    known = letter != ":" and letter in letters.removeprefix(":")
    if not known:
        if not quiet:
            shell.process.err(f"{shell.state.name}: illegal option -- {letter}\n")
        _found(shell, name, "?", letter if quiet else None, index)
        return 0
    if letters[letters.rindex(letter) + 1 :][:1] != ":":
        _found(shell, name, letter, None, index)
        return 0
    if shell.opt_place > 1:
        value: str | None = word[shell.opt_place :]
        index += 1
    else:
        value = words[index - 1] if index <= len(words) else None
        index += 1
    shell.opt_place = 1
    if value is not None:
        _found(shell, name, letter, value, index)
    elif quiet:
        _found(shell, name, ":", letter, index)
    else:
        shell.process.err(f"{shell.state.name}: option requires an argument -- {letter}\n")
        _found(shell, name, "?", None, index)
    return 0


def _found(shell: "Shell", name: str, letter: str, value: str | None, index: int) -> None:
    put(shell, name, letter)
    shell.state.variables["OPTIND"] = str(index)
    shell.opt_index = index
    if value is None:
        shell.state.variables.pop("OPTARG", None)
    else:
        shell.state.variables["OPTARG"] = value
