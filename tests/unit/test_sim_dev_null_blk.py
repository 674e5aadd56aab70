"""null_blk: devices made in configfs, their attributes, and the three places that ask for faults."""

import pytest

from data.sim_machine import run
from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.model.mark import NOWHERE
from faultrun.model.target import Command
from faultrun.targets.simulated import SimulatedTarget

CONFIG = "/sys/kernel/config/nullb"
OWN = f"{CONFIG}/nullb0"
READ = "dd if=/dev/nullb0 of=/dev/null bs=4k count=1 iflag=direct status=none"


def machine(kernel="6.12", cmdline="", **options):
    device = DeviceSpec(
        name="nullb0", kind="null_blk", options=tuple(options.items()), mark=NOWHERE
    )
    return SimulatedTarget(TargetSpec(kernel=kernel, cmdline=cmdline, devices=(device,)), seed=1)


def said(target, script, **how):
    done = run(target, script, **how)
    assert not done.stderr, done.stderr
    return done.stdout


def refused(target, script):
    done = run(target, script)
    assert done.exit_code
    return done.stderr.rpartition(": ")[2].strip()


@pytest.mark.parametrize(
    ("file", "text", "shown"),
    [
        ("times", "-1", "-1"),
        ("times", "4294967295", "Numerical result out of range"),
        ("times", "maybe", "Invalid argument"),
        ("probability", "18446744073709551615", "18446744073709551615"),
        ("probability", "-1", "Invalid argument"),
        ("task-filter", "yes", "1"),
        ("task-filter", "maybe", "Invalid argument"),
        ("verbose_ratelimit_burst", "4294967296", "Numerical result out of range"),
        ("stacktrace-depth", "99", "32"),
        ("require-start", "0x10", "0x0000000000000010"),
    ],
)
def test_groups_keep_the_rules_of_configfs(file, text, shown):
    target = machine()
    done = run(
        target, f"echo {text} > {OWN}/timeout_inject/{file} && cat {OWN}/timeout_inject/{file}"
    )
    told = done.stdout.strip() or done.stderr.rpartition(": ")[2].strip()
    assert told == shown


def test_a_device_is_made_configured_powered_and_removed():
    target = machine()
    script = f"""cd {CONFIG}; mkdir x; cat x/size x/memory_backed x/power
    echo 2 > x/size; echo 1 > x/power; cat /sys/block/x/size x/index x/power; echo 0 > x/power
    test -e /dev/x || echo off; rmdir x; ls"""
    assert said(target, script).split() == [
        "256000", "0", "0", "4096", "1", "1", "off", "features", "nullb0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (f"echo 3 > {OWN}/size", "Device or resource busy"),
        (f"echo 1 > {OWN}/memory_backed", "Device or resource busy"),
        (f"echo x > {OWN}/power", "Invalid argument"),
        (f"mkdir {OWN}", "File exists"),
        (f"mkdir {OWN}/more", "Operation not permitted"),
        (f"rmdir {OWN}/timeout_inject", "Operation not permitted"),
        (f"rmdir {CONFIG}", "Operation not permitted"),
        ("mkdir /sys/kernel/config/more", "Operation not permitted"),
        ("mkdir /sys/kernel/debug/more", "Operation not permitted"),
        (f"rmdir {CONFIG}/none", "No such file or directory"),
        (f"rm {OWN}/size", "Operation not permitted"),
        (f"cd {CONFIG}; mkdir z; echo 1 > z/queue_mode; echo 1 > z/power", "Invalid argument"),
    ],
)
def test_what_the_driver_and_configfs_refuse(script, why):
    assert refused(machine(), script) == why


def test_a_removed_device_leaves_open_files_and_faults_dead():
    target = machine()
    path = f"{OWN}/timeout_inject/probability"
    target.hold([path])
    run(target, f"rmdir {OWN}")
    with pytest.raises(Exception, match="EIO"):
        target.read(path)
    target.release()
    with pytest.raises(Exception, match="ENOENT"):
        target.read(path)


def test_what_is_written_stays_only_in_memory():
    for backed, kept in ((True, "kept"), (False, "")):
        target = machine(memory_backed=backed)
        done = said(
            target,
            "printf kept > /dev/nullb0; echo 3 > /proc/sys/vm/drop_caches;"
            " dd if=/dev/nullb0 bs=512 count=1 iflag=direct status=none | head -c 4 | tr -d '\\0'",
        )
        assert done == kept


def arm(fault, **values):
    lines = [
        f"echo {value} > {OWN}/{fault}/{name.replace('_', '-')}" for name, value in values.items()
    ]
    return "\n".join((*lines, f"echo 100 > {OWN}/{fault}/probability", ""))


def test_a_lost_request_is_etimedout_and_a_buffered_one_eio():
    target = machine()
    done = run(target, arm("timeout_inject") + READ)
    assert "Connection timed out" in done.stderr
    assert 5_000_000_000 < done.elapsed_ns < 5_100_000_000
    done = run(target, arm("timeout_inject", times=2) + READ.replace(" iflag=direct", ""))
    assert "Input/output error" in done.stderr


@pytest.mark.parametrize(("kernel", "name"), [("6.8", "(null)"), ("6.19", "(null)"), ("7.3", "")])
def test_the_log_has_no_name_for_it(kernel, name):
    target = machine(kernel)
    run(target, arm("timeout_inject") + READ)
    assert f"name {name}, interval 1, probability 100" in said(target, "dmesg -t")


@pytest.mark.parametrize("times", [1, 2, 5, 17])
def test_one_request_is_put_back_as_often_as_the_budget_allows(times):
    target = machine()
    said(target, arm("requeue_inject", times=times) + READ)
    assert said(target, f"cat {OWN}/requeue_inject/times") == "0\n"
    assert said(target, "dmesg -t").count("forcing a failure") == times


