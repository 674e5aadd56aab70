"""The wheel that users install runs the campaigns exactly as the checkout does."""

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIGEST = re.compile(r"record sha256:([0-9a-f]{64})")


def run(*command, cwd):
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_sdist_to_wheel_to_clean_environment(tmp_path):
    run(sys.executable, "-m", "build", "--no-isolation", "-o", tmp_path / "dist", ROOT, cwd="/")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert list((tmp_path / "dist").glob("*.tar.gz"))
    venv.create(tmp_path / "clean", with_pip=True)
    python = tmp_path / "clean" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", wheel, cwd="/")
    faultrun = tmp_path / "clean" / "bin" / "faultrun"
    smoke = ROOT / "campaigns" / "smoke.yaml"
    installed = run(faultrun, smoke, "--out", tmp_path / "wheel-run", cwd="/")
    checkout = run(sys.executable, "-m", "faultrun", smoke, "--out", tmp_path / "src-run", cwd=ROOT)
    assert DIGEST.search(installed)
    assert DIGEST.search(installed).group(1) == DIGEST.search(checkout).group(1)
    shown = run(faultrun, "explain", "nvme", cwd="/")
    assert "dont_retry" in shown
    there = "from faultrun.kernels.arch import ARCHES as all; print([path.is_file() for one in all.values() for path in one.fragment_files()])"
    assert run(python, "-c", there, cwd="/").strip() == str([True] * 4)
    where = "import faultrun.resources as r; print(r.tree('campaigns'))"
    assert "_data" in run(python, "-c", where, cwd="/")
