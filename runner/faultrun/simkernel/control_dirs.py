"""Directories of control files that every machine has, by path, each with what makes it.

A facility adds its line here; its files are made when somebody first looks into the directory.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from faultrun.simkernel import injected_functions, modules
from faultrun.simkernel.tree import ControlFile

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

Maker = Callable[["Machine"], Mapping[str, ControlFile]]

DIRECTORIES: tuple[tuple[str, Maker], ...] = (
    (injected_functions.DIRECTORY, injected_functions.files),
    *modules.BOOT_DIRECTORIES,
)
