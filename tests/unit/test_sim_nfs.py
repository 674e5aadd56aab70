"""NFS over the loop: what each side's faults cost, and that nothing is lost or done twice."""

import pytest

from data.sim_machine import machine, run
from faultrun.model.target import Command
from faultrun.simkernel.kernel import DEBUGFS

MOUNT = "mkdir -p /srv/nfs /mnt; exportfs -o rw localhost:/srv/nfs; mount -t nfs localhost:/srv/nfs /mnt"
SIDES = ("ignore-client-disconnect", "ignore-server-disconnect", "ignore-cache-wait")
SECOND = 1_000_000_000


def armed(*spared, **values):
    target = machine()
    for name, value in {
        "probability": 100,
        "times": 1,
        **dict.fromkeys(spared, "Y"),
        **values,
    }.items():
        target.write(f"{DEBUGFS}/fail_sunrpc/{name}", f"{value}\n".encode())
    return target


def left(target):
    return int(target.read(f"{DEBUGFS}/fail_sunrpc/times"))


def test_without_a_fault_it_costs_no_reconnect():
    done = run(
        machine(), f"{MOUNT} && echo hello > /mnt/a && cat /srv/nfs/a && ls /mnt && umount /mnt"
    )
    assert (done.exit_code, done.stdout) == (0, "hello\na\n")
    assert done.elapsed_ns < SECOND


@pytest.mark.parametrize("side", SIDES)
def test_each_side_is_retried_and_spared_by_its_own_switch(side):
    others = [name for name in SIDES if name != side]
    target = armed(*others, times=3)
    done = run(target, f"{MOUNT} && echo hello > /mnt/a && cat /srv/nfs/a")
    assert (done.exit_code, done.stdout, left(target)) == (0, "hello\n", 0)
    spared = armed(*SIDES, times=3)
    assert run(spared, f"{MOUNT} && echo hello > /mnt/a").exit_code == 0
    assert left(spared) == 3


def test_a_broken_connection_costs_three_seconds_and_nothing_twice():
    target = armed("ignore-server-disconnect", "ignore-cache-wait", space=1)
    done = run(target, f"{MOUNT} && echo x >> /mnt/a && cat /mnt/a")
    assert done.stdout == "x\n"
    assert 3 * SECOND <= done.elapsed_ns < 4 * SECOND


def test_without_end_the_task_hangs():
    target = armed("ignore-server-disconnect", times=-1)
    done = run(target, MOUNT, timeout_ns=20 * SECOND)
    assert done.timed_out


def test_what_is_not_there_is_refused():
    assert run(machine(), "mkdir -p /mnt; mount -t nfs localhost:/nothing /mnt").exit_code == 32
    assert run(machine(), "exportfs -o rw localhost:/nothing").exit_code == 1
    far = machine().run(
        Command(timeout_ns=SECOND, script="mkdir -p /mnt; mount -t nfs far:/srv /mnt")
    )
    assert "another machine" in far.unmodelled


def test_a_mount_in_use_stays():
    done = run(machine(), MOUNT + "; { umount /mnt; } 3>/mnt/a; umount /mnt && echo gone")
    assert done.stdout == "gone\n"
    assert "target is busy" in done.stderr
