"""What a report says of a record: everything in it, nothing else, whatever is damaged."""

import json

import pytest

from data.sample_run import write
from faultrun.report.build import Source, run_view
from faultrun.report.html import render
from faultrun.report.render import open_run, write_report
from faultrun.report.text import summary
from faultrun.report.view import NOT_RUN


def step(view, name):
    return next(step for step in view.steps if step.id == name)


@pytest.fixture
def fifty(tmp_path):
    return open_run(write(tmp_path / "run", 50))


def test_counts_and_decision(fifty):
    assert dict(fifty.counts) == {
        "ERROR": 1, "FAIL": 2, "VACUOUS": 1, NOT_RUN: 0, "SKIP": 1, "PASS": 45
    }  # fmt: skip
    assert fifty.gate.passed is False
    assert fifty.gate.headline == "Gate failed"
    assert "Exactly 45 faults were injected." in fifty.gate.sentences
    assert any("(FAIL)" in violation for violation in fifty.gate.violations)
    assert fifty.rerun == "faultrun campaigns/nvme-admin.yaml --seed 20260817"


def test_what_went_wrong_is_told_once_with_its_steps(fifty):
    failed = next(story for story in fifty.failures if story.title == "FAIL")
    assert failed.steps == ("never-retried[nth=2]", "io-retried[nth=4]")
    assert {gap.title for gap in fifty.gaps} == {"Skipped", "Nothing proven", "Simulated kernel"}


def test_an_attribute_is_followed_from_before_to_after(fifty):
    space = next(
        write for write in step(fifty, "reset-dies[nth=3]").evidence.writes
        if write.path.endswith("/space")
    )  # fmt: skip
    assert (space.before, space.value, space.back, space.after) == ("0", "3", "3", "0")
    assert (space.armed_ok, space.restored_ok) == (True, True)


def test_a_step_says_how_to_run_it_again(fifty):
    assert step(fifty, "reset-dies[nth=3]").rerun.endswith("--only 'reset-dies[nth=3]'")


def test_injections_say_where_they_fell(fifty):
    seen = step(fifty, "reset-dies[nth=3]").evidence
    assert seen.hits[0].task == "nvme[94]"
    assert seen.hits[0].on_path is True
    assert [line.text.split("\n")[0] for line in seen.log if line.injected] == [
        "FAULT_INJECTION: forcing a failure."
    ]


def test_a_run_that_was_cut_short(tmp_path):
    folder = write(tmp_path / "run", 50, end=False)
    events = folder / "events.jsonl"
    raw = events.read_bytes()
    events.write_bytes(raw[: len(raw) * 2 // 3])
    view = open_run(folder)
    assert view.gate.passed is None
    assert view.gate.headline == "No decision"
    assert dict(view.counts)[NOT_RUN] > 5
    assert any("cut short" in note for note in view.notes)
    assert b"No decision" in render(view)


@pytest.mark.parametrize(
    "damage",
    [
        {}, {"header": {"campaign": 3, "seed": "x", "target": [], "gate": None}},
        {"tasks": [{}, {"id": 7}, {"id": "a", "writes": [1, {"path": None}], "needs": "a"}]},
        {"tasks": [{"id": "a", "origin": "a", "needs": ["b"]}, {"id": "b", "origin": "b", "needs": ["a"]}]},
        {"events": [("step.verdict", 3, "a", {"verdict": "ODD", "findings": [None], "reasons": 4})],
         "tasks": [{"id": "a"}]},
        {"events": [("evidence", 1, "ghost", {"log": "x"}), ("run.end", 2, "", {"gate": [], "counts": {"PASS": 9}})]},
    ],
)  # fmt: skip
def test_damaged_records_are_shown_not_refused(damage):
    given = {"header": {}, "tasks": [], "events": [], **damage}
    view = run_view(Source(**given, torn=False, sha256="0" * 64, folder="x"))
    assert render(view)
    assert summary(view)


def test_a_total_that_does_not_fit_is_reported(tmp_path):
    folder = write(tmp_path / "run", 50)
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    last = json.loads(lines[-1])
    last["data"]["counts"]["PASS"] = 50
    lines[-1] = json.dumps(last)
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert any("differ from its steps" in note for note in open_run(folder).notes)


def test_the_same_record_gives_the_same_bytes(tmp_path):
    folder = write(tmp_path / "run", 50, hostile=True)
    first = write_report(folder, tmp_path / "one.html").read_bytes()
    assert write_report(folder, tmp_path / "two.html").read_bytes() == first


def test_the_text_has_a_line_for_each_step_and_the_decision(fifty):
    lines = summary(fifty).splitlines()
    assert sum(line.startswith("PASS ") for line in lines) == 45
    failed = next(line for line in lines if line.startswith("FAIL"))
    assert "never-retried[nth=2]" in failed
    assert "The exit status is 0" in failed
    assert any(line.startswith("50 steps: 1 ERROR, 2 FAIL") for line in lines)
    assert any(line.startswith("GATE FAILED.") for line in lines)
