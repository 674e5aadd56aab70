"""getopt of util-linux: takes a command line apart and prints it in order, quoted for a shell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.shell.special import in_quotes
from faultrun.simkernel.unmodelled import Unmodelled

_WANTED = ("", ":", "::")


@dataclass(slots=True)
class _Line:
    """What getopt was told, and what it has found."""

    name: str = "getopt"
    short: str = ""
    long: list[str] = field(default_factory=list[str])
    quiet: bool = False
    alone: bool = False
    bad: bool = False
    out: list[str] = field(default_factory=list[str])


def _own_options(words: list[str], line: _Line) -> list[str]:
    """Its own options, up to the ``--`` behind which the command line stands."""
    given = False
    while words:
        word = words.pop(0)
        if word == "--":
            break
        head, equals, value = word.partition("=")
        names = {"-o": "o", "--options": "o", "-l": "l", "--longoptions": "l", "--long": "l",
                 "-n": "n", "--name": "n"}  # fmt: skip
        kind = names.get(head, "")
        if not kind and word[:2] in ("-o", "-l", "-n"):
            kind, value, equals = word[1], word[2:], "="
        if kind:
            if not equals:
                value = words.pop(0) if words else ""
            if kind == "o":
                line.short, given = value, True
            elif kind == "l":
                line.long.extend(name for name in value.replace(" ", ",").split(",") if name)
            else:
                line.name = value
        elif word in ("-q", "--quiet"):
            line.quiet = True
        elif word in ("-a", "--alternative"):
            line.alone = True
        elif word in ("-T", "--test"):
            raise ExitNow(4)
        elif not word.startswith("-") and not given:
            line.short, given = word, True
            break
        else:
            raise Unmodelled(f"option '{word}' of 'getopt'")
    if not given and words:
        line.short = words.pop(0)
    return words


def _long(process: Process, word: str, words: list[str], line: _Line) -> None:
    name, equals, value = word.lstrip("-").partition("=")
    every = {one.rstrip(":"): one[len(one.rstrip(":")) :] for one in line.long}
    fits = [one for one in every if one == name] or [one for one in every if one.startswith(name)]
    if len(fits) != 1:
        what = "unrecognized option" if not fits else "option"
        end = "" if not fits else " is ambiguous; possibilities: "
        end += " ".join(f"'--{one}'" for one in fits)
        _wrong(process, line, f"{what} '--{name}'{end}")
        return
    kind = every[fits[0]]
    if equals and not kind:
        _wrong(process, line, f"option '--{fits[0]}' doesn't allow an argument")
        return
    line.out.append(f"--{fits[0]}")
    if kind == ":" and not equals:
        if not words:
            line.out.pop()
            _wrong(process, line, f"option '--{fits[0]}' requires an argument")
            return
        value = words.pop(0)
    if kind:
        line.out.append(in_quotes(value))


def _short(process: Process, word: str, words: list[str], line: _Line) -> None:
    letters = line.short.lstrip("+-")
    for at, letter in enumerate(word[1:], 2):
        place = letters.find(letter)
        if place < 0 or letter == ":":
            _wrong(process, line, f"invalid option -- '{letter}'")
            continue
        following = letters[place + 1 :]
        count = len(following) - len(following.lstrip(":"))
        kind = _WANTED[min(count, 2)]
        if not kind:
            line.out.append(f"-{letter}")
            continue
        value = word[at:]
        if not value and kind == ":":
            if not words:
                _wrong(process, line, f"option requires an argument -- '{letter}'")
                return
            value = words.pop(0)
        line.out.extend((f"-{letter}", in_quotes(value)))
        return


def _wrong(process: Process, line: _Line, text: str) -> None:
    line.bad = True
    if not line.quiet:
        process.err(f"{line.name}: {text}\n")


def _getopt(process: Process) -> int:
    line = _Line()
    words = _own_options(list(process.argv[1:]), line)
    operands: list[str] = []
    while words:
        word = words.pop(0)
        if word == "--":
            operands.extend(words)
            break
        if word.startswith("--"):
            _long(process, word, words, line)
        elif word.startswith("-") and len(word) > 1:
            (_long if line.alone else _short)(process, word, words, line)
        elif line.short.startswith("+"):
            operands.extend((word, *words))
            break
        else:
            operands.append(word)
    shown = [*line.out, "--", *(in_quotes(word) for word in operands)]
    process.out(" " + " ".join(shown) + "\n")
    return int(line.bad)


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"getopt": _getopt}
