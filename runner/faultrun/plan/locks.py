"""Which runs may not overlap on one machine.

A lock is a name. The attributes of a capability are one object in the kernel, so whoever arms it
locks its directory; a device is locked by whoever injects into it or works on it, together with its
controller and its partitions, because a reset of one is felt by all.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from faultrun.capabilities.place import directory_of
from faultrun.model.campaign import Campaign, Injection, Step
from faultrun.model.capability import Arming, Capability, Context

_NVME = re.compile(r"(nvme\d+)(c\d+)?(n\d+)?(p\d+)?")
_SAID = re.compile(r"/(?:dev|block|nvme|debug)/([A-Za-z0-9_.-]+)")


def device_name(text: str) -> str:
    """The device that a name belongs to: ``nvme0`` of ``nvme0n1``, ``sda`` of ``sda/sda1``."""
    whole = text.partition("/")[0]
    found = _NVME.fullmatch(whole)
    return found[1] if found else whole


class Locks:
    """Finds the locks of steps; remembers what it found in a text, since cells repeat it."""

    def __init__(self, campaign: Campaign, capabilities: Mapping[str, Capability]) -> None:
        self._capabilities = capabilities
        self._devices = {device_name(device.name) for device in campaign.target.devices}
        self._attributes: set[str] = set()
        for step in campaign.steps:
            for injection in step.injections:
                capability = capabilities.get(injection.capability)
                self._devices.update(_devices_of(injection, capability))
                if capability is not None and _meets_fail_nth(capability):
                    self._attributes.add(directory_of(capability, injection.place()))
        self._said: dict[str, frozenset[str]] = {}

    def of(self, step: Step) -> tuple[str, ...]:
        """The names of everything that the step wants for itself, sorted."""
        found: set[str] = set()
        for injection in step.injections:
            capability = self._capabilities[injection.capability]
            if capability.arming is Arming.TASK:
                # A fail-nth hit takes one of `times` of whichever attribute it meets
                # (lib/fault-inject.c:should_fail_ex()), so that no count would be exact.
                found |= self._attributes
            else:
                found.add(_object(capability, injection.place()))
            found.update(f"device:{name}" for name in _devices_of(injection, capability))
        found |= self._worked_on(step.workload.script, step.workload.argv)
        if step.cleanup is not None:
            found |= self._worked_on(step.cleanup.script, step.cleanup.argv)
        return tuple(sorted(found))

    def _worked_on(self, script: str, argv: Sequence[str]) -> frozenset[str]:
        text = script or "\n".join(argv)
        if text not in self._said:
            named = {device_name(name) for name in _SAID.findall(text)}
            self._said[text] = frozenset(f"device:{name}" for name in named & self._devices)
        return self._said[text]


def _object(capability: Capability, where: Mapping[str, str]) -> str:
    """The one object in the kernel that is armed: of a shared one, what all its places lie below."""
    if capability.shared:
        return capability.directory.partition("/{")[0]
    return directory_of(capability, where)


def _devices_of(injection: Injection, capability: Capability | None) -> Iterator[str]:
    """The devices that an injection names; an event or a function is none."""
    parameters = () if capability is None else capability.parameters
    others = {parameter.name for parameter in parameters if not parameter.device}
    return (device_name(str(item.value)) for item in injection.where if item.name not in others)


def _meets_fail_nth(capability: Capability) -> bool:
    return capability.arming is Arming.ATTRIBUTES and capability.context is Context.TASK
