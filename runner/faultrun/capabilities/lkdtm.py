"""LKDTM: crash the kernel on purpose, at once or at a chosen function.

The document's type OVERFLOW is in none of the kernels 6.1 to 7.3, and its WRITE_R0 is a typing
error; ``former`` says what is meant.
"""

from faultrun.kernel.crash_points import CRASH_POINTS, DEFAULT_COUNT, DIRECT, CrashPoint
from faultrun.kernel.crash_types import CRASH_TYPES
from faultrun.model.capability import AttrKind, AttrSpec, Capability, Parameter, WriteRule

ROOT = "/sys/kernel/debug/provoke-crash"
PARAMETERS = "/sys/module/lkdtm/parameters"
_CORE = "drivers/misc/lkdtm/core.c"

_FORMER = (
    (
        "OVERFLOW",
        "the document's OVERFLOW is EXHAUST_STACK; OVERFLOW_SIGNED and _UNSIGNED are sums",
    ),
    ("WRITE_R0", "the document's WRITE_R0 is a typing error: WRITE_RO, with the letter O"),
)

_ATTRS = (
    AttrSpec(
        name="recur_count",
        summary=(
            "How deep EXHAUST_STACK calls itself. Read when the module is loaded and never again:"
            " writing the file changes what it reads, and nothing else."
        ),
        kind=AttrKind.INT,
        default=64,
        unit="calls, read at load only",
        minimum=1,
        maximum=2**31 - 1,
        path=f"{PARAMETERS}/recur_count",
        kernel_ref="drivers/misc/lkdtm/bugs.c:lkdtm_bugs_init()",
    ),
    AttrSpec(
        name="cpoint_count",
        summary=(
            "After how many hits a crash point fires. The counter starts with it when the module is"
            " loaded and starts again with it after each firing, so that writing it changes the"
            " firing after the next. DIRECT fires at once."
        ),
        kind=AttrKind.INT,
        default=DEFAULT_COUNT,
        unit="hits",
        minimum=1,
        maximum=2**31 - 1,
        path=f"{PARAMETERS}/cpoint_count",
        kernel_ref=f"{_CORE}:lkdtm_kprobe_handler()",
    ),
    AttrSpec(
        name="cpoint_type",
        summary=(
            "What happens: one of the types that a kernel lists in provoke-crash/DIRECT. In a crash"
            " point it is armed by writing it and disarmed by writing it again, which the kernel"
            " answers with EINVAL; the point is then of no use until the module is loaded anew."
        ),
        kind=AttrKind.TEXT,
        default="",
        unit="crash type",
        required=True,
        examples=("WARNING", "EXCEPTION", "PANIC"),
        path=f"{ROOT}/{{cpoint_name}}",
        choices=tuple(crash.name for crash in CRASH_TYPES),
        former=_FORMER,
        rule=WriteRule(
            undo="{value}",
            undone_by="EINVAL",
            seen_in="/sys/kernel/debug/kprobes/list",
            seen_as=r".*\s{function}\+0x[0-9a-f]+(\s.*)?",
        ),
        kernel_ref=f"{_CORE}:lkdtm_debugfs_entry()",
    ),
)


def _meaning(point: CrashPoint) -> tuple[tuple[str, str], ...]:
    """The probed function, and how the kernel's line about a firing begins and ends."""
    if not point.function:
        return (("function", ""), ("said", "Performing direct entry"), ("told", ""))
    return (
        ("function", point.function),
        ("said", f"Crash point {point.name} of type"),
        ("told", " hit, trigger in 0 rounds"),
    )


LKDTM = Capability(
    name="lkdtm",
    summary="The kernel crashes in a chosen way, at once or when a chosen function is reached.",
    description=(
        "With DIRECT the workload writes the type itself, because the writer is what the crash"
        " hits; the engine arms nothing and looks for the kernel's line about it. Other crash points"
        " are armed by the engine, one at a time. Say what has to become of the machine with"
        " `fate:` (survives, task-killed, panic, hang). Only in kernels built to be broken."
    ),
    directory=f"{ROOT}/{{cpoint_name}}",
    attrs=_ATTRS,
    arm_order=tuple(spec.name for spec in _ATTRS),
    trigger="cpoint_type",
    disarm_value="",
    kernel_refs=(
        f"{_CORE}:direct_entry()",
        f"{_CORE}:lkdtm_register_cpoint()",
        "drivers/misc/lkdtm/bugs.c:lkdtm_BUG()",
    ),
    requires=("CONFIG_LKDTM", "CONFIG_KPROBES"),
    errnos=(),
    size_unit="hits",
    log_name="",
    parameters=(
        Parameter(
            name="cpoint_name",
            summary="Where: DIRECT, or a crash point, which is a kernel function that is met.",
            example=DIRECT,
            pattern=r"^[A-Z_]+$",
            choices=tuple(point.name for point in CRASH_POINTS),
            device=False,
            refused=tuple((point.name, point.refused) for point in CRASH_POINTS if point.refused),
            meaning=tuple((point.name, _meaning(point)) for point in CRASH_POINTS),
        ),
    ),
    traces=(r"^lkdtm: {said} {cpoint_type}{told}$",),
    provoked=(("cpoint_name", DIRECT),),
    modelled=(
        "fates, signals and console lines of the 92 types of 6.12 recorded on 6.12.95; the types of"
        " other versions, and crashes at crash points, by hand from the kernel's sources; only NVMe"
        " completions raise interrupts here, and nothing runs tasklets"
    ),
)

CAPABILITIES = (LKDTM,)
