"""Whole outputs: each campaign of tests/golden/diagnostics gives exactly the text beside it.

`FAULTRUN_UPDATE_GOLDEN=1` writes them again; look at the difference before keeping it.
"""

import json
import os
from pathlib import Path

import pytest

from faultrun.cli.diagnostics import render_json, render_text
from faultrun.model.diagnostic import Severity
from faultrun.spec.codes import CODES
from faultrun.spec.load import load

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "diagnostics"
CAMPAIGNS = sorted(FOLDER.glob("*.yaml"))
ELSEWHERE = {
    "FR001",  # files that are not there: test_spec_source
    "FR002",  # large files: test_spec_source
    "FR060",  # the command line: test_spec_load
    "FR120",  # needs a dry run
    "FR121",  # needs a dry run
    "FR150",  # needs a plan: test_plan_boot
    "FR172",  # the command line: test_spec_targets
    *(f"FR18{number}" for number in range(6)),  # need a plan and a machine in use: test_hazards
}


def diagnostics(path, monkeypatch):
    monkeypatch.chdir(FOLDER)
    return load(Path(path.name), overrides={})


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
def test_text_is_as_agreed(path, monkeypatch):
    loaded = diagnostics(path, monkeypatch)
    text = render_text(loaded.diagnostics, color=False, closing="nothing was run")
    expected = path.with_suffix(".txt")
    if os.environ.get("FAULTRUN_UPDATE_GOLDEN"):
        expected.write_text(text)
    assert text == expected.read_text()
    has_errors = any(found.severity is Severity.ERROR for found in loaded.diagnostics)
    assert (loaded.campaign is None) == has_errors
    json.dumps(render_json(loaded.diagnostics))


def test_every_code_is_shown_by_some_golden_file(monkeypatch):
    seen = {
        found.code for path in CAMPAIGNS for found in diagnostics(path, monkeypatch).diagnostics
    }
    assert set(CODES) - seen == ELSEWHERE
