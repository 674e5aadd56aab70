"""A simulated kernel that was booted with fault options."""

from dataclasses import replace

import pytest

from data.sim_machine import run
from faultrun.capabilities.boot import handling
from faultrun.capabilities.registry import builtin
from faultrun.kernel.fault_attr import FaultAttr
from faultrun.kernel.setup_string import FAILED
from faultrun.kernel.version import KNOWN, KernelVersion
from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.model.mark import NOWHERE
from faultrun.simkernel.boot import Boot
from faultrun.simkernel.clock import SimClock
from faultrun.simkernel.log import KernelLog
from faultrun.targets.simulated import SimulatedTarget

DEBUG = "/sys/kernel/debug"


def boot(cmdline, kernel="6.12", **options):
    given = {"namespaces": 2, "size_mib": 16, **options}
    device = DeviceSpec(name="nvme0", kind="nvme", options=tuple(given.items()), mark=NOWHERE)
    return SimulatedTarget(TargetSpec(kernel=kernel, cmdline=cmdline, devices=(device,)), seed=1)


def values(target, directory):
    names = ("interval", "probability", "space", "times", "verbose", "task-filter")
    return [target.read(f"{DEBUG}/{directory}/{name}").decode().strip() for name in names]


def log(target):
    return [(line.level, line.text) for line in target.log(0)[0]]


def test_a_machine_without_options_is_as_before():
    target = boot("")
    assert target.read("/proc/cmdline") == b"console=ttyS0\n"
    assert log(target) == []
    assert values(target, "failslab") == ["1", "0", "0", "1", "2", "N"]


@pytest.mark.parametrize("kernel", KNOWN)
def test_attributes_start_with_what_was_booted(kernel):
    line = "quiet failslab=5,0,7,9 fail-futex=2,3,4,5 fail_page_alloc=1,0,0,4294967295"
    target = boot(line, kernel)
    for _ in range(2):
        assert target.read("/proc/cmdline").decode() == f"{line}\n"
        assert values(target, "failslab") == ["5", "0", "7", "9", "2", "N"]
        assert values(target, "fail_futex") == ["2", "3", "4", "5", "2", "N"]
        assert values(target, "fail_page_alloc") == ["1", "0", "0", "-1", "2", "N"]
        assert values(target, "fail_usercopy") == ["1", "0", "0", "1", "2", "N"]
        assert log(target) == []
        target.write(f"{DEBUG}/failslab/interval", b"77\n")
        target.renew("another")


def test_the_last_good_string_counts_and_a_bad_one_changes_nothing():
    target = boot("failslab=1,0,0,1 failslab=2,0,0,2 failslab=3,0,0")
    assert values(target, "failslab")[:4] == ["2", "0", "0", "2"]


def test_a_bad_string_is_said_and_passed_on():
    target = boot("fail_futex fail_make_request=bad fail_skb_realloc_x=1 -- failslab=1,1,1")
    assert log(target) == [
        (4, FAILED),
        (
            5,
            'Unknown kernel command line parameters "fail_futex fail_make_request=bad",'
            " will be passed to user space.",
        ),
    ]


def test_the_fault_fires_without_arming():
    target = boot("failslab=1,100,0,1")
    done = run(
        target,
        f"echo N > {DEBUG}/failslab/ignore-gfp-wait; echo x > /tmp/f; echo $?; echo x > /tmp/f",
    )
    assert done.stdout == "1\n"
    assert "/tmp/f: Cannot allocate memory" in done.stderr
    assert values(target, "failslab")[3] == "0"
    assert log(target)[0][1].startswith("FAULT_INJECTION: forcing a failure.\nname failslab,")


def test_a_disk_is_only_hit_once_its_switch_is_on():
    target = boot("fail_make_request=1,100,0,-1")
    read = "dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct"
    assert run(target, read).exit_code == 0
    assert run(target, f"echo 1 > /sys/block/nvme0n1/make-it-fail; {read}").exit_code == 1


def test_every_nvme_device_copies_the_template_also_when_it_comes_back():
    target = boot("nvme_core.fail_request=3,0,5,7")
    again = (
        "echo 1 > /sys/bus/pci/devices/0000:00:04.0/remove; test ! -e /dev/nvme0n1 || exit 9;"
        "echo 1 > /sys/bus/pci/rescan"
    )
    for _ in range(2):
        for device in ("nvme0", "nvme0n1", "nvme0n2"):
            assert values(target, f"{device}/fault_inject") == ["3", "0", "5", "7", "2", "N"]
        target.write(f"{DEBUG}/nvme0n1/fault_inject/interval", b"9\n")
        assert run(target, again).exit_code == 0


