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
    "__blk_mq_issue_directly", "__blk_mq_sched_dispatch_requests", "__blkdev_direct_IO_simple",
    "__common_interrupt", "__dev_queue_xmit", "__handle_irq_event_percpu", "__local_bh_enable_ip",
    "__napi_poll", "__netif_receive_skb_one_core", "__rpc_execute", "__submit_bio",
    "__writeback_single_inode", "__x64_sys_futex", "asm_common_interrupt", "bdev_disk_changed",
    "blk_mq_alloc_and_init_hctx", "blk_mq_alloc_queue", "blk_mq_dispatch_rq_list",
    "blk_mq_init_allocated_queue", "blk_mq_init_hctx", "blk_mq_realloc_hw_ctxs",
    "blk_mq_run_work_fn", "blk_mq_sched_dispatch_requests", "blk_mq_try_issue_directly",
    "blkdev_direct_IO", "blkdev_read_iter", "blkdev_writepages", "cache_check", "call_transmit",
    "call_transmit_status", "common_interrupt", "configfs_write_iter", "device_add_disk",
    "do_futex", "do_softirq", "do_writepages", "exp_find", "fei_kprobe_handler", "fh_verify",
    "filemap_fdatawrite_wbc", "filemap_get_pages", "filemap_read", "ftrace_ops_assist_func",
    "futex_lock_pi", "futex_lock_pi_atomic", "futex_requeue", "futex_unlock_pi",
    "futex_wait_setup", "futex_wake", "get_futex_key", "handle_edge_irq", "handle_fasteoi_irq",
    "handle_irq_event", "handle_irq_event_percpu", "handle_softirqs", "ip_rcv", "ip_rcv_core",
    "irq_thread", "irq_thread_fn", "kmalloc_reserve", "kmem_cache_alloc_node_noprof",
    "kprobe_ftrace_handler", "kthread", "lock_pi_update_atomic", "mempool_alloc_noprof",
    "mmc_request_done", "mpage_readahead", "net_rx_action", "nfsd", "nfsd_set_fh_dentry",
    "page_cache_ra_unbounded", "process_backlog", "process_one_work", "pskb_expand_head",
    "read_pages", "read_part_sector", "ret_from_fork", "ret_from_fork_asm", "rpc_execute",
    "rpc_run_task", "rqst_exp_find", "sdhci_irq", "sdhci_request_done", "sdhci_thread_irq",
    "should_fail", "should_fail_futex", "should_fail_usercopy", "simple_attr_read",
    "simple_attr_write", "skb_might_realloc", "submit_bh", "submit_bh_wbc", "submit_bio",
    "submit_bio_noacct_nocheck", "svc_handle_xprt", "svc_process", "svc_recv", "sync_blockdev",
    "vfs_get_tree", "wb_writeback", "worker_thread", "writeback_sb_inodes", "xprt_end_transmit",
    "xprt_request_transmit", "xprt_transmit",
)  # fmt: skip
"""Functions of the kernel beside those that the tables of points and of errors name."""


@cache
def kernel_symbols() -> tuple[tuple[int, str], ...]:
    """Address and name of the kernel's own functions, by address."""
    names = {name for name in (*OTHERS, *INJECTABLE, *FUNCTIONS) if not symbols.parted(name)[1]}
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
    return {name for point in points for name in point.stack if not symbols.parted(name)[1]}


def _is_global(name: str) -> bool:
    return name.startswith((SYSCALL, "kmem_cache_", "vfs_", "ksys_"))
