"""failslab, fail_page_alloc, fail_usercopy, fail_futex, mempools: memory not to be had or touched."""

from faultrun.capabilities.common import COMMON_ATTRS, CREATE_REF, DECIDE_REF, arm_order, flag
from faultrun.model.capability import AttrKind, AttrSpec, Capability, Parameter, Switch

_SLAB_REF = "mm/failslab.c:should_failslab()"
_PAGE_REF = "mm/page_alloc.c:should_fail_alloc_page()"

_OOM_KILL = AttrSpec(
    name="oom-kill-allocating-task",
    summary=(
        "While armed, an out-of-memory situation kills the task that allocates, not the largest:"
        " what failcmd.sh sets for its command. Not a file of the capability, but of the machine."
    ),
    kind=AttrKind.INT,
    default=0,
    unit="0 or 1",
    minimum=0,
    maximum=1,
    path="/proc/sys/vm/oom_kill_allocating_task",
    examples=(1,),
    kernel_ref="mm/oom_kill.c:out_of_memory()",
)

_SLAB_ATTRS = (
    flag(
        "ignore-gfp-wait",
        "Y",
        "Y spares allocations that may sleep (GFP_KERNEL). With the default only atomic ones fail.",
        _SLAB_REF,
    ),
    flag(
        "cache-filter",
        "N",
        "Y fails only caches marked in /sys/kernel/slab/<cache>/failslab.",
        _SLAB_REF,
    ),
    _OOM_KILL,
)

FAILSLAB = Capability(
    name="failslab",
    summary="Slab allocations fail: kmalloc(), kmem_cache_alloc() return NULL.",
    description=(
        "The size that `space` counts is the object size of the cache, not the requested size."
        " Allocations with __GFP_NOWARN fail without a log line. The filters are asked in this order:"
        " __GFP_NOFAIL, ignore-gfp-wait, cache-filter; what they spare touches no counter and is not"
        " seen by fail-nth."
    ),
    directory="/sys/kernel/debug/failslab",
    attrs=_SLAB_ATTRS + COMMON_ATTRS,
    parameters=(
        Parameter(
            name="cache",
            summary=(
                "Marks this slab cache while the step is armed, for `cache-filter: true`. A cache"
                " that the kernel merged with another one cannot be marked (EINVAL): boot with"
                " slab_nomerge."
            ),
            example="dentry",
            pattern=r"^[A-Za-z0-9_.:-]+$",
            required=False,
            device=False,
            since="6.8",
            instead="boot with slub_debug=A,<cache> on the kernel's command line: it marks there",
        ),
    ),
    switches=(
        Switch(
            path="/sys/kernel/slab/{cache}/failslab",
            value="1",
            kernel_ref="mm/slub.c:failslab_store()",
            needs="cache",
        ),
    ),
    arm_order=arm_order(_SLAB_ATTRS),
    kernel_refs=(_SLAB_REF, DECIDE_REF, CREATE_REF),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_FAILSLAB"),
    errnos=("ENOMEM", "ENFILE", "EAGAIN"),
    size_unit="bytes (the cache's object size)",
    log_name="failslab",
    boot_option="failslab",
    lock_out=(
        "opening a control file allocates from the slab: at 100 percent an open never succeeds"
        " again, only a descriptor opened before arming still works"
    ),
)

_PAGE_ATTRS = (
    flag("ignore-gfp-wait", "Y", "Y spares allocations that may sleep.", _PAGE_REF),
    flag(
        "ignore-gfp-highmem",
        "Y",
        "Y spares highmem and user pages (__GFP_HIGHMEM, set on user pages on 64 bit too).",
        _PAGE_REF,
    ),
    AttrSpec(
        name="min-order",
        summary="Allocations of a smaller order never fail. The kernel's default is 1.",
        kind=AttrKind.U32,
        default=1,
        unit="order (2^order pages)",
        minimum=0,
        maximum=10,
        examples=(0, 1),
        kernel_ref=_PAGE_REF,
    ),
    _OOM_KILL,
)

