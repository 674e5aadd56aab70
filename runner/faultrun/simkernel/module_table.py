"""The kernel modules of the simulated machine: what each allocates when it comes and goes.

By hand from the sources of Linux 6.12: the functions named are those that a trace would show, in
the section that they are in; not every allocation is listed, but one of each kind that the module's
init makes. One entry a module; what a module brings along besides is in ``module_hooks``.
"""

from dataclasses import dataclass

from faultrun.simkernel.hooks import KERNEL, Gfp
from faultrun.simkernel.point import Point, Slab

MODELLED = "by hand from the sources of Linux 6.12"

_ENTRY = ("do_syscall_64", "entry_SYSCALL_64_after_hwframe")
_INIT = (
    "do_one_initcall", "do_init_module", "init_module_from_file", "idempotent_init_module",
    "__x64_sys_finit_module", *_ENTRY,
)  # fmt: skip
_EXIT = ("__do_sys_delete_module", *_ENTRY)
_MALLOC = "__kmalloc_cache_noprof"
_NODE = "__kmalloc_node_noprof"
_ALLOC = "kmem_cache_alloc_noprof"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleParam:
    """A parameter: ``mode`` 0 has no file below /sys/module. Kinds are the kernel's own names."""

    name: str
    kind: str = "int"
    default: str = "0"
    mode: int = 0o444


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleSpec:
    """A module. ``text``, ``init_text`` and ``exit_text`` are its functions by section.

    ``init`` is passed once, ``each`` as often as the parameter ``times`` says, ``exit`` on unload.
    ``boot``: it is loaded from the start, and in use.
    """

    summary: str
    place: str
    text: tuple[str, ...]
    init_text: tuple[str, ...]
    exit_text: tuple[str, ...]
    init: tuple[Point, ...] = ()
    each: tuple[Point, ...] = ()
    times: str = ""
    exit: tuple[Point, ...] = ()
    depends: tuple[str, ...] = ()
    params: tuple[ModuleParam, ...] = ()
    boot: bool = False


def _own(module: str, *functions: str) -> tuple[str, ...]:
    return tuple(f"{function} [{module}]" for function in functions)


def _cache(module: str, *functions: str) -> Slab:
    """mm/slab_common.c:__kmem_cache_create_args()."""
    stack = (_ALLOC, "__kmem_cache_create_args", *_own(module, *functions), *_INIT)
    return Slab("kmem_cache", 232, stack)


def _major(module: str, *functions: str) -> Slab:
    """block/genhd.c:__register_blkdev(), which answers ENOMEM."""
    stack = (_MALLOC, "__register_blkdev", *_own(module, *functions), *_INIT)
    return Slab("kmalloc-96", 96, stack)


def _disk(module: str, *functions: str) -> Slab:
    """block/genhd.c:__alloc_disk_node(): the gendisk itself."""
    stack = (_MALLOC, "__alloc_disk_node", "__blk_mq_alloc_disk", *_own(module, *functions), *_INIT)
    return Slab("kmalloc-1k", 1024, stack)


def _object(module: str, cache: str, size: int, *functions: str) -> Slab:
    """kzalloc() of the module's own."""
    return Slab(cache, size, (_MALLOC, *_own(module, *functions), *_INIT))


def _file(module: str, *functions: str) -> Slab:
    """A debugfs directory: fs/debugfs/inode.c. Callers go on without it."""
    stack = (_ALLOC, "__d_alloc", "d_alloc_parallel", "debugfs_create_dir")
    return Slab("dentry", 192, (*stack, *_own(module, *functions), *_INIT), "")


def _netdev(gfp: Gfp, cache: str, size: int, *inner: str) -> Slab:
    """A point below dummy_init_one(), whose every failure is ENOMEM."""
    own = _own("dummy", "dummy_init_one", "dummy_init_module")
    return Slab(cache, size, (*inner, *own, *_INIT), "ENOMEM", gfp)


