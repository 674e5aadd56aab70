"""Options of the shipped fragments that some versions of Linux are known not to have.

Everything else that a merge drops is an error: kconfig drops an option whose dependency is missing
without a word, and a kernel that lacks a fault would make its steps SKIP for no good reason. Bounds are versions that were
looked at: 6.1, 6.8, 6.12, 6.19, 7.3.
"""

from dataclasses import dataclass

from faultrun.kernel.version import KernelVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """When an option is there: from ``since`` on, up to but without ``until``."""

    option: str
    since: str | None = None
    until: str | None = None
    where: str


LIFETIMES = (
    Lifetime(
        option="CONFIG_FAULT_INJECTION_CONFIGFS",
        since="6.8",
        where="Kernel: lib/fault-inject.c:fault_config_init()",
    ),
    Lifetime(
        option="CONFIG_FAULT_INJECTION_STACKTRACE_FILTER",
        since="6.8",
        where="Kernel: lib/Kconfig.debug, which keeps it from x86-64 in 6.1",
    ),
    Lifetime(
        option="CONFIG_FAIL_SKB_REALLOC",
        since="6.19",
        where="Kernel: net/core/skb_fault_injection.c:skb_might_realloc()",
    ),
    Lifetime(
        option="CONFIG_BLK_ERROR_INJECTION",
        since="7.3",
        where="Kernel: block/error-injection.c, symbol in block/Kconfig",
    ),
    Lifetime(
        option="CONFIG_MD_FAULTY",
        until="6.8",
        where="Kernel: drivers/md/md-faulty.c:faulty_make_request(), removed in 6.8",
    ),
)


def lacks(version: KernelVersion) -> frozenset[str]:
    """The options that this version is known not to have."""
    return frozenset(row.option for row in LIFETIMES if not version.has(row.since, row.until))
