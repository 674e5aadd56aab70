"""Every capability is complete: source, schema, limits, order, and a stated simulator position."""

import json
import re

import pytest

from faultrun.capabilities.registry import builtin
from faultrun.model.capability import Arming
from faultrun.resources import tree

CAPABILITIES = builtin()
KERNEL_REF = re.compile(r"^(include|lib|mm|fs|block|drivers|kernel|net)/[\w./-]+\.[ch]:\w+(\(\))?$")


@pytest.mark.parametrize("name", CAPABILITIES)
def test_capability_names_its_kernel_source(name):
    capability = CAPABILITIES[name]
    refs = (*capability.kernel_refs, *(spec.kernel_ref for spec in capability.attrs))
    assert refs
    assert [ref for ref in refs if not KERNEL_REF.match(ref)] == []


@pytest.mark.parametrize("name", CAPABILITIES)
def test_arm_order_lists_every_attribute_once_and_the_trigger_last(name):
    capability = CAPABILITIES[name]
    assert sorted(capability.arm_order) == sorted(spec.name for spec in capability.attrs)
    # What the workload arms itself has nothing for the engine to write.
    assert capability.arm_order[-1:] == ((capability.trigger,) if capability.attrs else ())
    assert capability.attrs or capability.arming is Arming.WORKLOAD


@pytest.mark.parametrize("name", CAPABILITIES)
def test_every_attribute_has_unit_and_summary(name):
    for spec in CAPABILITIES[name].attrs:
        assert spec.unit
        assert spec.summary.endswith(".")


@pytest.mark.parametrize("name", CAPABILITIES)
def test_capability_has_a_schema_with_all_its_attributes(name):
    schema = json.loads((tree("schemas") / "capability" / f"{name}.json").read_text())
    names = {spec.name for spec in CAPABILITIES[name].attrs}
    assert names <= set(schema["properties"])
    assert all(schema["properties"][key].get("description") for key in names)


def test_a_capability_of_the_task_has_no_switches():
    for capability in CAPABILITIES.values():
        if capability.arming is Arming.TASK:
            assert not capability.switches
