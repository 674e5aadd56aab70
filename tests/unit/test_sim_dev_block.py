"""The block layer: fault switches, partitions, caches, loop devices."""

import pytest

from data.sim_machine import machine, run

ATTR = "/sys/kernel/debug/fail_make_request"
ARM = f"echo 1 > {ATTR}/verbose; echo 100 > {ATTR}/probability; echo {{times}} > {ATTR}/times\n"
READ = "dd if=/dev/{disk} of=/dev/null bs=4k count=1 iflag=direct"


def test_a_bio_fails_only_where_the_disk_is_switched_on():
    target = machine()
    script = ARM.format(times=3) + READ.format(disk="nvme0n1")
    assert run(target, script).exit_code == 0
    done = run(target, "echo 1 > /sys/block/nvme0n1/make-it-fail\n" + READ.format(disk="nvme0n1"))
    assert done.exit_code == 1
    assert done.stderr.splitlines()[:3] == [
        "dd: error reading '/dev/nvme0n1': Input/output error",
        "0+0 records in",
        "0+0 records out",
    ]
    # The bio never became a request: the kernel has no "I/O error, dev" line for it.
    assert "error, dev" not in run(target, "dmesg").stdout


def test_with_both_switches_on_a_bio_of_a_partition_counts_twice():
    target = machine(partitions=1)
    done = run(
        target,
        f"""echo 1 > /sys/block/nvme0n1/make-it-fail; echo 1 > /sys/block/nvme0n1/nvme0n1p1/make-it-fail
        echo 10000 > {ATTR}/space; echo 100 > {ATTR}/probability
        {READ.format(disk="nvme0n1p1")} 2>/dev/null; cat {ATTR}/space""",
    )
    assert done.stdout == "1808\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("7", "1"), ("-3", "1"), ("1x", "1"), ("0x1", "0"), ("0", "0"), ("maybe", "1")],
)
def test_make_it_fail_reads_a_decimal_and_ignores_garbage(text, shown):
    done = run(
        machine(), f"F=/sys/block/nvme0n1/make-it-fail; echo 1 > $F; echo '{text}' > $F; cat $F"
    )
    assert done.stdout == f"{shown}\n"


def test_io_timeout_fail_takes_garbage_as_off():
    done = run(
        machine(), "F=/sys/block/nvme0n1/io-timeout-fail; echo 1 > $F; cat $F; echo x > $F; cat $F"
    )
    assert done.stdout == "1\n0\n"


def test_buffered_data_reaches_the_disk_when_the_last_user_is_gone():
    done = run(
        machine(),
        "printf hello > /dev/nvme0n1; dd if=/dev/nvme0n1 bs=512 count=1 iflag=direct status=none | head -c 5",
    )
    assert done.stdout == "hello"


def test_a_writeback_error_is_told_once_by_fsync():
    done = run(
        machine(),
        """D=/sys/kernel/debug/nvme0n1/fault_inject; dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 status=none
        echo 1 > $D/times; echo 0x280 > $D/status; echo 100 > $D/probability
        dd if=/dev/zero of=/dev/nvme0n1 bs=4k count=1 conv=fsync status=none; echo $?
        dd if=/dev/zero of=/dev/nvme0n1 bs=4k count=1 conv=fsync status=none; echo $?
        dmesg | tail -1 | cut -c16-""",
    )
    assert done.stderr == "dd: fsync failed for '/dev/nvme0n1': Input/output error\n"
    assert done.stdout == (
        "1\n0\nBuffer I/O error on dev nvme0n1, logical block 0, lost async page write\n"
    )


def test_a_disk_ends_where_it_ends():
    target = machine(size_mib=1)
    done = run(target, "dd if=/dev/zero of=/dev/nvme0n1 bs=1M count=2 oflag=direct; echo $?")
    assert done.stdout == "1\n"
    assert done.stderr.startswith("dd: error writing '/dev/nvme0n1': No space left on device\n")
    assert "1048576 bytes (1.0 MB, 1.0 MiB) copied" in done.stderr
    assert (
        run(target, "dd if=/dev/nvme0n1 of=/dev/null bs=1M 2>&1 | head -1").stdout
        == "1+0 records in\n"
    )


def test_unaligned_direct_io_is_refused():
    done = run(machine(), "dd if=/dev/nvme0n1 of=/dev/null bs=100 count=1 iflag=direct status=none")
    assert done.stderr == "dd: error reading '/dev/nvme0n1': Invalid argument\n"


def test_direct_and_buffered_writes_see_each_other():
    done = run(
        machine(),
        """exec 3< /dev/nvme0n1; head -c 1 <&3 > /dev/null
        printf B | dd of=/dev/nvme0n1 bs=512 conv=sync,notrunc oflag=direct status=none
        head -c 1 /dev/nvme0n1""",
    )
    assert done.stdout == "B"


