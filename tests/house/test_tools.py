"""The static tools, run as tests so that one command checks everything."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "ruff", "format", "--check", "--quiet", "runner", "tests"],
        ["-m", "ruff", "check", "--quiet", "runner", "tests"],
        ["-m", "mypy"],
    ],
    ids=["format", "ruff", "mypy"],
)
def test_tool_is_content(command):
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]


def test_imports_go_one_way():
    # The linter has no -m form: it is the script beside this interpreter.
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(script), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:]


def test_the_linter_sees_a_planted_import(tmp_path):
    """A check that cannot fail is no check: plant a forbidden import and see it reported."""
    copy = tmp_path / "runner"
    subprocess.run(["cp", "-r", str(ROOT / "runner"), str(copy)], check=True)
    victim = copy / "faultrun" / "report" / "view.py"
    victim.write_text(victim.read_text() + "\nimport faultrun.targets.simulated\n")
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(script), "--no-cache", "--config", str(ROOT / "pyproject.toml")],
        cwd=copy,
        env={"PYTHONPATH": str(copy), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    assert "faultrun.report" in done.stdout
