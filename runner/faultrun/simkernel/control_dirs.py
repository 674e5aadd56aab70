"""Directories of control files that every machine has, by path, each with what makes it.

A facility adds its line here; its files are made when somebody first looks into the directory.
One that has many directories adds its root to ``SUBTREES``, and provides the rest on first touch.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from faultrun.simkernel import (
    cpus,
    injected_functions,
    lkdtm,
    memory_blocks,
    modules,
    notifiers,
    power,
)
from faultrun.simkernel.net import net_files
from faultrun.simkernel.tree import ControlFile

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

Maker = Callable[["Machine"], Mapping[str, ControlFile]]

DIRECTORIES: tuple[tuple[str, Maker], ...] = (
    (injected_functions.DIRECTORY, injected_functions.files),
    *modules.BOOT_DIRECTORIES,
    (lkdtm.DIRECTORY, lkdtm.files),
    (lkdtm.KPROBES, lkdtm.kprobe_files),
)

SUBTREES: tuple[tuple[str, Maker], ...] = (
    (notifiers.DIRECTORY, notifiers.chains),
    (power.ROOT, power.files),
    (power.CLOCK, power.clock_files),
    (memory_blocks.ROOT, memory_blocks.files),
    (cpus.ROOT, cpus.files),
    (net_files.ROOT, net_files.files),
)
