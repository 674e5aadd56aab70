"""A whole machine under QEMU: its hardware, its ends, and how it is put back."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.model.mark import Mark
from faultrun.model.target import Command, TargetBroken, TargetDied
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.guest.wire import pack
from faultrun.targets.qemu import QemuLife

pytestmark = pytest.mark.real

SECOND_NS = 1_000_000_000
MARK = Mark(file="test", line=1, column=1)
PROBABILITY = "/sys/kernel/debug/failslab/probability"
ROUNDS = 200


def device(name, kind, **options):
    return DeviceSpec(name=name, kind=kind, options=tuple(options.items()), mark=MARK)


DEVICES = (
    device("nvme0", "nvme", size_mib=24),
    device("nvme1", "nvme", size_mib=8),
    device("mmc0", "mmc", size_mib=16, partitions=2),
    device("nullb0", "null_blk", size_mib=8),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where guests have their own files, so that what they leave is seen."""
    return tmp_path_factory.mktemp("guests")


@pytest.fixture
def life(qemu_kernel, folder, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(folder))

    def make(*devices, **more):
        words = more.pop("spec", {})
        spec = TargetSpec(kind="qemu", devices=devices, memory_mib=384, **words)
        kernel = more.pop("kernel", qemu_kernel.path)
        return QemuLife(kernel, spec, release=qemu_kernel.release, **more)

    yield make
    assert list(folder.iterdir()) == []


@pytest.fixture
def guest(life):
    with RenewableTarget(life(*DEVICES)) as machine:
        yield machine


def sh(machine, script, seconds=60):
    return machine.run(Command(timeout_ns=seconds * SECOND_NS, script=script))


def said(machine, script):
    done = sh(machine, script)
    assert done.exit_code == 0, done
    return done.stdout


def crash(machine, what):
    with pytest.raises(TargetDied) as died:
        sh(machine, f"echo {what} > /sys/kernel/debug/provoke-crash/DIRECT; sleep 60")
    return died.value


def test_devices_have_the_names_and_sizes_that_were_asked_for(guest):
    sizes = said(guest, "lsblk -nrbo NAME,SIZE | grep -v loop | sort").split()
    found = dict(zip(sizes[::2], map(int, sizes[1::2]), strict=True))
    mib = {name: size >> 20 for name, size in found.items()}
    assert mib == {
        "mmcblk0": 16,
        "mmcblk0p1": 7,
        "mmcblk0p2": 7,
        "nullb0": 8,
        "nvme0n1": 24,
        "nvme1n1": 8,
    }
    for where in ("nvme0/fault_inject", "nvme0n1/fault_inject", "mmc0/fail_mmc_request"):
        assert "probability" in guest.list(f"/sys/kernel/debug/{where}")


def test_nothing_of_a_guest_is_in_the_next_one(guest):
    write = (
        "echo mine > /mine; for d in nvme0n1 mmcblk0p1 nullb0; do echo mine > /dev/$d; done; sync"
    )
    for _ in range(2):
        assert said(guest, "head -qc 4 /dev/nvme0n1 /dev/mmcblk0p1 /dev/nullb0") == "\0" * 12
        assert sh(guest, "test -e /mine").exit_code == 1
        assert guest.read(PROBABILITY) == b"0\n"
        said(guest, write)
        guest.write(PROBABILITY, b"50\n")
        guest.renew("again")


def test_a_panic_is_told_with_its_console_and_the_next_guest_is_clean(guest):
    guest.write(PROBABILITY, b"0\n")
    said(guest, "echo mine > /mine")
    died = crash(guest, "PANIC")
    assert "kernel panic" in str(died)
    assert not died.hung
    assert any("lkdtm_PANIC" in line.text for line in died.log_tail)
    guest.recover("it panicked")
    assert sh(guest, "test -e /mine").exit_code == 1
    # What the one before printed is not this one's.
    died = crash(guest, "PANIC")
    assert sum("Kernel panic - not syncing" in line.text for line in died.log_tail) == 2
    guest.recover("it panicked again")
    assert said(guest, "cat /proc/version").startswith("Linux version")


def test_a_task_that_an_oops_kills_leaves_the_machine_alive(guest):
    done = sh(guest, "cat <(echo WRITE_RO) > /sys/kernel/debug/provoke-crash/DIRECT")
    assert done.exit_code == 137
    text = "\n".join(line.text for line in guest.log(0)[0])
    assert "BUG: unable to handle page fault" in text
    assert said(guest, "echo alive") == "alive\n"


def test_a_machine_that_resets_itself_has_died(guest):
    with pytest.raises(TargetDied, match="guest-reset") as died:
        sh(guest, "echo 1 > /proc/sys/kernel/sysrq; echo b > /proc/sysrq-trigger; sleep 60")
    assert not died.value.hung
    guest.recover("it was reset")
    assert said(guest, "echo alive") == "alive\n"


def test_a_machine_that_hangs_says_so_itself(guest):
    died = crash(guest, "SOFTLOCKUP")
    assert died.hung
    assert "BUG: soft lockup" in str(died)
    assert any("Modules linked in" in line.text for line in died.log_tail)
    guest.recover("it hung")
    assert said(guest, "echo alive") == "alive\n"


def test_an_emulator_that_is_killed_is_our_fault(life, folder):
    with RenewableTarget(life()) as machine:
        (own,) = folder.iterdir()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            words = path.read_bytes().split(b"\0")
            if words[0].endswith(b"qemu-system-x86_64") and os.fsencode(own) in b" ".join(words):
                os.kill(int(path.parent.name), signal.SIGKILL)
        with pytest.raises(TargetBroken, match="QEMU ended"):
            machine.read(PROBABILITY)
        machine.renew("again")
        assert machine.read(PROBABILITY) == b"0\n"


