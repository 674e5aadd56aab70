"""Capabilities of other distributions, by the entry points of the group ``faultrun.capabilities``.

An entry point's object is a ``Capability`` value of the entry point's own name. What cannot be used
is left out and said: which distribution, which object, and why. See ``README.md`` in this folder.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from faultrun.model.capability import Capability

GROUP = "faultrun.capabilities"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """One entry point: where it is from, and what it gave. ``problem`` is empty if it can be used."""

    name: str
    distribution: str
    version: str
    value: str
    capability: Capability | None = None
    problem: str = ""

    @property
    def origin(self) -> str:
        """Its distribution with its version, as people name it."""
        return f"{self.distribution} {self.version}"


def find(reserved: Iterable[str]) -> tuple[Plugin, ...]:
    """Every capability that a distribution offers, by name; ``reserved`` are faultrun's own names."""
    return taken(entry_points(group=GROUP), frozenset(reserved))


def taken(entries: Iterable[EntryPoint], reserved: frozenset[str]) -> tuple[Plugin, ...]:
    """What each entry point gives; one name from two distributions is used of neither."""
    found = sorted((_load(entry, reserved) for entry in entries), key=_order)
    return tuple(_alone(plugin, found) for plugin in found)


def _order(plugin: Plugin) -> tuple[str, str]:
    return plugin.name, plugin.distribution


def _load(entry: EntryPoint, reserved: frozenset[str]) -> Plugin:
    plugin = Plugin(
        name=entry.name,
        distribution=entry.dist.name if entry.dist is not None else "an unknown distribution",
        version=entry.dist.version if entry.dist is not None else "",
        value=entry.value,
    )
    if entry.name in reserved:
        return _bad(plugin, f"faultrun has a capability '{entry.name}' of its own")
    try:
        made: object = entry.load()
    except Exception as error:  # noqa: BLE001  # whatever foreign code raises is its distribution's
        return _bad(plugin, f"cannot be loaded: {type(error).__name__}: {error}")
    if not isinstance(made, Capability):
        return _bad(plugin, f"is a {type(made).__name__}, not a Capability")
    if made.name != entry.name:
        return _bad(plugin, f"calls itself '{made.name}'")
    wrong = _incomplete(made)
    if wrong:
        return _bad(plugin, wrong)
    return Plugin(
        name=plugin.name,
        distribution=plugin.distribution,
        version=plugin.version,
        value=plugin.value,
        capability=made,
    )


def _alone(plugin: Plugin, every: Sequence[Plugin]) -> Plugin:
    others = [other.origin for other in every if other.name == plugin.name and other != plugin]
    if not others or plugin.problem:
        return plugin
    return _bad(plugin, f"is offered by {' and '.join(others)} too, so neither is used")


def _bad(plugin: Plugin, problem: str) -> Plugin:
    return Plugin(
        name=plugin.name,
        distribution=plugin.distribution,
        version=plugin.version,
        value=plugin.value,
        problem=problem,
    )


def _incomplete(table: Capability) -> str:
    """What would make the engine misbehave: an order that does not end on the trigger."""
    names = [spec.name for spec in table.attrs]
    if sorted(table.arm_order) != sorted(names):
        return "its arm_order does not list every attribute once"
    if not table.arm_order or table.arm_order[-1] != table.trigger:
        return f"its arm_order does not end on its trigger '{table.trigger}'"
    if not table.kernel_refs:
        return "it names no kernel source"
    if not table.counted and not table.traces and table.attr(table.trigger) is not None:
        return "it has neither a `times` file nor traces: nothing could prove that it fired"
    return ""
