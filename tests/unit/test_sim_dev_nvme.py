"""The simulated NVMe controller against what real kernels did and printed."""

import pytest

from data.sim_machine import machine, run
from faultrun.kernel.errno import message_of
from faultrun.kernel.nvme_status import STATUSES, status_of
from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.devices.nvme_table import Cost, reset_sequence

ADMIN = "/sys/kernel/debug/nvme0/fault_inject"
IO = "/sys/kernel/debug/nvme0n1/fault_inject"

RESET = f"""
D={ADMIN}
echo 1 > $D/verbose
echo 100 > $D/probability
echo {{nth}} > $D/space
echo 1 > $D/times
nvme reset /dev/nvme0
echo rc=$? left=$(cat $D/space 2>/dev/null) times=$(cat $D/times 2>/dev/null)
cat /sys/class/nvme/nvme0/state
test -b /dev/nvme0n1 && echo disk
dmesg | grep 'nvme nvme0: ' | grep -v -e resetting -e bogus | sed 's/.*nvme0: //'
"""

BOTH = ["rc=0 left=1 times=0", "live", "disk"]
LOST = ["rc=0 left=1 times=0", "live"]
TWO = "2/0/0 default/read/poll queues"
ONE = "1/0/0 default/read/poll queues"

RECORDED = {
    1: [*BOTH, TWO],
    2: [*BOTH, TWO],
    3: [*BOTH, TWO],
    4: [*BOTH, TWO],
    5: [
        "rc=1 left=1 times=0", "dead", "disk", "Identify Controller failed (16385)",
        "Disabling device after reset failure: -5",
    ],
    6: [*BOTH, "could not set timestamp (16385)", TWO],
    7: [*BOTH, TWO],
    8: [*LOST, "Could not set queue count (16385)", "IO queues lost"],
    9: [*LOST, "IO queues lost"],
    10: [*LOST, "IO queues lost"],
    11: [*BOTH, ONE],
    12: [*BOTH, ONE],
    14: [*BOTH, TWO, "Failed to configure AEN (cfg 100)"],
    16: [*BOTH, TWO, "Identify NS List failed (status=0x4001)"],
    20: [*BOTH, TWO],
}  # fmt: skip


@pytest.mark.parametrize("nth", RECORDED)
def test_losing_the_nth_command_of_a_reset(nth):
    done = run(machine(), RESET.format(nth=nth))
    assert done.stdout.splitlines() == RECORDED[nth]


def test_a_failed_reset_tells_the_caller():
    done = run(machine(), RESET.format(nth=5))
    assert done.stderr == "Reset: Network dropped connection on reset\n"


def test_a_dead_controller_answers_as_recorded():
    target = machine()
    run(target, RESET.format(nth=5))
    done = run(target, "nvme reset /dev/nvme0; echo rc=$?; ls /dev/nvme0n1")
    assert done.stdout == (
        "Usage: nvme reset <device> [OPTIONS]\n\nResets the NVMe controller\n\nrc=1\n/dev/nvme0n1\n"
    )
    assert done.stderr == "/dev/nvme0: Resource temporarily unavailable\n"


def test_6_1_removes_the_controller_with_its_attributes():
    target = machine("6.1")
    held = f"{ADMIN}/times"
    target.hold([held])
    done = run(target, RESET.format(nth=5))
    assert "Removing after probe failure status: -5" in done.stdout
    assert (
        run(target, f"ls /dev/nvme0; ls {ADMIN}; echo x > {ADMIN}/times").stderr.count("No such")
        == 3
    )
    from faultrun.model.target import AttrRefused

    with pytest.raises(AttrRefused, match="EIO"):
        target.read(held)