def test_what_was_sent_to_the_guest_before_is_not_done_by_the_next(guest):
    late = pack({"id": 2, "op": "write", "path": PROBABILITY, "data": "77\n"})
    for _ in range(3):
        guest._link._wire.send(late[:40] + late * 50)
        guest.renew("again")
        assert guest.read(PROBABILITY) == b"0\n"


def test_failslab_at_its_widest_is_disarmed_every_time(guest):
    where = PROBABILITY.rpartition("/")[0]
    for name, value in {"times": "-1", "verbose": "0", "task-filter": "N", "interval": "1"}.items():
        guest.write(f"{where}/{name}", f"{value}\n".encode())
    guest.write(f"{where}/ignore-gfp-wait", b"N\n")
    done = 0
    for _ in range(ROUNDS):
        guest.hold([PROBABILITY])
        guest.write(PROBABILITY, b"100\n")
        guest.write(PROBABILITY, b"0\n")
        done += guest.read(PROBABILITY) == b"0\n"
        guest.release()
    assert done == ROUNDS


def test_a_guest_is_booted_once(life, tmp_path):
    first, second = life(cache=tmp_path), life(cache=tmp_path)
    with RenewableTarget(first) as one, RenewableTarget(second) as other:
        said(one, "echo one > /mine")
        assert sh(other, "test -e /mine").exit_code == 1
        # A guest that booted has printed much; one that was put back has printed nothing yet.
        assert first.console() == second.console() == ()
    (image,) = tmp_path.glob("qemu/snapshots/*/vmstate.qcow2")
    with image.open("r+b") as file:
        file.seek(1 << 20)
        file.write(b"\xff" * (1 << 20))
    with RenewableTarget(life(cache=tmp_path)) as third:
        assert said(third, "echo alive") == "alive\n"


def test_more_namespaces_than_one_are_there_without_a_snapshot(life):
    with RenewableTarget(life(device("nvme0", "nvme", namespaces=2, size_mib=8))) as machine:
        for _ in range(2):
            assert said(machine, "ls /dev/nvme0n*") == "/dev/nvme0n1\n/dev/nvme0n2\n"
            machine.renew("again")


def test_this_machines_files_by_9p_cannot_be_written(life):
    theirs = Path("/etc/faultrun-test")
    with RenewableTarget(life(spec={"files": "9p"})) as machine:
        assert said(machine, "cat /etc/passwd") == Path("/etc/passwd").read_text()
        assert said(machine, f"echo theirs > {theirs}; cat {theirs}") == "theirs\n"
    assert not theirs.exists()


def test_the_users_own_initramfs_is_there(life, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/mine").write_text("mine\n")
    cpio = shutil.which("cpio")
    if cpio is None:
        pytest.skip("cpio is not installed")
    with (tmp_path / "initrd").open("wb") as file:
        subprocess.run([cpio, "-oH", "newc", "--quiet"], cwd=tmp_path / "in", input=b"mine\n",
                       stdout=file, check=True)  # fmt: skip
    with RenewableTarget(life(initrd=tmp_path / "initrd")) as machine:
        assert said(machine, "cat /mine") == "mine\n"


def test_the_users_own_disk_is_the_root_and_stays_as_it_is(life, tmp_path):
    root = tmp_path / "root"
    for name in ("etc", "bin", "proc", "sys", "dev", "tmp"):
        (root / name).mkdir(parents=True)
    busybox = shutil.which("busybox")
    if (
        busybox is None
        or "static"
        not in subprocess.run(
            ["file", "-L", busybox], capture_output=True, text=True, check=False
        ).stdout
    ):
        pytest.skip("no busybox that needs no library")
    shutil.copy(busybox, root / "bin/busybox")
    (root / "bin/sh").symlink_to("busybox")
    (root / "etc/mine").write_text("mine\n")
    image = tmp_path / "disk"
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", root, image, "24M"], check=True)
    before = image.read_bytes()
    with RenewableTarget(life(drives=[image])) as machine:
        for _ in range(2):
            assert said(machine, "busybox cat /etc/mine; echo theirs > /etc/mine") == "mine\n"
            machine.renew("again")
    assert image.read_bytes() == before


def test_what_is_no_kernel_is_our_fault_and_soon_told(life, tmp_path):
    (tmp_path / "bzImage").write_bytes(b"\0" * 100_000)
    with (
        pytest.raises(TargetBroken, match="kernel"),
        RenewableTarget(life(kernel=tmp_path / "bzImage")),
    ):
        pass


KILLED = """
import sys, time
from pathlib import Path
from faultrun.model.campaign import TargetSpec
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.qemu import QemuLife
with RenewableTarget(QemuLife(Path(sys.argv[1]), TargetSpec(kind="qemu"), release="x")) as machine:
    print("up", flush=True)
    time.sleep(600)
"""


def test_a_killed_runner_leaves_nothing(qemu_kernel, tmp_path):
    runner = subprocess.Popen(
        [sys.executable, "-c", KILLED, qemu_kernel.path],
        stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    with runner:
        assert runner.stdout.readline() == b"up\n"
        (own,) = tmp_path.iterdir()
        runner.kill()
    for _ in range(600):
        left = [
            path for path in Path("/proc").glob("[0-9]*/cmdline")
            if os.fsencode(own) in path.read_bytes()
        ]  # fmt: skip
        if not left and not own.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"left: {left} {own}")
