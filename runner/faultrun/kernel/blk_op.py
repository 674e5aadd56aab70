"""The names of block operations, as the kernel log and the error injection files spell them.

Kernel: block/blk-core.c:blk_op_name[].
"""

OPS = (
    "READ", "WRITE", "FLUSH", "DISCARD", "SECURE_ERASE", "WRITE_ZEROES", "ZONE_APPEND",
    "ZONE_RESET", "ZONE_RESET_ALL", "ZONE_OPEN", "ZONE_CLOSE", "ZONE_FINISH", "DRV_IN", "DRV_OUT",
)  # fmt: skip
