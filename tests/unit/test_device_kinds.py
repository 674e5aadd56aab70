"""Kinds of device: one table for the language, the editor's schema and the simulated machine."""

import json
from collections import defaultdict

import pytest

from data.sim_machine import run
from faultrun.kernel.device_kinds.registry import KINDS
from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.model.mark import NOWHERE
from faultrun.resources import tree
from faultrun.simkernel.devices.kinds import MAKERS
from faultrun.spec.load import load
from faultrun.targets.simulated import SimulatedTarget

CAMPAIGN = """campaign: devices
target: {{simulated: {{devices: {{{name}: {{kind: {kind}{options}}}}}}}}}
steps: {{one: {{run: "true"}}}}
"""


def check(tmp_path, kind, name, options=""):
    path = tmp_path / "devices.yaml"
    path.write_text(CAMPAIGN.format(kind=kind, name=name, options=options))
    loaded = load(path, overrides={})
    return [(found.code, found.message, found.hint) for found in loaded.diagnostics]


def test_every_kind_can_be_made_and_every_maker_has_a_kind():
    assert set(KINDS) == set(MAKERS)
    schema = json.loads((tree("schemas") / "capability" / "device.json").read_text())
    assert schema["properties"]["kind"]["enum"] == list(KINDS)


def test_an_option_of_two_kinds_has_one_type_and_one_unit():
    seen = defaultdict(set)
    for kind in KINDS.values():
        for option in kind.options:
            seen[option.name].add((type(option.default), option.unit))
    assert not {name: forms for name, forms in seen.items() if len(forms) > 1}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_example_name_is_taken_and_its_disks_are_there(kind, tmp_path):
    assert check(tmp_path, kind.name, kind.example) == []
    device = DeviceSpec(name=kind.example, kind=kind.name, mark=NOWHERE)
    target = SimulatedTarget(TargetSpec(devices=(device,)), seed=1)
    there = run(target, "ls /dev").stdout.split()
    assert set(kind.names(device)) & set(there)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_number_is_bounded_with_its_unit(kind, tmp_path):
    bounded = [option for option in kind.options if option.maximum is not None]
    for option in bounded:
        assert option.unit
        told = check(tmp_path, kind.name, kind.example, f", {option.name}: {option.maximum + 1}")
        assert len(told) == 1
        assert told[0][0] == "FR021"
        assert option.unit in told[0][1]
        assert check(tmp_path, kind.name, kind.example, f", {option.name}: {option.maximum}") == []


def test_an_option_of_another_kind_is_refused(tmp_path):
    told = check(tmp_path, "loop", "loop0", ", namespaces: 2")
    assert told == [
        ("FR011", "a device of kind loop has no option 'namespaces'", "known: partitions, size_mib")
    ]


def test_a_device_has_the_name_that_its_driver_gives(tmp_path):
    assert check(tmp_path, "null_blk", "sda") == [
        ("FR015", "a disk of the null_blk driver cannot be called 'sda'", "write nullb0")
    ]


def test_partitions_can_be_meant_both_ways():
    device = DeviceSpec(name="sda", kind="scsi_debug", options=(("partitions", 2),), mark=NOWHERE)
    names = KINDS["scsi_debug"].names(device)
    assert names == ("sda", "sda/sda1", "sda1", "sda/sda2", "sda2")
