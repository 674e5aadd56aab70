"""From what a machine's files say to what can be injected on it, with every reason why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from faultrun.capabilities.registry import known
from faultrun.model.campaign import DeviceSpec
from faultrun.model.capability import Capability
from faultrun.model.target import KernelFacts, TargetInfo
from faultrun.targets.why import DEBUGFS, TEXTS, Machine, fix, forbidden, reasons

_TASK_FILES = "/proc/thread-self"
_UNTIL_MADE: Mapping[str, str] = {"/sys/block/*/dm": "/sys/class/misc/device-mapper"}
"""What there is before the first device of a kind was made by whoever uses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What to ask a machine once: patterns of paths that may exist, and small files to read."""

    patterns: tuple[str, ...]
    texts: tuple[str, ...]

    @classmethod
    def of_all(cls) -> Self:
        """Everything that any capability needs to know."""
        patterns = [pattern_of(capability) for capability in known().values()]
        return cls(patterns=(DEBUGFS, *patterns), texts=TEXTS)


def pattern_of(capability: Capability) -> str:
    """A path that exists if the kernel has the capability; parameters may be anything."""
    if capability.attrs and capability.directory == _TASK_FILES:
        return f"{_TASK_FILES}/{capability.name}"
    pattern = capability.directory
    for parameter in capability.parameters:
        pattern = pattern.replace(f"{{{parameter.name}}}", "*")
    return _UNTIL_MADE.get(pattern, pattern)


def facts_of(
    info: TargetInfo,
    look: Look,
    there: Sequence[bool],
    texts: Mapping[str, str | None],
    *,
    devices: tuple[DeviceSpec, ...] = (),
    lacking: Mapping[str, str],
    programs: frozenset[str] | None = None,
    config: Mapping[str, str] | None = None,
) -> KernelFacts:
    """What the answers to ``look`` mean. ``config`` are the kernel's options, if they are known."""
    found = dict(zip(look.patterns, there, strict=True))
    machine = Machine.of(info, texts, config or {})
    usable: set[str] = set()
    missing: dict[str, tuple[str, ...]] = {}
    fixes: dict[str, str] = {}
    for name, capability in known().items():
        path = pattern_of(capability)
        is_there = found[path]
        why = forbidden(capability, machine) if is_there else reasons(capability, path, machine)
        if not why:
            usable.add(name)
            continue
        missing[name] = why
        fixes[name] = fix(capability, path, machine)
    return KernelFacts(
        release=info.release,
        capabilities=frozenset(usable),
        programs=programs,
        devices=devices,
        missing=missing,
        fixes=fixes,
        lacking=lacking,
    )
