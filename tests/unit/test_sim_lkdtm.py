"""LKDTM on the simulated machine: types, parse rules, the life of a crash point, what is left."""

from collections import Counter

import pytest

from data.sim_machine import machine, run
from faultrun.kernel.crash_points import CRASH_POINTS, types_of
from faultrun.kernel.crash_types import BY_HAND, CRASH_TYPES, Fate
from faultrun.kernel.version import KNOWN, KernelVersion
from faultrun.model.target import AttrRefused, TargetBroken, TargetDied

DIR = "/sys/kernel/debug/provoke-crash"
KPROBES = "/sys/kernel/debug/kprobes/list"
COUNT = "/sys/module/lkdtm/parameters/cpoint_count"
READ = "dd if=/dev/nvme0n1 of=/dev/null bs=4k count={} iflag=direct"


def refused(target, point, text):
    with pytest.raises(AttrRefused) as told:
        target.write(f"{DIR}/{point}", text.encode())
    return told.value.errno_name


def log(target):
    return [line.text for line in target.log(0)[0]]


def probed(target):
    return target.read(KPROBES).decode()


def hits(target):
    return [int(line.split()[-2]) for line in log(target) if " hit, trigger in " in line]


def test_the_fates_are_those_that_were_seen():
    seen = Counter(crash.fate for crash in types_of(KernelVersion.parse("6.12")))
    assert seen == {
        Fate.SURVIVES: 52,
        Fate.SPINS_THE_SECOND_TIME: 1,
        Fate.TASK_KILLED: 29,
        Fate.PANIC: 3,
        Fate.HANG: 4,
        Fate.STUCK: 3,
    }
    signals = Counter(crash.signal for crash in CRASH_TYPES if crash.fate is Fate.TASK_KILLED)
    assert signals == {9: 18, 11: 11}


def test_a_type_says_what_killed_it_if_and_only_if_it_kills():
    for crash in CRASH_TYPES:
        text = "\n".join(crash.console)
        assert bool(crash.signal) == (crash.fate is Fate.TASK_KILLED)
        if crash.fate is Fate.TASK_KILLED:
            assert "Oops" in text or "unable to execute userspace" in text, crash.name
        if crash.fate is Fate.PANIC:
            assert crash.console[-1].startswith("Kernel panic - not syncing: ")
        if crash.fate is Fate.SURVIVES:
            assert "Oops: " not in text
    by_hand = {crash.name for crash in CRASH_TYPES if crash.source == BY_HAND}
    assert by_hand == {"PANIC_IN_HARDIRQ", "BUG_IN_HARDIRQ", "PTR_BOUNDS", "KSTACK_ERASE"}


@pytest.mark.parametrize(("kernel", "number"), [("6.1", 87), ("6.8", 90), ("6.12", 92)])
def test_every_file_lists_the_types_of_its_kernel(kernel, number):
    target = machine(kernel=kernel)
    for point in CRASH_POINTS:
        lines = target.read(f"{DIR}/{point.name}").decode().splitlines()
        assert lines[0] == "Available crash types:"
        assert len(lines) == number + 1
    assert "OVERFLOW" not in lines
    assert target.list(DIR) == tuple(sorted(point.name for point in CRASH_POINTS))


@pytest.mark.parametrize("kernel", KNOWN)
def test_types_of_other_kernels_are_refused(kernel):
    version = KernelVersion.parse(kernel)
    foreign = {crash.name for crash in CRASH_TYPES} - {crash.name for crash in types_of(version)}
    target = machine(kernel=kernel)
    assert {refused(target, "SCSI_QUEUE_RQ", f"{name}\n") for name in foreign} <= {"EINVAL"}


@pytest.mark.parametrize("point", ["DIRECT", "FS_SUBMIT_BH"])
@pytest.mark.parametrize(
    "text", ["", "\n", " WARNING", "\tWARNING\n", "WARNIN", "warning", "WRITE_R0", "OVERFLOW"]
)
def test_what_is_no_type_is_refused_and_arms_nothing(point, text):
    target = machine()
    assert refused(target, point, text) == "EINVAL"
    assert probed(target) == ""
    assert log(target) == []


@pytest.mark.parametrize("text", ["WARNING", "WARNING\n", "WARNING \t\n\n", "WARNING\0rest"])
def test_blanks_behind_a_type_are_cut(text):
    target = machine()
    target.write(f"{DIR}/FS_SUBMIT_BH", text.encode())
    assert "submit_bh+0x0" in probed(target)


def test_a_page_of_text_is_refused_whatever_it_says():
    target = machine()
    assert refused(target, "DIRECT", "WARNING" + " " * 4089) == "EINVAL"
    target.write(f"{DIR}/DIRECT", ("WARNING" + " " * 4088).encode())
    assert log(target)[0] == "lkdtm: Performing direct entry WARNING"


