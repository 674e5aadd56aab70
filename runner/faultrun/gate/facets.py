"""What of a capability can be exercised: its attributes, and each text that one of them can be.

A facet is one square of the coverage picture. The whole of them follows from the tables, so that
a new capability, event or crash type is asked for without a line here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from faultrun.kernel.error_injection import DEFAULTS, type_of
from faultrun.kernel.nvme_status import CODE, STATUSES
from faultrun.model.capability import Capability
from faultrun.model.data import Json

CAPABILITY = "capability"
ATTRIBUTE = "attribute"
STATUS = "status"
ERROR_TYPE = "error type"

_NVME = "nvme"
_FUNCTION = "fail_function"
_NAMED = {status.value: status.name.removeprefix("NVME_SC_") for status in STATUSES}


@dataclass(frozen=True, slots=True, order=True)
class Facet:
    """``kind`` is ``capability``, ``attribute``, or what is chosen: an event, a crash type, a status."""

    capability: str
    kind: str
    name: str


def every(capabilities: Iterable[Capability]) -> tuple[Facet, ...]:
    """All facets that there are, by capability, in the order of its table."""
    return tuple(facet for table in capabilities for facet in _of(table))


def _of(table: Capability) -> Iterator[Facet]:
    yield Facet(table.name, CAPABILITY, table.name)
    for spec in table.attrs:
        yield Facet(table.name, ATTRIBUTE, spec.name)
    for item in table.parameters:
        for choice in item.choices:
            yield Facet(table.name, item.name, choice)
    for spec in table.attrs:
        for choice in spec.choices:
            yield Facet(table.name, spec.name, choice)
    if table.name == _NVME:
        for value in _NAMED:
            yield Facet(_NVME, STATUS, _status(value))
    if table.name == _FUNCTION:
        for kind in DEFAULTS:
            yield Facet(_FUNCTION, ERROR_TYPE, kind)


def touched(
    table: Capability, where: Mapping[str, Json], settings: Mapping[str, Json]
) -> tuple[Facet, ...]:
    """The facets that one injection exercises, if its fault fires."""
    found = [Facet(table.name, CAPABILITY, table.name)]
    found += [
        Facet(table.name, ATTRIBUTE, spec.name) for spec in table.attrs if spec.name in settings
    ]
    for item in table.parameters:
        if str(where.get(item.name)) in item.choices:
            found.append(Facet(table.name, item.name, str(where.get(item.name))))
    for spec in table.attrs:
        if str(settings.get(spec.name)) in spec.choices:
            found.append(Facet(table.name, spec.name, str(settings.get(spec.name))))
    if table.name == _NVME:
        # Left out, the driver's own default is what is injected.
        status = settings.get("status", 0x1)
        if isinstance(status, int) and status & CODE in _NAMED:
            found.append(Facet(_NVME, STATUS, _status(status & CODE)))
    if table.name == _FUNCTION:
        kind = type_of(str(where.get("function", "")))
        if kind:
            found.append(Facet(_FUNCTION, ERROR_TYPE, kind))
    return tuple(found)


def _status(value: int) -> str:
    return f"0x{value:x} {_NAMED[value]}"
