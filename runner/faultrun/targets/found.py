"""From what a machine's files say to what can be injected on it, with every reason why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from faultrun.capabilities.registry import known
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import DeviceSpec
from faultrun.model.capability import Capability
from faultrun.model.target import KernelFacts, TargetInfo

_TASK_FILES = "/proc/thread-self"
_DEBUGFS = "/sys/kernel/debug"
_LOCKDOWN = "/sys/kernel/security/lockdown"
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
        return cls(patterns=(_DEBUGFS, *patterns), texts=(_LOCKDOWN,))


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
) -> KernelFacts:
    """What the answers to ``look`` mean."""
    found = dict(zip(look.patterns, there, strict=True))
    usable: set[str] = set()
    missing: dict[str, tuple[str, ...]] = {}
    for name, capability in known().items():
        reasons = _lacks(capability, info, found, texts)
        if reasons:
            missing[name] = reasons
        else:
            usable.add(name)
    return KernelFacts(
        release=info.release,
        capabilities=frozenset(usable),
        programs=programs,
        devices=devices,
        missing=missing,
        lacking=lacking,
    )


def _lacks(
    capability: Capability,
    info: TargetInfo,
    found: Mapping[str, bool],
    texts: Mapping[str, str | None],
) -> tuple[str, ...]:
    path = pattern_of(capability)
    if found[path]:
        return ()
    reasons = [f"{path} does not exist on {info.name}"]
    version = _version(info.release)
    if version is not None and not version.has(capability.since, capability.until):
        bounds = (("since", capability.since), ("gone in", capability.until))
        told = ", ".join(f"{word} {bound}" for word, bound in bounds if bound)
        reasons.append(f"kernel {info.release} does not have it ({told})")
    if path.startswith(f"{_DEBUGFS}/") and not found[_DEBUGFS]:
        reasons.append(f"{_DEBUGFS} does not exist: debugfs is not mounted")
    lockdown = texts.get(_LOCKDOWN) or ""
    if "[none]" not in lockdown and "[" in lockdown:
        reasons.append(f"the kernel is locked down ({lockdown.strip()})")
    reasons.append(f"needs a kernel with {', '.join(capability.requires)}")
    return tuple(reasons)


def _version(release: str) -> KernelVersion | None:
    try:
        return KernelVersion.parse(".".join(release.split("-", maxsplit=1)[0].split(".")[:2]))
    except ValueError:
        return None