@pytest.mark.parametrize(
    ("point", "function"),
    [
        ("INT_HARDWARE_ENTRY", "do_IRQ"),
        ("MEM_SWAPOUT", "shrink_inactive_list"),
        ("TIMERADD", "hrtimer_start"),
    ],
)
def test_a_point_without_a_function_is_refused_and_disarms_the_other(point, function):
    target = machine()
    target.write(f"{DIR}/FS_SUBMIT_BH", b"WARNING\n")
    assert refused(target, point, "EXCEPTION\n") == "ENOENT"
    assert refused(target, point, "EXCEPTION\n") == "ENOENT"
    assert log(target)[-1] == f"lkdtm: Couldn't register kprobe {function}"
    assert probed(target) == ""


def test_only_one_point_is_armed_and_none_twice():
    target = machine()
    target.write(f"{DIR}/FS_SUBMIT_BH", b"WARNING\n")
    target.write(f"{DIR}/INT_HW_IRQ_EN", b"WARNING\n")
    assert "handle_irq_event" in probed(target)
    assert "submit_bh" not in probed(target)
    # Its kprobe was registered before: it is refused, and what was armed is not armed any more.
    assert refused(target, "FS_SUBMIT_BH", "WARNING\n") == "EINVAL"
    assert probed(target) == ""
    assert run(target, READ.format(20)).exit_code == 0
    assert hits(target) == []


def test_the_second_write_disarms_until_the_module_is_loaded_anew():
    target = machine()
    target.write(f"{DIR}/INT_HW_IRQ_EN", b"WARNING\n")
    assert refused(target, "INT_HW_IRQ_EN", "WARNING\n") == "EINVAL"
    assert log(target)[-1] == "lkdtm: Couldn't register kprobe handle_irq_event"
    assert refused(target, "INT_HW_IRQ_EN", "WARNING\n") == "EINVAL"
    assert run(target, "modprobe -r lkdtm && modprobe lkdtm").exit_code == 0
    target.write(f"{DIR}/INT_HW_IRQ_EN", b"WARNING\n")
    assert "handle_irq_event" in probed(target)


def test_the_counter_starts_at_ten_and_again_with_cpoint_count():
    target = machine()
    target.write(COUNT, b"3\n")
    target.write(f"{DIR}/INT_HW_IRQ_EN", b"WARNING\n")
    run(target, READ.format(16))
    assert hits(target) == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 2, 1, 0, 2, 1, 0]


def test_arming_another_point_does_not_restart_the_counter():
    target = machine()
    target.write(f"{DIR}/FS_SUBMIT_BH", b"WARNING\n")
    target.write(f"{DIR}/INT_HW_IRQ_EN", b"WARNING\n")
    run(target, READ.format(4))
    assert refused(target, "INT_HW_IRQ_EN", "WARNING\n") == "EINVAL"
    target.write(f"{DIR}/SCSI_QUEUE_RQ", b"WARNING\n")
    assert hits(target) == [9, 8, 7, 6]
    # The module keeps the count; loading it anew sets it.
    run(target, "modprobe -r lkdtm; modprobe lkdtm cpoint_count=2")
    target.write(f"{DIR}/INT_HW_IRQ_EN", b"WARNING\n")
    run(target, READ.format(2))
    assert hits(target)[-2:] == [1, 0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("cpoint_name=DIRECT", "Need both cpoint_type and cpoint_name or neither"),
        ("cpoint_type=BUG", "Need both cpoint_type and cpoint_name or neither"),
        ("cpoint_name=DIRECT cpoint_type=OVERFLOW", "Unknown crashtype 'OVERFLOW'"),
        ("cpoint_name=NOWHERE cpoint_type=BUG", "Invalid crashpoint NOWHERE"),
        ("cpoint_name=TIMERADD cpoint_type=BUG", "Invalid crashpoint TIMERADD"),
    ],
)
def test_arguments_that_the_module_refuses(arguments, said):
    target = machine()
    done = run(target, f"modprobe -r lkdtm; modprobe lkdtm {arguments}")
    assert done.exit_code == 1
    assert log(target)[-1] == f"lkdtm: {said}"
    with pytest.raises(AttrRefused):
        target.list(DIR)


def test_direct_as_an_argument_crashes_whoever_loads_the_module():
    target = machine()
    done = run(target, "modprobe -r lkdtm; modprobe lkdtm cpoint_name=DIRECT cpoint_type=BUG")
    assert done.exit_code == 139
    assert target.read("/proc/sys/kernel/tainted") == b"128\n"


@pytest.mark.parametrize(
    ("crash", "status", "taint"), [("BUG", 139, 128), ("EXCEPTION", 137, 128), ("WARNING", 0, 512)]
)
def test_the_writer_meets_the_crash_and_the_kernel_is_tainted(crash, status, taint):
    target = machine()
    done = run(target, f"cat <(echo {crash}) > {DIR}/DIRECT; echo $?; cat /proc/sys/kernel/tainted")
    assert done.stdout == f"{status}\n{taint}\n"
    assert run(target, f"echo {crash} > {DIR}/DIRECT").signal == (status - 128 if status else None)


