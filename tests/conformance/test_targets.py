"""One suite for every target that is present."""

import pytest

from faultrun.model.campaign import TargetSpec
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.local import LocalTarget
from faultrun.targets.simulated import SimulatedTarget
from faultrun.targets.uml import UmlLife
from faultrun.testing import CHECKS, Sample

SAMPLE = Sample(directory="/sys/kernel/debug/failslab", number="interval")


@pytest.fixture(params=["simulated", "local", pytest.param("uml", marks=pytest.mark.real)])
def open_target(request, tmp_path):
    if request.param == "uml":
        kernel = request.getfixturevalue("uml_kernel")
        life = UmlLife(kernel.path, TargetSpec(kind="uml"), release=kernel.release)
        return lambda: RenewableTarget(life)
    if request.param == "simulated":
        return lambda: SimulatedTarget(TargetSpec(), seed=1, machine="m")
    folder = tmp_path / "sys/kernel/debug/failslab"
    folder.mkdir(parents=True)
    for name in ("interval", "probability"):
        (folder / name).write_text("0\n")
    return lambda: LocalTarget(tmp_path)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_target_keeps_the_contract(check, open_target):
    check(open_target, SAMPLE)
