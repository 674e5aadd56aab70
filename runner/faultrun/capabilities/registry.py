"""The one list of built-in capabilities, by name."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from faultrun.capabilities import block, fail_function, fail_nth, memory, nvme
from faultrun.model.capability import Capability


@cache
def builtin() -> Mapping[str, Capability]:
    """Every capability that comes with faultrun, by name, in alphabetical order."""
    tables = (
        *memory.CAPABILITIES,
        *block.CAPABILITIES,
        *nvme.CAPABILITIES,
        *fail_nth.CAPABILITIES,
        *fail_function.CAPABILITIES,
    )
    return MappingProxyType({table.name: table for table in sorted(tables, key=lambda t: t.name)})