def test_taint_stays_and_shows_in_later_traces():
    target = machine()
    run(target, f"cat <(echo WARNING) > {DIR}/DIRECT; cat <(echo BUG) > {DIR}/DIRECT")
    headers = [line for line in log(target) if line.startswith("CPU: ")]
    assert "Not tainted" in headers[0]
    assert "Tainted: G      D W" in headers[1]
    assert "Tainted: [D]=DIE, [W]=WARN" in log(target)
    target.write("/proc/sys/kernel/tainted", b"1\n")
    assert target.read("/proc/sys/kernel/tainted") == b"641\n"


@pytest.mark.parametrize(
    ("switch", "crash", "words"),
    [
        ("panic_on_oops", "BUG", "Fatal exception"),
        ("panic_on_warn", "WARNING", "kernel: panic_on_warn set ..."),
        ("printk", "PANIC", "dumptest"),
    ],
)
def test_a_panic_takes_the_machine_and_leaves_its_last_words(switch, crash, words):
    target = machine()
    with pytest.raises(TargetDied) as died:
        run(target, f"echo 1 > /proc/sys/kernel/{switch}; cat <(echo {crash}) > {DIR}/DIRECT")
    assert str(died.value) == f"kernel panic: {words}"
    assert not died.value.hung
    tail = [line.text for line in died.value.log_tail]
    assert tail[0] == f"lkdtm: Performing direct entry {crash}"
    assert tail[-1] == f"---[ end Kernel panic - not syncing: {words} ]---"


def test_a_crash_in_an_interrupt_is_a_panic():
    target = machine()
    target.write(f"{DIR}/INT_HW_IRQ_EN", b"EXCEPTION\n")
    with pytest.raises(TargetDied, match="Fatal exception in interrupt"):
        run(target, READ.format(10))


def test_a_type_that_needs_user_memory_is_not_modelled_in_an_interrupt():
    target = machine()
    target.write(f"{DIR}/INT_HW_IRQ_EN", b"USERCOPY_KERNEL\n")
    with pytest.raises(AssertionError, match="USERCOPY_KERNEL in interrupt context"):
        run(target, READ.format(10))


@pytest.mark.parametrize(("seconds", "stalls"), [(10, 0), (25, 1)])
def test_a_lockup_takes_the_machine_and_the_stall_shows_after_21_seconds(seconds, stalls):
    target = machine()
    with pytest.raises(TargetDied) as died:
        run(target, f"echo LOOP > {DIR}/DIRECT", timeout_ns=seconds * 10**9)
    assert died.value.hung
    told = [line for line in died.value.log_tail if line.text.startswith("rcu: INFO: ")]
    assert len(told) == stalls
    assert target.clock.now_ns() >= seconds * 10**9


def test_spinlockup_hangs_the_second_time():
    target = machine()
    assert run(target, f"cat <(echo SPINLOCKUP) > {DIR}/DIRECT").exit_code == 0
    with pytest.raises(TargetDied) as died:
        run(target, f"cat <(echo SPINLOCKUP) > {DIR}/DIRECT")
    assert died.value.hung


def test_a_hung_task_leaves_the_machine_answering():
    target = machine()
    done = run(target, f"echo HUNG_TASK > {DIR}/DIRECT; echo never", timeout_ns=5 * 10**9)
    assert (done.timed_out, done.stdout) == (True, "")
    assert run(target, "echo here").stdout == "here\n"


@pytest.mark.parametrize("crash", ["BUG", "HUNG_TASK"])
def test_a_crash_in_our_own_write_is_our_fault(crash):
    with pytest.raises(TargetBroken, match="own task"):
        machine().write(f"{DIR}/DIRECT", crash.encode())


@pytest.mark.parametrize("kernel", KNOWN)
def test_every_type_of_every_kernel_ends_as_its_table_says(kernel):
    for crash in types_of(KernelVersion.parse(kernel)):
        target = machine(kernel=kernel)
        try:
            done = run(target, f"cat <(echo {crash.name}) > {DIR}/DIRECT", timeout_ns=25 * 10**9)
        except TargetDied as died:
            assert crash.fate is (Fate.HANG if died.hung else Fate.PANIC)
            continue
        assert done.timed_out == (crash.fate is Fate.STUCK), crash.name
        if not done.timed_out:
            assert done.exit_code == (128 + crash.signal if crash.signal else 0), crash.name
        assert f"lkdtm: Performing direct entry {crash.name}" in log(target)
        taint = int(target.read("/proc/sys/kernel/tainted"))
        assert bool(taint & 128) == (crash.fate is Fate.TASK_KILLED), crash.name
        assert bool(taint & 512) == any(line.startswith("WARNING: ") for line in crash.console)
