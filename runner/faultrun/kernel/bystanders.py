"""Functions that only look on: an injection below one of them did not hit the workload's work.

A kernel with debugging aids allocates for its own bookkeeping inside every allocation; a fault
that falls there changes nothing for the program that runs.
"""

from collections.abc import Sequence

BYSTANDERS: dict[str, str] = {
    # mm/kmemleak.c: one record of its own for each object it watches.
    "create_object": "kmemleak",
    "__create_object": "kmemleak",
    "__alloc_object": "kmemleak",
    "kmemleak_alloc": "kmemleak",
    "kmemleak_alloc_phys": "kmemleak",
    "mem_pool_alloc": "kmemleak",
    # lib/stackdepot.c: room for saved stacks of KASAN, page_owner and slub_debug.
    "stack_depot_save": "stackdepot",
    "stack_depot_save_flags": "stackdepot",
    "__stack_depot_save": "stackdepot",
    # mm/kasan/common.c
    "kasan_save_stack": "KASAN",
    "kasan_save_track": "KASAN",
    # mm/page_owner.c
    "__set_page_owner": "page_owner",
    # lib/debugobjects.c
    "debug_objects_fill_pool": "debugobjects",
    "fill_pool": "debugobjects",
    # kernel/locking/lockdep.c
    "register_lock_class": "lockdep",
}


def bystander(chain: Sequence[str]) -> str:
    """Who looks on in a call chain (function names, innermost first), or empty."""
    return next((BYSTANDERS[name] for name in chain if name in BYSTANDERS), "")