def test_7_3_over_loop_prints_what_was_recorded():
    done = run(
        machine("7.3", transport="loop"),
        f"""D={ADMIN}; echo 1 > $D/verbose; echo 1 > $D/times; echo 1 > $D/space
        echo 100 > $D/probability; nvme reset /dev/nvme0 2>&1 | head -1; echo rc=${{PIPESTATUS[0]}}
        dmesg | grep 'nvme nvme0'; [ -e /sys/class/nvme/nvme0/state ] || echo controller gone""",
    )
    lines = [line.partition("] ")[2] or line for line in done.stdout.splitlines()]
    assert lines == [
        "Reset: Network dropped connection on reset",
        "rc=1",
        "nvme nvme0: resetting controller",
        "nvme nvme0: Connect command failed, error wo/DNR bit: 1",
        "nvme nvme0: Removing after reset failure",
        "controller gone",
    ]


def test_remove_and_rescan_bring_a_dead_controller_back_with_its_data_and_default_attributes():
    target = machine()
    run(target, "printf abc | dd of=/dev/nvme0n1 bs=512 conv=sync oflag=direct")
    run(target, f"echo 7 > {IO}/interval")
    run(target, RESET.format(nth=5))
    done = run(
        target,
        f"""echo 1 > /sys/class/nvme/nvme0/device/remove; ls /dev/nvme0n1
        echo 1 > /sys/bus/pci/rescan; cat /sys/class/nvme/nvme0/state {IO}/interval {ADMIN}/probability
        head -c 3 /dev/nvme0n1""",
    )
    assert done.stdout == "live\n1\n0\nabc"


@pytest.mark.parametrize("queues", [1, 2, 4])
def test_every_row_of_the_reset_names_its_kernel_source(queues):
    steps = reset_sequence("pcie", queues, 1)
    assert len(steps) == 4 * queues + 12
    assert all(step.kernel_ref.startswith("drivers/nvme/host/") for step in steps)
    assert sum(step.cost is Cost.GIVE_UP for step in steps) == 1


# --- I/O -----------------------------------------------------------------------------------------

READ = "dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct status=none"


def arm(status=0x6, times=1, retry="N"):
    return (
        f"echo {status} > {IO}/status; echo {times} > {IO}/times; echo 1 > {IO}/verbose;"
        f" echo {retry} > {IO}/dont_retry; echo 100 > {IO}/probability\n"
    )


@pytest.mark.parametrize("version", ["6.1", "6.12"])
def test_every_status_reaches_a_direct_reader_as_its_errno(version):
    from faultrun.kernel.blk_status import BY_NAME

    target = machine(version)
    for status in STATUSES[1:]:
        done = run(target, arm(status.value, retry="Y") + READ)
        blk = status_of(status.value, KernelVersion.parse(version)).blk_status
        errno = BY_NAME[blk].errno
        expected = f"dd: error reading '/dev/nvme0n1': {message_of(errno)}\n"
        assert (done.exit_code, done.stderr) == (1, expected), status


def test_a_buffered_reader_gets_eio_whatever_the_status():
    done = run(
        machine(), arm(0x281, times=2, retry="Y") + "head -c 1 /dev/nvme0n1; dmesg | tail -1"
    )
    assert done.stderr == "head: error reading '/dev/nvme0n1': Input/output error\n"
    assert done.stdout.endswith(
        "Buffer I/O error on dev nvme0n1, logical block 0, async page read\n"
    )


def test_one_failed_readahead_is_read_again():
    assert (
        run(machine(), arm(0x281, retry="Y") + "head -c 1 /dev/nvme0n1 > /dev/null").exit_code == 0
    )


@pytest.mark.parametrize(("times", "code", "left"), [(1, 0, 0), (5, 0, 0), (6, 1, 0), (7, 1, 1)])
def test_a_command_is_tried_one_and_max_retries_times(times, code, left):
    done = run(machine(), arm(times=times) + READ + f"; echo $?; cat {IO}/times")
    assert done.stdout.split() == [str(code), str(left)]


def test_max_retries_is_a_byte_that_can_be_changed():
    target = machine()
    done = run(
        target,
        "P=/sys/module/nvme_core/parameters/max_retries; echo 300 > $P; echo 1 > $P; cat $P\n"
        + arm(times=9) + READ + f"; cat {IO}/times",
    )  # fmt: skip
    assert done.stdout.split() == ["1", "7"]
    assert "write error: Numerical result out of range" in done.stderr


