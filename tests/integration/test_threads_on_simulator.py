"""The shipped campaigns through the threaded driver, on simulated machines: the same verdicts."""

from pathlib import Path

import pytest

from data.engine_plans import Events, never
from data.threaded import go
from faultrun.capabilities.registry import builtin as capabilities
from faultrun.engine import drive_virtual
from faultrun.gate.policy import decide
from faultrun.model.verdict import Verdict
from faultrun.oracles.registry import builtin
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.spec.load import load
from faultrun.targets.simulated import SimulatedTarget

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGNS = sorted(path.name for path in (ROOT / "campaigns").glob("*.yaml"))


def told(events):
    """Everything that a step's end says but for times."""
    return {
        event.step: {key: value for key, value in event.data.items() if key != "elapsed_ns"}
        for event in events.of("step.verdict") + events.of("step.skip")
    }


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_the_driver_makes_no_difference_to_any_verdict(name):
    campaign = load(ROOT / "campaigns" / name, overrides={}).campaign
    made = make_plan(campaign, capabilities(), selection=Selection(), seed=None)

    def machine(name):
        return SimulatedTarget(made.campaign.target, seed=made.seed, machine=name)

    events = Events()
    virtual = drive_virtual.drive(
        made, machine, events, oracles=builtin(), gate=decide, slots=3, stop=never
    )
    threaded, theirs = go(made, machine, slots=3)
    assert not threaded.failure
    assert threaded.restored
    assert threaded.verdicts == virtual.verdicts
    assert told(theirs) == told(events)
    assert threaded.injected == virtual.injected
    assert threaded.gate == virtual.gate
    assert len(threaded.verdicts) == len(made.tasks)
    assert set(threaded.verdicts.values()) - {Verdict.SKIP}
    for item in made.tasks:
        mine = [event.kind for event in theirs.events if event.step == item.id]
        assert mine == [event.kind for event in events.events if event.step == item.id]
