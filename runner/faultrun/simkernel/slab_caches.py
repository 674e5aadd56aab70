"""The slab caches of a machine, and the mark by which failslab's cache-filter tells them apart.

Kernel: mm/slub.c:failslab_show(), failslab_store(), setup_slub_debug().
"""

import re
from fnmatch import fnmatchcase

from faultrun.kernel.boot_line import option_key, words
from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

CACHES = frozenset(
    {
        "anon_vma_chain", "cred_jar", "dentry", "ext4_inode_cache", "files_cache", "filp", "fs_cache", "inode_cache",
        "kmalloc-8", "kmalloc-16", "kmalloc-32", "kmalloc-64", "kmalloc-96", "kmalloc-128",
        "kmalloc-192", "kmalloc-256", "kmalloc-512", "kmalloc-1k", "kmalloc-2k", "kmalloc-4k",
        "kmalloc-8k", "mm_struct", "mnt_cache", "names_cache", "pid", "sighand_cache",
        "signal_cache", "skbuff_small_head", "sock_inode_cache", "task_struct", "UNIX-STREAM", "vm_area_struct", "kernfs_node_cache", "kmem_cache",
        "radix_tree_node", "sigqueue", "skbuff_head_cache",
    }
)  # fmt: skip
"""Every cache that a simulated allocation names, and the usual ones beside them."""

MERGED = frozenset({"anon_vma_chain", "fs_cache"})
"""Caches of one size and the same flags become one: mm/slab_common.c:find_mergeable()."""

_NO_MERGE = ("slab_nomerge", "slub_nomerge")
_DEBUG = ("slub_debug", "slab_debug")
_FAIL = "a"
"""mm/slub.c:parse_slub_debug_flags(): the letter that marks a cache for failslab."""

ROOT = "/sys/kernel/slab"
_PATH = re.compile(rf"{ROOT}/(?P<cache>[^/]+)(?P<file>/failslab)?\Z")


class SlabMarks:
    """Which caches of one machine are marked: at boot those that the command line names."""

    def __init__(self, version: KernelVersion, line: str = "") -> None:
        self.version = version
        options = {option_key(word.name): word.value or "" for word in words(line)}
        wanted = [options[name] for name in _DEBUG if name in options]
        self.marked: set[str] = {
            cache for cache in CACHES for text in wanted if _names(text, cache)
        }
        merging = not any(name in options for name in _NO_MERGE)
        # A cache with debugging of its own is never merged: mm/slab_common.c:SLAB_NEVER_MERGE.
        self.merged = frozenset() if not merging or self.marked & MERGED else MERGED

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
        """A first character of 1 marks, any other takes the mark away. Raises SimErrno.

        EACCES where the file is read-only, EINVAL if the cache is merged with another one.
        """
        if not self._marks.version.has("6.8", None):
            raise SimErrno("EACCES")
        if self._cache in self._marks.merged:
            raise SimErrno("EINVAL")
        if text.startswith("1"):
            self._marks.marked.add(self._cache)
        else:
            self._marks.marked.discard(self._cache)


def _names(text: str, cache: str) -> bool:
    """Whether ``flags[,cache...][;flags,...]`` gives that cache the letter A."""
    for block in text.split(";"):
        flags, *caches = block.split(",")
        if _FAIL in flags.lower() and (
            not caches or any(fnmatchcase(cache, name) for name in caches)
        ):
            return True
    return False
