"""What a module brings along besides its allocations: devices, control files. One line a module."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faultrun.simkernel import lkdtm
from faultrun.simkernel.devices.null_blk_bus import NullBlkBus
from faultrun.simkernel.sim_errno import SimErrno

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine


def _nothing(_machine: "Machine", _args: Mapping[str, str]) -> str:
    return ""


def _goes(_machine: "Machine") -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleHook:
    """``on_load`` gets the arguments as texts, defaults included, and gives an errno's name or ''.

    ``on_unload`` gives EBUSY or the like if the module has to stay, else ''.
    """

    on_load: Callable[["Machine", Mapping[str, str]], str] = _nothing
    on_unload: Callable[["Machine"], str] = _goes


PLAIN = ModuleHook()


def _null_blk(machine: "Machine", args: Mapping[str, str]) -> str:
    """Its devices, and a directory in configfs: drivers/block/null_blk/main.c:null_init()."""
    task = machine.kernel.tasks.spawn("modprobe")
    try:
        machine.devices.bus(NullBlkBus).load(args, task)
    except SimErrno as refused:
        return refused.name
    finally:
        machine.kernel.tasks.exit(task)
    return ""


def _no_null_blk(machine: "Machine") -> str:
    """drivers/block/null_blk/main.c:null_exit(); directories in configfs hold the module."""
    return machine.devices.bus(NullBlkBus).unload()


HOOKS: Mapping[str, ModuleHook] = {
    "null_blk": ModuleHook(on_load=_null_blk, on_unload=_no_null_blk),
    "lkdtm": ModuleHook(on_load=lkdtm.load, on_unload=lkdtm.unload),
}
"""By module name; a module that is not here brings nothing along."""
