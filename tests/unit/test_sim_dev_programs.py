"""Programs in their own words; what is not modelled is named."""

import hashlib

import pytest

from data.sim_machine import machine, run
from faultrun.model.target import Command
from faultrun.simkernel.programs.human import binary_size, decimal_size, general
from faultrun.simkernel.programs.registry import PROGRAMS, names
from faultrun.simkernel.programs.sizes import size_of


@pytest.mark.parametrize(
    ("text", "size"),
    [("4k", 4096), ("1M", 1 << 20), ("512", 512), ("1kB", 1000), ("2x512", 1024), ("1KiB", 1024),
     ("3b", 1536), ("", None), ("k", None), ("-1", None), ("1Q", None)],
)  # fmt: skip
def test_sizes(text, size):
    assert size_of(text) == size


@pytest.mark.parametrize(
    ("amount", "decimal", "binary"),
    [(4096, "4.1 k", "4.0 Ki"), (1048576, "1.0 M", "1.0 Mi"), (999_999, "1.0 M", "977 Ki"),
     (10_485_760, "10 M", "10 Mi"), (1000, "1.0 k", "1000 ")],
)  # fmt: skip
def test_human_sizes(amount, decimal, binary):
    assert (decimal_size(amount), binary_size(amount)) == (decimal, binary)


@pytest.mark.parametrize(
    "value", [1, 999, 80_500, 1_189_380, 14_594_000, 1_234_567_890, 10**12, 5 * 10**8]
)
def test_seconds_are_written_as_printf_g_does(value):
    assert general(value) == f"{value / 1e9:g}"


ERRORS = {
    "cat /nope": "cat: /nope: No such file or directory\n",
    "cat /tmp": "cat: /tmp: Is a directory\n",
    "cp /nope /tmp": "cp: cannot stat '/nope': No such file or directory\n",
    "cp /tmp /x": "cp: -r not specified; omitting directory '/tmp'\n",
    "cp /etc/x": "cp: missing destination file operand after '/etc/x'\nTry 'cp --help' for more information.\n",
    "echo a > /tmp/a; cp /tmp/a /no/b": "cp: cannot create regular file '/no/b': No such file or directory\n",
    "mv /nope /tmp": "mv: cannot stat '/nope': No such file or directory\n",
    "rm /nope": "rm: cannot remove '/nope': No such file or directory\n",
    "rm /tmp": "rm: cannot remove '/tmp': Is a directory\n",
    "mkdir /tmp": "mkdir: cannot create directory '/tmp': File exists\n",
    "mkdir /a/b": "mkdir: cannot create directory '/a/b': No such file or directory\n",
    "touch /a/b": "touch: cannot touch '/a/b': No such file or directory\n",
    "ls /nope": "ls: cannot access '/nope': No such file or directory\n",
    "stat -c %s /nope": "stat: cannot statx '/nope': No such file or directory\n",
    "dd if=/nope": "dd: failed to open '/nope': No such file or directory\n",
    "dd bs=x": "dd: invalid number: 'x'\n",
    "dd conv=nope": "dd: invalid conversion: 'nope'\nTry 'dd --help' for more information.\n",
    "echo x > /dev/full": "bash: line 1: echo: write error: No space left on device\n",
    "seq 3 > /dev/full": "seq: write error: No space left on device\n",
    "echo x > /nope/y": "bash: line 1: /nope/y: No such file or directory\n",
    "echo x > /tmp": "bash: line 1: /tmp: Is a directory\n",
    "/tmp/none": "bash: line 1: /tmp/none: No such file or directory\n",
    "cmp /dev/null /tmp/none": "cmp: /tmp/none: No such file or directory\n",
    "grep x /nope": "grep: /nope: No such file or directory\n",
    "sleep x": "sleep: invalid time interval 'x'\n",
    "rmmod brd": "rmmod: ERROR: Module brd is not currently loaded\n",
    "echo 1 > /sys/kernel/debug/nope": "bash: line 1: /sys/kernel/debug/nope: Permission denied\n",
    "echo x > /sys/kernel/debug/failslab/times": "bash: line 1: echo: write error: Invalid argument\n",
    "cat /sys/class/nvme/nvme0/reset_controller": "cat: /sys/class/nvme/nvme0/reset_controller: Permission denied\n",
}  # fmt: skip


