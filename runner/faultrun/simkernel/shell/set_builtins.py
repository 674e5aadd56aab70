"""``set``, ``shopt``, ``shift``, ``umask`` and ``ulimit``: what a shell switches for itself."""

from typing import TYPE_CHECKING

from faultrun.simkernel.digits import signed
from faultrun.simkernel.shell.state import OPTION_LETTERS, OPTION_NAMES
from faultrun.simkernel.unmodelled import Unmodelled

if TYPE_CHECKING:
    from faultrun.simkernel.shell.interpreter import Shell

Argv = tuple[str, ...]
_NO_EFFECT = "mhbBEHT"
_NO_EFFECT_NAMES = frozenset(
    {"monitor", "hashall", "braceexpand", "errtrace", "functrace", "posix"}
)
_SHOPTS = {"extglob": True, "nullglob": False, "expand_aliases": False, "lastpipe": False}


def set_options(shell: "Shell", argv: Argv) -> int:
    """``set [-aefnuxC] [-o name] [--] [word...]``."""
    state, words = shell.state, list(argv[1:])
    if not words:
        raise Unmodelled("set without arguments", shell.line)
    while words:
        word = words.pop(0)
        if word in ("--", "-"):
            if word == "--" or words:
                state.args = words
            if word == "-":
                state.options.xtrace = False
            return 0
        if word[:1] not in ("-", "+") or len(word) < 2:
            state.args = [word, *words]
            return 0
        on = word[0] == "-"
        for letter in word[1:]:
            if letter == "o":
                _named(shell, words.pop(0) if words else "", on=on)
            elif letter in OPTION_LETTERS:
                setattr(state.options, OPTION_LETTERS[letter], on)
            elif letter not in _NO_EFFECT:
                raise Unmodelled(f"shell option '-{letter}'", shell.line)
    return 0


def _named(shell: "Shell", name: str, *, on: bool) -> None:
    if name in OPTION_NAMES:
        setattr(shell.state.options, name, on)
    elif name not in _NO_EFFECT_NAMES:
        raise Unmodelled(f"shell option '{name}'", shell.line)


def shopt(shell: "Shell", argv: Argv) -> int:
    """``shopt -s`` and ``-u`` of ``nullglob``; extended patterns are always understood."""
    words = list(argv[1:])
    if len(words) < 2 or words[0] not in ("-s", "-u"):
        raise Unmodelled(f"shopt {' '.join(words)}", shell.line)
    for name in words[1:]:
        if name == "nullglob":
            shell.state.options.nullglob = words[0] == "-s"
        elif name not in _SHOPTS or (words[0] == "-s") != _SHOPTS[name]:
            raise Unmodelled(f"shopt {words[0]} {name}", shell.line)
    return 0


def shift(shell: "Shell", argv: Argv) -> int:
    """``shift [count]``."""
    count = signed(argv[1]) if len(argv) > 1 else 1
    if count is None:
        shell.say(f"shift: {argv[1]}: numeric argument required")
        return 1
    if count < 0:
        shell.say(f"shift: {argv[1]}: shift count out of range")
        return 1
    if count > len(shell.state.args):
        return 1
    del shell.state.args[:count]
    return 0


def umask(shell: "Shell", argv: Argv) -> int:
    """The mask is always 0022; setting another has no effect, all here is root's."""
    if len(argv) < 2:
        shell.process.out("0022\n")
    return 0


def ulimit(shell: "Shell", argv: Argv) -> int:
    """Nothing is limited."""
    if len(argv) < 3:
        shell.process.out("unlimited\n")
    return 0
