"""md-faulty: the personality's decisions, its array on a machine, and what undoes it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.engine_plans import plan, task
from data.killed_run import WHEN
from data.sim_machine import machine, run
from faultrun.capabilities.registry import builtin
from faultrun.kernel.md_faulty import (
    MODES,
    MOST_FAULTS,
    READ_FIXABLE,
    READ_PERSISTENT,
    READ_TRANSIENT,
    WRITE_ALL,
    WRITE_PERSISTENT,
    WRITE_TRANSIENT,
    Faulty,
)
from faultrun.model.event import Event, Kind
from faultrun.model.undo import Undo
from faultrun.record.restore import restore
from faultrun.record.writer import Recorder
from faultrun.spec.load import load

CREATE = "mdadm --create /dev/md0 --level=faulty --raid-devices=1 /dev/sda"


def armed(mode, period=0):
    faulty = Faulty()
    assert faulty.reshape(mode | period << 5)
    return faulty


def disk(kernel="6.1"):
    return machine(kernel=kernel, kind="scsi_debug", name="sda", size_mib=8)


@pytest.mark.parametrize("mode", [WRITE_TRANSIENT, READ_TRANSIENT])
@pytest.mark.parametrize(
    ("period", "expected"), [(0, "F....."), (1, "FFFFFF"), (2, ".F.F.F"), (3, "..F..F")]
)
def test_the_period_counts_requests_of_its_kind_only(mode, period, expected):
    faulty = armed(mode, period)
    write = mode == WRITE_TRANSIENT
    got = ""
    for sector in range(6):
        assert not faulty.fails(sector, sector + 1, write=not write)
        got += "F" if faulty.fails(sector, sector + 1, write=write) else "."
    assert got == expected


def test_write_all_refuses_writes_for_ever_and_no_read():
    faulty = armed(WRITE_ALL)
    assert all(faulty.refuses(write=True) for _ in range(3))
    assert not faulty.refuses(write=False)
    assert faulty.status() == " WriteAll nfaults=0"


def test_a_persistent_sector_fails_its_own_direction_and_any_request_over_it():
    faulty = armed(READ_PERSISTENT)
    assert faulty.fails(8, 16, write=False)
    assert faulty.fails(0, 9, write=False)
    assert not faulty.fails(9, 16, write=False)
    assert not faulty.fails(8, 16, write=True)


def test_a_fixable_sector_is_healed_by_a_write():
    faulty = armed(READ_FIXABLE)
    assert faulty.fails(8, 16, write=False)
    assert faulty.fails(8, 16, write=False)
    assert not faulty.fails(8, 16, write=True)
    assert not faulty.fails(8, 16, write=False)
    # The slot stays, and is used again.
    assert faulty.status().endswith("nfaults=1")
    assert faulty.reshape(READ_FIXABLE)
    assert faulty.fails(32, 40, write=False)
    assert faulty.status().endswith("nfaults=1")


def test_both_directions_of_a_sector_fail_when_it_got_both():
    faulty = armed(READ_PERSISTENT)
    faulty.fails(8, 16, write=False)
    faulty.reshape(WRITE_PERSISTENT)
    assert faulty.fails(8, 16, write=True)
    assert faulty.fails(8, 16, write=False)
    assert faulty.fails(8, 16, write=True)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 99), st.booleans()), max_size=200))
def test_at_most_fifty_sectors_are_remembered(requests):
    print(requests)
    faulty = armed(WRITE_PERSISTENT, 1)
    faulty.reshape(READ_PERSISTENT | 1 << 5)
    for sector, write in requests:
        assert faulty.fails(sector, sector + 1, write=write)
    distinct = len({sector for sector, _ in requests})
    assert len(faulty.faults) == min(distinct, MOST_FAULTS)
    # Clearing the errors leaves the sectors, forgetting the sectors leaves nothing.
    faulty.reshape(31)
    assert len(faulty.faults) == min(distinct, MOST_FAULTS)
    faulty.reshape(30)
    assert faulty.status() == " nfaults=0"


@pytest.mark.parametrize("layout", [6, 7, 29, 6 | 5 << 5])
def test_a_mode_that_is_none_is_refused(layout):
    assert not Faulty().reshape(layout)


def test_the_status_shows_what_is_left_and_the_period():
    faulty = armed(WRITE_TRANSIENT, 5)
    faulty.reshape(READ_FIXABLE)
    faulty.fails(0, 1, write=True)
    assert faulty.status() == " WriteTransient=4(5) ReadFixable=1(0) nfaults=0"
    assert len(MODES) == 6


def test_the_layout_always_reads_minus_one_and_refuses_nonsense():
    done = run(
        disk(),
        f"""{CREATE} 2>/dev/null; F=/sys/block/md0/md/layout; echo 160 > $F; cat $F
        echo 6 > $F; echo $?; echo -1 > $F; echo $?; grep -o 'WriteTransient.*' /proc/mdstat""",
    )
    assert done.stdout == "-1\n1\n1\nWriteTransient=5(5) nfaults=0\n"


def test_a_request_that_fails_has_reached_the_disk_and_no_line_of_the_block_layer():
    target = disk()
    done = run(
        target,
        f"""{CREATE} --layout=wt 2>/dev/null
        printf kept | dd of=/dev/md0 bs=512 conv=sync oflag=direct status=none
        dd if=/dev/sda bs=512 skip=2048 count=1 iflag=direct status=none | head -c 4""",
    )
    assert done.stdout == "kept"
    assert done.stderr == "dd: error writing '/dev/md0': Input/output error\n"
    assert "error" not in run(target, "dmesg").stdout


@pytest.mark.parametrize("kernel", ["6.8", "6.12"])
def test_from_6_8_on_there_is_no_such_personality(kernel):
    target = disk(kernel)
    done = run(target, CREATE)
    assert done.exit_code == 1
    assert "mdadm: RUN_ARRAY failed: Invalid argument" in done.stderr
    assert "md: personality for level -5 is not loaded!" in run(target, "dmesg").stdout
    assert run(target, "ls /dev/md0").exit_code == 2


def test_a_mounted_array_cannot_be_stopped():
    done = run(
        disk(),
        f"""{CREATE} 2>/dev/null; mkfs.ext4 -q -F /dev/md0; mkdir -p /mnt; mount /dev/md0 /mnt
        mdadm --stop /dev/md0; umount /mnt; mdadm --stop /dev/md0; ls /dev/md0 /sys/block/md0""",
    )
    assert "Cannot get exclusive access to /dev/md0" in done.stderr
    assert "mdadm: stopped /dev/md0" in done.stderr
    assert done.exit_code == 2


def test_a_newer_kernel_is_told_before_anything_runs(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("""\
campaign: c
summary: A campaign.
target: {simulated: {kernel: "6.12", devices: {sda: {kind: scsi_debug}}}}
steps:
  a:
    inject: {md_faulty: {array: md0, layout: 0}}
    run: "true"
    expect: {injected: some}
