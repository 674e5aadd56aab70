"""``/proc/kallsyms``: every function that a simulated call chain can name, with its address.

Kernel: kernel/kallsyms.c:s_show(). A module's init functions are not listed once it is live:
kernel/module/kallsyms.c keeps the symbols of what stays.
"""

from functools import cache

from faultrun.kernel.error_injection import FUNCTIONS, SYSCALL
from faultrun.simkernel import symbols
from faultrun.simkernel.injected_functions import INJECTABLE
from faultrun.simkernel.module_table import MODULES
from faultrun.simkernel.modules import Modules
from faultrun.simkernel.point import Point
from faultrun.simkernel.points import POINTS

OTHERS = (
    "__alloc_pages_noprof", "alloc_pages_mpol_noprof", "___slab_alloc", "allocate_slab",
    "__kmalloc_noprof", "__kmalloc_node_noprof", "kfree", "kmem_cache_free", "should_fail_ex",
    "vfs_read", "vfs_write", "ksys_read", "ksys_write", "submit_bio_noacct", "blk_mq_submit_bio",
    "blk_mq_end_request", "bio_endio", "sock_alloc_file", "sk_prot_alloc", "__alloc_skb",
    "kmem_cache_alloc_lru_noprof", "alloc_inode", "iget_locked", "new_inode", "path_openat",
    "schedule", "do_exit", "panic", "printk", "_printk", "start_kernel", "rest_init",
)  # fmt: skip
"""Functions of the kernel beside those that the tables of points and of errors name."""


@cache
def kernel_symbols() -> tuple[tuple[int, str], ...]:
    """Address and name of the kernel's own functions, by address."""
    names = {*OTHERS, *INJECTABLE, *FUNCTIONS}
    for points in (
        *POINTS.values(),
        *(spec.init + spec.each + spec.exit for spec in MODULES.values()),
    ):
        names.update(_named(points))
    return tuple(sorted((symbols.address(name), name) for name in names))


def text(modules: Modules) -> str:
    """The file: the kernel's symbols by address, then those of modules, newest last."""
    shown = modules.shows_addresses()
    lines = [_line(symbols.TEXT_START, "T", "_text", "", shown=shown)]
    lines += (
        _line(address, "T" if _is_global(name) else "t", name, "", shown=shown)
        for address, name in kernel_symbols()
    )
    lines.append(_line(symbols.TEXT_START + symbols.TEXT_SIZE, "T", "_etext", "", shown=shown))
    for name, module in modules.loaded.items():
        places = symbols.sections(name)
        found = [
            *((symbols.address(f"{one} [{name}]"), "t", one) for one in module.spec.text),
            *((symbols.address(f"{one} [{name}]"), "t", one) for one in module.spec.exit_text),
            (places[".gnu.linkonce.this_module"][0], "d", "__this_module"),
        ]
        lines += (_line(at, kind, one, name, shown=shown) for at, kind, one in found)
    return "".join(lines)


def _line(address: int, kind: str, name: str, module: str, *, shown: bool) -> str:
    where = f"\t[{module}]" if module else ""
    return f"{address if shown else 0:016x} {kind} {name}{where}\n"


def _named(points: tuple[Point, ...]) -> set[str]:
    return {name for point in points for name in point.stack if " [" not in name}


def _is_global(name: str) -> bool:
    return name.startswith((SYSCALL, "kmem_cache_", "vfs_", "ksys_"))
