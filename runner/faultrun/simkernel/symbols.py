"""Addresses for function names, so that the stack filter's ranges mean something.

A simulated call chain is a list of names. Each name gets one address, the same in every run and on
every machine; what lies where says nothing about a real kernel's layout.
"""

import hashlib
from functools import cache

TEXT_START = 0xFFFF_FFFF_8100_0000
TEXT_SIZE = 0x0100_0000
ALIGN = 16


@cache
def address(name: str) -> int:
    """Where a function starts."""
    digest = hashlib.sha256(name.encode()).digest()
    slots = TEXT_SIZE // ALIGN
    return TEXT_START + int.from_bytes(digest[:8], "big") % slots * ALIGN


@cache
def offsets(name: str) -> tuple[int, int]:
    """The return address's offset in a function, and the function's size, as a trace prints them."""
    digest = hashlib.sha256(name.encode()).digest()
    size = 0x20 + int.from_bytes(digest[8:10], "big") % 0x1E0
    return 5 + int.from_bytes(digest[10:12], "big") % (size - 8), size