def test_a_file_becomes_a_disk():
    done = run(
        machine(),
        """truncate -s 16M /tmp/img; mkfs.ext4 -q -F /tmp/img; mount -o loop /tmp/img /mnt
        echo kept > /mnt/f; losetup -a; umount /mnt; mount -o loop /tmp/img /mnt; cat /mnt/f; losetup -a""",
    )
    assert done.stdout == "/dev/loop0: []\nkept\n/dev/loop0: []\n"


@pytest.mark.parametrize(("kind", "name"), [("null_blk", "nullb0"), ("scsi_debug", "sda")])
def test_plain_disks(kind, name):
    target = machine(kind=kind, name=name, size_mib=8)
    done = run(
        target,
        f"cat /sys/block/{name}/size; echo 1 > /sys/block/{name}/make-it-fail; ls -d /dev/{name}",
    )
    assert done.stdout == f"16384\n/dev/{name}\n"
    arm = ARM.format(times=1)
    assert run(target, arm + READ.format(disk=name)).exit_code == 1
    assert run(target, READ.format(disk=name)).exit_code == 0


def test_what_is_left_of_a_split_bio_asks_the_disk_again_with_its_size():
    target = machine(partitions=1)
    arm = f"echo 1000000000 > {ATTR}/space; echo 100 > {ATTR}/probability\n"
    run(target, arm + "echo 1 > /sys/block/nvme0n1/make-it-fail")
    run(target, "dd if=/dev/nvme0n1 of=/dev/null bs=1M count=1 iflag=direct")
    mib = 1 << 20
    # The whole bio, and the second of its halves of 512 KiB.
    assert run(target, f"cat {ATTR}/space").stdout == f"{10**9 - mib - mib // 2}\n"
    run(target, "echo 1 > /sys/block/nvme0n1/nvme0n1p1/make-it-fail")
    run(target, "dd if=/dev/nvme0n1p1 of=/dev/null bs=1M count=1 iflag=direct")
    # The partition is asked once: it is remapped when its bio is split.
    left = 10**9 - 3 * mib - 2 * (mib // 2)
    assert run(target, f"cat {ATTR}/space").stdout == f"{left}\n"


def asked(target, script, **how):
    target.forget_checks()
    run(target, script, **how)
    return [(item.site, item.marked, item.count) for item in target.checks().get(ATTR, ())]


def test_every_level_of_a_stack_asks_the_lower_one_in_the_driver_s_thread():
    target = machine()
    run(target, "losetup /dev/loop0 /dev/nvme0n1")
    read = READ.format(disk="loop0")
    assert asked(target, read, mark=True) == []
    run(target, "echo 1 > /sys/block/loop0/make-it-fail")
    assert [item[1] for item in asked(target, read, mark=True)] == [True]
    run(target, "echo 1 > /sys/block/nvme0n1/make-it-fail; echo 3 > /proc/sys/vm/drop_caches")
    assert [item[1] for item in asked(target, read, mark=True)] == [True, False]


def test_a_fault_below_a_loop_device_is_its_i_o_error():
    target = machine()
    run(target, "losetup /dev/loop0 /dev/nvme0n1; echo 1 > /sys/block/nvme0n1/make-it-fail")
    done = run(target, ARM.format(times=9) + READ.format(disk="loop0"))
    assert "Input/output error" in done.stderr
    assert "I/O error, dev loop0, sector 0 op 0x0:(READ)" in run(target, "dmesg").stdout


def test_a_flush_of_a_loop_device_syncs_what_is_below():
    target = machine()
    run(target, "losetup /dev/loop0 /dev/nvme0n1; printf hello > /dev/loop0; sync")
    read = "dd if=/dev/nvme0n1 bs=512 count=1 iflag=direct status=none | head -c 5"
    assert run(target, read).stdout == "hello"


def test_an_error_that_nobody_was_told_of_is_news_for_who_opens_later():
    target = machine()
    run(target, "mkfs.ext4 -q /dev/nvme0n1; mount /dev/nvme0n1 /mnt; echo a > /mnt/f; sync")
    arm = f"echo 1 > /sys/block/nvme0n1/make-it-fail; echo 100 > {ATTR}/probability\n"
    run(target, f"{arm} echo b > /mnt/f; sleep 60", timeout_ns=10**11)
    assert run(target, f"cat {ATTR}/times").stdout == "0\n"
    assert run(target, "sync /mnt/f").exit_code == 1
    assert run(target, "sync /mnt/f").exit_code == 0
