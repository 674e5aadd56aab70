import os
import signal

import pytest

from faultrun.model.campaign import TargetSpec
from faultrun.model.target import Command, TargetBroken, TargetDied
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.uml import UmlLife

pytestmark = pytest.mark.real

SECOND_NS = 1_000_000_000


@pytest.fixture
def life(uml_kernel):
    return UmlLife(uml_kernel.path, TargetSpec(kind="uml"), release=uml_kernel.release)


def test_a_guest_that_somebody_kills_is_our_trouble_and_no_kernel_of_theirs(life):
    with RenewableTarget(life) as guest:
        number = int((life._guest.process.folder / "guest/pid").read_text())
        os.kill(number, signal.SIGKILL)
        with pytest.raises(TargetBroken, match="killed from outside"):
            guest.run(Command(timeout_ns=SECOND_NS, script="true"))
        guest.recover("killed")
        assert guest.run(Command(timeout_ns=10 * SECOND_NS, script="echo up")).stdout == "up\n"


def test_a_guest_whose_kernel_panics_has_died(life):
    script = "echo PANIC > /sys/kernel/debug/provoke-crash/DIRECT"
    with RenewableTarget(life) as guest:
        with pytest.raises(TargetDied, match="kernel panic"):
            guest.run(Command(timeout_ns=30 * SECOND_NS, script=script))
        guest.renew("again")
        assert guest.run(Command(timeout_ns=10 * SECOND_NS, script="echo up")).stdout == "up\n"
