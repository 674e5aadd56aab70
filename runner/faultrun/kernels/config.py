"""Kernel configurations as values: read, merged, and compared with what kconfig made of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from faultrun.kernels.errors import KernelError

_SET = re.compile(r"(CONFIG_[A-Za-z0-9_]+)=(.*)")
_UNSET = re.compile(r"# (CONFIG_[A-Za-z0-9_]+) is not set")
_VALUE = re.compile(r'[ymn]|-?\d+|0[xX][0-9a-fA-F]+|"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a fragment; off is ``n``, as kconfig's own language has it."""

    name: str
    value: str
    place: str

    def line(self) -> str:
        """As it stands in a configuration file."""
        return f"# {self.name} is not set" if self.value == "n" else f"{self.name}={self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """An option that kconfig did not take over: another value, or nothing."""

    option: Option
    got: str

    def __str__(self) -> str:
        return f"{self.option.name} is {self.got}, wanted {self.option.value} ({self.option.place})"


def parse_fragment(text: str, name: str) -> tuple[Option, ...]:
    """The options of a fragment, strictly: a line that says nothing is a mistake.

    kconfig itself ignores what it cannot read. Raises KernelError with file and line.
    """
    options = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        place = f"{name}:{number}"
        unset = _UNSET.fullmatch(line)
        if unset:
            options.append(Option(name=unset[1], value="n", place=place))
        elif line and not line.startswith("#"):
            options.append(_option(line, place))
    return tuple(options)


def _option(line: str, place: str) -> Option:
    found = _SET.fullmatch(line)
    if not found:
        raise KernelError(
            f"{place}: {line!r} is not an option of a kernel configuration",
            hint="lines are CONFIG_NAME=y, or '# CONFIG_NAME is not set'",
            usage=True,
        )
    if not _VALUE.fullmatch(found[2]):
        raise KernelError(
            f"{place}: {found[2]!r} is no value for {found[1]}",
            hint='values are y, m, n, a number, or a text in "double quotes"',
            usage=True,
        )
    return Option(name=found[1], value=found[2], place=place)


def parse_config(text: str) -> dict[str, str]:
    """A ``.config`` as kconfig wrote it: name to value; what is off or unknown is not in it."""
    return {found[1]: found[2] for found in map(_SET.fullmatch, text.splitlines()) if found}


def merge(fragments: Iterable[Iterable[Option]]) -> tuple[Option, ...]:
    """One option for each name: the last fragment that names it has its way."""
    merged: dict[str, Option] = {}
    for fragment in fragments:
        merged |= {option.name: option for option in fragment}
    return tuple(merged.values())


def render(options: Iterable[Option]) -> str:
    """A fragment that kconfig reads."""
    return "".join(f"{option.line()}\n" for option in options)


def dropped(
    wanted: Iterable[Option], got: Mapping[str, str], known_absent: frozenset[str]
) -> tuple[Dropped, ...]:
    """What was wanted and is not so, in the order of the fragments.

    An option that the version is known to lack may be absent, if it was wanted at all.
    """
    return tuple(
        Dropped(option=option, got=got.get(option.name, "n"))
        for option in wanted
        if not _same(option.value, got.get(option.name, "n"))
        and not (option.name in known_absent and option.name not in got)
    )


def _same(wanted: str, got: str) -> bool:
    return wanted == got or (_number(wanted) is not None and _number(wanted) == _number(got))


def _number(text: str) -> int | None:
    try:
        return int(text, 16 if text[:2].lower() == "0x" else 10)
    except ValueError:
        return None


def tree_version(makefile: str) -> str:
    """The version that a source tree's top Makefile names, as 6.12.95. Raises KernelError."""
    values = dict(
        re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL)\s*=\s*(\d+)\s*$", makefile, re.MULTILINE)
    )
    if not {"VERSION", "PATCHLEVEL"} <= values.keys():
        raise KernelError(
            "the source has no Makefile that names a VERSION and a PATCHLEVEL",
            hint="--source takes the top folder of a kernel tree, or a tarball of it",
            usage=True,
        )
    return ".".join((values["VERSION"], values["PATCHLEVEL"], values.get("SUBLEVEL", "0")))
