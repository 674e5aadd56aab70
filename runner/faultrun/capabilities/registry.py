"""The one list of capabilities, by name: those that come along, and those of other distributions."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from faultrun.capabilities import (
    block,
    block_error,
    device_mapper,
    fail_function,
    fail_nth,
    lkdtm,
    md_faulty,
    memory,
    mmc,
    net,
    notifier,
    null_blk,
    nvme,
    scsi_debug,
    ufs,
)
from faultrun.capabilities.plugins import Plugin, find
from faultrun.model.capability import Capability


@cache
def builtin() -> Mapping[str, Capability]:
    """Every capability that comes with faultrun, by name, in alphabetical order."""
    tables = (
        *memory.CAPABILITIES,
        *block.CAPABILITIES,
        *net.CAPABILITIES,
        *block_error.CAPABILITIES,
        *nvme.CAPABILITIES,
        *null_blk.CAPABILITIES,
        *mmc.CAPABILITIES,
        *scsi_debug.CAPABILITIES,
        *md_faulty.CAPABILITIES,
        *device_mapper.CAPABILITIES,
        *ufs.CAPABILITIES,
        *fail_nth.CAPABILITIES,
        *fail_function.CAPABILITIES,
        *notifier.CAPABILITIES,
        *lkdtm.CAPABILITIES,
    )
    return MappingProxyType({table.name: table for table in sorted(tables, key=lambda t: t.name)})


@cache
def plugins() -> tuple[Plugin, ...]:
    """What other distributions offer, usable or not."""
    return find(builtin())


@cache
def known() -> Mapping[str, Capability]:
    """Every capability that a campaign may name, in alphabetical order."""
    own = dict(builtin())
    for plugin in plugins():
        if plugin.capability is not None:
            own[plugin.name] = plugin.capability
    return MappingProxyType(dict(sorted(own.items())))
