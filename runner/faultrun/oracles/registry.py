"""The one list of built-in oracles, by the name under which a campaign's ``expect`` calls them."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from faultrun.model.oracle import Oracle
from faultrun.oracles import (
    attributes,
    device,
    duration,
    errno_name,
    exit_status,
    fate,
    file,
    injected,
    kernel_log,
    outcome,
    output,
    signals,
)


@cache
def builtin() -> Mapping[str, Oracle]:
    """Every oracle that comes with faultrun, by name, in alphabetical order."""
    tables = (
        attributes.ORACLE,
        device.ORACLE,
        duration.ORACLE,
        errno_name.ORACLE,
        exit_status.ORACLE,
        fate.ORACLE,
        file.ORACLE,
        injected.ORACLE,
        kernel_log.ORACLE,
        outcome.ORACLE,
        output.STDERR,
        output.STDOUT,
        signals.ORACLE,
    )
    return MappingProxyType({table.name: table for table in sorted(tables, key=lambda t: t.name)})
