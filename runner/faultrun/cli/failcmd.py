"""The options of failcmd.sh as a campaign of one step.

Kernel: tools/testing/fault-injection/failcmd.sh. What the options mean is the script's; how they
are carried out is the plan's and the engine's, as for any other campaign.
"""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from faultrun.capabilities.place import filled
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import (
    Campaign,
    GatePolicy,
    Injection,
    Setting,
    Step,
    TargetSpec,
    Workload,
)
from faultrun.model.capability import AttrKind, AttrSpec, Capability, Parameter
from faultrun.model.data import Scalar
from faultrun.model.mark import Mark
from faultrun.model.stack_range import Side, StackRange
from faultrun.plan.values import number, truth
from faultrun.spec import ranges
from faultrun.spec.values import Problem, attribute

NAME = "failcmd"
HERE = Mark("<command line>", 1, 1)
DEBUGFS = "/sys/kernel/debug/"
DEFAULTS: Mapping[str, str] = {
    "probability": "1",
    "times": "1",
    "task-filter": "Y",
    "oom-kill-allocating-task": "1",
}
"""What failcmd.sh writes if nothing is said; all else keeps what the machine has."""

ATTRIBUTES = (
    "probability", "times", "interval", "space", "verbose", "task-filter", "stacktrace-depth",
    "require-start", "require-end", "reject-start", "reject-end", "oom-kill-allocating-task",
    "ignore-gfp-wait", "cache-filter", "ignore-gfp-highmem", "min-order",
)  # fmt: skip
"""Its options, which are names of control files."""

_HEX = re.compile(r"0x[0-9a-fA-F]+")
_BOOL = re.compile(r"[yYtT1nNfF0].*|[oO][nNfF].*")
_PLACE = re.compile(r"\\\{([a-z_]+)\\\}")


class Mistake(Exception):
    """What is wrong with the command line, as one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line asks for."""

    kind: str
    options: Mapping[str, str]
    command: Sequence[str]
    timeout_ns: int
    target: TargetSpec = field(default_factory=TargetSpec)
    place: Mapping[str, str] = field(default_factory=dict[str, str])
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    callers: Mapping[str, str] = field(default_factory=dict[str, str])


def options_of(args: argparse.Namespace) -> dict[str, str]:
    """The attributes that were given, by the name of their file."""
    given = {name: getattr(args, name.replace("-", "_")) for name in ATTRIBUTES}
    return {name: value for name, value in given.items() if value is not None}


def campaign_of(request: Request, known: Mapping[str, Capability]) -> Campaign:
    """The campaign. Raises Mistake."""
    if not request.command:
        raise Mistake("no command to run; write it behind the options, after --")
    _may_filter(request)
    capability, found = _capability(request.kind, known)
    where = {**found, **request.place}
    wanted = [item for item in capability.parameters if item.required and item.name not in where]
    if wanted:
        example = f"--place {wanted[0].name}={wanted[0].example}"
        raise Mistake(f"'{capability.name}' has to be told where: {example}")
    step = Step(
        id=NAME,
        origin=NAME,
        workload=Workload(mark=HERE, argv=tuple(request.command)),
        mark=HERE,
        timeout_ns=request.timeout_ns,
        injections=(
            Injection(
                capability=capability.name,
                where=tuple(_places(capability, where)),
                settings=tuple(_settings(capability, request)),
                mark=HERE,
                ranges=tuple(_range(side, text) for side, text in request.callers.items()),
            ),
        ),
    )
    return Campaign(
        name=NAME,
        mark=HERE,
        steps=(step,),
        summary=f"{request.command[0]} with {capability.name}",
        target=request.target,
        gate=GatePolicy(vacuous="allow", min_passed=0),
    )


