"""All devices of one guest: what to boot with, what to run, and what it cannot have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from faultrun.kernel.device_kinds.registry import KINDS
from faultrun.model.campaign import DeviceSpec
from faultrun.targets.recipes.recipe import Made, Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """``lacking`` maps every name of a device that the guest cannot have to the reason."""

    devices: tuple[DeviceSpec, ...] = ()
    cmdline: tuple[str, ...] = ()
    script: str = ""
    lacking: Mapping[str, str] = field(default_factory=dict[str, str])


def outfit(devices: Sequence[DeviceSpec], recipes: Mapping[str, Recipe]) -> Outfit:
    """Put the recipes of a kind of guest together, in order of name: that is how drivers count."""
    made: list[DeviceSpec] = []
    words: list[str] = []
    script: list[str] = []
    lacking: dict[str, str] = {}
    for device in sorted(devices, key=lambda one: (one.kind, one.name)):
        recipe = recipes.get(device.kind)
        one = recipe(device) if recipe is not None else Made(lacking="no such device here")
        if one.lacking:
            lacking.update(dict.fromkeys(KINDS[device.kind].names(device), one.lacking))
            continue
        made.append(device)
        words += [word for word in one.cmdline if word not in words]
        script.append(one.script)
    return Outfit(
        devices=tuple(made), cmdline=tuple(words), script="".join(script), lacking=lacking
    )
