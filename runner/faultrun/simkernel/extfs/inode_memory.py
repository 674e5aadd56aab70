"""Where inodes in memory come from: a slab cache of the ext4 module, refilled now and then.

Kernel: fs/ext4/super.c:ext4_alloc_inode(), mm/slub.c:allocate_slab(). A new slab is first asked for
as 8 pages without waiting and without a warning, and as a single page if that fails: what a
fail_page_alloc with its default filters meets, and what no caller ever sees.
"""

from faultrun.simkernel.hooks import KERNEL, Gfp
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.point import Pages, Point, Slab
from faultrun.simkernel.points import meet
from faultrun.simkernel.tasks import SimTask

CACHE = "ext4_inode_cache"
SIZE = 1096
ORDER = 3
IN_A_SLAB = (4096 << ORDER) // SIZE

_ALLOC = ("kmem_cache_alloc_lru_noprof", "ext4_alloc_inode [ext4]", "alloc_inode")
_REFILL = ("alloc_pages_mpol_noprof", "allocate_slab", "___slab_alloc")
READ = ("iget_locked", "__ext4_iget [ext4]", "ext4_lookup [ext4]", "path_openat")
CREATE = ("new_inode", "__ext4_new_inode [ext4]", "ext4_create [ext4]", "path_openat")


def module_of(kind: str) -> str:
    """The module behind a type: ext4's registers ext2 and ext3 too (fs/ext4/super.c:ext4_init_fs())."""
    return "ext4" if kind in ("ext2", "ext3") else kind


class InodeCache:
    """The cache of one machine: how many of the newest slab's objects are taken."""

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel
        self._taken = 0

    def take(self, task: SimTask, callers: tuple[str, ...]) -> None:
        """Allocate one inode. Raises SimErrno ENOMEM."""
        stack = (*_ALLOC, *callers)
        points: list[Point] = [Slab(CACHE, SIZE, stack, "ENOMEM", KERNEL)]
        if self._taken % IN_A_SLAB == 0:
            points.append(Pages(ORDER, (*_REFILL, *stack), "", Gfp.NOWARN))
        self._taken += 1
        meet(self._kernel, task, points)