""")
    (found,) = load(file, overrides={}).diagnostics
    assert found.code == "FR024"
    assert "6.8" in found.message + found.hint


def test_an_undo_of_two_lines_is_two_writes_for_a_person_too():
    undo = Undo(step="a", path="/sys/block/md0/md/layout", value="-1", trigger=True, undo="31\n30")
    assert undo.command() == (
        "echo 31 > /sys/block/md0/md/layout; echo 30 > /sys/block/md0/md/layout"
    )


def test_a_killed_run_is_undone_from_its_record_alone(tmp_path):
    target = disk()
    rule = builtin()["md_faulty"].attrs[0].rule
    layout = "/sys/block/md0/md/layout"
    row = {"path": layout, "old": "-1", "new": "3", "undo": rule.undo, "undone_by": "",
           "seen_in": rule.seen_in, "seen_as": rule.seen_as}  # fmt: skip
    recorder = Recorder.start(tmp_path, plan(task("a", inject=True)), target.info, WHEN)
    recorder.emit(Event(Kind.INTENT, 1, "a", {"writes": [row]}))
    recorder.close()
    # One sector is remembered, and a second mode is armed.
    run(target, f"{CREATE}; echo 3 > {layout}; head -c 1 /dev/md0; echo 160 > {layout}")
    assert "WriteTransient=5(5) nfaults=1" in run(target, "cat /proc/mdstat").stdout
    result = restore(tmp_path, target)
    assert result.complete
    assert "super 1.2 nfaults=0\n" in run(target, "cat /proc/mdstat").stdout
