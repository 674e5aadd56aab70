"""One suite for every target that is present."""

import pytest

from data.ssh_server import must_be_there, program, server
from faultrun.model.campaign import TargetSpec
from faultrun.targets.agent_target import AgentTarget, RenewableTarget
from faultrun.targets.local import LocalTarget
from faultrun.targets.qemu import QemuLife
from faultrun.targets.simulated import SimulatedTarget
from faultrun.targets.ssh import RemoteMachine
from faultrun.targets.ssh_address import Address
from faultrun.targets.this_machine import ThisMachine
from faultrun.targets.uml import UmlLife
from faultrun.testing import CHECKS, Sample

SAMPLE = Sample(directory="/sys/kernel/debug/failslab", number="interval")


def simulated(_request, _tmp_path):
    return lambda: SimulatedTarget(TargetSpec(), seed=1, machine="m"), SAMPLE


def folder(_request, tmp_path):
    where = tmp_path / "sys/kernel/debug/failslab"
    where.mkdir(parents=True)
    for name in ("interval", "probability"):
        (where / name).write_text("0\n")
    return lambda: LocalTarget(tmp_path), SAMPLE


def uml(request, _tmp_path):
    kernel = request.getfixturevalue("uml_kernel")
    life = UmlLife(kernel.path, TargetSpec(kind="uml"), release=kernel.release)
    return lambda: RenewableTarget(life), SAMPLE


def qemu(request, _tmp_path):
    kernel = request.getfixturevalue("qemu_kernel")
    life = QemuLife(kernel.path, TargetSpec(kind="qemu"), release=kernel.release)
    return lambda: RenewableTarget(life), SAMPLE


def numbers(tmp_path):
    """A directory like a capability's, on a machine whose kernel need not have any."""
    for name in ("interval", "probability"):
        (tmp_path / name).write_text("0\n")
    return Sample(directory=str(tmp_path), number="interval")


def this_machine(_request, tmp_path):
    return lambda: AgentTarget(ThisMachine()), numbers(tmp_path)


def ssh(request, tmp_path):
    address = Address.parse("lab", (request.getfixturevalue("sshd").config,))
    return lambda: AgentTarget(RemoteMachine(address)), numbers(tmp_path)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory):
    if program() is None and not must_be_there():
        pytest.skip("there is no sshd (apt-get install openssh-server)")
    with server(tmp_path_factory.mktemp("sshd")) as running:
        yield running


REAL = [pytest.param(target, marks=pytest.mark.real) for target in (uml, qemu)]
TARGETS = (simulated, folder, this_machine, ssh, *REAL)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.__name__)
def test_target_keeps_the_contract(check, target, request, tmp_path):
    open_target, sample = target(request, tmp_path)
    check(open_target, sample)
