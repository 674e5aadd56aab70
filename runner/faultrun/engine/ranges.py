"""Ranges of callers by name become addresses: looked up on the target, just before arming.

Where a symbol or a section lies is known on a running kernel only. What cannot be found, or is
hidden, stops the step before anything is announced or written: an unfiltered run would hit others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from faultrun.kernel.control_file import reads_back, strip_newline
from faultrun.kernel.version import KernelVersion
from faultrun.model.plan import Task, Write
from faultrun.model.stack_range import Edge, StackRange
from faultrun.model.target import AttrRefused, Target

KALLSYMS = "/proc/kallsyms"
MODULES = "/proc/modules"
_CODE = frozenset("tTwW")
"""Types of symbols that are code (kernel/kallsyms.c:kallsyms_get_symbol_type(), as nm prints)."""

_HIDDEN = (
    "the kernel shows 0 instead of addresses; `echo 0 > /proc/sys/kernel/kptr_restrict`, and run"
    " as root"
)
_NO_FILTER = (
    "this kernel has no stack filter: it wants CONFIG_FAULT_INJECTION_STACKTRACE_FILTER, which"
    " x86_64 does not offer before 6.8"
)


class _Unknown(Exception):
    """Why a range cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The task with addresses in the place of names, what was found, and what stands in the way."""

    task: Task
    notes: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One line of /proc/kallsyms."""

    address: int
    kind: str
    name: str
    module: str


def resolved(task: Task, target: Target) -> Resolved:
    """Look up every address that the task's writes need. Reads only."""
    if all(write.lookup is None for write in task.writes):
        return Resolved(task=task)
    seeker = _Seeker(target)
    writes: list[Write] = []
    notes: list[str] = []
    for write in task.writes:
        if write.lookup is None:
            writes.append(write)
            continue
        try:
            address = seeker.address(write)
        except _Unknown as why:
            problem = f"{write.path}: the {write.lookup.words()} cannot be looked up: {why}"
            return Resolved(task=task, problem=problem)
        text = f"0x{address:016x}"
        notes.append(f"{write.path}: the {write.lookup.words()} is {text}")
        back = _back(write, text, target.info.release)
        writes.append(replace(write, value=text, reads_back=back, lookup=None))
    return Resolved(task=replace(task, writes=tuple(writes)), notes=tuple(notes))


def symbols(text: str) -> tuple[Symbol, ...]:
    """The lines of /proc/kallsyms; what is no such line is passed over."""
    found: list[Symbol] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) < 3:
            continue
        try:
            address = int(words[0], 16)
        except ValueError:
            continue
        module = words[3].strip("[]") if len(words) > 3 else ""
        found.append(Symbol(address, words[1], words[2], module))
    return tuple(found)


def _back(write: Write, text: str, release: str) -> str | None:
    try:
        return reads_back(write.kind, text, KernelVersion.parse(release), "")
    except ValueError:
        return None


@dataclass(slots=True)
class _Seeker:
    target: Target
    known: tuple[Symbol, ...] = ()
    modules: dict[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])

    def address(self, write: Write) -> int:
        """The value of a write. Raises _Unknown."""
        lookup = write.lookup
        assert lookup is not None
        try:
            self.target.read(write.path)
        except AttrRefused as refused:
            why = _NO_FILTER if refused.errno_name == "ENOENT" else str(refused)
            raise _Unknown(why) from None
        start, end = self._symbol(lookup.range) if lookup.range.symbol else self._span(lookup.range)
        if end <= start:
            raise _Unknown(f"its end 0x{end:x} is not above its start 0x{start:x}")
        return start if lookup.edge is Edge.START else end

    def _symbol(self, wanted: StackRange) -> tuple[int, int]:
        """A symbol up to the next one."""
        if not self.known:
            self.known = symbols(self._text(KALLSYMS))
        named = [one for one in self.known if one.name == wanted.symbol]
        if wanted.module:
            named = [one for one in named if one.module == wanted.module]
        if not named:
            where = f" in module {wanted.module}" if wanted.module else ""
            raise _Unknown(
                f"there is no such symbol{where} in {KALLSYMS}; static functions may be inlined,"
                " those of a module are there while it is loaded"
            )
        if wanted.function:
            named = [one for one in named if one.kind in _CODE]
            if not named:
                raise _Unknown("it is data, no function")
        starts = {one.address for one in named}
        if starts == {0}:
            raise _Unknown(_HIDDEN)
        if len(starts) > 1:
            owners = ", ".join(sorted({one.module or "the kernel" for one in named}))
            raise _Unknown(f"{len(starts)} symbols have that name (in {owners}); add `module:`")
        start = starts.pop()
        after = [one.address for one in self.known if one.address > start]
        if not after:
            raise _Unknown("it is the last symbol, so that its end is not known")
        return start, min(after)

    def _span(self, wanted: StackRange) -> tuple[int, int]:
        """Sections of a module."""
        places = self._sections(wanted.module)
        start = _place(places, wanted.begin, wanted.module)
        if wanted.until:
            return start, _place(places, wanted.until, wanted.module)
        after = [place for place in places.values() if place > start]
        return start, min(after) if after else self._end(wanted.module)

    def _sections(self, module: str) -> Mapping[str, int]:
        if module not in self.modules:
            folder = f"/sys/module/{module}/sections"
            try:
                names = self.target.list(folder)
            except AttrRefused:
                raise _Unknown(
                    f"module {module} is not loaded, or built in ({folder} is missing); load it in"
                    " an earlier step of the same group"
                ) from None
            found = {name: self._text(f"{folder}/{name}") for name in names}
            try:
                self.modules[module] = {name: int(text, 16) for name, text in found.items()}
            except ValueError:
                raise _Unknown(f"{folder} holds something else than addresses") from None
        return self.modules[module]

    def _end(self, module: str) -> int:
        """Where a module ends, for its last section: address and size in /proc/modules."""
        for line in self._text(MODULES).splitlines():
            words = line.split()
            if words[:1] == [module] and len(words) > 5 and words[1].isdecimal():
                return int(words[5], 16) + int(words[1])
        raise _Unknown(f"{MODULES} does not tell where module {module} ends; give `from` and `to`")

    def _text(self, path: str) -> str:
        try:
            return strip_newline(self.target.read(path))
        except AttrRefused as refused:
            raise _Unknown(f"{refused.path}: {refused.errno_name}") from None


def _place(places: Mapping[str, int], section: str, module: str) -> int:
    if section not in places:
        raise _Unknown(f"module {module} has no section {section}; it has {_listed(places)}")
    if places[section] == 0:
        raise _Unknown(_HIDDEN)
    return places[section]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