def test_a_bad_template_is_said_for_every_device_again_and_again():
    target = boot("nvme_core.fail_request=1,100")
    assert log(target) == [(4, FAILED)] * 3
    run(target, "echo 1 > /sys/class/nvme/nvme0/device/remove; echo 1 > /sys/bus/pci/rescan")
    assert [line for line in log(target) if line == (4, FAILED)] == [(4, FAILED)] * 6
    assert values(target, "nvme0n1/fault_inject")[:4] == ["1", "0", "0", "1"]


GIVEN_UP = {
    "6.1": (4, "nvme nvme0: Removing after probe failure status: -5"),
    "6.8": (4, "nvme: probe of 0000:00:04.0 failed with error -5"),
    "6.12": (3, "nvme 0000:00:04.0: probe with driver nvme failed with error -5"),
    "6.19": (3, "nvme 0000:00:04.0: probe with driver nvme failed with error -5"),
    "7.3": (3, "nvme 0000:00:04.0: probe with driver nvme failed with error -5"),
}


@pytest.mark.parametrize("kernel", KNOWN)
def test_an_armed_template_hits_the_probe_itself(kernel):
    target = boot("nvme_core.fail_request=1,100,0,1", kernel)
    assert (3, "nvme nvme0: Identify Controller failed (16385)") in log(target)
    assert log(target)[-1] == GIVEN_UP[kernel]
    done = run(target, f"ls /dev | grep -c nvme; ls {DEBUG} | grep -c nvme; ls /sys/class/nvme")
    assert done.stdout == "0\n0\n"


@pytest.mark.parametrize(
    ("space", "disks"),
    [(2, [1, 2]), (4, []), (7, [1, 2]), (12, []), (13, []), (15, [2]), (19, [1]), (99, [1, 2])],
)
def test_what_probing_loses_with_the_nth_command(space, disks):
    target = boot(f"nvme_core.fail_request=1,100,{space},1")
    found = [n for n in (1, 2) if f"nvme0n{n}" in run(target, "ls /dev").stdout.split()]
    assert found == disks


def test_no_machine_crashes_that_hits_everything():
    for option in ("failslab", "fail_page_alloc", "fail_usercopy", "fail_futex"):
        target = boot(f"{option}=1,100,0,-1")
        done = run(target, "echo hello; cat /proc/cmdline", timeout_ns=10**9)
        assert done.exit_code == (126 if option == "fail_usercopy" else 0), option


OWN = (
    # option, each device anew, verbose, empty string is off
    ("failslab", False, 2, False),
    ("nvme_core.fail_request", True, 2, False),
    ("nvme-core.fail_request", True, 2, False),
    ("mmc_core.fail_request", True, 2, False),
    ("null_blk.init_hctx", False, 0, True),
    ("ufshcd_core.trigger_eh", False, 2, False),
)


@pytest.mark.parametrize(("option", "each", "verbose", "empty"), OWN)
def test_what_each_module_does_with_its_string(option, each, verbose, empty):
    """As each driver reads its own parameter; the table is failslab's under another option."""
    table = replace(builtin()["failslab"], boot_option=option)
    how = handling(table)
    assert (how.each_device, how.verbose, how.empty_is_off) == (each, verbose, empty)
    assert ":" in how.kernel_ref
    log, core = KernelLog(SimClock()), FaultAttr()
    version = KernelVersion.parse("6.12")
    Boot("failslab=4,3,2,1", version).start(table, core, log)
    assert core == FaultAttr(interval=4, probability=3, space=2, times=1, verbose=verbose)
    assert log.records(0)[0] == ()
    bad = FaultAttr()
    line = Boot("nvme_core.fail_request=bad", version)
    line.start(replace(table, name="nvme"), bad, log)
    assert bad == FaultAttr()
    assert [item.text for item in log.records(0)[0]] == ([FAILED] if each else [])


@pytest.mark.parametrize(("text", "start"), [("4,0,3,2", ["4", "0", "3", "2"]), ("bad", None)])
def test_an_mmc_host_copies_its_template_too(text, start):
    device = DeviceSpec(name="mmc0", kind="mmc", options=(), mark=NOWHERE)
    spec = TargetSpec(cmdline=f"mmc_core.fail_request={text}", devices=(device,))
    target = SimulatedTarget(spec, seed=1)
    assert values(target, "mmc0/fail_mmc_request")[:4] == (start or ["1", "0", "0", "1"])
    assert [line for line in log(target) if line[1] == FAILED] == ([] if start else [(4, FAILED)])