@pytest.mark.parametrize("script", ERRORS)
def test_refusals_in_their_own_words(script):
    done = run(machine(), script)
    assert (done.exit_code != 0, done.stderr) == (True, ERRORS[script])


def test_dd_counts_and_shows_what_it_did():
    target = machine()
    done = run(
        target, "dd if=/dev/zero of=/tmp/x bs=4k count=3; dd if=/tmp/x of=/tmp/y bs=5000 skip=1"
    )
    lines = done.stderr.splitlines()
    assert lines[:2] == ["3+0 records in", "3+0 records out"]
    assert lines[2].startswith("12288 bytes (12 kB, 12 KiB) copied, ")
    assert lines[3:5] == ["1+1 records in", "1+1 records out"]
    assert run(target, "stat -c %s /tmp/y").stdout == "7288\n"


def test_dd_seeks_and_keeps_what_is_there():
    done = run(
        machine(),
        "printf abcdef > /tmp/x; printf Z | dd of=/tmp/x bs=1 seek=2 conv=notrunc status=none; cat /tmp/x",
    )
    assert done.stdout == "abZdef"


def test_checksums_are_the_true_ones():
    done = run(
        machine(),
        "printf abc > /tmp/x; sha256sum /tmp/x | tee /tmp/s; sha256sum -c /tmp/s; printf d > /tmp/x; sha256sum -c /tmp/s",
    )
    digest = hashlib.sha256(b"abc").hexdigest()
    assert done.stdout == f"{digest}  /tmp/x\n/tmp/x: OK\n/tmp/x: FAILED\n"
    assert done.stderr == "sha256sum: WARNING: 1 computed checksum did NOT match\n"


def test_dmesg_shows_clears_and_indents():
    target = machine()
    run(target, "echo '<4>one' > /dev/kmsg")
    assert run(target, "dmesg").stdout.endswith("] one\n")
    assert run(target, "dmesg -C; dmesg").stdout == ""
    arm = "D=/sys/kernel/debug/nvme0/fault_inject; echo 1 > $D/verbose; echo 100 > $D/probability; nvme id-ctrl /dev/nvme0\n"
    shown = run(target, arm + "dmesg").stdout.splitlines()
    assert shown[0][:1] == "["
    assert shown[1].startswith(" " * 15 + "name fault_inject, interval 1, probability 100")
    assert target.log(0)[0][0].text == "one"


def test_fio_finds_what_was_not_written():
    target = machine()
    job = "fio --name=j --filename=/dev/nvme0n1 --bs=4k --size=64k --direct=1 --verify=crc32c "
    assert run(target, job + "--rw=randwrite").exit_code == 0
    run(target, "printf X | dd of=/dev/nvme0n1 bs=1 seek=9000 conv=notrunc status=none")
    done = run(target, job + "--rw=read")
    assert done.exit_code == 1
    assert "crc32c: verify failed at file /dev/nvme0n1 offset 8192, length 4096" in done.stderr


def test_fio_names_the_failing_offset():
    target = machine()
    done = run(
        target,
        """D=/sys/kernel/debug/nvme0n1/fault_inject; echo 3 > $D/space; echo 0x281 > $D/status
        echo 100 > $D/probability
        fio --name=j --filename=/dev/nvme0n1 --bs=4k --size=64k --direct=1 --rw=read""",
    )
    assert (
        "fio: io_u error on file /dev/nvme0n1: No data available: read offset=8192, buflen=4096"
        in done.stderr
    )


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("echo a\nfrobnicate /dev/nvme0", "program 'frobnicate' is not modelled on the simulated target"),
        ("bison 1", "program 'bison'"),
        ("ls --full-time", "option '--full-time' of 'ls'"),
        ("nvme fw-download /dev/nvme0", "nvme sub-command 'fw-download'"),
        ("true\nalias a=b", "line 2: shell builtin 'alias'"),
        ("cat /dev/zero | head -c 1", "reading more than 64 MiB"),
    ],
)  # fmt: skip
def test_what_is_not_modelled_is_named(script, named):
    done = machine().run(Command(script=script, timeout_ns=10**12))
    assert named in done.unmodelled or "64 MiB" in done.unmodelled
    assert done.exit_code is None


def test_every_program_says_how_it_was_modelled():
    assert all(program.modelled for program in PROGRAMS.values())
    assert {"bash", "cat", "dd", "nvme", "mount", "fio", "mkfs.ext4"} <= names()
