"""The fault points that a system call passes: which allocations and copies, in which order.

Modelled by hand from the kernel's sources (6.12): the allocations that such a call makes on a warm
machine, not recorded call for call. Counts on a real kernel differ with its configuration and the
state of its caches; what is right here is the kind of each point, its errno and its call chain.
"""

from collections.abc import Iterable

from faultrun.kernel.errno import name_of
from faultrun.kernel.error_injection import SYSCALL
from faultrun.simkernel.hooks import USER, Gfp
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.point import Copy, Pages, Point, Slab
from faultrun.simkernel.signals import SIGKILL, SIGSEGV, Killed
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

MODELLED = "by hand from the sources of Linux 6.12"

_ENTRY = ("do_syscall_64", "entry_SYSCALL_64_after_hwframe")
_OPEN = ("do_sys_openat2", "__x64_sys_openat", *_ENTRY)
_STAT = ("vfs_fstatat", "__do_sys_newfstatat", *_ENTRY)
_READ = ("vfs_read", "ksys_read", "__x64_sys_read", *_ENTRY)
_WRITE = ("vfs_write", "ksys_write", "__x64_sys_write", *_ENTRY)
_CLONE = ("copy_process", "kernel_clone", "__do_sys_clone", *_ENTRY)
_EXEC = ("do_execveat_common", "__x64_sys_execve", *_ENTRY)
_LOAD = ("load_elf_binary", "bprm_execve", *_EXEC)
_LOADED = (
    "load_module",
    "init_module_from_file",
    "idempotent_init_module",
    "__x64_sys_finit_module",
)
_SYSFS = ("__kernfs_new_node", "kernfs_new_node", "kernfs_create_dir_ns", "mod_sysfs_setup")
_DELETE = ("__do_sys_delete_module", *_ENTRY)
_KILL = (
    "__send_signal_locked",
    "do_send_sig_info",
    "kill_pid_info_type",
    "__x64_sys_kill",
    *_ENTRY,
)
_PAIR = ("__sys_socketpair", "__x64_sys_socketpair", *_ENTRY)
_CREATE = ("__sock_create", *_PAIR)
_FILE = ("alloc_file_pseudo", "sock_alloc_file", *_PAIR)
_ALLOC = "kmem_cache_alloc_noprof"
_MALLOC = "__kmalloc_cache_noprof"


def _name(*rest: str) -> tuple[Point, ...]:
    """fs/namei.c:getname_flags(): a name from the cache, then the path from user space."""
    return (
        Slab("names_cache", 4096, (_ALLOC, "getname_flags", *rest)),
        Copy(("strncpy_from_user", "getname_flags", *rest)),
    )


def _socket() -> tuple[Point, ...]:
    """net/socket.c:__sock_create(): without an inode it answers ENFILE."""
    return (
        Slab(
            "sock_inode_cache",
            832,
            ("kmem_cache_alloc_lru_noprof", "sock_alloc_inode", "alloc_inode", *_CREATE),
            "ENFILE",
        ),
        Slab(
            "UNIX-STREAM",
            1088,
            (_ALLOC, "sk_prot_alloc", "sk_alloc", "unix_create1", "unix_create", *_CREATE),
        ),
    )


def _socket_file() -> tuple[Point, ...]:
    return (
        Slab("dentry", 192, ("kmem_cache_alloc_lru_noprof", "__d_alloc", "d_alloc_pseudo", *_FILE)),
        Slab("filp", 256, (_ALLOC, "alloc_empty_file", "alloc_file", *_FILE)),
    )


