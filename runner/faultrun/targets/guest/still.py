"""Taking memory beforehand: a page that is taken later may be refused, and the task hangs there.

mm/page_alloc.c:prepare_alloc_pages() fails also what a page fault asks for, and the fault is then
tried again for ever (kernel code that handles VM_FAULT_OOM leaves it to the OOM killer).
"""

from __future__ import annotations  # python 3.9 may be all the machine has

import ctypes
import gc
from contextlib import suppress

_MCL_CURRENT = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""malloc.h"""
_NEVER = 1 << 30
_HEAP = 1 << 20
_SMALL = 480
"""Python takes objects of up to 512 bytes from arenas of its own (Objects/obmalloc.c)."""
_ARENAS = 1 << 20
_PIN_EVERY = 64

_libc = ctypes.CDLL(None, use_errno=True)


def reserve() -> list[bytes]:
    """Take what the agent will use; keep what is given back, or the memory goes too."""
    gc.disable()
    with suppress(AttributeError):
        # Other C libraries have no such knobs.
        _libc.mallopt(_M_MMAP_THRESHOLD, _NEVER)
        _libc.mallopt(_M_TRIM_THRESHOLD, _NEVER)
    bytearray(_HEAP)
    small = [bytes(_SMALL) for _ in range(_ARENAS // _SMALL)]
    return small[::_PIN_EVERY]


def take_memory() -> None:
    """Every page of ours is there, and ours alone; who may not lock memory goes without.

    mm/gup.c:populate_vma_page_range() writes to what is private, so that nothing is shared with
    another task after a fork.
    """
    _libc.mlockall(_MCL_CURRENT)
