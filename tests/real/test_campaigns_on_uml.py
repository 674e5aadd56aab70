"""Every campaign that says that it runs on User-mode Linux, as somebody types it, on a real kernel."""

import subprocess
import sys
from pathlib import Path

import pytest

from faultrun.spec.load import load

ROOT = Path(__file__).resolve().parents[2]


def runs_on(path, kind):
    campaign = load(path, overrides={}).campaign
    return kind in {spec.kind for spec in campaign.targets}


NAMES = sorted(path.stem for path in (ROOT / "campaigns").glob("*.yaml") if runs_on(path, "uml"))


@pytest.mark.real
@pytest.mark.parametrize("name", NAMES)
def test_the_gate_passes_on_a_real_kernel(name, uml_kernel, tmp_path):
    where = ["--target", "uml", "--kernel", str(uml_kernel.path), "--slots", "3"]
    file = str(ROOT / "campaigns" / f"{name}.yaml")
    done = subprocess.run(
        [sys.executable, "-m", "faultrun", "run", *where, "--out", str(tmp_path / "run"), file],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gate passed" in done.stdout
