"""What every shipped campaign plans and what comes of it, step by step, beside it as text.

`FAULTRUN_UPDATE_GOLDEN=1` writes the files again; look at the difference before keeping it.
"""

import json
import os
from pathlib import Path

import pytest

from faultrun.spec.load import load

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "golden" / "shipped"
NAMES = sorted(path.stem for path in (ROOT / "campaigns").glob("*.yaml"))


def events_of(folder):
    found = {}
    for line in (folder / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        found.setdefault(event["step"], {})[event["kind"]] = event["data"]
    return found


def planned(task):
    prediction = task["prediction"]
    if prediction["known"]:
        yield f"  forecast {prediction['mean']:g}, spread {prediction['spread']:.2g}, {prediction['checks']} checks"
    for write in task["writes"]:
        yield f"  write {write['value']!r} to {write['path']}"


def happened(events):
    """How the workload ended and the verdict; a skipped step has its reasons only."""
    if "step.skip" in events:
        yield f"  SKIP {'; '.join(events['step.skip']['reasons'])}"
        return
    command = events.get("command")
    if command:
        end = command["signal"] or command["exit"]
        yield f"  ended with {end} after {command['elapsed_ns'] // 1_000_000} ms"
        for stream in ("stdout", "stderr"):
            if command[stream]:
                yield f"  {stream} {command[stream][:160]!r}"
    for count in events.get("evidence", {}).get("counts", []):
        yield f"  {count['capability']}: {count['injected']} injected"
    verdict = events["step.verdict"]
    yield f"  {verdict['verdict']} {verdict.get('outcome', '')}".rstrip()


def told(folder):
    events = events_of(folder)
    lines = []
    for task in json.loads((folder / "plan.json").read_text())["tasks"]:
        lines += [task["id"], *planned(task), *happened(events[task["id"]])]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_plan_and_record_are_as_agreed(name, shipped):
    text = told(shipped[name])
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("FAULTRUN_UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_no_golden_file_is_left_over():
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == NAMES


def test_the_table_of_campaigns_says_where_each_runs():
    table = (ROOT / "campaigns" / "README.md").read_text()
    for name in NAMES:
        campaign = load(ROOT / "campaigns" / f"{name}.yaml", overrides={}).campaign
        kinds = ", ".join(spec.kind for spec in campaign.targets)
        assert f"| [{name}.yaml]({name}.yaml) | {kinds} |" in table, name