_DUMMY = (
    _netdev(KERNEL, "kmalloc-4k", 4096, _NODE, "__kvmalloc_node_noprof", "alloc_netdev_mqs"),
    # net/core/dev_addr_lists.c:__hw_addr_create() is atomic.
    _netdev(
        Gfp.ATOMIC, "kmalloc-64", 64, _MALLOC, "__hw_addr_create", "__hw_addr_add_ex",
        "dev_addr_init", "alloc_netdev_mqs",
    ),
    _netdev(KERNEL, "kmalloc-512", 512, _NODE, "__kvmalloc_node_noprof", "alloc_netdev_mqs"),
    # net/core/dev.c:__dev_alloc_name() is atomic: one bit for each of 8 * PAGE_SIZE names.
    _netdev(
        Gfp.ATOMIC, "kmalloc-4k", 4096, "__kmalloc_noprof", "bitmap_zalloc", "__dev_alloc_name",
        "dev_get_valid_name", "register_netdevice",
    ),
    _netdev(
        KERNEL, "kernfs_node_cache", 128, _ALLOC, "__kernfs_new_node", "sysfs_create_dir_ns",
        "device_add", "netdev_register_kobject", "register_netdevice",
    ),
)  # fmt: skip

MODULES: dict[str, ModuleSpec] = {
    "dummy": ModuleSpec(
        summary="network devices that throw away what is sent",
        place="drivers/net",
        text=("dummy_setup", "dummy_xmit", "dummy_dev_init", "dummy_validate"),
        init_text=("dummy_init_module", "dummy_init_one"),
        exit_text=("dummy_cleanup_module",),
        each=_DUMMY,
        times="numdummies",
        # The message that a device is gone: net/core/rtnetlink.c:rtmsg_ifinfo_build_skb().
        exit=(
            Slab(
                "skbuff_head_cache",
                232,
                (
                    _ALLOC, "__alloc_skb", "rtmsg_ifinfo_build_skb", "unregister_netdevice_many",
                    "rtnl_link_unregister", *_own("dummy", "dummy_cleanup_module"), *_EXIT,
                ),
                "",
            ),
        ),
        params=(ModuleParam(name="numdummies", default="1", mode=0),),
    ),
    "loop": ModuleSpec(
        summary="disks whose content is a file",
        place="drivers/block",
        text=("loop_add", "loop_configure", "loop_queue_work", "loop_control_ioctl", "lo_ioctl", "loop_handle_cmd", "loop_process_work", "loop_workfn"),
        init_text=("loop_init",),
        exit_text=("loop_exit",),
        init=(_major("loop", "loop_init"),),
        # drivers/block/loop.c:loop_init() goes on when a device cannot be added.
        each=(
            Slab("kmalloc-1k", 1024, (_MALLOC, *_own("loop", "loop_add", "loop_init"), *_INIT), ""),
            Slab(
                "radix_tree_node",
                576,
                (_ALLOC, "radix_tree_node_alloc", "idr_alloc", *_own("loop", "loop_add", "loop_init"), *_INIT),
                "",
            ),
        ),
        times="max_loop",
        params=(
            ModuleParam(name="max_loop", default="8"),
            ModuleParam(name="max_part", default="0"),
            ModuleParam(name="hw_queue_depth", default="128"),
        ),
    ),
    "ext4": ModuleSpec(
        summary="the fourth extended file system",
        place="fs/ext4",
        text=(
            "ext4_init_fs_context", "ext4_fill_super", "__ext4_fill_super", "ext4_get_tree",
            "ext4_alloc_inode", "__ext4_iget", "ext4_lookup", "ext4_create", "__ext4_new_inode",
            "ext4_mkdir", "ext4_file_open", "ext4_file_write_iter", "ext4_mb_new_blocks",
            "ext4_ext_map_blocks", "ext4_put_super", "ext4_mount", "ext4_writepages", "ext4_do_writepages", "ext4_io_submit"),
        init_text=(
            "ext4_init_fs", "ext4_init_es", "ext4_init_pageio", "ext4_init_mballoc",
            "ext4_init_sysfs", "init_inodecache",
        ),
        exit_text=("ext4_exit_fs",),
        init=(
            _cache("ext4", "ext4_init_es", "ext4_init_fs"),
            _cache("ext4", "ext4_init_pageio", "ext4_init_fs"),
            _object("ext4", "kmalloc-64", 64, "ext4_init_sysfs", "ext4_init_fs"),
            _cache("ext4", "ext4_init_mballoc", "ext4_init_fs"),
            _cache("ext4", "init_inodecache", "ext4_init_fs"),
        ),
        depends=("jbd2", "mbcache", "crc16"),
    ),
    "jbd2": ModuleSpec(
        summary="the journal of ext4",
        place="fs/jbd2",
        text=("jbd2_journal_start", "jbd2_journal_commit_transaction", "jbd2_journal_init_inode", "kjournald2"),
        init_text=("journal_init",),
        exit_text=("journal_exit",),
        init=(_cache("jbd2", "journal_init"), _cache("jbd2", "journal_init")),
    ),
    "mbcache": ModuleSpec(
        summary="a cache of extended attributes",
        place="fs",
        text=("mb_cache_create", "mb_cache_entry_create"),
        init_text=("mbcache_init",),
        exit_text=("mbcache_exit",),
        init=(_cache("mbcache", "mbcache_init"),),
    ),
    "crc16": ModuleSpec(
        summary="CRC of 16 bits",
        place="lib",
        text=("crc16",),
        init_text=(),
        exit_text=(),
    ),
    "btrfs": ModuleSpec(
        summary="the B-tree file system",
        place="fs/btrfs",
        text=("btrfs_get_tree", "btrfs_get_tree_super", "btrfs_fill_super", "btrfs_alloc_inode"),
        init_text=("init_btrfs_fs", "btrfs_init_cachep", "btrfs_transaction_init", "extent_io_init_cachep"),
        exit_text=("exit_btrfs_fs",),
        init=(
            _cache("btrfs", "btrfs_transaction_init", "init_btrfs_fs"),
            _cache("btrfs", "btrfs_init_cachep", "init_btrfs_fs"),
            _cache("btrfs", "extent_io_init_cachep", "init_btrfs_fs"),
        ),
        depends=("xor", "raid6_pq"),
    ),
    "xor": ModuleSpec(
        summary="parity of blocks",
        place="crypto",
        text=("xor_blocks",),
        init_text=("calibrate_xor_blocks",),
        exit_text=("xor_exit",),
    ),
    "raid6_pq": ModuleSpec(
        summary="the two syndromes of RAID 6",
        place="lib/raid6",
        text=("raid6_gen_syndrome",),
        init_text=("raid6_select_algo",),
        exit_text=("raid6_exit",),
    ),
    "brd": ModuleSpec(
        summary="disks in memory",
        place="drivers/block",
        text=("brd_submit_bio", "brd_insert_page", "brd_alloc"),
        init_text=("brd_init",),
        exit_text=("brd_exit", "brd_cleanup"),
        init=(_major("brd", "brd_init"),),
        each=(
            _object("brd", "kmalloc-192", 192, "brd_alloc", "brd_init"),
            _disk("brd", "brd_alloc", "brd_init"),
        ),
        times="rd_nr",
        params=(
            ModuleParam(name="rd_nr", default="16"),
            ModuleParam(name="rd_size", kind="ulong", default="4096"),
            ModuleParam(name="max_part", default="1"),
        ),
    ),
    "zram": ModuleSpec(
        summary="compressed disks in memory",
        place="drivers/block/zram",
        text=("zram_submit_bio", "zram_write_page", "zram_add"),
        init_text=("zram_init",),
        exit_text=("zram_exit",),
        init=(
            Slab("kmalloc-512", 512, (_MALLOC, "class_register", *_own("zram", "zram_init"), *_INIT)),
            _major("zram", "zram_init"),
        ),
        each=(
            _object("zram", "kmalloc-512", 512, "zram_add", "zram_init"),
            _disk("zram", "zram_add", "zram_init"),
        ),
        times="num_devices",
        depends=("zsmalloc",),
        params=(ModuleParam(name="num_devices", kind="uint", default="1"),),
    ),
    "zsmalloc": ModuleSpec(
        summary="an allocator for compressed pages",
        place="mm",
        text=("zs_malloc", "zs_create_pool"),
        init_text=("zs_init",),
        exit_text=("zs_exit",),
    ),
    "null_blk": ModuleSpec(
        summary="disks that store nothing",
        place="drivers/block/null_blk",
        text=("null_queue_rq", "null_handle_cmd", "null_add_dev", "null_create_dev", "null_alloc_dev", "null_init_hctx", "nullb_device_power_store"),
        init_text=("null_init",),
        exit_text=("null_exit",),
        init=(_major("null_blk", "null_init"),),
        each=(
            _object("null_blk", "kmalloc-1k", 1024, "null_alloc_dev", "null_create_dev", "null_init"),
            _object("null_blk", "kmalloc-512", 512, "null_add_dev", "null_create_dev", "null_init"),
            _disk("null_blk", "null_add_dev", "null_create_dev", "null_init"),
        ),
        times="nr_devices",
        params=(
            ModuleParam(name="nr_devices", kind="uint", default="1"),
            ModuleParam(name="gb", default="250"),
            ModuleParam(name="bs", default="512"),
            ModuleParam(name="queue_mode", default="2"),
            ModuleParam(name="irqmode", default="1"),
            ModuleParam(name="completion_nsec", kind="ulong", default="10000"),
            ModuleParam(name="submit_queues", default="1"),
            ModuleParam(name="hw_queue_depth", default="64"),
            ModuleParam(name="memory_backed", kind="bool", default="N"),
            ModuleParam(name="timeout", kind="string", default=""),
            ModuleParam(name="requeue", kind="string", default=""),
            ModuleParam(name="init_hctx", kind="string", default=""),
        ),
    ),
    "scsi_debug": ModuleSpec(
        summary="SCSI disks in memory, with errors on request",
        place="drivers/scsi",
        text=("scsi_debug_queuecommand", "schedule_resp", "sdebug_add_host_helper", "sdebug_driver_probe"),
        init_text=("scsi_debug_init",),
        exit_text=("scsi_debug_exit",),
        init=(
            Slab("kmalloc-1k", 1024, (_MALLOC, "__root_device_register", *_own("scsi_debug", "scsi_debug_init"), *_INIT)),
            Slab("kmalloc-512", 512, (_MALLOC, "bus_register", *_own("scsi_debug", "scsi_debug_init"), *_INIT)),
            _cache("scsi_debug", "scsi_debug_init"),
        ),
        each=(_object("scsi_debug", "kmalloc-1k", 1024, "sdebug_add_host_helper", "scsi_debug_init"),),
        times="add_host",
        params=(
            ModuleParam(name="add_host", default="1", mode=0o644),
            ModuleParam(name="dev_size_mb", default="8"),
            ModuleParam(name="num_tgts", default="1", mode=0o644),
            ModuleParam(name="max_luns", default="1", mode=0o644),
            ModuleParam(name="sector_size", default="512"),
            ModuleParam(name="delay", default="1", mode=0o644),
            ModuleParam(name="opts", default="0", mode=0o644),
            ModuleParam(name="every_nth", default="0", mode=0o644),
            ModuleParam(name="medium_error_start", default="4660", mode=0o644),
            ModuleParam(name="medium_error_count", default="10", mode=0o644),
            ModuleParam(name="statistics", kind="bool", default="N", mode=0o644),
        ),
    ),
    "xfs": ModuleSpec(
        summary="the XFS file system",
        place="fs/xfs",
        text=("xfs_fs_get_tree", "xfs_fs_fill_super", "xfs_inode_alloc"),
        init_text=("init_xfs_fs", "xfs_init_caches", "xfs_init_workqueues"),
        exit_text=("exit_xfs_fs",),
        init=(
            _cache("xfs", "xfs_init_caches", "init_xfs_fs"),
            _object("xfs", "kmalloc-512", 512, "xfs_init_workqueues", "init_xfs_fs"),
        ),
    ),
    "dm_mod": ModuleSpec(
        summary="disks made of other disks",
        place="drivers/md",
        text=("dm_submit_bio", "dm_create", "dm_table_create", "ctl_ioctl", "dev_create"),
        init_text=("dm_init", "local_init", "dm_interface_init"),
        exit_text=("dm_exit",),
        init=(
            _object("dm_mod", "kmalloc-512", 512, "local_init", "dm_init"),
            _major("dm_mod", "local_init", "dm_init"),
        ),
    ),
    "nvmet": ModuleSpec(
        summary="an NVMe target",
        place="drivers/nvme/target",
        text=("nvmet_req_init", "nvmet_execute_admin_connect", "nvmet_ns_enable"),
        init_text=("nvmet_init", "nvmet_init_discovery"),
        exit_text=("nvmet_exit",),
        init=(
            _cache("nvmet", "nvmet_init"),
            _object("nvmet", "kmalloc-512", 512, "nvmet_init_discovery", "nvmet_init"),
        ),
    ),
    "nvme_fabrics": ModuleSpec(
        summary="what NVMe over fabrics shares",
        place="drivers/nvme/host",
        text=("nvmf_dev_write", "nvmf_create_ctrl", "nvmf_connect_admin_queue"),
        init_text=("nvmf_init",),
        exit_text=("nvmf_exit",),
        init=(_object("nvme_fabrics", "kmalloc-512", 512, "nvmf_init"),),
        depends=("nvme_core",),
    ),
    "nvme_loop": ModuleSpec(
        summary="an NVMe target as a controller of the same machine",
        place="drivers/nvme/target",
        text=("nvme_loop_queue_rq", "nvme_loop_create_ctrl", "nvme_loop_queue_response"),
        init_text=("nvme_loop_init_module",),
        exit_text=("nvme_loop_cleanup_module",),
        init=(_object("nvme_loop", "kmalloc-64", 64, "nvme_loop_init_module"),),
        depends=("nvmet", "nvme_fabrics"),
    ),
    "lkdtm": ModuleSpec(
        summary="crashes on request",
        place="drivers/misc/lkdtm",
        text=("lkdtm_do_action", "lkdtm_debugfs_entry", "direct_entry", "lkdtm_kprobe_handler", "lkdtm_register_cpoint"),
        init_text=("lkdtm_module_init",),
        exit_text=("lkdtm_module_exit",),
        init=(_file("lkdtm", "lkdtm_module_init"),),
        params=(
            ModuleParam(name="recur_count", default="64", mode=0o644),
            ModuleParam(name="cpoint_name", kind="charp", default="(null)"),
            ModuleParam(name="cpoint_type", kind="charp", default="(null)"),
            ModuleParam(name="cpoint_count", default="10", mode=0o644),
        ),
        boot=True,
    ),
    "notifier_error_inject": ModuleSpec(
        summary="errors in notifier chains: what the others share",
        place="lib",
        text=("notifier_err_inject_init", "notifier_err_inject_dir"),
        init_text=("err_inject_init",),
        exit_text=("err_inject_exit",),
        init=(_file("notifier_error_inject", "err_inject_init"),),
    ),
    **{
        f"{chain}_notifier_error_inject": ModuleSpec(
            summary=f"errors in the notifier chain of {chain}",
            place="lib",
            text=(),
            init_text=("err_inject_init",),
            exit_text=("err_inject_exit",),
            init=(_file(f"{chain}_notifier_error_inject", "err_inject_init"),),
            depends=("notifier_error_inject",),
            params=(ModuleParam(name="priority"),),
        )
        for chain in ("pm", "memory", "netdev", "of_reconfig")
    },
    "nvme_core": ModuleSpec(
        summary="what all NVMe transports share",
        place="drivers/nvme/host",
        text=("nvme_setup_cmd", "nvme_complete_rq", "nvme_alloc_ns", "nvme_init_ctrl_finish", "nvme_scan_work", "nvme_should_fail"),
        init_text=("nvme_core_init",),
        exit_text=("nvme_core_exit",),
        boot=True,
    ),
    "nvme": ModuleSpec(
        summary="NVMe on PCI Express",
        place="drivers/nvme/host",
        text=("nvme_queue_rq", "nvme_pci_complete_rq", "nvme_irq", "nvme_reset_work", "nvme_probe", "nvme_poll_cq"),
        init_text=("nvme_init",),
        exit_text=("nvme_exit",),
        depends=("nvme_core",),
        boot=True,
    ),
}  # fmt: skip
"""By name; the order is that of their addresses."""

BUILTIN = frozenset({"configfs"})
"""Not modules on this kernel: modprobe finds them built in, and has nothing to do."""