FAIL_PAGE_ALLOC = Capability(
    name="fail_page_alloc",
    summary="Page allocations fail: alloc_pages(), get_free_pages() return NULL at once.",
    description=(
        "No reclaim is tried and no out-of-memory warning printed. The filters are asked in this"
        " order: min-order, __GFP_NOFAIL, ignore-gfp-highmem, ignore-gfp-wait."
    ),
    directory="/sys/kernel/debug/fail_page_alloc",
    attrs=_PAGE_ATTRS + COMMON_ATTRS,
    arm_order=arm_order(_PAGE_ATTRS),
    kernel_refs=(_PAGE_REF, DECIDE_REF, CREATE_REF),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_FAIL_PAGE_ALLOC"),
    errnos=("ENOMEM", "EFAULT"),
    size_unit="pages (1 << order)",
    log_name="fail_page_alloc",
    boot_option="fail_page_alloc",
)

FAIL_USERCOPY = Capability(
    name="fail_usercopy",
    summary="Copies from and to user memory fail, mostly as EFAULT.",
    description=(
        "copy_from_user() and its kin report all bytes as not copied. get_user() and put_user()"
        " are not instrumented, although the kernel document names them."
    ),
    directory="/sys/kernel/debug/fail_usercopy",
    attrs=COMMON_ATTRS,
    arm_order=arm_order(),
    kernel_refs=("lib/fault-inject-usercopy.c:should_fail_usercopy()", DECIDE_REF, CREATE_REF),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_FAULT_INJECTION_USERCOPY"),
    errnos=("EFAULT",),
    size_unit="copies",
    log_name="fail_usercopy",
    always_told=True,
    boot_option="fail_usercopy",
    lock_out=(
        "the write that would disarm copies from user memory too: at 100 percent every write(2)"
        " of the machine fails with EFAULT until it is rebooted"
    ),
)

FAIL_FUTEX = Capability(
    name="fail_futex",
    summary="Futex calls meet a deadlock or an address fault.",
    description="EFAULT at most places, EDEADLK in the second check of a PI lock.",
    directory="/sys/kernel/debug/fail_futex",
    attrs=(
        flag(
            "ignore-private",
            "N",
            "Y spares private futexes; private PI futexes can still fail.",
            "kernel/futex/core.c:should_fail_futex()",
        ),
        *COMMON_ATTRS,
    ),
    arm_order=("ignore-private", *arm_order()),
    kernel_refs=("kernel/futex/core.c:should_fail_futex()", DECIDE_REF, CREATE_REF),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_FAIL_FUTEX"),
    errnos=("EFAULT", "EDEADLK"),
    size_unit="checks",
    log_name="fail_futex",
    always_told=True,
    boot_option="fail_futex",
)

_POOL_REF = "mm/mempool.c:mempool_alloc_noprof()"
_BULK_REF = "mm/mempool.c:mempool_alloc_bulk_noprof()"
_POOL_NEEDS = ("CONFIG_FAULT_INJECTION_DEBUG_FS",)

FAIL_MEMPOOL_ALLOC = Capability(
    name="fail_mempool_alloc",
    summary="A mempool goes to its reserve at once, as if its allocator had nothing.",
    description=(
        "Nothing fails for the caller: the reserve is what mempools are for. The framework never"
        " logs these injections, so that `times` is the only count of them."
    ),
    directory="/sys/kernel/debug/fail_mempool_alloc",
    attrs=COMMON_ATTRS,
    arm_order=arm_order(),
    kernel_refs=(_POOL_REF, DECIDE_REF, CREATE_REF),
    requires=_POOL_NEEDS,
    errnos=("ENOMEM",),
    size_unit="allocations",
    log_name="fail_mempool_alloc",
    since="6.19",
)

FAIL_MEMPOOL_ALLOC_BULK = Capability(
    name="fail_mempool_alloc_bulk",
    summary="A bulk allocation from a mempool goes to the reserve for all of its elements.",
    description="Decided once for the whole bulk, and never logged by the framework either.",
    directory="/sys/kernel/debug/fail_mempool_alloc_bulk",
    attrs=COMMON_ATTRS,
    arm_order=arm_order(),
    kernel_refs=(_BULK_REF, DECIDE_REF, CREATE_REF),
    requires=_POOL_NEEDS,
    errnos=("ENOMEM",),
    size_unit="bulk allocations",
    log_name="fail_mempool_alloc_bulk",
    since="6.19",
    not_simulated=(
        "no simulated device allocates in bulk from a mempool (inline encryption's fallback does);"
        " needs a real kernel"
    ),
)

CAPABILITIES = (
    FAILSLAB,
    FAIL_PAGE_ALLOC,
    FAIL_USERCOPY,
    FAIL_FUTEX,
    FAIL_MEMPOOL_ALLOC,
    FAIL_MEMPOOL_ALLOC_BULK,
)
