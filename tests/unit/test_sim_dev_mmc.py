"""SD cards: where a data error falls, what the driver makes of it, what the host shows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.sim_machine import machine, run

ATTR = "/sys/kernel/debug/mmc0/fail_mmc_request"
ARM = "echo 1 > {attr}/verbose; echo {times} > {attr}/times; echo 100 > {attr}/probability\n"
READ = "dd if=/dev/mmcblk0 of=/dev/null bs={size} count=1 iflag=direct status=none"


def card(seed=1, **options):
    return machine(kind="mmc", name="mmc0", seed=seed, **options)


def armed(times, script):
    return ARM.format(attr=ATTR, times=times) + script


def left(target):
    return int(run(target, f"cat {ATTR}/times").stdout)


@pytest.mark.parametrize(
    ("times", "exit_code", "spent"),
    [(1, 0, 1), (2, 0, 2), (3, 0, 3), (4, 1, 4), (9, 1, 4)],
)
def test_one_sector_is_tried_three_times_and_the_reset_is_a_check_of_its_own(
    times, exit_code, spent
):
    target = card()
    assert run(target, armed(times, READ.format(size=512))).exit_code == exit_code
    assert times - left(target) == spent


def test_a_failed_reset_is_told_with_the_errno_that_it_drew():
    target = card()
    run(target, armed(3, READ.format(size=512)))
    (line,) = [text for text in run(target, "dmesg").stdout.splitlines() if "HW reset" in text]
    assert line.split("] ", 1)[1] in {
        f"mmc0: tried to HW reset card, got error -{number}" for number in (110, 84, 5)
    }


def test_the_last_error_makes_one_line_and_eio():
    target = card()
    done = run(target, armed(9, READ.format(size=512)))
    assert done.stderr == "dd: error reading '/dev/mmcblk0': Input/output error\n"
    log = run(target, "dmesg").stdout
    assert log.count("I/O error, dev mmcblk0, sector 0 op 0x0:(READ) flags 0x800 phys_seg 1") == 1
    sizes = log.count("name fail_mmc_request, interval 1, probability 100, space 0")
    assert sizes == 4


def test_a_write_is_asked_after_with_a_data_request_of_four_bytes():
    target = card()
    write = "printf kept | dd of=/dev/mmcblk0 bs=512 conv=sync oflag=direct status=none"
    # 512 bytes pass a space of 512; 4 bytes do not pass 5 and leave 1.
    assert run(target, f"echo 5 > {ATTR}/space\n" + armed(9, write)).exit_code == 0
    assert left(target) == 8
    assert run(target, f"cat {ATTR}/space").stdout == "1\n"
    assert run(target, f"echo 0 > {ATTR}/probability; head -c 4 /dev/mmcblk0").stdout == "kept"


def test_a_write_that_is_hit_every_time_ends_in_eio_and_is_on_the_card_all_the_same():
    target = card()
    write = "printf kept | dd of=/dev/mmcblk0 bs=512 conv=sync oflag=direct status=none"
    assert run(target, armed(-1, write)).exit_code == 1
    assert run(target, f"echo 0 > {ATTR}/probability; head -c 4 /dev/mmcblk0").stdout == "kept"


@settings(max_examples=25, deadline=None)
@given(times=st.integers(1, 12), sectors=st.integers(1, 32), seed=st.integers(0, 50))
def test_a_read_that_succeeds_is_right_however_often_it_was_cut(times, sectors, seed):
    print(f"times {times}, sectors {sectors}, seed {seed}")
    target = card(seed=seed)
    size = sectors * 512
    run(target, f"seq 1 9999 | head -c {size} > /tmp/want; cp /tmp/want /dev/mmcblk0; sync")
    run(target, "echo 3 > /proc/sys/vm/drop_caches")
    done = run(
        target,
        armed(times, f"dd if=/dev/mmcblk0 of=/tmp/got bs={size} count=1 iflag=direct status=none"),
    )
    if done.exit_code == 0:
        assert run(target, "cmp /tmp/want /tmp/got").exit_code == 0
    else:
        assert done.stderr.endswith("Input/output error\n")
        assert times - left(target) >= 4


def test_a_read_without_progress_is_read_sector_by_sector_after_the_reset():
    # A space of 200 spares the reset's two reads of 64 bytes and nothing else.
    seen = set()
    for seed in range(12):
        target = card(seed=seed)
        done = run(target, f"echo 200 > {ATTR}/space\n" + armed(-1, READ.format(size=1024)))
        assert done.exit_code == 1
        log = run(target, "dmesg").stdout
        lines = [line for line in log.splitlines() if "I/O error, dev mmcblk0, sector" in line]
        seen.add(tuple(int(line.split("sector ")[1].split()[0]) for line in lines))
        assert "HW reset" not in log
    # Two lines if nothing was transferred twice, one for the sector that was left otherwise.
    assert seen == {(0, 1), (1,)}


def test_single_sectors_complete_in_the_thread_of_the_host():
    target = card()
    run(target, f"echo 2 > {ATTR}/verbose; echo 9 > {ATTR}/times; echo 100 > {ATTR}/probability")
    run(target, READ.format(size=512))
    # The queue's requests complete in the interrupt, the reset's in a thread.
    log = run(target, "dmesg").stdout
    assert log.count("Comm: swapper/0") == 3
    assert log.count("Comm: irq/16-mmc0") == 1


def test_the_task_filter_never_matches_a_completion():
    target = card()
    done = run(
        target, f"echo Y > {ATTR}/task-filter\n" + armed(5, READ.format(size=512)), mark=True
    )
    assert done.exit_code == 0
    assert left(target) == 5


def test_what_the_host_shows_is_what_a_recording_shows():
    target = card()
    names = run(target, "ls /sys/kernel/debug/mmc0").stdout.split()
    assert {"caps", "caps2", "clock", "err_state", "fail_mmc_request", "ios", "mmc0:4567"} <= set(
        names
    )
    assert run(target, "cat /sys/kernel/debug/mmc0/ios").stdout.startswith(
        "clock:\t\t50000000 Hz\n"
    )
    assert run(target, "cat /sys/block/mmcblk0/dev").stdout == "179:0\n"


def test_partitions_are_named_as_linux_names_them():
    target = card(partitions=2)
    assert run(target, "ls /dev/mmcblk0p1 /dev/mmcblk0p2").exit_code == 0
    assert run(target, "cat /sys/block/mmcblk0/mmcblk0p1/start").stdout == "2048\n"


def test_a_machine_without_a_card_has_no_directory():
    assert run(machine(), f"ls {ATTR}").exit_code == 2


def test_a_lost_completion_never_comes_because_the_timeout_only_starts_anew():
    done = run(
        card(),
        f"""echo 1 > /sys/block/mmcblk0/io-timeout-fail; cat /sys/block/mmcblk0/queue/io_timeout
        echo 100 > /sys/kernel/debug/fail_io_timeout/probability
        {READ.format(size=512)}""",
    )
    assert done.stdout == "30000\n"
    assert done.timed_out


@pytest.mark.parametrize(("option", "shown"), [("1,100,0,5", "100\n5\n"), ("bad", "0\n1\n")])
def test_a_host_copies_the_boot_option_when_it_is_added(option, shown):
    from faultrun.model.campaign import DeviceSpec, TargetSpec
    from faultrun.model.mark import NOWHERE
    from faultrun.targets.simulated import SimulatedTarget

    host = DeviceSpec(name="mmc0", kind="mmc", options=(), mark=NOWHERE)
    spec = TargetSpec(kernel="6.12", cmdline=f"mmc_core.fail_request={option}", devices=(host,))
    target = SimulatedTarget(spec, seed=1)
    assert run(target, f"cat {ATTR}/probability {ATTR}/times").stdout == shown
    told = "FAULT_INJECTION: failed to parse arguments" in run(target, "dmesg").stdout
    assert told == (option == "bad")
