"""The crash types of LKDTM: what each does to the machine, and what the console then says.

Names, order and fates are those of drivers/misc/lkdtm/bugs.c, heap.c, perms.c, refcount.c,
usercopy.c, stackleak.c, cfi.c and fortify.c. Each of the 92 types of 6.12 was written to DIRECT once
on a clean guest of 6.12.95 (x86_64, 2 processors, emulated) without stack protector, UBSAN, list
hardening and FORTIFY_SOURCE; fate, signal and the first telling console lines are what was seen there.
Pids, the number of the oops and the release stand in braces; addresses are those of that boot. The
types of other versions are marked: nobody has seen them fire here.
"""

from dataclasses import dataclass
from enum import Enum


class Fate(Enum):
    """What becomes of whoever meets the crash, and of the machine.

    STUCK: that one task never comes back and cannot be killed. SPINS_THE_SECOND_TIME: the first
    write returns and leaves a lock held, the second one spins on it for ever.
    """

    SURVIVES = "survives"
    TASK_KILLED = "task-killed"
    PANIC = "panic"
    HANG = "hang"
    STUCK = "stuck"
    SPINS_THE_SECOND_TIME = "spins-the-second-time"


RECORDED = "recorded on 6.12.95 x86_64"
COMPLETED = "recorded on 6.12.95 x86_64; the last console lines by hand"
BY_HAND = "by hand from the kernel's sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashType:
    """One crash type.

    ``signal`` is what kills the task: SIGSEGV where the kernel meets a BUG or the guard page of a
    stack, SIGKILL where it faults. ``console`` are the lines at once, ``late`` those that a hang
    gives rise to when the stall detector looks, after 21 seconds
    (kernel/rcu/tree_stall.h:rcu_jiffies_till_stall_check()).
    """

    name: str
    fate: Fate
    signal: int = 0
    console: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    source: str = RECORDED


