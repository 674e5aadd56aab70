"""File systems: the document's examples as recorded, and data that must not be lost unseen."""

import os
import random

import pytest

from data.sim_machine import machine, run

IO = "/sys/kernel/debug/nvme0n1/fault_inject"
FRESH = "mkfs.ext4 -q -F /dev/nvme0n1; mount /dev/nvme0n1 /mnt; echo hello > /tmp/a.file\n"
DROP = "sync; echo 3 > /proc/sys/vm/drop_caches; dmesg -C\n"
ARM = f"echo 1 > {IO}/verbose; echo 1 > {IO}/times; echo 100 > {IO}/probability\n"
LOG = "dmesg | cut -c16-"


def test_example_1_with_nothing_cached_is_what_7_3_printed():
    target = machine("7.3")
    run(target, FRESH + DROP)
    done = run(
        target, ARM + f"cp /tmp/a.file /mnt; echo cp=$?; sync; echo sync=$? times=$(cat {IO}/times)"
    )
    assert done.stdout == "cp=1\nsync=0 times=0\n"
    assert done.stderr == "cp: cannot stat '/mnt/a.file': Input/output error\n"
    assert run(target, LOG).stdout.splitlines()[2:] == [
        "nvme0n1: Read(0x2) @ LBA 8742, 2 blocks, Invalid Command Opcode (sct 0x0 / sc 0x1) DNR ",
        "operation not supported error, dev nvme0n1, sector 8742 op 0x0:(READ) flags 0x803000"
        " phys_seg 1 prio class 2",
        "EXT4-fs error (device nvme0n1): __ext4_find_entry:1615: inode #2: comm cp:"
        " reading directory lblock 0",
    ]
    done = run(target, "cat /mnt/a.file; umount /mnt; mount /dev/nvme0n1 /mnt && cat /mnt/a.file")
    assert done.stderr == "cat: /mnt/a.file: No such file or directory\n" * 2


def test_example_1_with_the_directory_in_the_journal_is_what_6_12_printed():
    target = machine()
    run(target, FRESH + "echo hi > /mnt/seed\n" + DROP)
    done = run(
        target,
        ARM + f"cp /tmp/a.file /mnt; echo rc=$?; cat {IO}/times; sleep 40",
        timeout_ns=10**11,
    )
    assert done.stdout == "rc=0\n1\n"
    done = run(target, LOG)
    assert done.stdout.splitlines()[2:] == [
        "nvme0n1: Write(0x1) @ LBA 18434, 2 blocks, Invalid Command Opcode (sct 0x0 / sc 0x1) DNR ",
        "operation not supported error, dev nvme0n1, sector 18434 op 0x1:(WRITE) flags 0x0"
        " phys_seg 1 prio class 2",
        "EXT4-fs (nvme0n1): failed to convert unwritten extents to written extents --"
        " potential data loss!  (inode 13, error -5)",
        "Buffer I/O error on device nvme0n1, logical block 9217",
    ]
    # The page is still there; only a look at the disk finds the loss.
    check = "cmp /tmp/a.file /mnt/a.file; echo $?; "
    done = run(target, check + "echo 3 > /proc/sys/vm/drop_caches; " + check)
    assert done.stdout == "0\n/tmp/a.file /mnt/a.file differ: char 1, line 1\n1\n"


