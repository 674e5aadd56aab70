"""fail_sunrpc and fail_skb_realloc: connections that break, packet buffers that move."""

from faultrun.capabilities.common import COMMON_ATTRS, CREATE_REF, DECIDE_REF, arm_order, flag
from faultrun.model.capability import AttrKind, AttrSpec, Capability, Context

_CLIENT_REF = "net/sunrpc/xprt.c:xprt_inject_disconnect()"
_SERVER_REF = "net/sunrpc/svc.c:svc_process()"
_CACHE_REF = "net/sunrpc/cache.c:cache_defer_immediately()"

_RPC_ATTRS = (
    flag(
        "ignore-client-disconnect",
        "N",
        "Y spares the client: no connection is broken after a request was sent.",
        _CLIENT_REF,
    ),
    flag(
        "ignore-server-disconnect",
        "N",
        "Y spares the server: no connection is closed while a request is worked on.",
        _SERVER_REF,
    ),
    flag(
        "ignore-cache-wait",
        "N",
        "Y spares the server's caches: a request waits for an entry instead of being put off.",
        _CACHE_REF,
    ),
)

FAIL_SUNRPC = Capability(
    name="fail_sunrpc",
    summary="RPC connections break on either side, and server requests are put off.",
    description=(
        "No request fails: it is sent again over a new connection, or answered later. All three"
        " places share one counter. Of an NFS client only synchronous requests run in the calling"
        " task; opening, reading, writing and closing run in kworkers, and the server in nfsd, where"
        " no task filter matches: say `task-filter: false` for those."
    ),
    directory="/sys/kernel/debug/fail_sunrpc",
    attrs=_RPC_ATTRS + COMMON_ATTRS,
    arm_order=arm_order(_RPC_ATTRS),
    kernel_refs=(_CLIENT_REF, _SERVER_REF, _CACHE_REF, DECIDE_REF, CREATE_REF),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_FAIL_SUNRPC", "CONFIG_SUNRPC_DEBUG"),
    errnos=("EIO", "ETIMEDOUT"),
    size_unit="checks",
    log_name="fail_sunrpc",
)

_SKB_REF = "net/core/skb_fault_injection.c:should_fail_net_realloc_skb()"
_NAME_REF = "net/core/skb_fault_injection.c:devname_write()"

FAIL_SKB_REALLOC = Capability(
    name="fail_skb_realloc",
    summary="Packet buffers are moved to other memory where the kernel may do so.",
    description=(
        "No operation fails: what is found are pointers into the old buffer that are used on."
        " Received packets are handled in softirqs, where no task filter matches."
    ),
    directory="/sys/kernel/debug/fail_skb_realloc",
    attrs=(
        AttrSpec(
            name="devname",
            summary="Only packets of this network interface; empty means all.",
            kind=AttrKind.TEXT,
            default="",
            unit="interface name",
            pattern=r"[A-Za-z0-9_.:@-]{0,15}",
            examples=("lo",),
            kernel_ref=_NAME_REF,
        ),
        *COMMON_ATTRS,
    ),
    arm_order=("devname", *arm_order()),
    kernel_refs=(_SKB_REF, _NAME_REF, DECIDE_REF, CREATE_REF),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_FAIL_SKB_REALLOC"),
    errnos=("ENOMEM",),
    size_unit="checks",
    log_name="fail_skb_realloc",
    boot_option="fail_skb_realloc",
    context=Context.INTERRUPT,
    since="6.19",
)

CAPABILITIES = (FAIL_SUNRPC, FAIL_SKB_REALLOC)