def _may_filter(request: Request) -> None:
    """Whether the simulated kernel has a stack filter. Raises Mistake."""
    asked = [name for name in (*request.options, *request.more) if name in ranges.FILES]
    target = request.target
    if (asked or request.callers) and not KernelVersion.parse(target.kernel).has(
        ranges.SINCE, None
    ):
        raise Mistake(
            f"a range of callers needs the kernel's stack filter, which x86_64 has since"
            f" {ranges.SINCE}; the simulated kernel is {target.kernel}"
        )


def _capability(kind: str, known: Mapping[str, Capability]) -> tuple[Capability, dict[str, str]]:
    """By its name, or by its directory below debugfs, which then says where. Raises Mistake."""
    usable = [table for table in known.values() if table.counted]
    for table in usable:
        if table.name == kind:
            return table, {}
        pattern = _PLACE.sub(r"(?P<\1>[^/]+)", re.escape(table.directory.removeprefix(DEBUGFS)))
        found = re.fullmatch(pattern, kind.removeprefix(DEBUGFS))
        if found is not None:
            return table, found.groupdict()
    names = ", ".join(table.name for table in usable)
    raise Mistake(f"FAILCMD_TYPE '{kind}' is not available; there are {names}")


def _places(capability: Capability, where: Mapping[str, str]) -> Iterator[Setting]:
    parameters = {item.name: item for item in capability.parameters}
    for name, text in where.items():
        parameter: Parameter | None = parameters.get(name)
        if parameter is None:
            takes = ", ".join(parameters) or "none"
            raise Mistake(f"'{capability.name}' has no parameter '{name}' (it takes: {takes})")
        if not re.search(parameter.pattern, text):
            raise Mistake(f"{name} is '{text}', must be like {parameter.example}")
        yield Setting(name=name, value=text, mark=HERE)


def _settings(capability: Capability, request: Request) -> Iterator[Setting]:
    given = {**request.options, **request.more}
    for name, text in DEFAULTS.items():
        if name not in given and capability.attr(name) is not None:
            given[name] = text
    for name, text in given.items():
        spec = capability.attr(name)
        if spec is None:
            told = filled(capability.directory.removeprefix(DEBUGFS), request.place)
            raise Mistake(f"option '--{name}' means nothing to {told}: it has no such file")
        yield Setting(name=name, value=_value(spec, text), mark=HERE)


def _value(spec: AttrSpec, text: str) -> Scalar:
    """The value that the text means to the kernel. Raises Mistake."""
    if spec.kind is AttrKind.BOOL:
        if not _BOOL.fullmatch(text):
            raise Mistake(f"{spec.name} is '{text}', which the kernel would ignore; write Y or N")
        return truth(text)
    if spec.name in ranges.FILES and not _HEX.fullmatch(text):
        raise Mistake(
            f"{spec.name} is '{text}', must be a hexadecimal number such as 0xffffffff81000000"
        )
    value: object = text if spec.kind is AttrKind.TEXT else number(text)
    if value is None:
        raise Mistake(f"{spec.name} is '{text}', must be a whole number")
    checked = attribute(spec, value)
    if isinstance(checked, Problem):
        hint = f" ({checked.hint})" if checked.hint else ""
        raise Mistake(f"{checked.message}{hint}")
    return checked


def _range(side: str, text: str) -> StackRange:
    """``function=NAME``, ``module=NAME,section=.text``. Raises Mistake."""
    texts: dict[str, str] = {}
    for word in text.split(","):
        key, _, value = word.partition("=")
        if key in texts or key not in ("symbol", "function", "module", "section", "from", "to"):
            raise Mistake(f"--{side} '{text}' is no range of callers; {ranges.SAID}, joined by ','")
        if not ranges.sound(key, value):
            raise Mistake(f"{key} of --{side} is '{value}', which cannot be the name of one")
        texts[key] = value
    if not ranges.fits(texts):
        raise Mistake(f"--{side} '{text}' does not say one range of callers; {ranges.SAID}")
    return ranges.made(Side(side), HERE, texts)
