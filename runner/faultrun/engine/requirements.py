"""Whether a machine can do a step at all: decided before it runs, with every reason."""

import re
from collections.abc import Iterable, Iterator, Sequence

from faultrun.kernel.control_file import strip_newline
from faultrun.model.capability import LookFor
from faultrun.model.plan import Task
from faultrun.model.target import AttrRefused, KernelFacts, Target
from faultrun.simkernel.shell.called import called


def unmet(task: Task, facts: KernelFacts, kind: str) -> tuple[str, ...]:
    """All reasons why a machine of that kind of target cannot run the step; empty if it can.

    A requirement is a capability (``nvme``), a program (``program:fio``) or a device
    (``device:nvme0``). Programs are taken on trust where the target does not know them; where it
    does, those that a workload starts by name are required without a word of the campaign.
    """
    wanted = dict.fromkeys(injection.capability for injection in task.step.injections)
    reasons: list[str] = []
    targets = task.step.targets
    if not task.step.meant_for(kind):
        reasons.append(f"it runs on {_joined(targets)} only; this is {kind}")
    for name in wanted:
        reasons.extend(_capability(name, facts))
    for requirement in task.step.requires:
        if requirement not in wanted:
            reasons.extend(_requirement(requirement, facts))
    if kind != "simulated":
        # The simulated kernel tells itself what it cannot run, by line, once a script comes to it.
        reasons.extend(_programs(task, facts))
    for lock in task.locks:
        # What a step works on is what it locks (plan/locks.py).
        name = lock.removeprefix("device:")
        if name != lock and name in facts.lacking:
            reasons.append(f"needs the device '{name}': {facts.lacking[name]}")
    return tuple(reasons)


def _joined(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def not_listed(wanted: Iterable[LookFor], target: Target) -> str:
    """Why the kernel's own lists do not allow what is asked; empty if they do."""
    lines: dict[str, list[list[str]]] = {}
    for one in wanted:
        if one.path not in lines:
            try:
                text = strip_newline(target.read(one.path))
            except AttrRefused as refused:
                return f"{one.path} cannot be read before arming: {refused.errno_name}"
            lines[one.path] = [line.split() for line in text.splitlines()]
        if not any(_is(one, words) for words in lines[one.path]):
            return f"refused before arming: {one.why} ({one.path})"
    return ""


def _is(wanted: LookFor, words: list[str]) -> bool:
    count = len(wanted.words)
    if tuple(words[:count]) != wanted.words:
        return False
    return not wanted.ending or re.fullmatch(wanted.ending, " ".join(words[count:])) is not None


def _requirement(text: str, facts: KernelFacts) -> tuple[str, ...]:
    kind, colon, name = text.partition(":")
    if not colon:
        return _capability(text, facts)
    if kind == "program":
        if facts.programs is not None and name not in facts.programs:
            return (f"needs the program '{name}', which this machine does not have",)
        return ()
    if kind == "device":
        if name not in {device.name for device in facts.devices}:
            return (f"needs the device '{name}', which this machine does not have",)
        return ()
    return _capability(text, facts)


def _programs(task: Task, facts: KernelFacts) -> Iterator[str]:
    """What the workloads start and the machine lacks, unless the step says so itself."""
    if facts.programs is None:
        return
    names: set[str] = set()
    for command in (task.command, task.cleanup):
        if command is not None:
            names |= called(command.script) if command.script else set(command.argv[:1])
    for name in sorted(names):
        told = f"program:{name}" in task.step.requires
        if "/" not in name and name not in facts.programs and not told:
            yield from _requirement(f"program:{name}", facts)


def _capability(name: str, facts: KernelFacts) -> tuple[str, ...]:
    if name in facts.capabilities:
        return ()
    why = facts.missing.get(name)
    if not why:
        return (f"needs '{name}', which this machine (kernel {facts.release}) does not have",)
    return tuple(f"needs '{name}': {reason}" for reason in why)
