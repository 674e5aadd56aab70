"""The record of every shipped campaign is what ``schemas/record.v1.json`` says, key by key."""

import json
from pathlib import Path

import jsonschema
import pytest

from data.engine_plans import never
from data.killed_run import WHEN
from faultrun.capabilities.registry import known
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.oracles.registry import builtin
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.record.writer import Recorder
from faultrun.resources import tree
from faultrun.spec.load import load
from faultrun.targets.simulated import SimulatedTarget

CAMPAIGNS = sorted((Path(__file__).resolve().parents[2] / "campaigns").glob("*.yaml"))
SCHEMA = json.loads((tree("schemas") / "record.v1.json").read_text(encoding="utf-8"))


def strict(part):
    """Readers pass over keys that they do not know; what we write ourselves has to be described."""
    if isinstance(part, list):
        return [strict(item) for item in part]
    if not isinstance(part, dict):
        return part
    made = {key: strict(item) for key, item in part.items()}
    if "properties" in made and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def validator(part):
    return jsonschema.Draft202012Validator(
        {"$defs": strict(SCHEMA["$defs"]), "$ref": f"#/$defs/{part}"}
    )


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
def test_every_line_is_described(path, tmp_path):
    campaign = load(path, overrides={}).campaign
    plan = make_plan(campaign, known(), selection=Selection(), seed=None)
    folder = tmp_path / "run"
    info = SimulatedTarget(campaign.target, seed=plan.seed, machine="any").info
    with Recorder.start(folder, plan, info, WHEN) as recorder:
        drive(
            plan,
            lambda name: SimulatedTarget(campaign.target, seed=plan.seed, machine=name),
            recorder,
            oracles=builtin(),
            gate=decide,
            slots=4,
            stop=never,
        )
    for part in ("run", "plan"):
        validator(part).validate(json.loads((folder / f"{part}.json").read_text()))
    event = validator("event")
    lines = (folder / "events.jsonl").read_text().splitlines()
    assert len(lines) > 2
    for line in lines:
        event.validate(json.loads(line))
