"""blk_error_injection: rules of a disk that end bios with a status of one's choice (since 7.3)."""

from collections.abc import Mapping

from faultrun.kernel.blk_op import OPS
from faultrun.kernel.blk_status import BLK_STATUSES, BY_NAME
from faultrun.model.capability import AttrKind, AttrSpec, Capability, Parameter, WriteRule
from faultrun.model.data import Scalar

_PARSE = "block/error-injection.c:blk_error_injection_parse_options()"
_MATCH = "block/error-injection.c:__blk_error_inject()"

STATUSES = tuple(status.name for status in BLK_STATUSES if status.name not in ("OK", "NEXUS"))


def _errnos(
    _where: Mapping[str, str], values: Mapping[str, Scalar], _release: str
) -> tuple[str, ...]:
    """The errno of the status; a file system reports EIO whatever it was."""
    return (BY_NAME[str(values.get("status", "IOERR"))].errno, "EIO")


BLK_ERROR_INJECTION = Capability(
    name="blk_error_injection",
    summary="Bios of one operation to chosen sectors end with a chosen block status.",
    description=(
        "One rule a use; of several rules of a disk the newest that matches counts. The operation"
        " has to be the same, the sectors have to overlap. A bio without data, such as a flush,"
        " never meets a rule. The kernel can only remove all rules of a disk at once, so a step is"
        " refused if the disk has any already. Every hit is a line of the kernel log, of which the"
        " kernel prints ten in five seconds: more are counted as too few."
    ),
    directory="/sys/kernel/debug/block/{disk}",
    attrs=(
        AttrSpec(
            name="op",
            summary="The operation that is hit, exactly.",
            kind=AttrKind.TEXT,
            default="READ",
            unit="an operation",
            choices=OPS,
            examples=("READ", "WRITE"),
            kernel_ref=_PARSE,
            written=False,
        ),
        AttrSpec(
            name="start",
            summary="The first sector that is hit, counted from the start of the whole disk.",
            kind=AttrKind.ULONG,
            default=0,
            unit="sectors of 512 bytes",
            minimum=0,
            maximum=2**64 - 1,
            examples=(0, 2048),
            kernel_ref=_PARSE,
            written=False,
        ),
        AttrSpec(
            name="nr_sectors",
            summary="How many sectors from `start` on; 0 means all up to the end.",
            kind=AttrKind.ULONG,
            default=0,
            unit="sectors of 512 bytes",
            minimum=0,
            maximum=2**64 - 1,
            examples=(8,),
            kernel_ref=_PARSE,
            written=False,
        ),
        AttrSpec(
            name="chance",
            summary="One in so many bios that match is hit.",
            kind=AttrKind.ULONG,
            default=1,
            unit="bios",
            minimum=1,
            maximum=2**32 - 1,
            examples=(1, 10),
            kernel_ref=_MATCH,
            written=False,
        ),
        AttrSpec(
            name="status",
            summary="The block status, without BLK_STS_, with which the bio ends.",
            kind=AttrKind.TEXT,
            default="IOERR",
            unit="a block status",
            choices=STATUSES,
            examples=("MEDIUM", "IOERR"),
            kernel_ref=_PARSE,
            path="error_injection",
            rule=WriteRule(
                text=(
                    "add,op={op},status={value},start={start},nr_sectors={nr_sectors},chance={chance}"
                ),
                undo="removeall",
                seen_in="/sys/kernel/debug/block/{disk}/error_injection",
                seen_as="[0-9]+:[0-9]+ op=.*",
                rehearsed=True,
            ),
        ),
    ),
    arm_order=("op", "start", "nr_sectors", "chance", "status"),
    kernel_refs=(_PARSE, _MATCH, "block/blk-core.c:submit_bio_noacct_nocheck()"),
    requires=("CONFIG_BLK_ERROR_INJECTION",),
    errnos=tuple(dict.fromkeys(status.errno for status in BLK_STATUSES if status.errno)),
    errnos_of=_errnos,
    size_unit="bios",
    log_name="blk_error_injection",
    trigger="status",
    parameters=(
        Parameter(
            name="disk",
            summary="The whole disk that gets the rule.",
            example="nvme0n1",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        ),
    ),
    shared=False,
    traces=(r"^{disk}: injecting .+ error for [A-Z_]+ at sector \d+:\d+$",),
    since="7.3",
)

CAPABILITIES = (BLK_ERROR_INJECTION,)
