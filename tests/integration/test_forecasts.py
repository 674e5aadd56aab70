"""Of every shipped campaign: what the plan forecasts is what the run injects."""

from pathlib import Path

import pytest

from data.engine_plans import Events, never
from faultrun.capabilities.registry import known
from faultrun.cli.forecast import forecast
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.oracles.registry import builtin
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.spec.load import load
from faultrun.targets.simulated import SimulatedTarget

CAMPAIGNS = sorted((Path(__file__).resolve().parents[2] / "campaigns").glob("*.yaml"))


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
def test_the_forecast_holds_for_every_step(path):
    campaign = load(path, overrides={}).campaign
    plan = forecast(make_plan(campaign, known(), selection=Selection(), seed=None)).plan
    events = Events()
    drive(
        plan,
        lambda name: SimulatedTarget(campaign.target, seed=plan.seed, machine=name),
        events,
        oracles=builtin(),
        gate=decide,
        slots=1,
        stop=never,
    )
    wrong = {}
    for task in plan.tasks:
        if not task.step.injections or not events.of("step.verdict", task.id):
            continue
        injected = events.of("step.verdict", task.id)[0].data["injected"]
        told = task.prediction
        assert told.known, (task.id, told.note)
        # Three standard deviations; where nothing is left to chance, exactly.
        if abs(injected - told.mean) > 3 * told.spread + 1e-9:
            wrong[task.id] = (told.mean, told.spread, injected)
    assert wrong == {}
