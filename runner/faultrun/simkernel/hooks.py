"""The places where the kernel asks, each with the capability's own filters in front.

What these filters turn away touches no counter, spends nothing, and is not seen by fail-nth.
"""

from enum import Enum, IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faultrun.simkernel.attr import SimAttr
    from faultrun.simkernel.tasks import SimTask


class Gfp(IntFlag):
    """The allocation flags that the filters look at (include/linux/gfp_types.h)."""

    ATOMIC = 0
    DIRECT_RECLAIM = 1
    NOFAIL = 2
    NOWARN = 4
    HIGHMEM = 8


KERNEL = Gfp.DIRECT_RECLAIM
"""GFP_KERNEL may sleep, so that failslab's default ignore-gfp-wait=Y spares it."""

USER = Gfp.DIRECT_RECLAIM | Gfp.HIGHMEM

_RECLAIM, _NOFAIL = int(Gfp.DIRECT_RECLAIM), int(Gfp.NOFAIL)
_NOWARN, _HIGHMEM = int(Gfp.NOWARN), int(Gfp.HIGHMEM)
"""Enum arithmetic would cost more than the whole decision."""

SLAB_OBJECT = 192
"""Object size of a cache that nobody named."""


def slab(
    attr: "SimAttr",
    task: "SimTask | None",
    size: int,
    gfp: Gfp,
    stack: tuple[str, ...],
    *,
    marked: bool,
) -> bool:
    """mm/failslab.c:should_failslab(); ``marked`` is the cache's own failslab mark."""
    bits = int(gfp)
    if bits & _NOFAIL:
        return False
    if attr.flag("ignore-gfp-wait") and bits & _RECLAIM:
        return False
    if attr.flag("cache-filter") and not marked:
        return False
    return attr.should_fail(size, task, stack, nowarn=bool(bits & _NOWARN))


class RpcSide(Enum):
    """The three places of fail_sunrpc, each by the switch that spares it."""

    CLIENT = "ignore-client-disconnect"
    SERVER = "ignore-server-disconnect"
    CACHE = "ignore-cache-wait"


def rpc(attr: "SimAttr", task: "SimTask | None", side: RpcSide, stack: tuple[str, ...]) -> bool:
    """net/sunrpc/xprt.c:xprt_inject_disconnect(), svc.c:svc_process(), cache.c."""
    return not attr.flag(side.value) and attr.should_fail(1, task, stack)


def packet(attr: "SimAttr", task: "SimTask | None", device: str, stack: tuple[str, ...]) -> bool:
    """net/core/skb_fault_injection.c:should_fail_net_realloc_skb(): the interface comes first."""
    wanted = attr.texts.get("devname", "")
    return wanted in ("", device) and attr.should_fail(1, task, stack)


def futex(
    attr: "SimAttr", task: "SimTask | None", stack: tuple[str, ...], *, private: bool
) -> bool:
    """kernel/futex/core.c:should_fail_futex(); ``private``: the caller says so, which not all do."""
    if private and attr.flag("ignore-private"):
        return False
    return attr.should_fail(1, task, stack)


def pages(
    attr: "SimAttr", task: "SimTask | None", order: int, gfp: Gfp, stack: tuple[str, ...]
) -> bool:
    """mm/page_alloc.c:should_fail_alloc_page()."""
    bits = int(gfp)
    if order < attr.extra["min-order"] or bits & _NOFAIL:
        return False
    if attr.flag("ignore-gfp-highmem") and bits & _HIGHMEM:
        return False
    if attr.flag("ignore-gfp-wait") and bits & _RECLAIM:
        return False
    return attr.should_fail(1 << order, task, stack, nowarn=bool(bits & _NOWARN))
