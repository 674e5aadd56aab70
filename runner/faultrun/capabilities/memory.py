"""failslab, fail_page_alloc and fail_usercopy: memory that cannot be had or touched."""

from faultrun.capabilities.common import COMMON_ATTRS, CREATE_REF, DECIDE_REF, arm_order, flag
from faultrun.model.capability import AttrKind, AttrSpec, Capability

_SLAB_REF = "mm/failslab.c:should_failslab()"
_PAGE_REF = "mm/page_alloc.c:should_fail_alloc_page()"

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
)

FAILSLAB = Capability(
    name="failslab",
    summary="Slab allocations fail: kmalloc(), kmem_cache_alloc() return NULL.",
    description=(
        "The size that `space` counts is the object size of the cache, not the requested size."
        " Allocations with __GFP_NOWARN fail without a log line."
    ),
    directory="/sys/kernel/debug/failslab",
    attrs=_SLAB_ATTRS + COMMON_ATTRS,
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
)

FAIL_PAGE_ALLOC = Capability(
    name="fail_page_alloc",
    summary="Page allocations fail: alloc_pages(), get_free_pages() return NULL at once.",
    description="No reclaim is tried and no out-of-memory warning printed.",
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
    boot_option="fail_futex",
    not_simulated="no simulated program uses futexes; needs a real kernel",
)

CAPABILITIES = (FAILSLAB, FAIL_PAGE_ALLOC, FAIL_USERCOPY, FAIL_FUTEX)
