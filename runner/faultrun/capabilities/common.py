"""The attribute files that every ``struct fault_attr`` has.

Kernel: lib/fault-inject.c:fault_create_debugfs_attr(); defaults from
include/linux/fault-inject.h:FAULT_ATTR_INITIALIZER.
"""

from faultrun.model.capability import AttrKind, AttrSpec

ULONG_MAX = 2**64 - 1
INT_MAX = 2**31 - 1
UINT_MAX = 2**32 - 1

_CREATE = "lib/fault-inject.c:fault_create_debugfs_attr()"
_DECIDE = "lib/fault-inject.c:should_fail_ex()"
_FILTER = "lib/fault-inject.c:fail_stacktrace()"

CORE_ATTRS: tuple[AttrSpec, ...] = (
    AttrSpec(
        name="probability",
        summary=(
            "Likelihood that a check fails, in whole percent of *checks*, not of operations: an"
            " operation of six checks fails at 5 percent in 27 of 100 cases. 0 disarms."
        ),
        kind=AttrKind.ULONG,
        default=0,
        unit="percent of checks",
        minimum=0,
        maximum=100,
        examples=(100, 10),
        kernel_ref=_DECIDE,
    ),
    AttrSpec(
        name="interval",
        summary=(
            "Fail only every N-th check that passed all other tests. The counter behind it can"
            " neither be read nor reset. Set probability to 100 with it."
        ),
        kind=AttrKind.ULONG,
        default=1,
        unit="checks",
        minimum=0,
        maximum=ULONG_MAX,
        examples=(1, 7),
        kernel_ref=_DECIDE,
    ),
    AttrSpec(
        name="times",
        summary=(
            "At most so many failures; -1 means no limit. Counts down, and so counts injections."
            " The kernel's default is 1. A fail-nth hit takes one too."
        ),
        kind=AttrKind.ATOMIC,
        default=1,
        unit="failures",
        minimum=-1,
        maximum=INT_MAX,
        volatile=True,
        examples=(1, 5, -1),
        kernel_ref=_DECIDE,
    ),
    AttrSpec(
        name="space",
        summary=(
            "A budget that each call lowers by its size; no failure while it is larger than the"
            " size of the call. With size 1, space N makes the N-th call the first to fail."
        ),
        kind=AttrKind.ATOMIC,
        default=0,
        unit="the capability's size unit",
        minimum=0,
        maximum=INT_MAX,
        volatile=True,
        examples=(0, 10),
        kernel_ref=_DECIDE,
    ),
    AttrSpec(
        name="verbose",
        summary="What the kernel logs of each failure: 0 nothing, 1 two lines, 2 a call trace too.",
        kind=AttrKind.ULONG,
        default=2,
        unit="level",
        minimum=0,
        maximum=2,
        examples=(2, 1),
        kernel_ref="lib/fault-inject.c:fail_dump()",
    ),
    AttrSpec(
        name="verbose_ratelimit_interval_ms",
        summary=(
            "Window of the log's rate limit; 0 means none. Despite its name the kernel compares"
            " it with jiffies."
        ),
        kind=AttrKind.U32,
        default=0,
        unit="jiffies (1 to 10 ms, by CONFIG_HZ)",
        minimum=0,
        maximum=UINT_MAX,
        kernel_ref="lib/fault-inject.c:fail_dump()",
    ),
    AttrSpec(
        name="verbose_ratelimit_burst",
        summary="Messages allowed in one window of the log's rate limit.",
        kind=AttrKind.U32,
        default=10,
        unit="messages",
        minimum=0,
        maximum=UINT_MAX,
        kernel_ref="lib/fault-inject.c:fail_dump()",
    ),
    AttrSpec(
        name="task-filter",
        summary=(
            "Y limits failures to tasks whose /proc/<pid>/make-it-fail is 1. faultrun sets it and"
            " marks the workload's own tasks, unless the campaign says N."
        ),
        kind=AttrKind.BOOL,
        default="N",
        unit="Y or N",
        examples=("Y", "N"),
        kernel_ref="lib/fault-inject.c:fail_task()",
    ),
)


def _address(name: str, default: int, summary: str) -> AttrSpec:
    return AttrSpec(
        name=name,
        summary=summary,
        kind=AttrKind.XUL,
        default=default,
        unit="address",
        minimum=0,
        maximum=ULONG_MAX,
        optional=True,
        kernel_ref=_FILTER,
    )


STACK_ATTRS: tuple[AttrSpec, ...] = (
    AttrSpec(
        name="stacktrace-depth",
        summary="How many callers are looked at for the ranges below; cut at 32 silently.",
        kind=AttrKind.DEPTH,
        default=32,
        unit="frames",
        minimum=0,
        maximum=32,
        optional=True,
        kernel_ref="lib/fault-inject.c:fault_create_debugfs_attr()",
    ),
    _address("require-start", 0, "Start of the range in which some caller must lie."),
    _address(
        "require-end", ULONG_MAX, "End, exclusive, of the range in which some caller must lie."
    ),
    _address("reject-start", 0, "Start of the range in which no caller may lie."),
    _address("reject-end", 0, "End, exclusive, of the range in which no caller may lie."),
)
"""Only with CONFIG_FAULT_INJECTION_STACKTRACE_FILTER, so a kernel may lack all five."""

COMMON_ATTRS: tuple[AttrSpec, ...] = CORE_ATTRS + STACK_ATTRS

CREATE_REF = _CREATE
DECIDE_REF = _DECIDE

_LAST = ("times", "probability")


def arm_order(extra: tuple[AttrSpec, ...] = ()) -> tuple[str, ...]:
    """The order in which attributes are written: filters first, the counter, the trigger last."""
    early = tuple(spec.name for spec in (*extra, *COMMON_ATTRS) if spec.name not in _LAST)
    return early + _LAST


def flag(name: str, default: str, summary: str, kernel_ref: str) -> AttrSpec:
    """A bool file of one capability. Bad text is silently ignored by the kernel."""
    return AttrSpec(
        name=name,
        summary=summary,
        kind=AttrKind.BOOL,
        default=default,
        unit="Y or N",
        examples=("Y", "N"),
        kernel_ref=kernel_ref,
    )
