"""The slab caches of a machine, and the mark by which failslab's cache-filter tells them apart.

Kernel: mm/slub.c:failslab_show(), failslab_store(). No two caches are merged here, as with
``slab_nomerge`` on the kernel's command line: a merged one could not be marked.
"""

import re

from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

CACHES = frozenset(
    {
        "anon_vma_chain", "cred_jar", "dentry", "files_cache", "filp", "fs_cache", "inode_cache",
        "kmalloc-8", "kmalloc-16", "kmalloc-32", "kmalloc-64", "kmalloc-96", "kmalloc-128",
        "kmalloc-192", "kmalloc-256", "kmalloc-512", "kmalloc-1k", "kmalloc-2k", "kmalloc-4k",
        "kmalloc-8k", "mm_struct", "mnt_cache", "names_cache", "pid", "sighand_cache",
        "signal_cache", "task_struct", "vm_area_struct", "kernfs_node_cache", "kmem_cache",
        "radix_tree_node", "sigqueue", "skbuff_head_cache",
    }
)  # fmt: skip
"""Every cache that a simulated allocation names, and the usual ones beside them."""

ROOT = "/sys/kernel/slab"
_PATH = re.compile(rf"{ROOT}/(?P<cache>[^/]+)(?P<file>/failslab)?\Z")


class SlabMarks:
    """Which caches of one machine are marked; none is at boot."""

    def __init__(self, version: KernelVersion) -> None:
        self.version = version
        self.marked: set[str] = set()

    def file(self, path: str) -> "MarkFile | None":
        """The mark at a path below ``/sys/kernel/slab``, or None."""
        found = _PATH.match(path)
        if found is None or found["file"] is None or found["cache"] not in CACHES:
            return None
        return MarkFile(self, found["cache"])

    def names(self, path: str) -> tuple[str, ...] | None:
        """What a directory there holds, or None if it is none."""
        if path == ROOT:
            return tuple(sorted(CACHES))
        found = _PATH.match(path)
        known = found is not None and found["file"] is None and found["cache"] in CACHES
        return ("failslab",) if known else None


class MarkFile:
    """``/sys/kernel/slab/<cache>/failslab``. Read-only until 6.8, where boot options set it."""

    __slots__ = ("_cache", "_marks")

    gone = False

    def __init__(self, marks: SlabMarks, cache: str) -> None:
        self._marks = marks
        self._cache = cache

    def read(self, _task: SimTask | None) -> str:
        """1 or 0."""
        return f"{int(self._cache in self._marks.marked)}\n"

    def write(self, text: str, _task: SimTask | None) -> None:
        """A first character of 1 marks, any other takes the mark away. Raises SimErrno EACCES."""
        if not self._marks.version.has("6.8", None):
            raise SimErrno("EACCES")
        if text.startswith("1"):
            self._marks.marked.add(self._cache)
        else:
            self._marks.marked.discard(self._cache)