def test_the_lines_of_a_failed_read_are_the_kernels():
    done = run(machine(), arm(0x6, retry="Y") + READ + "; dmesg | tail -2 | cut -c16-")
    assert done.stdout == (
        "nvme0n1: Read(0x2) @ LBA 0, 8 blocks, Internal Error (sct 0x0 / sc 0x6) DNR \n"
        "I/O error, dev nvme0n1, sector 0 op 0x0:(READ) flags 0x800 phys_seg 1 prio class 2\n"
    )


def test_status_0_with_dnr_succeeds_and_is_logged_all_the_same():
    done = run(machine(), arm(0, retry="Y") + READ + "; echo $?; dmesg | tail -1 | cut -c16-")
    assert (
        done.stdout == "0\nnvme0n1: Read(0x2) @ LBA 0, 8 blocks, Success (sct 0x0 / sc 0x0) DNR \n"
    )


def test_an_injected_write_error_leaves_the_data_on_the_medium():
    done = run(
        machine(),
        arm(0x280, retry="Y")
        + "printf x | dd of=/dev/nvme0n1 bs=512 conv=sync oflag=direct status=none; head -c 1 /dev/nvme0n1",
    )
    assert done.stdout == "x"
    assert done.stderr == "dd: error writing '/dev/nvme0n1': No data available\n"


def test_auth_required_is_looked_at_before_dnr_until_6_12():
    for version in ("6.1", "6.12"):
        done = run(machine(version), arm(0x191, times=3) + READ + f"; echo $?; cat {IO}/times")
        assert done.stdout.split() == ["1", "2"]


def test_the_task_filter_never_matches_an_interrupt():
    target = machine()
    done = run(target, arm(0x6, retry="Y") + f"echo Y > {IO}/task-filter; " + READ, mark=True)
    assert done.exit_code == 0


def test_7_3_considers_only_its_opcode():
    target = machine("7.3")
    done = run(
        target,
        arm(0x6, retry="Y") + f"echo 1 > {IO}/opcode; " + READ + f"; cat {IO}/times\n"
        "dd if=/dev/zero of=/dev/nvme0n1 bs=4k count=1 oflag=direct status=none",
    )
    assert done.stdout == "1\n"
    assert done.stderr == "dd: error writing '/dev/nvme0n1': Input/output error\n"


def test_error_lines_are_limited_to_ten_in_five_seconds():
    script = arm(0x6, times=100, retry="Y") + f"for i in $(seq 15); do {READ} 2>/dev/null; done\n"
    done = run(machine(), script + "sleep 6\n" + READ + " 2>/dev/null; dmesg | cut -c16-")
    assert done.stdout.count("I/O error, dev nvme0n1") == 11
    assert "blk_print_req_error: 5 callbacks suppressed\n" in done.stdout


def test_admin_errors_are_worded_as_nvme_cli_words_them():
    done = run(
        machine(),
        f"echo 1 > {ADMIN}/times; echo 100 > {ADMIN}/probability; nvme id-ctrl /dev/nvme0; echo $?\n"
        "nvme id-ctrl /dev/nvme0 | head -1; nvme list-ns /dev/nvme0",
    )
    assert done.stdout == "1\nNVME Identify Controller:\n[   0]:0x1\n"
    assert done.stderr == (
        "NVMe status: Invalid Command Opcode: A reserved coded value or an unsupported value"
        " in the command opcode field(0x4001)\n"
    )


def test_passthrough_io_is_not_retried():
    done = run(
        machine(),
        arm(0x281, times=3)
        + f"nvme read /dev/nvme0n1 -s 0 -c 0 -z 512 -d /tmp/x; echo $?; cat {IO}/times",
    )
    assert done.stdout.split() == ["1", "2"]
    assert done.stderr.startswith("read:Unrecovered Read Error")


def test_two_namespaces_have_attributes_of_their_own():
    target = machine(namespaces=2)
    done = run(
        target, arm(0x6, retry="Y") + "dd if=/dev/nvme0n2 of=/dev/null bs=4k count=1 iflag=direct"
    )
    assert done.exit_code == 0
