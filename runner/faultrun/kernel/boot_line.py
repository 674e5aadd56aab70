"""The kernel command line, taken apart into words as the kernel does.

Kernel: lib/cmdline.c:next_arg(), kernel/params.c:parse_args(), parameq();
init/main.c:unknown_bootoption(), print_unknown_bootoptions().
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_BYTES = 2047
"""arch/x86/include/asm/setup.h:COMMAND_LINE_SIZE is 2048 with its terminator."""

_BLANKS = " \t\n\v\f\r"
_END = "--"
"""What follows is for init, not for the kernel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One parameter. ``value`` is None without an equals sign; quotes are taken off."""

    name: str
    value: str | None

    def text(self) -> str:
        """As init gets it if the kernel does not know it (init/main.c:repair_env_string())."""
        return self.name if self.value is None else f"{self.name}={self.value}"


def words(line: str) -> tuple[Word, ...]:
    """The parameters of a command line, up to ``--``."""
    found: list[Word] = []
    for raw in _split(line):
        word = _word(raw)
        if word == Word(name=_END, value=None):
            break
        found.append(word)
    return tuple(found)


def option_key(name: str) -> str:
    """The name with which options are compared: a dash is an underscore."""
    return name.replace("-", "_")


def unknown(refused: Sequence[Word]) -> str:
    """What the kernel says of the parameters that nobody took; those without a value come first."""
    bare = [word.text() for word in refused if word.value is None]
    valued = {word.name: word.text() for word in refused if word.value is not None}
    listed = " ".join((*bare, *valued.values()))
    return f'Unknown kernel command line parameters "{listed}", will be passed to user space.'


def _split(line: str) -> Iterator[str]:
    """White space separates, except between double quotes."""
    part: list[str] = []
    quoted = False
    for char in line.partition("\0")[0]:
        if char == '"':
            quoted = not quoted
        if char in _BLANKS and not quoted:
            if part:
                yield "".join(part)
            part = []
        else:
            part.append(char)
    if part:
        yield "".join(part)


def _word(raw: str) -> Word:
    """Quotes around the whole, or around the value, are taken off."""
    text = raw
    if text.startswith('"'):
        text = text[1:].removesuffix('"')
    name, equals, value = text.partition("=")
    if not equals:
        return Word(name=name, value=None)
    if value.startswith('"'):
        value = value[1:].removesuffix('"')
    return Word(name=name, value=value)
