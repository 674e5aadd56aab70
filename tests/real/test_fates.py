"""A kernel that stops, one that hangs and one that kills a task are told apart, and a clean one comes."""

import os
import signal

import pytest

from faultrun.model.campaign import TargetSpec
from faultrun.model.target import Command, TargetBroken, TargetDied
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.uml import UmlLife

pytestmark = pytest.mark.real

SECOND_NS = 1_000_000_000
DIRECT = "/sys/kernel/debug/provoke-crash/DIRECT"


@pytest.fixture
def guest(uml_kernel):
    life = UmlLife(uml_kernel.path, TargetSpec(kind="uml"), release=uml_kernel.release)
    with RenewableTarget(life) as machine:
        yield machine


def crash(guest, kind):
    return guest.run(Command(timeout_ns=60 * SECOND_NS, script=f"echo {kind} > {DIRECT}"))


def test_a_panic_is_no_hang(guest):
    with pytest.raises(TargetDied, match="kernel panic: dumptest") as died:
        crash(guest, "PANIC")
    assert not died.value.hung
    assert any("Kernel panic" in line.text for line in died.value.log_tail)
    guest.recover("it panicked")
    assert guest.run(Command(timeout_ns=20 * SECOND_NS, script="echo up")).stdout == "up\n"


def test_a_kernel_that_stands_still_hangs(guest):
    with pytest.raises(TargetDied, match="hangs") as died:
        crash(guest, "HARDLOCKUP")
    assert died.value.hung
    guest.recover("it hung")
    assert guest.run(Command(timeout_ns=20 * SECOND_NS, script="echo up")).stdout == "up\n"


def test_a_warning_is_survived(guest):
    assert crash(guest, "WARNING").exit_code == 0
    lines, _cursor, _lost = guest.log(0)
    assert any("WARNING" in line.text for line in lines)


def test_a_keeper_that_is_killed_is_no_end_of_a_kernel(guest):
    process = guest._life._guest.process
    os.kill(process._keeper.pid, signal.SIGKILL)
    with pytest.raises(TargetBroken, match="killed from outside"):
        guest.run(Command(timeout_ns=20 * SECOND_NS, script="sleep 5"))
    guest.recover("its keeper was killed")
    assert not process.folder.exists()
    assert guest.run(Command(timeout_ns=20 * SECOND_NS, script="echo up")).stdout == "up\n"
