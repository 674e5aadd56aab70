"""A capability of another distribution, installed beside faultrun, from outside."""

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from faultrun.capabilities.plugins import taken
from faultrun.capabilities.registry import builtin

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "tests" / "plugin"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
            "--no-build-isolation", "--target", str(folder), str(EXAMPLE),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return folder


def faultrun(folder, site, *words):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "runner"), str(site)])}
    return subprocess.run(
        [sys.executable, "-m", "faultrun", *words],
        cwd=folder, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_its_campaign_runs_and_the_record_names_it(site, tmp_path):
    done = faultrun(tmp_path, site, str(EXAMPLE / "widget.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 PASS; 1 fault injected" in done.stderr + done.stdout
    header = next(tmp_path.rglob("run.json")).read_text()
    assert '"fail_widget"' in header
    assert "faultrun-fail-widget 1.0" in header


def test_it_is_forecast_explained_and_checked_like_any_other(site, tmp_path):
    planned = faultrun(tmp_path, site, "plan", str(EXAMPLE / "widget.yaml"))
    assert "1.0" in next(line for line in planned.stdout.splitlines() if "forecast" in line)
    told = faultrun(tmp_path, site, "explain", "fail_widget").stdout
    assert "drivers/misc/widget.c:widget_spin()" in told
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        (EXAMPLE / "widget.yaml").read_text().replace("ignore-idle: N", "ignore-idel: N")
    )
    said = faultrun(tmp_path, site, "check", str(wrong))
    assert said.returncode == 2
    assert "error[FR012]" in said.stderr
    assert "ignore-idle" in said.stderr
    listed = faultrun(tmp_path, site, "explain", "--plugins").stdout
    assert listed.startswith("fail_widget")
    assert "cannot be used" not in listed


def test_without_it_the_campaign_names_what_is_missing(tmp_path):
    said = faultrun(tmp_path, tmp_path, "check", str(EXAMPLE / "widget.yaml"))
    assert said.returncode == 2
    assert "FR017" in said.stderr
    assert "fail_widget" in said.stderr


def test_a_broken_one_is_left_out_and_said(site, tmp_path):
    broken = tmp_path / "broken-1.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (broken / "entry_points.txt").write_text(
        "[faultrun.capabilities]\nfail_gadget = no_such_module:X\nfail_widget = os:path\n"
        "[faultrun.programs]\nwidgetctl = no_such_module:X\ngadget = no_such_module:X\n"
    )
    both = f"{tmp_path}{os.pathsep}{site}"
    told = faultrun(tmp_path, both, "explain", "--plugins").stdout
    assert "fail_gadget" in told
    assert "cannot be loaded: ModuleNotFoundError" in told
    assert "is a module, not a Capability" in told
    campaign = tmp_path / "c.yaml"
    campaign.write_text(
        "campaign: c\nsteps:\n  s:\n    inject:\n"
        "      fail_gadget: {probability: 100, times: 1}\n    run: gadget\n    expect: {exit: 1}\n"
    )
    said = faultrun(tmp_path, both, "check", str(campaign))
    assert said.returncode == 2
    assert "'fail_gadget' of broken 1 cannot be loaded" in said.stderr
    campaign.write_text("campaign: c\nsteps:\n  s:\n    run: gadget\n    expect: {exit: 1}\n")
    skipped = faultrun(tmp_path, both, str(campaign))
    assert "program 'gadget' of broken cannot be loaded" in skipped.stdout + skipped.stderr


def entry(name, value):
    return EntryPoint(name=name, value=value, group="faultrun.capabilities")


def test_no_name_is_taken_twice():
    twice = [entry("x", "faultrun.capabilities.nvme:NVME"), entry("x", "os:path")]
    assert all(item.problem for item in taken(twice, frozenset()))
    own = taken([entry("nvme", "faultrun.capabilities.nvme:NVME")], frozenset(builtin()))
    assert "of its own" in own[0].problem
    other = taken([entry("x", "faultrun.capabilities.nvme:NVME")], frozenset())
    assert "calls itself 'nvme'" in other[0].problem
    good = taken([entry("nvme", "faultrun.capabilities.nvme:NVME")], frozenset())
    assert not good[0].problem
    assert good[0].capability is builtin()["nvme"]