def test_example_2_succeeds():
    target = machine()
    run(target, FRESH + DROP)
    done = run(
        target,
        ARM + f"echo 0 > {IO}/dont_retry; cp /tmp/a.file /mnt; echo $?; cat {IO}/times; " + DROP
        + "cmp /tmp/a.file /mnt/a.file && echo same",
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("0\n0\nsame\n", "")


def test_fsync_tells_of_a_lost_write_once():
    target = machine()
    run(target, FRESH + "echo x > /mnt/f; sync")
    script = "dd if=/dev/zero of=/mnt/f bs=4k count=1 conv=fsync,notrunc status=none; echo $?\n"
    done = run(target, f"echo 0x280 > {IO}/status\n" + ARM + script + script)
    assert done.stdout == "1\n0\n"
    assert done.stderr == "dd: fsync failed for '/mnt/f': No data available\n"


def test_a_failed_journal_makes_the_file_system_read_only():
    target = machine()
    run(target, FRESH + "ls /mnt; mkdir /mnt/d; dmesg -C\n" + ARM + "sync")
    done = run(target, "mkdir /mnt/e; cat /mnt/f; " + LOG)
    assert done.stderr.startswith(
        "mkdir: cannot create directory '/mnt/e': Read-only file system\n"
    )
    assert "Aborting journal on device nvme0n1-8." in done.stdout
    assert "EXT4-fs (nvme0n1): Remounting filesystem read-only" in done.stdout


def test_mount_without_a_superblock_to_read():
    target = machine()
    run(target, "mkfs.ext4 -q /dev/nvme0n1")
    done = run(
        target, f"echo 9 > {IO}/times; echo 100 > {IO}/probability; mount -t ext4 /dev/nvme0n1 /mnt"
    )
    assert done.exit_code == 32
    assert done.stderr == (
        "mount: /mnt: can't read superblock on /dev/nvme0n1.\n"
        "       dmesg(1) may have more information after failed mount system call.\n"
    )
    assert "EXT4-fs (nvme0n1): unable to read superblock" in run(target, "dmesg").stdout


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("mount /dev/nvme0n1 /mnt", "mount: /mnt: wrong fs type, bad option, bad superblock on /dev/nvme0n1"),
        ("mount /dev/nope /mnt", "mount: /mnt: special device /dev/nope does not exist."),
        ("mount /dev/nvme0n1 /nope", "mount: /nope: mount point does not exist."),
        ("umount /mnt", "umount: /mnt: not mounted."),
        ("mkfs.ext4 -q /dev/nvme0n1; mount /dev/nvme0n1 /mnt; exec 3> /mnt/f; umount /mnt", "umount: /mnt: target is busy."),
        ("mkfs.ext4 -q /dev/nvme0n1; mount /dev/nvme0n1 /mnt; mkfs.ext4 -q /dev/nvme0n1", "/dev/nvme0n1 is mounted; will not make a filesystem here!"),
    ],
)  # fmt: skip
def test_refusals_in_their_own_words(script, told):
    done = run(machine(), script)
    assert done.exit_code != 0
    assert done.stderr.startswith(told)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs"])
def test_a_file_system_remembers(kind):
    done = run(
        machine(),
        f"""mkfs.{kind} -q /dev/nvme0n1; mount -t {kind} /dev/nvme0n1 /mnt; mkdir /mnt/d; seq 1000 > /mnt/d/f
        mv /mnt/d/f /mnt/d/g; touch /mnt/empty; rm /mnt/empty; umount /mnt; mount /dev/nvme0n1 /mnt
        ls /mnt /mnt/d; seq 1000 | cmp - /mnt/d/g && grep ' /mnt ' /proc/mounts | cut -d' ' -f3""",
    )
    assert done.stdout == f"/mnt:\nd\nlost+found\n\n/mnt/d:\ng\n{kind}\n"


def test_a_full_file_system_says_so():
    done = run(
        machine(size_mib=4),
        "mkfs.ext4 -q /dev/nvme0n1; mount /dev/nvme0n1 /mnt; dd if=/dev/zero of=/mnt/f bs=64k conv=fsync; echo $?",
    )
    assert done.stdout == "1\n"
    assert "No space left on device" in done.stderr


def _act(rng, files):
    """One random act on a tree: the shell text, done to the model too."""
    name = rng.choice("abcdef")
    kind = rng.randrange(7)
    size = rng.choice([0, 1, 500, 1024, 5000, 40_000])
    if kind <= 2:
        files[name] = bytes([65 + rng.randrange(26)]) * size
        return f"head -c {size} /dev/zero | tr '\\0' {chr(files[name][0]) if size else 'x'} > /mnt/{name}"
    if kind == 3 and name in files:
        letter = chr(65 + rng.randrange(26))
        files[name] += letter.encode() * 700
        return f"head -c 700 /dev/zero | tr '\\0' {letter} >> /mnt/{name}"
    if kind == 4 and name in files:
        del files[name]
        return f"rm /mnt/{name}"
    if kind == 5 and name in files:
        other = rng.choice("abcdef")
        if other != name:
            files[other] = files.pop(name)
            return f"mv /mnt/{name} /mnt/{other}"
    return rng.choice(
        [
            "sync",
            "echo 3 > /proc/sys/vm/drop_caches",
            "umount /mnt; mount /dev/nvme0n1 /mnt",
            "sleep 31",
        ]
    )


def test_random_acts_end_in_the_tree_they_describe():
    import hashlib

    seed = int(os.environ.get("FAULTRUN_TEST_SEED", random.randrange(2**32)))
    print("FAULTRUN_TEST_SEED", seed)
    rng = random.Random(seed)
    for _ in range(10):
        target, files = machine(size_mib=rng.choice([4, 16, 64])), {}
        script = "mkfs.ext4 -q /dev/nvme0n1; mount /dev/nvme0n1 /mnt\n"
        script += "\n".join(_act(rng, files) for _ in range(60))
        script += "\numount /mnt; mount /dev/nvme0n1 /mnt; cd /mnt; rmdir lost+found; sha256sum *"
        done = run(target, script, timeout_ns=10**13)
        expected = "".join(
            f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)
        )
        if files:
            assert (done.stdout, done.stderr) == (expected, "")
