"""The JSON Schema of a device of the target, made from the table of kinds.

It holds the options of all kinds, since a schema without ``oneOf`` cannot choose; which of them
the kind at hand has, and how far its numbers go, is told by ``spec.target``.
"""

from collections.abc import Mapping

from faultrun.model.data import Json
from faultrun.model.device_kind import DeviceKind, DeviceOption

_TYPES = {bool: "boolean", int: "integer", str: "string"}


def device_schema(kinds: Mapping[str, DeviceKind], dialect: str) -> Json:
    """What may stand under a device's name."""
    having: dict[str, list[tuple[str, DeviceOption]]] = {}
    for kind in kinds.values():
        for option in kind.options:
            having.setdefault(option.name, []).append((kind.name, option))
    summaries = "; ".join(f"{kind.name}: {kind.summary}" for kind in kinds.values())
    properties: dict[str, Json] = {
        "kind": {"description": f"{summaries}.", "type": "string", "enum": list(kinds)}
    }
    properties.update({name: _option(found) for name, found in having.items()})
    return {
        "$schema": dialect,
        "title": "device",
        "description": "A device of the simulated machine.",
        "type": "object",
        "x-of": "a device",
        "required": ["kind"],
        "additionalProperties": False,
        "properties": properties,
        "examples": [{"kind": "nvme", "namespaces": 1, "size_mib": 64}],
    }


def _option(found: list[tuple[str, DeviceOption]]) -> Json:
    first = found[0][1]
    owners = ", ".join(name for name, _ in found)
    told = dict.fromkeys(option.summary for _, option in found)
    made: dict[str, Json] = {
        "description": f"{' '.join(told)} Of {owners}.",
        "type": _TYPES[type(first.default)],
        "default": first.default,
    }
    choices = dict.fromkeys(text for _, option in found for text in option.choices)
    lows = [option.minimum for _, option in found if option.minimum is not None]
    highs = [option.maximum for _, option in found if option.maximum is not None]
    if choices:
        made["enum"] = list(choices)
    if len(lows) == len(found):
        made["minimum"] = min(lows)
    if len(highs) == len(found):
        made["maximum"] = max(highs)
    if first.unit:
        made["x-unit"] = first.unit
    return made
