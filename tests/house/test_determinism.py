"""Same seed, same bytes: whatever the hash seed, the time zone, the folder or the locale."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CAMPAIGNS = sorted((ROOT / "campaigns").glob("*.yaml"))
SURROUNDINGS = [
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "7", "TZ": "America/St_Johns", "LC_ALL": "POSIX"},
]


def record(campaign, folder, surroundings, cwd):
    # Named from where it stands, from elsewhere, and from the root: by another path each time.
    named = os.path.relpath(campaign, cwd)
    done = subprocess.run(
        [sys.executable, "-m", "faultrun", named, "--out", str(folder), "--slots", "2"],
        cwd=cwd,
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return (folder / "events.jsonl").read_bytes()


@pytest.mark.parametrize("campaign", CAMPAIGNS, ids=lambda path: path.stem)
def test_record_is_the_same_everywhere(campaign, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folders = [ROOT, elsewhere, Path("/")]
    records = [
        record(campaign, tmp_path / f"run{number}", surroundings, folders[number])
        for number, surroundings in enumerate(SURROUNDINGS)
    ]
    assert records[0] == records[1] == records[2]


def test_another_seed_gives_another_plan_digest(tmp_path):
    def digest(seed):
        done = subprocess.run(
            [sys.executable, "-m", "faultrun", "plan", str(CAMPAIGNS[0]), "--seed", seed],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert digest("1") == digest("1")
    assert digest("1") != digest("2")
