"""fail_io_timeout: completions that are thrown away, and what each driver makes of the silence."""

import re

import pytest

from data.sim_machine import machine, run
from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.model.mark import NOWHERE
from faultrun.targets.simulated import SimulatedTarget

ATTR = "/sys/kernel/debug/fail_io_timeout"
MINUTES = 3_600_000_000_000
ARM = f"""echo 1 > {ATTR}/verbose; echo {{times}} > {ATTR}/times
echo 1 > /sys/block/{{disk}}/io-timeout-fail; echo 100 > {ATTR}/probability
"""
READ = "dd if=/dev/{disk} of=/dev/null bs=4k count=1 iflag=direct status=none\n"


def lost(target, disk, times, script=READ):
    return run(target, ARM.format(disk=disk, times=times) + script.format(disk=disk),
               timeout_ns=MINUTES)  # fmt: skip


def log(target):
    return run(target, "dmesg -t").stdout


@pytest.mark.parametrize(
    ("kernel", "abort", "reset"),
    [
        ("6.1", r"I/O \d+ \(Read\) QID \d timeout, aborting", r"I/O \d+ QID \d timeout, reset"),
        (
            "6.12",
            r"I/O tag \d+ \([0-9a-f]{4}\) opcode 0x2 \(Read\) QID \d timeout, aborting"
            r" req_op:READ\(0\) size:4096",
            r"I/O tag \d+ \([0-9a-f]{4}\) opcode 0x2 \(Read\) QID \d timeout, reset controller",
        ),
    ],
)
def test_nvme_aborts_then_resets_then_succeeds(kernel, abort, reset):
    target = machine(kernel)
    done = lost(target, "nvme0n1", 1)
    assert done.exit_code == 0
    assert 60_000_000_000 < done.elapsed_ns < 61_000_000_000
    said = log(target)
    places = [
        re.search(pattern, said)
        for pattern in (abort, "Abort status: 0x0", reset, "default/read/poll queues")
    ]
    assert all(places)
    assert [found.start() for found in places] == sorted(found.start() for found in places)
    assert run(target, "cat /sys/class/nvme/nvme0/state").stdout == "live\n"


def test_nvme_gives_up_after_its_retries():
    target = machine()
    done = lost(target, "nvme0n1", 7)
    assert done.exit_code == 1
    assert "Input/output error" in done.stderr
    # One attempt and five retries; the seventh loss is left over.
    assert run(target, f"cat {ATTR}/times").stdout == "1\n"
    assert "(sct 0x3 / sc 0x71)" in log(target)


def test_a_controller_that_does_not_come_back_fails_the_read():
    target = machine()
    nvme = "/sys/kernel/debug/nvme0/fault_inject"
    # The abort is the first admin command, the reset's Identify Controller the sixth.
    run(target, f"echo 6 > {nvme}/space; echo 100 > {nvme}/probability")
    done = lost(target, "nvme0n1", 1)
    assert done.exit_code == 1
    assert run(target, "cat /sys/class/nvme/nvme0/state").stdout == "dead\n"


def test_the_period_is_that_of_the_queue():
    target = machine()
    run(target, "echo 250 > /sys/block/nvme0n1/queue/io_timeout")
    assert 500_000_000 < lost(target, "nvme0n1", 1).elapsed_ns < 600_000_000


def test_the_task_filter_spares_what_completes_in_interrupts():
    target = machine()
    run(target, f"echo Y > {ATTR}/task-filter")
    done = run(
        target,
        ARM.format(disk="nvme0n1", times=1) + READ.format(disk="nvme0n1"),
        mark=True,
        timeout_ns=MINUTES,
    )
    assert done.exit_code == 0
    assert done.elapsed_ns < 1_000_000_000
    assert run(target, f"cat {ATTR}/times").stdout == "1\n"


@pytest.mark.parametrize("kind", ["null_blk", "loop"])
def test_the_switch_is_a_disk_s_own(kind):
    name = {"null_blk": "nullb0", "loop": "loop0"}[kind]
    target = only(kind, name)
    run(target, f"echo 100 > {ATTR}/probability")
    assert run(target, READ.format(disk=name)).exit_code == 0


def only(kind, name, **options):
    device = DeviceSpec(name=name, kind=kind, options=tuple(options.items()), mark=NOWHERE)
    return SimulatedTarget(TargetSpec(devices=(device,)), seed=1)


def test_null_blk_says_so_and_gives_etimedout_after_five_seconds():
    target = only("null_blk", "nullb0")
    done = lost(target, "nullb0", 1)
    assert done.exit_code == 1
    assert "Connection timed out" in done.stderr
    assert 5_000_000_000 < done.elapsed_ns < 5_100_000_000
    assert "timeout error, dev nullb0, sector 0 op 0x0:(READ)" in log(target)


def test_without_a_handler_the_reader_hangs_and_the_machine_goes_on():
    target = only("loop", "loop0")
    done = run(
        target,
        ARM.format(disk="loop0", times=1) + READ.format(disk="loop0") + "echo over\n",
        timeout_ns=7_000_000_000,
    )
    assert done.timed_out
    assert done.exit_code is None
    assert done.elapsed_ns == 7_000_000_000
    assert "over" not in done.stdout
    assert run(target, READ.format(disk="loop0") + "echo works").stdout == "works\n"


@pytest.mark.parametrize(
    ("kind", "name", "there"),
    [("nvme", "nvme0", True), ("null_blk", "nullb0", True), ("loop", "loop0", False)],
)
def test_io_timeout_is_there_if_there_is_a_handler(kind, name, there):
    disk = f"{name}n1" if kind == "nvme" else name
    done = run(only(kind, name), f"test -e /sys/block/{disk}/queue/io_timeout && echo yes")
    assert done.stdout == ("yes\n" if there else "")
