"""Campaigns that must not pass, from outside: exit code and every printed word are in golden texts.

`FAULTRUN_UPDATE_GOLDEN=1 pytest tests/verdicts/test_meta.py` writes the texts anew: read the difference.
"""

import json
import os
import re
import subprocess
import sys

import pytest

from data.verdicts import ROOT

FOLDER = ROOT / "tests" / "verdicts" / "meta"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
CODES = {"fail": 1, "vacuous": 1, "skip": 1, "error": 3}


def told(name, cwd):
    words = [sys.executable, "-m", "faultrun", "run", FOLDER / f"{name}.yaml", "--no-report"]
    done = subprocess.run(
        [*words, "--out", "run", "--json"],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    document = json.loads(done.stdout)
    lines = [f"exit code {done.returncode}"]
    for step in document["steps"]:
        lines.append(
            f"{step['verdict']} {step['id']}: {step['outcome']}, {step['injected']} injected"
        )
        lines += [f"  {reason}" for reason in step["reasons"]]
    lines.append("gate passed" if document["gate"]["passed"] else "gate FAILED")
    lines += [f"  {violation}" for violation in document["gate"]["violations"]]
    printed = re.sub(r"^\S*/", "", done.stderr, flags=re.MULTILINE)
    assert document["exit"] == done.returncode
    return "\n".join(lines) + "\n---\n" + printed, done.returncode, document


@pytest.mark.parametrize("name", NAMES)
def test_it_does_not_pass_and_says_why(name, tmp_path):
    text, code, document = told(name, tmp_path)
    kind = name.partition("-")[0]
    assert code == CODES[kind]
    verdicts = [step["verdict"] for step in document["steps"]]
    assert kind.upper() in verdicts
    assert "PASS" not in verdicts
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("FAULTRUN_UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("kind", sorted(CODES))
def test_there_are_at_least_two_of_each(kind):
    assert sum(name.startswith(f"{kind}-") for name in NAMES) >= 2
