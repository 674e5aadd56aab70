"""The simulated machine behind the seam: tasks, faults in programs, time, handles, determinism."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from data.sim_machine import machine, run
from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.model.interrupt import Interruptible
from faultrun.model.mark import NOWHERE
from faultrun.model.target import AttrRefused, Command, Counting, Renewable, TargetBroken
from faultrun.targets.simulated import SimulatedTarget

ROOT = Path(__file__).resolve().parents[2]
SLAB = "/sys/kernel/debug/failslab"
COPY = "/sys/kernel/debug/fail_usercopy"


def arm(target, directory, **settings):
    for name, value in {"verbose": 1, **settings, "probability": 100}.items():
        target.write(
            f"{directory}/{name.replace('_', '-') if name != 'dont_retry' else name}",
            f"{value}\n".encode(),
        )


def test_it_has_the_optional_powers():
    target = machine()
    assert isinstance(target, Renewable)
    assert isinstance(target, Counting)
    assert isinstance(target, Interruptible)
    assert (target.info.durable, target.info.disposable, target.info.kind) == (
        False,
        True,
        "simulated",
    )


def test_a_kernel_or_device_that_is_not_known_is_broken():
    with pytest.raises(TargetBroken, match="not a kernel version"):
        SimulatedTarget(TargetSpec(kernel="six"), seed=1)
    device = DeviceSpec(name="x0", kind="floppy", mark=NOWHERE)
    with pytest.raises(TargetBroken, match="'x0' is of kind 'floppy'"):
        SimulatedTarget(TargetSpec(devices=(device,)), seed=1)


def test_probe_tells_what_is_usable_and_why_the_rest_is_not():
    facts = machine().probe()
    assert {"nvme", "failslab", "fail_make_request", "fail-nth"} <= facts.capabilities
    assert "dd" in facts.programs
    bare = SimulatedTarget(TargetSpec(), seed=1).probe()
    assert bare.missing["nvme"] == ("the simulated machine has no device of kind nvme",)


def test_held_files_work_while_nothing_else_can_be_opened():
    target = machine()
    target.hold([f"{SLAB}/probability", f"{SLAB}/times"])
    arm(target, SLAB, ignore_gfp_wait="N", times=-1)
    with pytest.raises(AttrRefused, match="ENOMEM"):
        target.read(f"{SLAB}/space")
    assert target.read(f"{SLAB}/times") == b"-1\n"
    target.write(f"{SLAB}/probability", b"0\n")
    assert target.read(f"{SLAB}/space") == b"0\n"
    target.release()


def test_only_marked_tasks_are_hit_with_the_task_filter():
    target = machine()
    target.hold([f"{SLAB}/{name}" for name in ("probability", "times")])
    arm(target, SLAB, ignore_gfp_wait="N", times=10**6, task_filter="Y")
    assert run(target, "ls /tmp").exit_code == 0
    done = run(target, "ls /tmp; ls /tmp", mark=True)
    assert done.exit_code == 126
    assert done.stderr == "bash: Cannot allocate memory\n"
    assert run(target, argv=("ls", "/tmp"), mark=True).stderr == "ls: Cannot allocate memory\n"


def test_a_program_meets_each_of_its_points_with_fail_nth():
    target = machine()
    target.write(f"{SLAB}/ignore-gfp-wait", b"N\n")
    seen = {}
    for nth in range(1, 200):
        done = run(target, argv=("ls", "/tmp"), nth=nth)
        if done.fail_nth_left:
            break
        seen.setdefault((done.exit_code, done.signal, done.stderr), []).append(nth)
        assert done.fail_nth_left == 0
    assert 15 < nth < 60
    texts = " ".join(str(key) for key in seen)
    assert "Cannot allocate memory" in texts
    assert "Bad address" in texts
    assert (None, 11, "") in seen
    assert "ls: cannot open directory '/tmp': Cannot allocate memory" in texts


def test_a_script_of_one_program_is_that_program():
    target = machine()
    target.write(f"{SLAB}/ignore-gfp-wait", b"N\n")
    assert run(target, "ls /tmp", nth=10**6).fail_nth_left < 10**6 - 15
    assert len(run(target, "ls /tmp").pids) == 1
    assert len(run(target, "ls /tmp; ls /tmp").pids) == 3


def test_a_fork_that_fails_ends_the_shell():
    target = machine()
    script = f"echo N > {SLAB}/ignore-gfp-wait; echo 100 > {SLAB}/probability; ls; echo never"
    done = run(target, script)
    assert (done.exit_code, done.stdout) == (254, "")
    assert done.stderr == "bash: line 1: fork: Cannot allocate memory\n"


def test_usercopy_at_100_percent_locks_every_write_out():
    target = machine()
    target.hold([f"{COPY}/probability"])
    arm(target, COPY, times=-1)
    with pytest.raises(AttrRefused, match="EFAULT"):
        target.write(f"{COPY}/probability", b"0\n")
    target.recover("locked out")
    assert target.read(f"{COPY}/probability") == b"0\n"


def test_the_timeout_is_virtual_and_kills_everything():
    target = machine()
    before = target.clock.now_ns()
    done = run(target, "echo begun; (sleep 100; echo never)", timeout_ns=5 * 10**9)
    assert (done.exit_code, done.signal, done.timed_out, done.stdout) == (None, 9, True, "begun\n")
    assert done.elapsed_ns == target.clock.now_ns() - before == 5 * 10**9
    assert target.list("/proc") == target.list("/proc")
    with pytest.raises(AttrRefused):
        target.read(f"/proc/{done.pids[-1]}/make-it-fail")


def test_an_endless_loop_meets_its_timeout_soon():
    done = run(machine(), "while :; do :; done", timeout_ns=60 * 10**9)
    assert done.timed_out


def test_a_stop_ends_the_command_without_calling_it_a_timeout():
    target = machine()
    target.stop_when(lambda: True)
    done = run(target, "for i in $(seq 10000); do :; done")
    assert (done.signal, done.timed_out) == (9, False)


def test_standard_input_and_environment_reach_the_workload():
    target = machine()
    done = target.run(
        Command(script="read a; echo $a $X", stdin="word\n", env=(("X", "y z"),), timeout_ns=10**9)
    )
    assert done.stdout == "word y z\n"


def test_bytes_that_are_no_text_are_shown_as_hex():
    assert run(machine(), r"printf '\xff\n'").stdout == "\\xff\n"


def test_files_of_the_machine_are_reached_through_the_seam():
    target = machine()
    target.write("/tmp/x", b"data")
    assert target.read("/tmp/x") == b"data"
    assert target.list("/tmp") == ("x",)
    assert "nvme0n1" in target.list("/dev")
    assert target.list("/sys/class/nvme") == ("nvme0",)
    with pytest.raises(AttrRefused, match="ENOENT"):
        target.read("/tmp/nope")


def test_a_renewed_machine_remembers_nothing():
    target = machine()
    run(target, "echo x > /dev/nvme0n1; mkfs.ext4 -q /dev/nvme0n1")
    target.write(f"{SLAB}/interval", b"7\n")
    target.renew("other")
    assert run(target, f"head -c 1 /dev/nvme0n1 | tr '\\0' z; cat {SLAB}/interval").stdout == "z1\n"


def test_checks_are_counted_for_the_forecast():
    target = machine()
    target.write(f"{SLAB}/ignore-gfp-wait", b"N\n")
    target.forget_checks()
    run(target, "dd if=/dev/nvme0n1 of=/dev/null bs=4k count=3 iflag=direct", mark=True)
    checks = target.checks()
    assert [(c.count, c.in_task) for c in checks["/sys/kernel/debug/nvme0n1/fault_inject"]] == [
        (3, False)
    ]
    assert all(check.marked for check in checks[SLAB])
    assert any(check.first for check in checks[SLAB])


SCRIPT = """
mkfs.ext4 -q /dev/nvme0n1; mount /dev/nvme0n1 /mnt
dd if=/dev/urandom of=/mnt/f bs=4k count=8 conv=fsync; sha256sum /mnt/f; mktemp
D=/sys/kernel/debug/nvme0n1/fault_inject; echo 30 > $D/probability; echo -1 > $D/times
for i in $(seq 20); do echo 3 > /proc/sys/vm/drop_caches; cmp /mnt/f /mnt/f || echo $i; done; dmesg
"""


def test_the_same_seed_and_name_give_the_same_bytes_in_every_process():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from data.sim_machine import *\n"
        "t = machine(seed=int(sys.argv[2])); t.renew(sys.argv[3]); d = run(t, sys.argv[4])\n"
        "print(d.stdout, d.stderr, t.clock.now_ns())"
    )

    def once(hashing, seed, name, zone):
        env = {**os.environ, "PYTHONHASHSEED": hashing, "TZ": zone}
        words = [sys.executable, "-c", code, str(ROOT / "tests"), seed, name, SCRIPT]
        return subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout

    first = once("0", "1", "m", "UTC")
    assert "Input/output error" in first
    assert once("7", "1", "m", "Asia/Tokyo") == first
    assert once("7", "2", "m", "UTC") != first
    assert once("7", "1", "n", "UTC") != first


@pytest.mark.parametrize(
    "script",
    ["bomb() { bomb & bomb & }; bomb", ":(){ :|:& };:", "while :; do sleep 100 & done"],
)
def test_a_fork_bomb_meets_the_kernels_limit_and_not_this_machines(script):
    with SimulatedTarget(TargetSpec(), seed=1, machine="m") as target:
        done = target.run(Command(timeout_ns=2_000_000_000, script=script))
        assert done.timed_out or done.exit_code is not None
        assert threading.active_count() < 2_000
        assert target.run(Command(timeout_ns=2_000_000_000, script="echo on")).stdout == "on\n"
