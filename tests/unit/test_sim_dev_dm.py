"""The device mapper: tables, what each target does, dmsetup, and what the kernel says of mistakes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.sim_machine import machine, run
from faultrun.capabilities.registry import builtin
from faultrun.model.capability import Arming

CREATE = "dmsetup create d --table '{}'"
READ = "dd if=/dev/mapper/d of=/dev/null bs=4k count=1 iflag=direct status=none skip={}"


def disk(kernel="6.12"):
    return machine(kernel=kernel, kind="scsi_debug", name="sda", size_mib=8)


def made(table, script="", kernel="6.12"):
    target = disk(kernel)
    return target, run(target, CREATE.format(table) + "\n" + script)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("0 8 flakey /dev/sda 0 1", "flakey: Invalid argument count"),
        ("0 8 flakey /dev/sda x 1 1", "flakey: Invalid device sector"),
        ("0 8 flakey /dev/sda 0 0 0", "flakey: Total (up + down) interval is zero"),
        ("0 8 flakey /dev/sda 0 4294967295 1", "flakey: Interval overflow"),
        ("0 8 flakey /dev/nothing 0 1 1", "flakey: Device lookup failed"),
        ("0 8 flakey /dev/sda 0 1 1 7 a", "flakey: Invalid number of feature args"),
        ("0 8 flakey /dev/sda 0 1 1 1 nonsense", "flakey: Unrecognised flakey feature requested"),
        (
            "0 8 flakey /dev/sda 0 1 1 2 drop_writes drop_writes",
            "flakey: Feature drop_writes duplicated",
        ),
        (
            "0 8 flakey /dev/sda 0 1 1 2 drop_writes error_writes",
            "flakey: Feature error_writes conflicts with feature drop_writes",
        ),
        (
            "0 8 flakey /dev/sda 0 1 1 5 corrupt_bio_byte 0 r 1 0",
            "flakey: Invalid corrupt bio byte",
        ),
        (
            "0 8 flakey /dev/sda 0 1 1 5 corrupt_bio_byte 1 x 1 0",
            "flakey: Invalid corrupt bio direction (r or w)",
        ),
        (
            "0 8 flakey /dev/sda 0 1 1 6 drop_writes corrupt_bio_byte 1 w 1 0",
            "flakey: drop_writes is incompatible with corrupt_bio_byte with the WRITE flag set",
        ),
        ("0 8 dust /dev/sda 0 256", "dust: Block size must be at least 512"),
        ("0 8 dust /dev/sda 0 768", "dust: Block size must be a power of 2"),
        ("0 8 dust /dev/sda 0 8192", "dust: Block size is too large"),
        ("0 8 nonsense", "nonsense: unknown target type"),
    ],
)
def test_a_bad_table_makes_nothing_and_the_kernel_says_why(table, why):
    target, done = made(table)
    assert done.exit_code == 1
    assert "reload ioctl on d failed: Invalid argument" in done.stderr
    assert f"device-mapper: table: 254:0: {why} (-EINVAL)" in run(target, "dmesg").stdout
    assert run(target, "dmsetup ls; ls /dev/mapper").stdout == "No devices found\n"


@pytest.mark.parametrize(
    "table",
    [
        "0 8 linear 8:0 16",
        "0 8 error ",
        "0 8 flakey 8:0 0 5 3 0 ",
        "0 8 flakey 8:0 0 5 3 1 drop_writes ",
        "0 8 flakey 8:0 4 5 3 1 error_writes ",
        "0 8 flakey 8:0 0 5 3 5 corrupt_bio_byte 32 r 1 0 ",
        "0 8 flakey 8:0 0 5 3 6 drop_writes corrupt_bio_byte 32 r 1 0 ",
        "0 8 dust 8:0 0 512",
    ],
)
def test_a_table_reads_back_as_it_was_loaded(table):
    _, done = made(table, "dmsetup table d")
    assert done.stdout == f"{table}\n"


@settings(max_examples=30, deadline=None)
@given(up=st.integers(0, 9), down=st.integers(1, 9), wait=st.integers(0, 25))
def test_flakey_is_down_by_whole_seconds_since_the_load(up, down, wait):
    print(f"up {up}, down {down}, wait {wait}")
    _, done = made(f"0 16 flakey /dev/sda 0 {up} {down}", f"sleep {wait}.5; {READ.format(0)}")
    assert done.exit_code == int(wait % (up + down) >= up)


def test_a_reload_starts_the_clock_again_and_waits_for_the_resume():
    _, done = made(
        "0 16 flakey /dev/sda 0 0 60",
        f"""dmsetup load d --table '0 16 linear /dev/sda 0'; dmsetup table d
        {READ.format(0)} 2>/dev/null; echo $?
        dmsetup suspend d; dmsetup resume d; {READ.format(0)}; echo $?; dmsetup table d""",
    )
    assert done.stdout == "0 16 flakey 8:0 0 0 60 0 \n1\n0\n0 16 linear 8:0 0\n"


def test_a_request_is_split_where_a_table_changes():
    _, done = made(
        "0 4 linear /dev/sda 8\n4 4 zero",
        """seq 1 9999 | head -c 4096 | dd of=/dev/sda bs=4k seek=1 oflag=direct status=none
        dd if=/dev/mapper/d of=/tmp/got bs=4k count=1 iflag=direct status=none
        dd if=/dev/sda of=/tmp/want bs=2k skip=2 count=1 iflag=direct status=none
        head -c 2048 /dev/zero >> /tmp/want; cmp /tmp/want /tmp/got && echo same""",
    )
    assert done.stdout == "same\n"


@settings(max_examples=25, deadline=None)
@given(bad=st.sets(st.integers(0, 15), max_size=6), read=st.integers(0, 15))
def test_dust_fails_exactly_the_listed_blocks(bad, read):
    print(f"bad {sorted(bad)}, read {read}")
    adds = "\n".join(f"dmsetup message d 0 addbadblock {block}" for block in sorted(bad))
    _, done = made(
        "0 128 dust /dev/sda 0 4096",
        f"{adds}\n{READ.format(read)} || exit 9\ndmsetup message d 0 enable\n{READ.format(read)}",
    )
    assert done.exit_code == int(read in bad)


def test_dust_answers_as_the_kernel_does():
    target, done = made(
        "0 128 dust /dev/sda 0 512",
        """m() { dmsetup message d 0 "$@" 2>/dev/null || echo "no: $*"; }
        m addbadblock 5; m addbadblock 5; m queryblock 5; m queryblock 6; m removebadblock 6
        m addbadblock; m addbadblock 7 256; m addbadblock 99999999; m frobnicate; m countbadblocks
        m listbadblocks; m clearbadblocks; m clearbadblocks; m quiet; m enable; dmsetup status d""",
    )
    assert done.stdout.splitlines() == [
        "no: addbadblock 5",
        "dust_query_block: block 5 found in badblocklist",
        "dust_query_block: block 6 not found in badblocklist",
        "no: removebadblock 6",
        "no: addbadblock",
        "no: addbadblock 7 256",
        "no: addbadblock 99999999",
        "no: frobnicate",
        "countbadblocks: 1 badblock(s) found",
        "5",
        "dust_clear_badblocks: badblocks cleared",
        "dust_clear_badblocks: no badblocks found",
        "0 128 dust 8:0 fail_read_on_bad_block quiet",
    ]
    log = run(target, "dmesg").stdout
    for line in (
        "dust_add_block: badblock added at block 5 with write fail count 0",
        "dust_add_block: block 5 already in badblocklist",
        "addbadblock requires an additional argument",
        "selected write fail count out of range",
        "selected block value out of range",
        "unrecognized message 'frobnicate' received",
        "enabling read failures on bad sectors",
    ):
        assert f"device-mapper: dust: {line}" in log


def test_a_failing_bio_has_no_line_of_the_block_layer():
    target, done = made("0 16 error", READ.format(0))
    assert done.stderr == "dd: error reading '/dev/mapper/d': Input/output error\n"
    assert "error" not in run(target, "dmesg").stdout


def test_a_device_in_use_cannot_be_removed():
    _, done = made(
        "0 16384 linear /dev/sda 0",
        """mkfs.ext4 -q -F /dev/mapper/d; mkdir -p /mnt; mount /dev/mapper/d /mnt
        dmsetup remove d; umount /mnt; dmsetup remove d; ls /dev/dm-0""",
    )
    assert "remove ioctl on d failed: Device or resource busy" in done.stderr
    assert done.exit_code == 2


def test_features_of_newer_kernels_are_a_skip_there_and_refused_before():
    from faultrun.model.target import Command

    table = CREATE.format("0 8 flakey /dev/sda 0 0 1 1 error_reads")
    newer = disk("6.12").run(Command(script=table, timeout_ns=10**9))
    assert "error_reads" in newer.unmodelled
    assert run(disk("6.1"), table).exit_code == 1


@pytest.mark.parametrize("name", ["dm_flakey", "dm_dust"])
def test_the_workload_arms_them_and_lines_of_its_device_count(name):
    capability = builtin()[name]
    assert capability.arming is Arming.WORKLOAD
    assert capability.traces
    assert not capability.not_simulated


@pytest.mark.parametrize("name", ["ufs_timeout", "ufs_trigger_eh", "fail_data_crc"])
def test_what_has_no_simulated_host_says_so(name):
    capability = builtin()[name]
    assert capability.not_simulated.startswith("no ")
    assert {"probability", "times", "space"} <= {spec.name for spec in capability.attrs}
    assert name == "fail_data_crc" or capability.since == "6.8"
