"""``faultrun explain --boot-options LINE``: what the kernel makes of a command line."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from faultrun.capabilities.boot import (
    Answer,
    BootOption,
    Handling,
    handling,
    in_force,
    is_module,
    is_template,
    passed_to_init,
    read_line,
)
from faultrun.kernel.boot_line import unknown, words
from faultrun.kernel.fault_attr import CERTAIN
from faultrun.kernel.setup_string import FAILED, Reading, Refusal, Setup
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import Context
from faultrun.model.data import Json, Scalar

_MOST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One word: what the kernel does, what it cuts, and what would do the same in a campaign."""

    option: BootOption
    says: tuple[str, ...]
    sets: Mapping[str, int]
    inject: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A whole command line. ``others`` is how many words mean no fault."""

    version: KernelVersion
    told: tuple[Told, ...]
    log: str
    others: int


def text_of_line(given: str) -> str:
    """The command line itself; from a file if it is ``@FILE``, or ``-`` for standard input.

    Raises OSError. A file such as /proc/cmdline ends with a newline, which is white space.
    """
    if given == "-":
        return sys.stdin.buffer.read(_MOST).decode("utf-8", "surrogateescape")
    if given.startswith("@"):
        with Path(given[1:]).open(encoding="utf-8", errors="surrogateescape") as file:
            return file.read(_MOST)
    return given


def tell(line: str, version: KernelVersion) -> Line:
    """What a kernel of that version makes of every word that means a fault."""
    found = read_line(line, version)
    last = in_force(found)
    told = tuple(_tell(option, last.get(option.capability.name), version) for option in found)
    refused = passed_to_init(found)
    return Line(
        version=version,
        told=told,
        log=unknown(refused) if refused else "",
        others=len(words(line)) - len(found),
    )


def as_text(line: Line) -> str:
    """For people; what is no printable text is escaped."""
    return "".join(f"{_printable(part)}\n" for part in _lines(line))


def as_json(line: Line) -> Mapping[str, Json]:
    """The same as data."""
    return {
        "kernel": str(line.version),
        "options": [
            {
                "word": told.option.word.text(),
                "option": told.option.capability.boot_option,
                "capability": told.option.capability.name,
                "answer": told.option.answer.value,
                "sets": dict(told.sets),
                "says": list(told.says),
                "inject": told.inject,
                "remarks": list(told.remarks),
            }
            for told in line.told
        ],
        "log": line.log,
        "others": line.others,
    }


def _printable(text: str) -> str:
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def _tell(option: BootOption, last: BootOption | None, version: KernelVersion) -> Told:
    reading, how = option.reading, handling(option.capability)
    remarks: list[str] = []
    if last is not None and last is not option and option.answer is Answer.SET:
        remarks.append(f"a later `{last.word.text()}` counts instead")
    if isinstance(reading, Reading):
        remarks.extend(_cuts(reading, version))
        remarks.extend(_kept(option, how))
        inject, changed = _inject(option, reading.setup)
        remarks.extend(changed)
        return Told(
            option=option,
            says=(),
            sets=reading.setup.values(),
            inject=inject,
            remarks=tuple(remarks),
        )
    return Told(
        option=option,
        says=tuple(_refused(option, how, version)),
        sets={},
        inject="",
        remarks=tuple(remarks),
    )


def _refused(option: BootOption, how: Handling, version: KernelVersion) -> Iterator[str]:
    name = option.capability.name
    match option.answer:
        case Answer.ABSENT:
            since = option.capability.since or "another version"
            yield f"kernel {version} has no {name} ({since} has): the word is passed to init"
        case Answer.NO_VALUE if is_module(option.capability.boot_option or ""):
            yield "the parameter needs a value: kernel/params.c:parse_args() refuses it"
        case Answer.NO_VALUE:
            yield "without an equals sign it is no option: the word is passed to init"
        case Answer.OFF:
            yield f"an empty string is off ({how.kernel_ref})"
        case Answer.REFUSED if isinstance(option.reading, Refusal):
            yield f"refused: {option.reading.reason()}"
            yield f"the kernel logs: {FAILED}"
            yield f"{how.refused} ({how.kernel_ref})"
        case _:
            pass


def _cuts(reading: Reading, version: KernelVersion) -> Iterator[str]:
    for cut in reading.cuts:
        shown = cut.written if len(cut.written) <= 40 else f"{cut.written[:40]}..."
        bits = "64 bits" if cut.name in ("interval", "probability") else "32 bits with a sign"
        yield f"{cut.name} {shown} does not fit {bits}: kernel {version} keeps {cut.kept}"
    if reading.ignored.strip():
        yield f"{reading.ignored[:40]!r} after the fourth number is ignored"


def _kept(option: BootOption, how: Handling) -> Iterator[str]:
    capability = option.capability
    yield f"everything else keeps its default, verbose is {how.verbose}"
    if capability.context is Context.TASK:
        yield "task-filter is N: every task is hit, from boot on"
    for switch in capability.switches:
        yield f"nothing is hit until {switch.path} is {switch.value}"
    if is_template(capability):
        yield f"a template: every device copies it when it is made ({capability.directory})"


def _inject(option: BootOption, setup: Setup) -> tuple[str, list[str]]:
    """The injection of a campaign that does the same, and what had to be said differently."""
    capability, remarks = option.capability, list[str]()
    same = {
        "probability": min(setup.probability, CERTAIN),
        "space": max(setup.space, 0),
        "times": max(setup.times, -1),
    }
    values: dict[str, Scalar] = {item.name: item.example for item in capability.parameters}
    if capability.parameters:
        names = ", ".join(item.name for item in capability.parameters)
        remarks.append(f"a campaign names one place at a time: put in the {names} that you mean")
    for name, value in setup.values().items():
        values[name] = same.get(name, value)
        if values[name] != value:
            remarks.append(f"{name} {value} acts like {values[name]}")
    if capability.context is Context.TASK:
        values["task-filter"] = "N"
    if capability.lock_out and setup.probability >= CERTAIN and setup.times < 0:
        remarks.append(f"faultrun would refuse to arm that: {capability.lock_out}")
    body = ", ".join(f"{name}: {value}" for name, value in values.items())
    return f"{capability.name}: {{{body}}}", remarks


def _lines(line: Line) -> Iterator[str]:
    for told in line.told:
        yield told.option.word.text()
        yield from (f"  {text}" for text in told.says)
        yield from (f"  {name:<12} {value}" for name, value in told.sets.items())
        yield from (f"  - {text}" for text in told.remarks)
        if told.inject:
            yield "  inject:"
            yield f"    {told.inject}"
        yield ""
    if line.log:
        yield f"The kernel also logs: {line.log}"
    rest = "1 other word means" if line.others == 1 else f"{line.others} other words mean"
    yield f"Kernel {line.version}; {rest} no fault here."
