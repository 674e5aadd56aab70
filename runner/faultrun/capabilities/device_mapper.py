"""dm-flakey and dm-dust: block devices that a table, not a control file, makes unreliable."""

from faultrun.model.capability import Arming, Capability, Parameter

_MAPPING = Parameter(
    name="mapping",
    summary="The mapped device, which the campaign itself makes with dmsetup; the first is `dm-0`.",
    example="dm-0",
    pattern=r"^dm-[0-9]+$",
    device=False,
)
_LINES = (r"Buffer I/O error on dev {mapping}, logical block \d+, ",)
_COUNTED = (
    "The workload arms it: a step of this capability writes nothing. The kernel logs nothing of a"
    " failed bio; what buffered users report is counted, and direct I/O is not."
)

DM_FLAKEY = Capability(
    name="dm_flakey",
    summary="A device that is well for some seconds and down for some, by its own clock.",
    description=(
        "Table: `flakey DEVICE OFFSET UP DOWN [N FEATURES]`, UP and DOWN in seconds, counted from the"
        " load of the table. While down everything fails with EIO, or, by feature: drop_writes"
        " (writes are lost and reported as done), error_writes, corrupt_bio_byte N r|w VALUE FLAGS"
        " (the N-th byte of each bio). Newer kernels know error_reads, random_read_corrupt and"
        f" random_write_corrupt (chance in a billion), which are not simulated. {_COUNTED}"
    ),
    directory="/sys/block/{mapping}/dm",
    attrs=(),
    arm_order=(),
    trigger="",
    kernel_refs=(
        "drivers/md/dm-flakey.c:flakey_ctr()",
        "drivers/md/dm-flakey.c:flakey_map()",
    ),
    requires=("CONFIG_DM_FLAKEY",),
    errnos=("EIO",),
    size_unit="bios",
    log_name="",
    parameters=(_MAPPING,),
    arming=Arming.WORKLOAD,
    shared=False,
    traces=_LINES,
)

DM_DUST = Capability(
    name="dm_dust",
    summary="A device with a list of blocks that cannot be read, until they are written.",
    description=(
        "Table: `dust DEVICE OFFSET BLOCKSIZE`. Messages: addbadblock BLOCK [FAILING WRITES],"
        " removebadblock, queryblock, countbadblocks, clearbadblocks, listbadblocks, enable, disable,"
        " quiet. Once enabled, reads of listed blocks fail with EIO; a write takes the block off the"
        f" list, after as many failing writes as were given. {_COUNTED}"
    ),
    directory="/sys/block/{mapping}/dm",
    attrs=(),
    arm_order=(),
    trigger="",
    kernel_refs=("drivers/md/dm-dust.c:dust_message()", "drivers/md/dm-dust.c:dust_map()"),
    requires=("CONFIG_DM_DUST",),
    errnos=("EIO",),
    size_unit="bios",
    log_name="",
    parameters=(_MAPPING,),
    arming=Arming.WORKLOAD,
    shared=False,
    traces=_LINES,
)

CAPABILITIES = (DM_FLAKEY, DM_DUST)
