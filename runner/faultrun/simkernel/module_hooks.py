"""What a module brings along besides its allocations: devices, control files. One line a module."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

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

HOOKS: Mapping[str, ModuleHook] = {}
"""By module name; a module that is not here brings nothing along."""
