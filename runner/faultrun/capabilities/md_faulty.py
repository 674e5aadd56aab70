"""md-faulty: an array over one disk whose reads or writes fail by count. Gone since 6.8."""

from faultrun.model.capability import AttrKind, AttrSpec, Capability, Parameter, WriteRule

_FILE = "drivers/md/md-faulty.c"

MD_FAULTY = Capability(
    name="md_faulty",
    summary="Reads or writes of an md array of level faulty fail: once, every so often, or for good.",
    description=(
        "The array has to be there: `mdadm --create /dev/md0 --level=faulty --raid-devices=1 DISK`."
        " A layout is a mode in its low 5 bits and a period times 32: 0 WriteTransient,"
        " 1 ReadTransient, 2 WritePersistent, 3 ReadPersistent (the sector fails ever after),"
        " 4 WriteAll (every write, which never reaches the disk), 5 ReadFixable (until it is"
        " written). Period N is every N-th request, the N-th first; period 0 is the next request,"
        " once. Other failing requests do reach the disk. At most 50 sectors are remembered."
        " Flushes count as writes. The kernel logs nothing of it; what buffered users report is"
        " counted, so that a failed readahead or direct I/O goes uncounted. /proc/mdstat shows"
        " what is armed: `WriteTransient=left(period)`, `nfaults=remembered`. Removed from the"
        " kernel before 6.8, although the document of 6.8 still points to it."
    ),
    directory="/sys/block/{array}/md",
    attrs=(
        AttrSpec(
            name="layout",
            summary=(
                "Mode + 32 * period. Written 31 clears what is armed, 30 forgets sectors; both are"
                " written to undo it. It always reads -1."
            ),
            kind=AttrKind.INT,
            default=31,
            unit="mode + 32 * period (requests)",
            minimum=0,
            maximum=2**31 - 1,
            examples=(0, 3, 160),
            rule=WriteRule(
                text="{value}",
                undo="31\n30",
                seen_in="/proc/mdstat",
                seen_as=r" +\d+ blocks .*( (Read|Write)\w+.* nfaults=\d+| nfaults=[1-9]\d*)",
            ),
            kernel_ref=f"{_FILE}:faulty_reshape()",
        ),
    ),
    arm_order=("layout",),
    trigger="layout",
    kernel_refs=(f"{_FILE}:faulty_make_request()", f"{_FILE}:faulty_status()"),
    requires=("CONFIG_MD_FAULTY",),
    errnos=("EIO",),
    size_unit="requests",
    log_name="",
    parameters=(
        Parameter(
            name="array",
            summary="The array, which the campaign itself makes with mdadm.",
            example="md0",
            pattern=r"^md[0-9]+$",
            device=False,
        ),
    ),
    shared=False,
    until="6.8",
    traces=(r"Buffer I/O error on dev {array}, logical block \d+, ",),
)

CAPABILITIES = (MD_FAULTY,)
