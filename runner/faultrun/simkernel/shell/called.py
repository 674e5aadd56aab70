"""Which programs a script certainly starts by name: what a real machine has to have for it."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache

from faultrun.simkernel.grammar import parse
from faultrun.simkernel.shell.nodes import Function, Lit, Simple
from faultrun.simkernel.unmodelled import Unmodelled

_BUILTINS = frozenset(
    {
        ".",
        ":",
        "[",
        "alias",
        "bg",
        "bind",
        "break",
        "builtin",
        "caller",
        "cd",
        "command",
        "compgen",
        "complete",
        "compopt",
        "continue",
        "declare",
        "dirs",
        "disown",
        "echo",
        "enable",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "fc",
        "fg",
        "getopts",
        "hash",
        "help",
        "history",
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readarray",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "source",
        "suspend",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
    }
)
"""What `compgen -b` of bash 5.2 prints."""
_LEADERS = frozenset({"exec", "command", "builtin"})
_LOOKERS = frozenset({"command", "type", "hash", "which"})
"""A script that asks for a program by itself knows what to do without it."""


@lru_cache(maxsize=1024)
def called(script: str) -> frozenset[str]:
    """Names without a slash, builtins and the script's own functions left out.

    What the grammar does not read, what stands in a variable or in another shell's text is not
    told: then the script says by itself what it misses.
    """
    try:
        tree = parse(script)
    except Unmodelled:
        return frozenset()
    commands: list[tuple[str, ...]] = []
    own: set[str] = set()
    for node in _below(tree):
        if isinstance(node, Simple):
            commands.append(_words(node))
        elif isinstance(node, Function):
            own.add(node.name)
    for words in commands:
        if words and words[0] in _LOOKERS:
            own.update(words[1:])
    names = {_name(words) for words in commands}
    return frozenset(name for name in names - own - _BUILTINS if name and "/" not in name)


def _below(tree: object) -> Iterator[object]:
    """Every node of the tree, those in words too."""
    ahead = [tree]
    while ahead:
        node = ahead.pop()
        if isinstance(node, tuple):
            ahead.extend(node)
        elif is_dataclass(node):
            yield node
            ahead.extend(getattr(node, one.name) for one in fields(node))


def _words(node: Simple) -> tuple[str, ...]:
    """The leading words that need no expansion."""
    found: list[str] = []
    for word in node.words:
        if not all(isinstance(part, Lit) for part in word):
            break
        found.append("".join(part.text for part in word if isinstance(part, Lit)))
    return tuple(found)


def _name(words: tuple[str, ...]) -> str:
    """The program: behind `exec`, the next word that is no option."""
    while words and words[0] in _LEADERS:
        words = words[1:]
        if words and words[0].startswith("-"):
            return ""
    return words[0] if words else ""
