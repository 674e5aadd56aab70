"""fail-nth: the N-th fault point that a task passes fails, of whatever capability."""

from faultrun.model.capability import Arming, AttrKind, AttrSpec, Capability

_REF = "fs/proc/base.c:proc_fail_nth_write()"

FAIL_NTH = Capability(
    name="fail-nth",
    summary="The N-th fault point that the workload's own task passes fails, whichever it is.",
    description=(
        "Set by the workload's child itself as its last act before exec; fork zeroes it, exec"
        " keeps it, and exec's own fault points count. Takes precedence over probability,"
        " interval, times and space of every capability. Needs no root."
    ),
    directory="/proc/thread-self",
    attrs=(
        AttrSpec(
            name="nth",
            summary="Which fault point from now on fails; 1 is the very next.",
            kind=AttrKind.COUNT,
            default=0,
            unit="fault points",
            minimum=1,
            maximum=2**32 - 1,
            volatile=True,
            examples=(1, 8),
            kernel_ref=_REF,
        ),
    ),
    arm_order=("nth",),
    trigger="nth",
    kernel_refs=(_REF, "lib/fault-inject.c:should_fail_ex()"),
    requires=("CONFIG_FAULT_INJECTION",),
    errnos=("ENOMEM", "EFAULT", "ENFILE", "EIO", "EAGAIN"),
    size_unit="fault points",
    log_name="",
    arming=Arming.TASK,
    shared=False,
)

CAPABILITIES = (FAIL_NTH,)
