"""Campaigns that say that they run on QEMU, as somebody types them, on a real kernel.

Of the crash types, one of every fate and all that end a machine: the others take no more than a
line in the kernel's log, and their number takes minutes.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.real

WHOLE = ["fail-function", "mmc", "notifier", "nvme-admin"]
CRASHES = [
    *("types", "quiet*CORRUPT_LIST_ADD*", "warns*type=WARNING]", "segv*", "kill*WRITE_RO*"),
    *("panic*", "wedged*", "stuck*", "spinlockup", "interrupt", "submit-bh", "recursion"),
]


def run(name, kernel, folder, *words):
    where = ["--target", "qemu", "--kernel", str(kernel.path), "--slots", "1"]
    file = str(ROOT / "campaigns" / f"{name}.yaml")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "faultrun", "run", *where, *words),
            *("--out", str(folder / "run"), file),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gate passed" in done.stdout
    lines = (folder / "run" / "events.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def verdicts(events):
    found = [event for event in events if event["kind"] == "step.verdict"]
    return {event["step"]: event["data"] for event in found}


@pytest.mark.parametrize("name", WHOLE)
def test_the_gate_passes_on_a_whole_machine(name, qemu_kernel, tmp_path):
    judged = verdicts(run(name, qemu_kernel, tmp_path))
    assert sum(data["injected"] for data in judged.values()) >= len(judged) // 2


def test_crashes_of_every_fate_are_told_apart(qemu_kernel, tmp_path):
    words = [word for step in CRASHES for word in ("--only", step)]
    judged = verdicts(run("lkdtm", qemu_kernel, tmp_path, *words))
    assert {data["verdict"] for data in judged.values()} == {"PASS"}
    outcomes = {data["outcome"] for data in judged.values()}
    assert {"tolerated", "oops", "crash", "hang"} <= outcomes
    assert sum(data["outcome"] == "hang" for data in judged.values()) == 8
    assert sum(data["outcome"] == "crash" for data in judged.values()) == 7