CRASH_TYPES: tuple[CrashType, ...] = (
    CrashType(
        name="PANIC",
        fate=Fate.PANIC,
        console=("Kernel panic - not syncing: dumptest",),
    ),
    CrashType(
        name="PANIC_STOP_IRQOFF",
        fate=Fate.PANIC,
        console=("Kernel panic - not syncing: panic stop irqoff test",),
        since="6.8",
    ),
    CrashType(
        name="PANIC_IN_HARDIRQ",
        fate=Fate.PANIC,
        console=("Kernel panic - not syncing: from hard IRQ context",),
        since="6.19",
        source=BY_HAND,
    ),
    CrashType(
        name="BUG",
        fate=Fate.TASK_KILLED,
        signal=11,
        console=(
            "kernel BUG at drivers/misc/lkdtm/bugs.c:105!",
            "Oops: invalid opcode: 0000 [#{oops}] SMP",
            "RIP: 0010:lkdtm_BUG+0xd/0xf",
        ),
    ),
    CrashType(
        name="BUG_IN_HARDIRQ",
        fate=Fate.PANIC,
        console=(
            "kernel BUG at drivers/misc/lkdtm/bugs.c!",
            "Oops: invalid opcode: 0000 [#{oops}] SMP",
            "Kernel panic - not syncing: Fatal exception in interrupt",
        ),
        since="6.19",
        source=BY_HAND,
    ),
    CrashType(
        name="WARNING",
        fate=Fate.SURVIVES,
        console=(
            "WARNING: CPU: 0 PID: {pid} at drivers/misc/lkdtm/bugs.c:112 lkdtm_WARNING+0x15/0x19",
            "RIP: 0010:lkdtm_WARNING+0x15/0x19",
        ),
    ),
    CrashType(
        name="WARNING_MESSAGE",
        fate=Fate.SURVIVES,
        console=(
            (
                "WARNING: CPU: 0 PID: {pid} at drivers/misc/lkdtm/bugs.c:117 "
                "lkdtm_WARNING_MESSAGE+0x28/0x2c"
            ),
            "RIP: 0010:lkdtm_WARNING_MESSAGE+0x28/0x2c",
        ),
    ),
    CrashType(
        name="EXCEPTION",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "BUG: kernel NULL pointer dereference, address: 0000000000000000",
            "Oops: Oops: 0002 [#{oops}] SMP",
            "RIP: 0010:lkdtm_EXCEPTION+0xc/0x18",
        ),
    ),
    CrashType(
        name="LOOP",
        fate=Fate.HANG,
        late=(
            "rcu: INFO: rcu_sched self-detected stall on CPU",
            "RIP: 0010:lkdtm_LOOP+0xd/0xf",
        ),
    ),
    CrashType(
        name="EXHAUST_STACK",
        fate=Fate.PANIC,
        console=(
            "lkdtm: Calling function with 512 frame size to depth 64 ...",
            (
                "BUG: TASK stack guard page was hit at 000000008d17f934 (stack is "
                "00000000f9c004e3..00000000d6db9d73)"
            ),
            "Oops: stack guard page: 0000 [#{oops}] SMP",
            "RIP: 0010:recursive_loop+0x24/0x7f",
            "Kernel panic - not syncing: Fatal exception in interrupt",
        ),
        source=COMPLETED,
    ),
    CrashType(
        name="CORRUPT_STACK",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: Corrupting stack containing char array ...",
            "BUG: unable to handle page fault for address: ffffffffffffffff",
            "Oops: Oops: 0010 [#{oops}] SMP",
            "RIP: 0010:0xffffffffffffffff",
            "Code: Unable to access opcode bytes at 0xffffffffffffffd5.",
        ),
    ),
    CrashType(
        name="CORRUPT_STACK_STRONG",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: Corrupting stack containing union ...",
            "BUG: unable to handle page fault for address: ffffffffffffffff",
            "Oops: Oops: 0010 [#{oops}] SMP",
            "RIP: 0010:0xffffffffffffffff",
            "Code: Unable to access opcode bytes at 0xffffffffffffffd5.",
        ),
    ),
    CrashType(
        name="REPORT_STACK",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: Starting stack offset tracking for pid {pid}",
            "lkdtm: Stack offset: 0",
        ),
    ),
    CrashType(
        name="REPORT_STACK_CANARY",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: FAIL: did not correctly locate stack canary :(",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_STACKPROTECTOR=y"
            ),
        ),
    ),
    CrashType(
        name="UNALIGNED_LOAD_STORE_WRITE",
        fate=Fate.SURVIVES,
        console=("lkdtm: XFAIL: arch has CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS",),
    ),
    CrashType(
        name="SOFTLOCKUP",
        fate=Fate.HANG,
        late=(
            "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
            "rcu: \t(detected by 1, t=5253 jiffies, g=-959, q=1 ncpus=2)",
            "RIP: 0010:lkdtm_SOFTLOCKUP+0xf/0x11",
        ),
    ),
    CrashType(
        name="HARDLOCKUP",
        fate=Fate.HANG,
        late=(
            "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
            "rcu: \t(detected by 1, t=5254 jiffies, g=-967, q=13 ncpus=2)",
            "RIP: 0010:lkdtm_HARDLOCKUP+0x10/0x12",
        ),
    ),
    CrashType(
        name="SMP_CALL_LOCKUP",
        fate=Fate.HANG,
        late=(
            "rcu: INFO: rcu_sched self-detected stall on CPU",
            "RIP: 0010:__lkdtm_SMP_CALL_LOCKUP+0xf/0x11",
            "RIP: 0010:pv_native_safe_halt+0x17/0x18",
            "RIP: 0010:smp_call_function_single+0xb8/0xbc",
        ),
        since="6.12",
    ),
    CrashType(
        name="SPINLOCKUP",
        fate=Fate.SPINS_THE_SECOND_TIME,
    ),
    CrashType(
        name="HUNG_TASK",
        fate=Fate.STUCK,
    ),
    CrashType(
        name="OVERFLOW_SIGNED",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: Normal signed addition ...",
            "lkdtm: Overflowing signed addition ...",
        ),
    ),
    CrashType(
        name="OVERFLOW_UNSIGNED",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: Normal unsigned addition ...",
            "lkdtm: Overflowing unsigned addition ...",
        ),
    ),
    CrashType(
        name="ARRAY_BOUNDS",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: Array access within bounds ...",
            "lkdtm: Array access beyond bounds ...",
            "lkdtm: FAIL: survived array bounds overflow!",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_UBSAN_BOUNDS=y"
            ),
        ),
    ),
    CrashType(
        name="FAM_BOUNDS",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: Array access within bounds ...",
            "lkdtm: Array access beyond bounds ...",
            "lkdtm: FAIL: survived access of invalid flexible array member index!",
            (
                "lkdtm: This is expected since this kernel ({release} x86_64) was built with a "
                "compiler that does not support __counted_by"
            ),
        ),
        since="6.8",
    ),
    CrashType(
        name="PTR_BOUNDS",
        fate=Fate.SURVIVES,
        console=("lkdtm: Pointer access within bounds ...",),
        since="7.3",
        source=BY_HAND,
    ),
    CrashType(
        name="CORRUPT_LIST_ADD",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting good list addition",
            "lkdtm: attempting corrupted list addition",
            "lkdtm: list_add() corruption not detected!",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_LIST_HARDENED=y"
            ),
        ),
    ),
    CrashType(
        name="CORRUPT_LIST_DEL",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting good list removal",
            "lkdtm: attempting corrupted list removal",
            "lkdtm: list_del() corruption not detected!",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_LIST_HARDENED=y"
            ),
        ),
    ),
    CrashType(
        name="STACK_GUARD_PAGE_LEADING",
        fate=Fate.TASK_KILLED,
        signal=11,
        console=(
            "lkdtm: attempting bad read from page below current stack",
            (
                "BUG: TASK stack guard page was hit at 00000000dedcdf5a (stack is "
                "00000000f9c004e3..00000000d6db9d73)"
            ),
            "Oops: stack guard page: 0000 [#{oops}] SMP",
            "RIP: 0010:lkdtm_STACK_GUARD_PAGE_LEADING+0x32/0x45",
        ),
    ),
    CrashType(
        name="STACK_GUARD_PAGE_TRAILING",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting bad read from page above current stack",
            "BUG: unable to handle page fault for address: ffa0000000a28000",
            "Oops: Oops: 0000 [#{oops}] SMP",
            "RIP: 0010:lkdtm_STACK_GUARD_PAGE_TRAILING+0x32/0x48",
        ),
    ),
    CrashType(
        name="UNSET_SMEP",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: trying to clear SMEP normally",
            (
                "WARNING: CPU: 0 PID: {pid} at arch/x86/kernel/cpu/common.c:445 "
                "native_write_cr4+0x61/0x66"
            ),
            "RIP: 0010:native_write_cr4+0x61/0x66",
            "lkdtm: ok: SMEP did not get cleared",
            "lkdtm: trying to clear SMEP with call gadget",
        ),
    ),
    CrashType(
        name="DOUBLE_FAULT",
        fate=Fate.SURVIVES,
        console=("lkdtm: XFAIL: this test is ia32-only",),
    ),
    CrashType(
        name="CORRUPT_PAC",
        fate=Fate.SURVIVES,
        console=("lkdtm: XFAIL: this test is arm64-only",),
    ),
    CrashType(
        name="SLAB_LINEAR_OVERFLOW",
        fate=Fate.SURVIVES,
        console=("lkdtm: Attempting slab linear overflow ...",),
    ),
    CrashType(
        name="VMALLOC_LINEAR_OVERFLOW",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: Attempting vmalloc linear overflow ...",
            "BUG: unable to handle page fault for address: ffa000000001e000",
            "Oops: Oops: 0002 [#{oops}] SMP",
            "RIP: 0010:lkdtm_VMALLOC_LINEAR_OVERFLOW+0x49/0x60",
        ),
    ),
    CrashType(
        name="WRITE_AFTER_FREE",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: Allocated memory 00000000d39bf7bc-00000000da2a74ba",
            "lkdtm: Attempting bad write to freed memory at 00000000ee9e52cf",
        ),
    ),
    CrashType(
        name="READ_AFTER_FREE",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: Value in memory before free: 12345678",
            "lkdtm: Attempting bad read from freed memory",
            "lkdtm: FAIL: Memory was not poisoned!",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_INIT_ON_FREE_DEFAULT_ON=y (and booted without "
                "'init_on_free' specified)"
            ),
        ),
    ),
    CrashType(
        name="KFENCE_READ_AFTER_FREE",
        fate=Fate.SURVIVES,
        console=("lkdtm: FAIL: kfence memory never allocated!",),
        since="6.8",
    ),
    CrashType(
        name="WRITE_BUDDY_AFTER_FREE",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: Writing to the buddy page before free",
            "lkdtm: Attempting bad write to the buddy page after free",
        ),
    ),
    CrashType(
        name="READ_BUDDY_AFTER_FREE",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: Value in memory before free: 12345678",
            "lkdtm: Attempting to read from freed memory",
            "lkdtm: FAIL: Buddy page was not poisoned!",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_INIT_ON_FREE_DEFAULT_ON=y (and booted without "
                "'init_on_free' specified)"
            ),
        ),
    ),
    CrashType(
        name="SLAB_INIT_ON_ALLOC",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: FAIL: Slab was not initialized",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y (and booted without "
                "'init_on_alloc' specified)"
            ),
        ),
    ),
    CrashType(
        name="BUDDY_INIT_ON_ALLOC",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: FAIL: Slab was not initialized",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_INIT_ON_ALLOC_DEFAULT_ON=y (and booted without "
                "'init_on_alloc' specified)"
            ),
        ),
    ),
    CrashType(
        name="SLAB_FREE_DOUBLE",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: Attempting double slab free ...",
            "BUG: kernel NULL pointer dereference, address: 0000000000000028",
            "Oops: Oops: 0000 [#{oops}] SMP",
            "RIP: 0010:free_to_partial_list.constprop.0+0x3e/0xe7",
        ),
    ),
    CrashType(
        name="SLAB_FREE_CROSS",
        fate=Fate.SURVIVES,
        console=("lkdtm: Attempting cross-cache slab free ...",),
    ),
    CrashType(
        name="SLAB_FREE_PAGE",
        fate=Fate.SURVIVES,
        console=("lkdtm: Attempting non-Slab slab free ...",),
    ),
    CrashType(
        name="WRITE_RO",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting bad rodata write at ffffffff81a884c0",
            "BUG: unable to handle page fault for address: ffffffff81a884c0",
            "Oops: Oops: 0003 [#{oops}] SMP",
            "RIP: 0010:lkdtm_WRITE_RO+0x36/0x44",
        ),
    ),
    CrashType(
        name="WRITE_RO_AFTER_INIT",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting bad ro_after_init write at ffffffff81d3b430",
            "BUG: unable to handle page fault for address: ffffffff81d3b430",
            "Oops: Oops: 0003 [#{oops}] SMP",
            "RIP: 0010:lkdtm_WRITE_RO_AFTER_INIT+0x58/0x66",
        ),
    ),
    CrashType(
        name="WRITE_KERN",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting bad 108 byte write at ffffffff81546e71",
            "BUG: unable to handle page fault for address: ffffffff81546e71",
            "Oops: Oops: 0003 [#{oops}] SMP",
            "RIP: 0010:lkdtm_WRITE_KERN+0x40/0x58",
        ),
    ),
    CrashType(
        name="WRITE_OPD",
        fate=Fate.SURVIVES,
        console=("lkdtm: XFAIL: Platform doesn't use function descriptors.",),
    ),
    CrashType(
        name="EXEC_DATA",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting ok execution at ffffffff81546e05",
            "lkdtm: attempting bad execution at ffffffff8217ada0",
            "BUG: unable to handle page fault for address: ffffffff8217ada0",
            "Oops: Oops: 0011 [#{oops}] SMP",
            "RIP: 0010:data_area+0x0/0x40",
        ),
    ),
    CrashType(
        name="EXEC_STACK",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting ok execution at ffffffff81546e05",
            "lkdtm: attempting bad execution at ffa0000000a27d78",
            "BUG: unable to handle page fault for address: ffa0000000a27d78",
            "Oops: Oops: 0011 [#{oops}] SMP",
            "RIP: 0010:0xffa0000000a27d78",
        ),
    ),
    CrashType(
        name="EXEC_KMALLOC",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting ok execution at ffffffff81546e05",
            "lkdtm: attempting bad execution at ff110000028c1540",
            "BUG: unable to handle page fault for address: ff110000028c1540",
            "Oops: Oops: 0011 [#{oops}] SMP",
            "RIP: 0010:0xff110000028c1540",
        ),
    ),
    CrashType(
        name="EXEC_VMALLOC",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting ok execution at ffffffff81546e05",
            "lkdtm: attempting bad execution at ffa000000001d000",
            "BUG: unable to handle page fault for address: ffa000000001d000",
            "Oops: Oops: 0011 [#{oops}] SMP",
            "RIP: 0010:0xffa000000001d000",
        ),
    ),
    CrashType(
        name="EXEC_RODATA",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting ok execution at ffffffff81546e05",
            "lkdtm: attempting bad execution at ffffffff81a884c8",
            "BUG: unable to handle page fault for address: ffffffff81a884c8",
            "Oops: Oops: 0011 [#{oops}] SMP",
            "RIP: 0010:lkdtm_rodata_do_nothing+0x0/0x8",
        ),
    ),
    CrashType(
        name="EXEC_USERSPACE",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting ok execution at ffffffff81546e05",
            "lkdtm: attempting bad execution at 00007f3b9c8ba000",
            "unable to execute userspace code (SMEP?) (uid: 0)",
            "BUG: unable to handle page fault for address: 00007f3b9c8ba000",
            "Oops: Oops: 0011 [#{oops}] SMP",
        ),
    ),
    CrashType(
        name="EXEC_NULL",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting ok execution at ffffffff81546e05",
            "lkdtm: attempting bad execution at 0000000000000000",
            "BUG: kernel NULL pointer dereference, address: 0000000000000000",
            "Oops: Oops: 0010 [#{oops}] SMP",
            "RIP: 0010:0x0",
        ),
    ),
    CrashType(
        name="ACCESS_USERSPACE",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting bad read at 00007fba4fc92000",
            "BUG: unable to handle page fault for address: 00007fba4fc92000",
            "Oops: Oops: 0001 [#{oops}] SMP",
            "RIP: 0010:lkdtm_ACCESS_USERSPACE+0xb9/0xf8",
        ),
    ),
    CrashType(
        name="ACCESS_NULL",
        fate=Fate.TASK_KILLED,
        signal=9,
        console=(
            "lkdtm: attempting bad read at 0000000000000000",
            "BUG: kernel NULL pointer dereference, address: 0000000000000000",
            "Oops: Oops: 0000 [#{oops}] SMP",
            "RIP: 0010:lkdtm_ACCESS_NULL+0x1c/0x5d",
        ),
    ),
    CrashType(
        name="REFCOUNT_INC_OVERFLOW",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting good refcount_inc() without overflow",
            "lkdtm: attempting bad refcount_inc() overflow",
            "refcount_t: saturated; leaking memory.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:22 refcount_warn_saturate+0x75/0xf9",
            "RIP: 0010:refcount_warn_saturate+0x75/0xf9",
        ),
    ),
    CrashType(
        name="REFCOUNT_ADD_OVERFLOW",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting good refcount_add() without overflow",
            "lkdtm: attempting bad refcount_add() overflow",
            "refcount_t: saturated; leaking memory.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:22 refcount_warn_saturate+0x75/0xf9",
            "RIP: 0010:refcount_warn_saturate+0x75/0xf9",
        ),
    ),
    CrashType(
        name="REFCOUNT_INC_NOT_ZERO_OVERFLOW",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_inc_not_zero() overflow",
            "refcount_t: saturated; leaking memory.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:19 refcount_warn_saturate+0x4e/0xf9",
            "RIP: 0010:refcount_warn_saturate+0x4e/0xf9",
            " __refcount_add_not_zero.constprop.0+0x2a/0x32",
        ),
    ),
    CrashType(
        name="REFCOUNT_ADD_NOT_ZERO_OVERFLOW",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_add_not_zero() overflow",
            "refcount_t: saturated; leaking memory.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:19 refcount_warn_saturate+0x4e/0xf9",
            "RIP: 0010:refcount_warn_saturate+0x4e/0xf9",
            " __refcount_add_not_zero.constprop.0+0x2a/0x32",
        ),
    ),
    CrashType(
        name="REFCOUNT_DEC_ZERO",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting good refcount_dec()",
            "lkdtm: attempting bad refcount_dec() to zero",
            "refcount_t: decrement hit 0; leaking memory.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:31 refcount_warn_saturate+0xd5/0xf9",
            "RIP: 0010:refcount_warn_saturate+0xd5/0xf9",
        ),
    ),
    CrashType(
        name="REFCOUNT_DEC_NEGATIVE",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_dec() below zero",
            "refcount_t: decrement hit 0; leaking memory.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:31 refcount_warn_saturate+0xd5/0xf9",
            "RIP: 0010:refcount_warn_saturate+0xd5/0xf9",
            " refcount_dec+0x19/0x1c",
        ),
    ),
    CrashType(
        name="REFCOUNT_DEC_AND_TEST_NEGATIVE",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_dec_and_test() below zero",
            "refcount_t: underflow; use-after-free.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:28 refcount_warn_saturate+0xb5/0xf9",
            "RIP: 0010:refcount_warn_saturate+0xb5/0xf9",
            " __refcount_sub_and_test.constprop.0+0x38/0x3e",
        ),
    ),
    CrashType(
        name="REFCOUNT_SUB_AND_TEST_NEGATIVE",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_sub_and_test() below zero",
            "refcount_t: underflow; use-after-free.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:28 refcount_warn_saturate+0xb5/0xf9",
            "RIP: 0010:refcount_warn_saturate+0xb5/0xf9",
            " __refcount_sub_and_test.constprop.0+0x38/0x3e",
        ),
    ),
    CrashType(
        name="REFCOUNT_SUB_AND_TEST_ZERO",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_sub_and_test() at zero",
            "refcount_t: underflow; use-after-free.",
            "WARNING: CPU: 1 PID: {pid} at lib/refcount.c:28 refcount_warn_saturate+0xb5/0xf9",
            "RIP: 0010:refcount_warn_saturate+0xb5/0xf9",
            " __refcount_sub_and_test.constprop.0+0x38/0x3e",
        ),
        since="6.12",
    ),
    CrashType(
        name="REFCOUNT_INC_ZERO",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting safe refcount_inc_not_zero() from zero",
            "lkdtm: Good: zero detected",
            "lkdtm: Correctly stayed at zero",
            "lkdtm: attempting bad refcount_inc() from zero",
            "refcount_t: addition on 0; use-after-free.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:25 refcount_warn_saturate",
        ),
        source=COMPLETED,
    ),
    CrashType(
        name="REFCOUNT_ADD_ZERO",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting safe refcount_add_not_zero() from zero",
            "lkdtm: Good: zero detected",
            "lkdtm: Correctly stayed at zero",
            "lkdtm: attempting bad refcount_add() from zero",
            "refcount_t: addition on 0; use-after-free.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:25 refcount_warn_saturate",
        ),
        source=COMPLETED,
    ),
    CrashType(
        name="REFCOUNT_INC_SATURATED",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_inc() from saturated",
            "refcount_t: saturated; leaking memory.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:22 refcount_warn_saturate+0x75/0xf9",
            "RIP: 0010:refcount_warn_saturate+0x75/0xf9",
            " __refcount_add.constprop.0+0x28/0x2a",
        ),
    ),
    CrashType(
        name="REFCOUNT_DEC_SATURATED",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_dec() from saturated",
            "refcount_t: decrement hit 0; leaking memory.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:31 refcount_warn_saturate+0xd5/0xf9",
            "RIP: 0010:refcount_warn_saturate+0xd5/0xf9",
            " refcount_dec+0x19/0x1c",
        ),
    ),
    CrashType(
        name="REFCOUNT_ADD_SATURATED",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_dec() from saturated",
            "refcount_t: saturated; leaking memory.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:22 refcount_warn_saturate+0x75/0xf9",
            "RIP: 0010:refcount_warn_saturate+0x75/0xf9",
            " __refcount_add.constprop.0+0x28/0x2a",
        ),
    ),
    CrashType(
        name="REFCOUNT_INC_NOT_ZERO_SATURATED",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_inc_not_zero() from saturated",
            "refcount_t: saturated; leaking memory.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:19 refcount_warn_saturate+0x4e/0xf9",
            "RIP: 0010:refcount_warn_saturate+0x4e/0xf9",
            " __refcount_add_not_zero.constprop.0+0x2a/0x32",
        ),
    ),
    CrashType(
        name="REFCOUNT_ADD_NOT_ZERO_SATURATED",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_add_not_zero() from saturated",
            "refcount_t: saturated; leaking memory.",
            "WARNING: CPU: 1 PID: {pid} at lib/refcount.c:19 refcount_warn_saturate+0x4e/0xf9",
            "RIP: 0010:refcount_warn_saturate+0x4e/0xf9",
            " __refcount_add_not_zero.constprop.0+0x2a/0x32",
        ),
    ),
    CrashType(
        name="REFCOUNT_DEC_AND_TEST_SATURATED",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_dec_and_test() from saturated",
            "refcount_t: underflow; use-after-free.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:28 refcount_warn_saturate+0xb5/0xf9",
            "RIP: 0010:refcount_warn_saturate+0xb5/0xf9",
            " __refcount_sub_and_test.constprop.0+0x38/0x3e",
        ),
    ),
    CrashType(
        name="REFCOUNT_SUB_AND_TEST_SATURATED",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting bad refcount_sub_and_test() from saturated",
            "refcount_t: underflow; use-after-free.",
            "WARNING: CPU: 0 PID: {pid} at lib/refcount.c:28 refcount_warn_saturate+0xb5/0xf9",
            "RIP: 0010:refcount_warn_saturate+0xb5/0xf9",
            " __refcount_sub_and_test.constprop.0+0x38/0x3e",
        ),
    ),
    CrashType(
        name="ATOMIC_TIMING",
        fate=Fate.STUCK,
    ),
    CrashType(
        name="REFCOUNT_TIMING",
        fate=Fate.STUCK,
        late=(
            "rcu: INFO: rcu_sched self-detected stall on CPU",
            "RIP: 0010:__refcount_add.constprop.0+0x18/0x2a",
            "refcount_inc+0x11/0x13",
        ),
    ),
    CrashType(
        name="USERCOPY_SLAB_SIZE_TO",
        fate=Fate.TASK_KILLED,
        signal=11,
        console=(
            "lkdtm: attempting good copy_to_user of correct size",
            "lkdtm: attempting bad copy_to_user of too large size",
            (
                "usercopy: Kernel memory exposure attempt detected from SLUB object 'kmalloc-1k' "
                "(offset 16, size 1024)!"
            ),
            "kernel BUG at mm/usercopy.c:102!",
            "Oops: invalid opcode: 0000 [#{oops}] SMP",
        ),
    ),
    CrashType(
        name="USERCOPY_SLAB_SIZE_FROM",
        fate=Fate.TASK_KILLED,
        signal=11,
        console=(
            "lkdtm: attempting good copy_from_user of correct size",
            "lkdtm: attempting bad copy_from_user of too large size",
            (
                "usercopy: Kernel memory overwrite attempt detected to SLUB object 'kmalloc-1k' "
                "(offset 16, size 1024)!"
            ),
            "kernel BUG at mm/usercopy.c:102!",
            "Oops: invalid opcode: 0000 [#{oops}] SMP",
        ),
    ),
    CrashType(
        name="USERCOPY_SLAB_WHITELIST_TO",
        fate=Fate.TASK_KILLED,
        signal=11,
        console=(
            "lkdtm: attempting good copy_to_user inside whitelist",
            "lkdtm: attempting bad copy_to_user outside whitelist",
            (
                "usercopy: Kernel memory exposure attempt detected from SLUB object "
                "'lkdtm-usercopy' (offset 255, size 64)!"
            ),
            "kernel BUG at mm/usercopy.c:102!",
            "Oops: invalid opcode: 0000 [#{oops}] SMP",
        ),
    ),
    CrashType(
        name="USERCOPY_SLAB_WHITELIST_FROM",
        fate=Fate.TASK_KILLED,
        signal=11,
        console=(
            "lkdtm: attempting good copy_from_user inside whitelist",
            "lkdtm: attempting bad copy_from_user outside whitelist",
            (
                "usercopy: Kernel memory overwrite attempt detected to SLUB object "
                "'lkdtm-usercopy' (offset 255, size 64)!"
            ),
            "kernel BUG at mm/usercopy.c:102!",
            "Oops: invalid opcode: 0000 [#{oops}] SMP",
        ),
    ),
    CrashType(
        name="USERCOPY_STACK_FRAME_TO",
        fate=Fate.TASK_KILLED,
        signal=11,
        console=(
            "lkdtm: good_stack: ffa0000000a27d60-ffa0000000a27d80",
            "lkdtm: bad_stack : ffa0000000a27ce8-ffa0000000a27d08",
            "lkdtm: attempting good copy_to_user of local stack",
            "lkdtm: attempting bad copy_to_user of distant stack",
            (
                "usercopy: Kernel memory exposure attempt detected from process stack (offset "
                "64, size 32)!"
            ),
            "kernel BUG at mm/usercopy.c:102!",
            "Oops: invalid opcode: 0000 [#{oops}] SMP",
        ),
        source=COMPLETED,
    ),
    CrashType(
        name="USERCOPY_STACK_FRAME_FROM",
        fate=Fate.TASK_KILLED,
        signal=11,
        console=(
            "lkdtm: good_stack: ffa0000000a27d60-ffa0000000a27d80",
            "lkdtm: bad_stack : ffa0000000a27ce8-ffa0000000a27d08",
            "lkdtm: attempting good copy_from_user of local stack",
            "lkdtm: attempting bad copy_from_user of distant stack",
            (
                "usercopy: Kernel memory overwrite attempt detected to process stack (offset 64, "
                "size 32)!"
            ),
            "kernel BUG at mm/usercopy.c:102!",
            "Oops: invalid opcode: 0000 [#{oops}] SMP",
        ),
        source=COMPLETED,
    ),
    CrashType(
        name="USERCOPY_STACK_BEYOND",
        fate=Fate.TASK_KILLED,
        signal=11,
        console=(
            "lkdtm: good_stack: ffa0000000a27d60-ffa0000000a27d80",
            "lkdtm: bad_stack : ffa0000000a27ff8-ffa0000000a28018",
            "lkdtm: attempting good copy_to_user of local stack",
            "lkdtm: attempting bad copy_to_user of distant stack",
            (
                "usercopy: Kernel memory exposure attempt detected from process stack (offset "
                "18446744073709550896, size 32)!"
            ),
            "kernel BUG at mm/usercopy.c:102!",
            "Oops: invalid opcode: 0000 [#{oops}] SMP",
        ),
        source=COMPLETED,
    ),
    CrashType(
        name="USERCOPY_VMALLOC",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: attempting good copy_to_user() from kernel vmalloc: ffa000000001d800",
            "lkdtm: attempting bad copy_to_user() from kernel vmalloc: ffa000000001d800",
            "lkdtm: Good, copy_to_user() failed, but lacked Oops(?!)",
        ),
    ),
    CrashType(
        name="USERCOPY_FOLIO",
        fate=Fate.TASK_KILLED,
        signal=11,
        console=(
            "lkdtm: attempting good copy_to_user() from kernel folio: ff110000027d3800",
            "lkdtm: attempting bad copy_to_user() from kernel folio: ff110000027d3800",
            (
                "usercopy: Kernel memory exposure attempt detected from page alloc (offset 6144, "
                "size 4096)!"
            ),
            "kernel BUG at mm/usercopy.c:102!",
            "Oops: invalid opcode: 0000 [#{oops}] SMP",
        ),
    ),
    CrashType(
        name="USERCOPY_KERNEL",
        fate=Fate.TASK_KILLED,
        signal=11,
        console=(
            "lkdtm: attempting good copy_to_user from kernel rodata: ffffffff81a884d0",
            "lkdtm: attempting bad copy_to_user from kernel text: ffffffff811a7cc3",
            (
                "usercopy: Kernel memory exposure attempt detected from kernel text (offset "
                "1735875, size 4096)!"
            ),
            "kernel BUG at mm/usercopy.c:102!",
            "Oops: invalid opcode: 0000 [#{oops}] SMP",
        ),
    ),
    CrashType(
        name="STACKLEAK_ERASING",
        fate=Fate.SURVIVES,
        console=("lkdtm: XFAIL: stackleak is not enabled (CONFIG_GCC_PLUGIN_STACKLEAK=n)",),
        until="6.19",
    ),
    CrashType(
        name="KSTACK_ERASE",
        fate=Fate.SURVIVES,
        console=("lkdtm: XFAIL: stackleak is not enabled (CONFIG_KSTACK_ERASE=n)",),
        since="6.19",
        source=BY_HAND,
    ),
    CrashType(
        name="CFI_FORWARD_PROTO",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: Calling matched prototype ...",
            "lkdtm: Calling mismatched prototype ...",
            "lkdtm: FAIL: survived mismatched prototype function call!",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_CFI_CLANG=y"
            ),
        ),
    ),
    CrashType(
        name="CFI_BACKWARD",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: Attempting unchecked stack return address redirection ...",
            "lkdtm: ok: redirected stack return address.",
            "lkdtm: Attempting checked stack return address redirection ...",
            "lkdtm: FAIL: stack return address was redirected!",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_ARM64_PTR_AUTH_KERNEL=y nor CONFIG_SHADOW_CALL_STACK=y"
            ),
        ),
    ),
    CrashType(
        name="FORTIFY_STR_OBJECT",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: trying to strcmp() past the end of a struct",
            "lkdtm: FAIL: fortify did not block a strncpy() object write overflow!",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_FORTIFY_SOURCE=y"
            ),
        ),
        until="7.3",
    ),
    CrashType(
        name="FORTIFY_STR_MEMBER",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: trying to strncpy() past the end of a struct member...",
            "lkdtm: FAIL: fortify did not block a strncpy() struct member write overflow!",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_FORTIFY_SOURCE=y"
            ),
        ),
    ),
    CrashType(
        name="FORTIFY_MEM_OBJECT",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: trying to memcpy() past the end of a struct",
            "lkdtm: 0: 16",
            "lkdtm: 1: 16",
            "lkdtm: s: 20",
            "lkdtm: FAIL: fortify did not block a memcpy() object write overflow!",
        ),
    ),
    CrashType(
        name="FORTIFY_MEM_MEMBER",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: trying to memcpy() past the end of a struct member...",
            "lkdtm: FAIL: fortify did not block a memcpy() struct member write overflow!",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_FORTIFY_SOURCE=y"
            ),
        ),
    ),
    CrashType(
        name="FORTIFY_STRSCPY",
        fate=Fate.SURVIVES,
        console=(
            "lkdtm: FAIL: strscpy() overflow not detected!",
            (
                "lkdtm: This is probably expected, since this kernel ({release} x86_64) was "
                "built *without* CONFIG_FORTIFY_SOURCE=y"
            ),
        ),
    ),
)
"""In the order in which the kernel lists them."""