def test_the_task_filter_spares_what_the_kernel_s_thread_tries_again():
    target = machine()
    said(target, arm("requeue_inject", times=9, task_filter="Y") + READ, mark=True)
    assert said(target, f"cat {OWN}/requeue_inject/times") == "7\n"


def test_a_request_that_is_put_back_for_ever_hangs():
    target = machine()
    done = run(target, arm("requeue_inject", times=-1) + READ, timeout_ns=60_000_000_000)
    assert done.timed_out


def test_requeued_and_lost_is_asked_again_in_this_order():
    """The timeout of the first attempt is forgotten with it: that of the last one counts."""
    target = machine()
    script = (
        "echo 1 > /sys/block/nullb0/io-timeout-fail; A=/sys/kernel/debug/fail_io_timeout\n"
        + arm("timeout_inject", times=1)
        + arm("requeue_inject", times=1)
        + "echo 100 > $A/probability\n"
        + READ
    )
    done = run(target, script, timeout_ns=60_000_000_000)
    # First attempt: own timeout, then requeue. Second: fail_io_timeout, which takes the request.
    assert done.exit_code == 1
    assert 5_000_000_000 < done.elapsed_ns < 5_100_000_000
    left = f"cat {OWN}/timeout_inject/times {OWN}/requeue_inject/times $A/times"
    assert said(target, left.replace("$A", "/sys/kernel/debug/fail_io_timeout")) == "0\n0\n0\n"


@pytest.mark.parametrize(("queues", "checks"), [(1, 2), (3, 4)])
def test_each_hardware_queue_asks_while_power_is_turned_on(queues, checks):
    target = machine(power=False)
    script = (
        f"echo {queues} > {OWN}/submit_queues; echo 1000 > {OWN}/init_hctx_fault_inject/space\n"
    )
    said(target, script + arm("init_hctx_fault_inject") + f"echo 1 > {OWN}/power")
    assert said(target, f"cat {OWN}/init_hctx_fault_inject/space") == f"{1000 - checks}\n"


def test_power_on_that_fails_is_enomem_and_leaves_nothing():
    target = machine(power=False)
    assert refused(target, arm("init_hctx_fault_inject") + f"echo 1 > {OWN}/power") == (
        "Cannot allocate memory"
    )
    assert said(target, f"cat {OWN}/power; ls /sys/block") == "0\n"
    assert said(target, f"echo 1 > {OWN}/power; ls /sys/block") == "nullb0\n"


def test_the_partition_scan_is_asked_once_if_it_goes_well_and_twice_if_not():
    for times, checks in ((0, 1), (1, 2), (2, 2), (5, 2)):
        target = machine(power=False)
        script = arm("timeout_inject", times=times) + f"echo 1 > {OWN}/power\n"
        target.forget_checks()
        assert run(target, script, timeout_ns=60_000_000_000).exit_code == 0
        made = target.checks()[f"{OWN}/timeout_inject"]
        assert sum(item.count for item in made) == checks, times


@pytest.mark.parametrize(
    ("kernel", "option"), [("6.1", "null_blk"), ("6.12", "null_blk"), ("6.1", "null-blk")]
)
def test_a_boot_parameter_is_the_template_and_silent(kernel, option):
    target = machine(kernel, cmdline=f"{option}.timeout=2,100,0,1")
    assert said(target, "cat /sys/module/null_blk/parameters/timeout") == "2,100,0,1\n"
    # The first request was the kernel's own look at the partition table.
    assert "Connection timed out" in run(target, READ).stderr
    assert "FAULT_INJECTION" not in said(target, "dmesg -t")
    assert refused(target, "echo x > /sys/module/null_blk/parameters/timeout")


def test_before_6_8_there_are_no_groups_and_one_fault_for_all_devices():
    target = machine("6.1", cmdline="null_blk.timeout=1,100,4,1")
    assert "timeout_inject" not in said(target, f"ls {OWN}")
    # `space` 4: the scans of two devices and a read of one are spared, the other's read is lost.
    said(target, f"mkdir {CONFIG}/x; echo 1 > {CONFIG}/x/power; {READ}")
    done = run(target, READ.replace("nullb0", "x"))
    assert "Connection timed out" in done.stderr


def test_a_boot_parameter_that_cannot_be_read_leaves_no_driver():
    target = machine(cmdline="null_blk.timeout=2,100,0")
    assert run(target, f"test -e /dev/nullb0 || test -e {CONFIG}").exit_code == 1


def test_a_bad_parameter_keeps_the_module_out():
    target = SimulatedTarget(TargetSpec(), seed=1)
    done = run(target, "modprobe null_blk requeue=1,2,3; ls /sys/module | grep null")
    assert "Invalid argument" in done.stderr
    assert not done.stdout


def test_modprobe_makes_disks_and_rmmod_takes_them():
    target = SimulatedTarget(TargetSpec(), seed=1)
    script = "modprobe null_blk nr_devices=2 gb=1; ls /sys/block; mkdir /sys/kernel/config/nullb/c"
    assert said(target, script) == "nullb0\nnullb1\n"
    assert run(target, "modprobe -r null_blk").exit_code == 1
    done = "rmdir /sys/kernel/config/nullb/c; modprobe -r null_blk; ls /sys/block /sys/kernel"
    assert "null" not in said(target, done)


@pytest.mark.parametrize("attribute", ["zoned", "mbps", "cache_size"])
def test_what_is_not_modelled_says_so(attribute):
    target = machine(power=False)
    script = f"echo 1 > {OWN}/{attribute}; echo 1 > {OWN}/power"
    assert "null_blk" in target.run(Command(script=script, timeout_ns=10**9)).unmodelled
