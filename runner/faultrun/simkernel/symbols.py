"""Addresses for function names, so that the stack filter's ranges mean something.

A simulated call chain is a list of names; a function of a module is written as a trace prints it,
``dummy_init_one [dummy]``. Each name gets one address, the same in every run and on every machine;
what lies where says nothing about a real kernel's layout. Functions do not overlap: each has a slot
of its own, in the order of the table in a module, by its name in the kernel.
"""

import hashlib
from functools import cache

from faultrun.simkernel.module_table import MODULES

TEXT_START = 0xFFFF_FFFF_8100_0000
TEXT_SIZE = 0x3E00_0000
SLOT = 0x200
"""Bytes for each function: more than any has."""

MODULES_START = 0xFFFF_FFFF_C020_0000
MODULE_STRIDE = 0x10_0000
_PAGE = 0x1000
_INIT = 0x8_0000
"""Offset of what is freed after a module's init function returned."""


@cache
def address(name: str) -> int:
    """Where a function starts."""
    function, module = parted(name)
    if module:
        return _in_module(function, module)
    digest = hashlib.sha256(name.encode()).digest()
    slots = TEXT_SIZE // SLOT
    return TEXT_START + int.from_bytes(digest[:8], "big") % slots * SLOT


@cache
def offsets(name: str) -> tuple[int, int]:
    """The return address's offset in a function, and the function's size, as a trace prints them."""
    digest = hashlib.sha256(name.encode()).digest()
    size = 0x20 + int.from_bytes(digest[8:10], "big") % 0x1E0
    return 5 + int.from_bytes(digest[10:12], "big") % (size - 8), size


def parted(name: str) -> tuple[str, str]:
    """A frame's function and its module, which is empty for the kernel's own.

    The module may be left out where only one of the table has a function of that name.
    """
    function, bracket, rest = name.partition(" [")
    return (function, rest[:-1]) if bracket else (name, _homes().get(name, ""))


@cache
def _homes() -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for module, spec in MODULES.items():
        for function in (*spec.text, *spec.init_text, *spec.exit_text):
            found.setdefault(function, []).append(module)
    return {function: names[0] for function, names in found.items() if len(names) == 1}


@cache
def sections(module: str) -> dict[str, tuple[int, int]]:
    """Section to address and size of a module of the table, in the order of their addresses.

    Kernel: kernel/module/main.c:move_module(): text, then data, then read-only data lie apart
    since 6.4; what is for init alone comes last.
    """
    spec = MODULES[module]
    base = MODULES_START + list(MODULES).index(module) * MODULE_STRIDE
    found: dict[str, tuple[int, int]] = {}
    for name, functions in ((".text", spec.text), (".exit.text", spec.exit_text)):
        size = max(len(functions), 1) * SLOT
        found[name] = (base, size)
        base += size
    base = -(-base // _PAGE) * _PAGE
    for name, size in ((".data", 0x400), (".gnu.linkonce.this_module", 0x600), (".bss", 0x100)):
        found[name] = (base, size)
        base += size
    base = -(-base // _PAGE) * _PAGE
    found[".rodata"] = (base, 0x800)
    start = MODULES_START + list(MODULES).index(module) * MODULE_STRIDE + _INIT
    found[".init.text"] = (start, max(len(spec.init_text), 1) * SLOT)
    return found


def size(module: str) -> int:
    """Bytes of a loaded module, without what is for init alone: whole pages."""
    last, length = sections(module)[".rodata"]
    first = sections(module)[".text"][0]
    return -(-(last + length - first) // _PAGE) * _PAGE


def _in_module(function: str, module: str) -> int:
    spec = MODULES[module]
    for section, functions in (
        (".text", spec.text),
        (".exit.text", spec.exit_text),
        (".init.text", spec.init_text),
    ):
        if function in functions:
            return sections(module)[section][0] + functions.index(function) * SLOT
    raise KeyError(f"{function} [{module}]")
