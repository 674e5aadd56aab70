"""A whole campaign of random steps, as the text that a person could have written."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from faultrun.agree import block, disks, files, links, memory
from faultrun.agree.draw import Draw
from faultrun.agree.made import Family, Made
from faultrun.kernel.version import KernelVersion

NAME = "agree"

_BOOTED = ("uml", "qemu")
_CMDLINE = "slab_nomerge"
"""Which caches become one depends on all that a kernel has; apart, each can be marked."""

DEVICES = {
    "nvme0": "{kind: nvme, namespaces: 1, size_mib: 16, transport: loop}",
    "nullb0": "{kind: null_blk, size_mib: 16}",
    "sda": "{kind: scsi_debug, size_mib: 8}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The campaign's text, and of each step its capability and the settings that it tries."""

    text: str
    steps: Mapping[str, tuple[str, int]]

    @property
    def settings(self) -> int:
        """Settings of all steps together."""
        return sum(settings for _, settings in self.steps.values())


@dataclass(frozen=True, slots=True)
class _Step:
    family: Family
    number: int
    made: Made

    @property
    def name(self) -> str:
        """The step's name in the campaign."""
        return f"{self.family.name}-{self.number}"


def families(version: KernelVersion) -> tuple[Family, ...]:
    """All families that this kernel has, those of one machine together."""
    every = (
        *memory.families(), *block.families(), *disks.families(), *links.families(),
        *files.families(),
    )  # fmt: skip
    return tuple(each for each in every if version.has(each.since, each.until))


def write(*, settings: int, seed: int, kernel: str, target: str) -> Written:
    """At least so many settings, spread over all families by their shares.

    ``kernel`` is the simulated kernel's version, ``target`` the other target (empty: none).
    """
    version = KernelVersion.parse(kernel)
    steps = _steps(settings, seed, version)
    used = tuple(dict.fromkeys(device for step in steps for device in step.family.devices))
    lines = [
        f"campaign: {NAME}",
        f"summary: {settings} random settings, whose decisions are the same on every kernel.",
        f"seed: {seed}",
        "target:",
        "  simulated:",
        f'    kernel: "{kernel}"',
        *([f"    cmdline: {_CMDLINE}"] if target in _BOOTED else []),
        *(["    devices:"] if used else []),
        *(f"      {name}: {DEVICES[name]}" for name in used),
        *([f"  {target}: {_table(target)}"] if target and target != "simulated" else []),
        "gate: {vacuous: allow, min_passed: 0}",
        "defaults: {timeout: 120s, expect: {exit: 0, injected: {at_least: 0}}}",
        "steps:",
    ]
    return Written(
        text="\n".join([*lines, *_yaml(steps)]) + "\n",
        steps={step.name: (step.family.capability, step.made.settings) for step in steps},
    )


def _table(target: str) -> str:
    """A guest boots as the simulated machine does; any other machine is as it is."""
    return f"{{cmdline: {_CMDLINE}}}" if target in _BOOTED else "{}"


def _steps(settings: int, seed: int, version: KernelVersion) -> list[_Step]:
    every = families(version)
    steps: list[_Step] = []
    counts = dict.fromkeys((each.name for each in every), 0)
    made = 0
    while made < settings:
        # Whoever is furthest behind its share comes next; before that, everybody once.
        family = min(every, key=lambda each: (counts[each.name] / each.share, -each.share))
        number = counts[family.name]
        counts[family.name] += 1
        draw = Draw(seed, family.name, str(number))
        step = _Step(family, number, family.make(draw, number, version))
        steps.append(step)
        made += step.made.settings
    order = {each.name: place for place, each in enumerate(every)}
    return sorted(steps, key=lambda step: (order[step.family.name], step.number))


def _yaml(steps: Iterable[_Step]) -> Iterator[str]:
    ready: set[str] = set()
    for step in steps:
        family, made = step.family, step.made
        needs = ""
        if family.setup:
            name = f"{family.group}-made"
            if name not in ready:
                ready.add(name)
                yield from _one(name, family.group, Made(script=family.setup), "", "")
            needs = name
        yield from _one(step.name, family.group, made, needs, family.capability)


def _one(name: str, group: str, made: Made, needs: str, capability: str) -> Iterator[str]:
    yield f"  {name}:"
    yield f"    group: {group}"
    if needs:
        yield f"    needs: [{needs}]"
    if capability:
        yield f"    requires: [{capability}]"
    if made.inject:
        yield f"    inject: {{{made.inject}}}"
    yield "    run: |"
    yield from (f"      {line}".rstrip() for line in made.script.splitlines())
    if made.cleanup:
        yield f"    cleanup: {made.cleanup}"