POINTS: dict[str, tuple[Point, ...]] = {
    "openat": (
        *_name(*_OPEN),
        Slab(
            "filp",
            256,
            (_ALLOC, "alloc_empty_file", "path_openat", "do_filp_open", *_OPEN),
        ),
    ),
    "newfstatat": (
        *_name(*_STAT),
        Copy(("_copy_to_user", "cp_new_stat", *_STAT)),
    ),
    "getdents64": (
        Copy(("_copy_to_user", "filldir64", "iterate_dir", "__x64_sys_getdents64", *_ENTRY)),
    ),
    "read": (Copy(("_copy_to_iter", *_READ)),),
    "write": (Copy(("_copy_from_iter", *_WRITE)),),
    "socketpair": (*_socket(), *_socket(), *_socket_file(), *_socket_file()),
    "mkdir": (*_name("do_mkdirat", "__x64_sys_mkdir", *_ENTRY),),
    "unlinkat": (*_name("do_unlinkat", "__x64_sys_unlinkat", *_ENTRY),),
    "renameat2": (*_name("do_renameat2", "__x64_sys_rename", *_ENTRY),),
    "mount": (
        *_name("path_mount", "__x64_sys_mount", *_ENTRY),
        Slab(
            "kmalloc-256",
            256,
            (_MALLOC, "alloc_fs_context", "path_mount", "__x64_sys_mount", *_ENTRY),
        ),
        Slab("mnt_cache", 320, (_ALLOC, "alloc_vfsmnt", "vfs_create_mount", "path_mount", *_ENTRY)),
    ),
    "umount2": (*_name("user_path_at", "__x64_sys_umount", *_ENTRY),),
    "ioctl": (Copy(("_copy_from_user", "__x64_sys_ioctl", *_ENTRY)),),
    "clone": (
        Slab("task_struct", 9792, (_ALLOC, "dup_task_struct", *_CLONE)),
        Pages(2, ("__vmalloc_area_node", "dup_task_struct", *_CLONE)),
        Slab("cred_jar", 184, (_ALLOC, "prepare_creds", "copy_creds", *_CLONE)),
        Slab("files_cache", 704, (_ALLOC, "dup_fd", *_CLONE)),
        Slab("fs_cache", 64, (_ALLOC, "copy_fs_struct", *_CLONE)),
        Slab("sighand_cache", 2088, (_ALLOC, *_CLONE)),
        Slab("signal_cache", 1120, (_ALLOC, *_CLONE)),
        Slab("mm_struct", 1408, (_ALLOC, "dup_mm", *_CLONE)),
        Slab("vm_area_struct", 184, (_ALLOC, "vm_area_dup", "dup_mmap", "dup_mm", *_CLONE)),
        Slab(
            "anon_vma_chain", 64, (_ALLOC, "anon_vma_clone", "anon_vma_fork", "dup_mmap", *_CLONE)
        ),
        Slab("pid", 144, (_ALLOC, "alloc_pid", *_CLONE)),
    ),
    "execve": (
        *_name("__x64_sys_execve", *_ENTRY),
        Slab("kmalloc-512", 512, (_MALLOC, "alloc_bprm", *_EXEC)),
        Slab(
            "filp",
            256,
            (_ALLOC, "alloc_empty_file", "do_open_execat", "alloc_bprm", *_EXEC),
        ),
        Slab("mm_struct", 1408, (_ALLOC, "mm_alloc", "alloc_bprm", *_EXEC)),
        Slab("vm_area_struct", 184, (_ALLOC, "vm_area_alloc", "alloc_bprm", *_EXEC)),
        Pages(
            0, ("pte_alloc_one", "__pte_alloc", "get_arg_page", "copy_strings", *_EXEC), gfp=USER
        ),
        Copy(("_copy_from_user", "copy_strings", *_EXEC)),
        Slab("cred_jar", 184, (_ALLOC, "prepare_exec_creds", "bprm_execve", *_EXEC)),
        Slab("kmalloc-1k", 1024, (_MALLOC, "load_elf_phdrs", *_LOAD)),
    ),
    # kernel/module/main.c:load_module(), as far as it does not depend on the module.
    "finit_module": (
        Copy(("_copy_from_user", "strndup_user", *_LOADED, *_ENTRY)),
        Slab(
            "kmalloc-64", 64, (_MALLOC, "idempotent_init_module", "__x64_sys_finit_module", *_ENTRY)
        ),
        Slab("kmalloc-1k", 1024, (_MALLOC, "layout_and_allocate", *_LOADED, *_ENTRY)),
        Slab("kernfs_node_cache", 128, (_ALLOC, *_SYSFS, *_LOADED, *_ENTRY)),
        # lib/radix-tree.c:radix_tree_node_alloc() has a preloaded node to fall back on.
        Slab(
            "radix_tree_node",
            576,
            (
                _ALLOC,
                "radix_tree_node_alloc",
                "idr_get_free",
                "idr_alloc_u32",
                *_SYSFS,
                *_LOADED,
                *_ENTRY,
            ),
            "",
            Gfp.NOWARN,
        ),
        Slab("kmalloc-512", 512, (_MALLOC, "add_sect_attrs", *_LOADED, *_ENTRY)),
    ),
    "delete_module": (
        Copy(("strncpy_from_user", *_DELETE)),
        # A uevent that cannot be sent is not missed: lib/kobject_uevent.c:kobject_uevent_env().
        Slab(
            "kmalloc-4k",
            4096,
            (_MALLOC, "kobject_uevent_env", "kobject_put", "free_module", *_DELETE),
            "",
        ),
    ),
    # kernel/signal.c:__sigqueue_alloc() is atomic; a signal below SIGRTMIN arrives without it.
    "kill": (Slab("sigqueue", 80, (_ALLOC, "__sigqueue_alloc", *_KILL), "", Gfp.ATOMIC),),
    "load": (
        Slab("sighand_cache", 2088, (_ALLOC, "begin_new_exec", *_LOAD)),
        Slab("vm_area_struct", 184, (_ALLOC, "vm_area_alloc", "mmap_region", "elf_load", *_LOAD)),
        Copy(("_copy_to_user", "create_elf_tables", *_LOAD)),
    ),
}
"""System call to its points, in order. ``socketpair`` is recorded: eight points with these errnos
on Linux 6.1.192 and 6.12.95, swept with fail-nth. ``load`` is the part of execve after which no return is."""


def check(kernel: SimKernel, task: SimTask, call: str) -> None:
    """Pass the points of a system call. Raises SimErrno where a fault falls."""
    if kernel.injected:
        returned = kernel.overridden(f"{SYSCALL}{call}", task, _ENTRY)
        if returned is not None:
            raise SimErrno(name_of(-returned))
    meet(kernel, task, POINTS[call])


def meet(kernel: SimKernel, task: SimTask | None, points: Iterable[Point]) -> None:
    """Pass these points in order. Raises SimErrno where a fault falls that has an errno."""
    for point in points:
        if _fails(kernel, task, point) and point.errno:
            raise SimErrno(point.errno)


def check_fatal(kernel: SimKernel, task: SimTask, call: str) -> None:
    """Pass points where an error can no longer be returned. Raises Killed.

    Kernel: fs/exec.c:bprm_execve() sends SIGSEGV once the old program is gone.
    """
    for point in POINTS[call]:
        if _fails(kernel, task, point):
            raise Killed(SIGKILL if isinstance(point, Copy) else SIGSEGV)


def _fails(kernel: SimKernel, task: SimTask | None, point: Point) -> bool:
    match point:
        case Slab():
            return kernel.slab(task, point.size, point.gfp, point.stack, point.cache)
        case Pages():
            return kernel.pages(task, point.order, point.gfp, point.stack)
        case Copy():
            return kernel.usercopy(task, point.stack)
