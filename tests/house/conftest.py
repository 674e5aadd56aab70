"""One run of all shipped campaigns, which several tests look at."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """All campaigns in one command, as somebody types it: the folder of each one's record, by name."""
    files = sorted((ROOT / "campaigns").glob("*.yaml"))
    home = tmp_path_factory.mktemp("shipped")
    done = subprocess.run(
        [sys.executable, "-m", "faultrun", *map(str, files)],
        cwd=home,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    folders = {
        path.parents[1].name: path.parent for path in home.glob("faultrun-runs/*/*/run.json")
    }
    assert len(folders) == len(files)
    return folders
