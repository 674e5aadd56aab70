"""scsi_debug: its counter, its options one by one, its error rules, and what the caller sees."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.sim_machine import machine, run
from faultrun.capabilities.registry import builtin
from faultrun.kernel.scsi import Action, by_sense
from faultrun.simkernel.devices.scsi_errors import TIMEOUT, ErrorRules
from faultrun.simkernel.sim_errno import SimErrno

DRIVER = "/sys/bus/pseudo/drivers/scsi_debug"
ERROR = "/sys/kernel/debug/scsi_debug/0:0:0:0/error"
READ = "dd if=/dev/sda of=/dev/null bs=4k iflag=direct status=none"
COUNT = "grep -o 'cmnd_count=[0-9]*' /proc/scsi/scsi_debug/0"


def disk(kernel="6.12"):
    return machine(kernel=kernel, kind="scsi_debug", name="sda", size_mib=8)


def arm(opts, nth=0, more=""):
    return f"echo {nth} > {DRIVER}/every_nth\n{more}\necho {opts} > {DRIVER}/opts\n"


def seen(target):
    patterns = [re.compile(trace) for trace in builtin()["scsi_debug"].traces]
    lines = run(target, "dmesg").stdout.splitlines()
    return sum(any(pattern.search(line) for pattern in patterns) for line in lines)


def test_every_nth_turns_statistics_on_and_says_so():
    target = disk()
    assert run(target, f"cat {DRIVER}/statistics; echo 3 > {DRIVER}/every_nth").stdout == "0\n"
    assert run(target, f"cat {DRIVER}/statistics").stdout == "1\n"
    # As recorded of Linux 6.12.
    assert "scsi_debug:every_nth_store: every_nth needs statistics=1, set it" in (
        run(target, "dmesg").stdout
    )


def test_without_a_bit_of_opts_nothing_goes_wrong():
    done = run(disk(), arm(0, 1) + f"{READ} count=3; echo $?; {COUNT}")
    assert done.stdout == "0\ncmnd_count=3\n"


def test_the_recording_reads_without_error_because_the_bad_sectors_are_elsewhere():
    # opts 2 and every_nth 3: all six reads of sector 0 went well on Linux 6.12.
    script = f"for n in 1 2 3 4 5 6; do {READ} count=1 || echo failed; done"
    assert run(disk(), arm(2, 3) + script).stdout == ""


@settings(max_examples=20, deadline=None)
@given(nth=st.integers(2, 9), reads=st.integers(1, 25))
def test_the_counter_triggers_at_multiples_and_a_retry_is_a_command(nth, reads):
    print(f"every_nth {nth}, reads {reads}")
    target = disk()
    done = run(target, arm("0x4011", nth) + f"{READ} count={reads}\necho $?\n{COUNT}")
    expected, count = 0, 0
    for _ in range(reads):
        count += 1
        while count % nth == 0:
            expected += 1
            count += 1
    assert done.stdout == f"0\ncmnd_count={count}\n"
    assert seen(target) == expected


@pytest.mark.parametrize("written", ["4", "0x11"])
def test_writing_either_file_rounds_the_counter_down(written):
    done = run(
        disk(),
        arm(0, 5) + f"{READ} count=8\n{COUNT}\necho {written} > {DRIVER}/opts\n{COUNT}",
    )
    assert done.stdout == "cmnd_count=8\ncmnd_count=5\n"


def test_a_negative_period_turns_to_minus_one_and_then_hits_every_command():
    target = disk()
    done = run(target, arm("0x4005", -2) + f"{READ} count=2; echo $?; cat {DRIVER}/every_nth",
               timeout_ns=400_000_000_000)  # fmt: skip
    assert done.stdout == "1\n-1\n"
    assert seen(target) == 6
    assert "hostbyte=DID_TIME_OUT driverbyte=DRIVER_OK cmd_age=180s" in run(target, "dmesg").stdout


@pytest.mark.parametrize(
    ("text", "shown"),
    [("0x10", "0x10"), ("16", "0x10"), ("010", "0xa"), (" 7", "0x7"), ("0X1f", "0x1f")],
)
def test_opts_is_hexadecimal_with_0x_and_decimal_else(text, shown):
    assert run(disk(), f"echo '{text}' > {DRIVER}/opts; cat {DRIVER}/opts").stdout == f"{shown}\n"


@pytest.mark.parametrize("text", ["", "x", "0x", "99999999999", "1 2 3x"[5:]])
def test_opts_refuses_what_is_no_number(text):
    done = run(disk(), f"echo '{text}' > {DRIVER}/opts; echo $?; cat {DRIVER}/opts")
    assert done.stdout == "1\n0x0\n"
    assert "Invalid argument" in done.stderr


@pytest.mark.parametrize(
    ("opts", "errno", "lines"),
    [
        ("0x20", "Invalid or incomplete multibyte or wide character", "protection error, dev sda"),
        ("0x40", "Invalid or incomplete multibyte or wide character", "protection error, dev sda"),
        ("0x4011", "Input/output error", "I/O error, dev sda"),
    ],
)
def test_what_fails_every_time_has_an_errno(opts, errno, lines):
    target = disk()
    done = run(target, arm(opts, 1) + f"{READ} count=1")
    assert done.stderr == f"dd: error reading '/dev/sda': {errno}\n"
    assert lines in run(target, "dmesg").stdout


def test_a_medium_error_says_which_command_and_why_and_is_not_retried():
    target = disk()
    done = run(target, arm(2) + f"{READ} count=1 skip=582")
    assert done.stderr == "dd: error reading '/dev/sda': No data available\n"
    lines = [line.split("] ", 1)[1] for line in run(target, "dmesg").stdout.splitlines()]
    assert [re.sub(r"tag#\d+", "tag#N", line) for line in lines[-5:]] == [
        "sd 0:0:0:0: [sda] tag#N FAILED Result: hostbyte=DID_OK driverbyte=DRIVER_OK cmd_age=0s",
        "sd 0:0:0:0: [sda] tag#N Sense Key : Medium Error [current] ",
        "sd 0:0:0:0: [sda] tag#N Add. Sense: Unrecovered read error",
        "sd 0:0:0:0: [sda] tag#N CDB: Read(10) 28 00 00 00 12 30 00 00 08 00",
        "critical medium error, dev sda, sector 4656 op 0x0:(READ) flags 0x800 phys_seg 1"
        " prio class 2",
    ]


@settings(max_examples=30, deadline=None)
@given(start=st.integers(0, 400), count=st.integers(1, 40), page=st.integers(0, 50))
def test_exactly_the_reads_that_touch_a_bad_sector_fail(start, count, page):
    print(f"bad {start}+{count}, page {page}")
    parameters = "/sys/module/scsi_debug/parameters"
    more = f"echo {start} > {parameters}/medium_error_start"
    more += f"; echo {count} > {parameters}/medium_error_count"
    done = run(disk(), arm(2, 0, more) + f"{READ} count=1 skip={page}")
    touched = page * 8 < start + count and (page + 1) * 8 > start
    assert done.exit_code == int(touched)


def test_half_a_transfer_is_asked_for_again_and_right():
    done = run(
        disk(),
        f"""seq 1 9999 | head -c 8192 > /tmp/want; cp /tmp/want /dev/sda; sync
        {arm("0x100", 2)}
        for n in 1 2 3 4; do dd if=/dev/sda of=/tmp/got bs=8k count=1 iflag=direct status=none
        cmp /tmp/want /tmp/got || echo differs; done; {COUNT}""",
    )
    # 1, 2 + 3, 4 + 5, 6 + 7
    assert done.stdout == "cmnd_count=7\n"


def test_an_injection_that_nobody_could_use_stays_pending():
    target = disk()
    # A flush has no use for a recovered error; the read after it takes it.
    run(
        target,
        arm("8", 3) + f"{READ} count=2; dd if=/dev/zero of=/dev/sda bs=512 count=0 conv=fsync",
    )
    assert seen(target) == 0
    run(target, f"{READ} count=1")
    assert seen(target) == 1


def test_a_host_that_is_always_busy_is_waited_for_in_vain():
    done = run(disk(), arm("0x8000", 1) + f"{READ} count=1")
    assert done.timed_out
    assert done.exit_code is None


def test_a_lost_completion_is_aborted_and_the_command_sent_again():
    target = disk()
    attr = "/sys/kernel/debug/fail_io_timeout"
    done = run(
        target,
        f"""echo 1 > /sys/block/sda/io-timeout-fail; echo 2000 > /sys/block/sda/queue/io_timeout
        echo 1 > {DRIVER}/statistics; echo 2 > {attr}/times; echo 100 > {attr}/probability
        {READ} count=1; echo $?; cat {attr}/times; {COUNT}""",
    )
    assert done.stdout == "0\n0\ncmnd_count=3\n"
    assert 4_000_000_000 < done.elapsed_ns < 5_000_000_000
    assert "command aborts=2" in run(target, "cat /proc/scsi/scsi_debug/0").stdout


def test_a_write_whose_completion_is_always_lost_is_on_the_disk_when_it_fails():
    target = disk()
    attr = "/sys/kernel/debug/fail_io_timeout"
    done = run(
        target,
        f"""echo 1 > /sys/block/sda/io-timeout-fail; echo 1000 > /sys/block/sda/queue/io_timeout
        echo -1 > {attr}/times; echo 100 > {attr}/probability
        printf kept | dd of=/dev/sda bs=512 conv=sync oflag=direct status=none
        echo $?; echo 0 > {attr}/probability; head -c 4 /dev/sda""",
    )
    assert done.stdout == "1\nkept"
    assert "hostbyte=DID_TIME_OUT driverbyte=DRIVER_OK cmd_age=6s" in run(target, "dmesg").stdout


def test_an_abort_needs_a_delay_below_zero():
    target = disk()
    run(target, arm("0x14001", 1) + f"{READ} count=1")
    assert "abort request" not in run(target, "dmesg").stdout
    run(target, arm("0x14001", 2, f"echo -1 > {DRIVER}/delay") + f"{READ} count=2")
    assert "abort request tag=" in run(target, "dmesg").stdout


def test_the_timeout_of_the_unit_is_that_of_the_queue():
    target = disk()
    done = run(
        target,
        f"""cd /sys/block/sda; cat device/timeout; echo 2 > device/timeout; cat queue/io_timeout
        echo '0 -1 28' > {ERROR}; {READ} count=1; cat device/model device/rev""",
    )
    assert done.stdout == "30\n2000\nscsi_debug      \n0191\n"
    assert 2_000_000_000 < done.elapsed_ns < 2_500_000_000


def test_names_are_those_of_the_recording():
    names = set(run(disk(), f"ls {DRIVER}").stdout.split())
    assert {"every_nth", "opts", "statistics", "delay", "dif", "max_luns", "zbc", "ptype"} <= names


def test_a_setting_that_is_not_modelled_is_a_skip_and_no_success():
    target = disk()
    from faultrun.model.target import Command

    done = target.run(Command(script=f"echo 1 > {DRIVER}/fake_rw", timeout_ns=10**9))
    assert "fake_rw of scsi_debug" in done.unmodelled


# --- the rules of one unit ---------------------------------------------------------------------


def test_rules_exist_from_6_8_on():
    assert run(disk("6.1"), f"cat {ERROR}").exit_code == 1
    assert run(disk("6.8"), f"cat {ERROR}").stdout == "Type\tCount\tCommand\n"


def test_a_rule_is_listed_replaced_counted_and_removed():
    rules = ErrorRules()
    rules.write("0 -2 28\n", None)
    rules.write("2 1 0x2a 0 0 2 3 11 0\n", None)
    assert rules.read(None) == (
        "Type\tCount\tCommand\n0\t-2\t0x28\n2\t1\t0x2a\t0x0 0x0 0x2 0x3 0x11 0x0\n"
    )
    assert rules.hit(TIMEOUT, 0x28) is not None
    assert rules.hit(TIMEOUT, 0x2A) is None
    assert rules.hit(TIMEOUT, 0x28) is not None
    assert rules.hit(TIMEOUT, 0x28) is None
    assert "0\t0\t0x28\n" in rules.read(None)
    rules.write("0 5 28\n", None)
    assert rules.read(None).endswith("0\t5\t0x28\n")
    rules.write("- 0 28\n", None)
    rules.write("- 2 2a\n", None)
    assert rules.read(None) == "Type\tCount\tCommand\n"


@pytest.mark.parametrize(
    "text", ["", "x", "0", "0 1", "5 1 28", "1 1 28", "2 1 28 0 0 2", "- 0 28", "- x", "0 a 28"]
)
def test_a_rule_that_cannot_be_read_is_einval(text):
    with pytest.raises(SimErrno, match="EINVAL"):
        ErrorRules().write(text, None)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9), st.integers(0, 255)), max_size=20))
def test_one_rule_for_each_type_and_command(written):
    print(written)
    rules = ErrorRules()
    answers = {1: " 1055", 2: " 0 0 2 3 11 0"}
    for kind, count, command in written:
        rules.write(f"{kind} {count} {command:x}{answers.get(kind, '')}\n", None)
    lines = rules.read(None).splitlines()[1:]
    assert len(lines) == len({(kind, command) for kind, _, command in written})
    for kind, command in {(kind, command) for kind, _, command in written}:
        rules.write(f"- {kind} {command:x}\n", None)
    assert rules.read(None) == "Type\tCount\tCommand\n"


def test_any_command_is_ff():
    target = disk()
    done = run(target, f"echo '2 -1 ff 0 0 2 3 11 0' > {ERROR}; {READ} count=1; {READ} count=1")
    assert done.stderr == "dd: error reading '/dev/sda': No data available\n"


def test_when_the_target_cannot_be_reset_either_the_bus_is():
    target = disk()
    run(
        target,
        f"""for type in 0 3 4; do echo "$type -1 28" > {ERROR}; done
        echo 1 > /sys/kernel/debug/scsi_debug/target0:0:0/fail_reset
        {READ} count=1""",
        timeout_ns=100_000_000_000,
    )
    assert "RESETs: device=1, target=1, bus=1, host=0" in (
        run(target, "cat /proc/scsi/scsi_debug/0").stdout
    )
    assert "fail target reset 0x28" in run(target, "dmesg").stdout


def test_two_disks_are_two_hosts_with_stores_of_their_own():
    from faultrun.model.campaign import DeviceSpec, TargetSpec
    from faultrun.model.mark import NOWHERE
    from faultrun.targets.simulated import SimulatedTarget

    devices = tuple(
        DeviceSpec(name=name, kind="scsi_debug", options=(("size_mib", 8),), mark=NOWHERE)
        for name in ("sda", "sdb")
    )
    target = SimulatedTarget(TargetSpec(kernel="6.12", devices=devices), seed=1)
    done = run(
        target,
        f"""printf a > /dev/sda; printf b > /dev/sdb; head -c 1 /dev/sda; head -c 1 /dev/sdb
        echo '2 1 28 0 0 2 3 11 0' > {ERROR.replace("0:0:0:0", "1:0:0:0")}
        {READ} count=1 && echo; dd if=/dev/sdb of=/dev/null count=1 iflag=direct status=none""",
    )
    assert done.stdout == "ab\n"
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("key", "asc", "action", "status"),
    [
        (0x1, 0x5D, Action.DONE, "OK"),
        (0x3, 0x11, Action.FAIL, "MEDIUM"),
        (0x3, 0x0C, Action.RETRY, "IOERR"),
        (0x4, 0x44, Action.FAIL, "TARGET"),
        (0x5, 0x21, Action.FAIL, "TARGET"),
        (0x5, 0x10, Action.FAIL, "PROTECTION"),
        (0xB, 0x10, Action.FAIL, "PROTECTION"),
        (0xB, 0x4B, Action.RETRY, "IOERR"),
    ],
)
def test_what_follows_from_sense_data(key, asc, action, status):
    ruling = by_sense(key, asc)
    assert ruling is not None
    assert (ruling.action, ruling.status) == (action, status)
