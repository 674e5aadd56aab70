"""The attributes of a null_blk device in configfs, with the driver's own defaults.

Kernel: drivers/block/null_blk/main.c:nullb_device_attrs[], null_alloc_dev(). Those listed exist
in every kernel from 6.1 on; newer ones (fua, rotational, badblocks_once ...) are not modelled.
"""

from faultrun.model.capability import AttrKind

BOOL, UINT, ULONG = AttrKind.BOOL, AttrKind.U32, AttrKind.ULONG

ATTRIBUTES: dict[str, tuple[AttrKind, int]] = {
    "blocking": (BOOL, 0),
    "blocksize": (UINT, 512),
    "cache_size": (ULONG, 0),
    "completion_nsec": (ULONG, 10_000),
    "discard": (BOOL, 0),
    "home_node": (UINT, 2**32 - 1),
    "hw_queue_depth": (UINT, 64),
    "index": (UINT, 0),
    "irqmode": (UINT, 1),
    "max_sectors": (UINT, 0),
    "mbps": (UINT, 0),
    "memory_backed": (BOOL, 0),
    "poll_queues": (UINT, 1),
    "queue_mode": (UINT, 2),
    "size": (ULONG, 250 * 1024),
    "submit_queues": (UINT, 1),
    "use_per_node_hctx": (BOOL, 0),
    "virt_boundary": (BOOL, 0),
    "zone_capacity": (ULONG, 0),
    "zone_max_active": (UINT, 0),
    "zone_max_open": (UINT, 0),
    "zone_nr_conv": (UINT, 0),
    "zone_size": (ULONG, 256),
    "zoned": (BOOL, 0),
}
"""By name: how the kernel parses it, and its default. `size` is in MiB."""

UNMODELLED = {
    "cache_size": "null_blk with a write cache",
    "mbps": "null_blk with a limited bandwidth",
    "zoned": "null_blk with zones",
}
"""Attributes whose effect is not modelled: powering on a device that has one set says so."""

PARAMETERS: dict[str, str] = {
    "blocking": "blocking",
    "bs": "blocksize",
    "completion_nsec": "completion_nsec",
    "hw_queue_depth": "hw_queue_depth",
    "irqmode": "irqmode",
    "max_sectors": "max_sectors",
    "memory_backed": "memory_backed",
    "queue_mode": "queue_mode",
    "submit_queues": "submit_queues",
    "zoned": "zoned",
}
"""Module parameters that are the defaults of attributes. `gb` and `nr_devices` stand apart."""

FAULTS: dict[str, str] = {
    "timeout": "timeout_inject",
    "requeue": "requeue_inject",
    "init_hctx": "init_hctx_fault_inject",
}
"""Module parameter to the group of attributes that it is the template of."""
