"""The plan in words and as data."""

import json

import pytest

from data.plan_campaigns import fault, nvme, one, plan, step
from faultrun.model.campaign import Expectation
from faultrun.model.mark import NOWHERE
from faultrun.model.plan import Prediction
from faultrun.plan.explain import as_json, as_text
from faultrun.plan.words import amount, duration, expectation, forecast, percent, visible

KEYS = {
    "id", "origin", "summary", "needs", "group", "machine", "tags", "locks", "order", "cell",
    "timeout_ns", "script", "argv", "cleanup", "injections", "writes", "counters",
    "expectations", "prediction", "place",
}  # fmt: skip


def test_every_write_stands_in_the_text_in_order():
    built = plan(
        step("a", inject=[nvme(probability=100, times=2), fault("failslab", probability=5)])
    )
    text = as_text(built)
    places = [text.index(f"echo {write.value} > {write.path}") for write in built.tasks[0].writes]
    assert places == sorted(places)
    assert text.index("echo 0 > /sys/kernel/debug/failslab/probability") > places[-1]
    assert "echo OLD > /sys/kernel/debug/failslab/task-filter" in text


def test_nothing_in_the_text_rules_a_terminal():
    hostile = "\x1b[2Jgone\x07\u202e"
    text = as_text(plan(step("a", run=f"echo {hostile}", summary=hostile)))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "\\x1b[2Jgone" in text


def test_the_data_has_every_key_and_is_plain():
    built = plan(
        step(
            "a",
            inject=[nvme(line=20, probability=100, dont_retry=False)],
            expect={"kernel_log": {"has": ("x", "y")}},
            cleanup="true",
        )
    )
    (task,) = as_json(built)["tasks"]
    assert set(task) == KEYS
    assert json.loads(json.dumps(task)) == task
    assert task["writes"][-1] == {
        "path": "/sys/kernel/debug/nvme0n1/fault_inject/probability",
        "value": "100",
        "reads_back": "100",
        "origin": "campaign, made.yaml:21",
        "volatile": False,
        "trigger": True,
    }
    assert task["counters"] == [
        {
            "capability": "nvme",
            "path": "/sys/kernel/debug/nvme0n1/fault_inject/times",
            "budget": 1,
            "unlimited": False,
        }
    ]
    assert task["injections"][0]["where"] == {"device": "nvme0n1"}
    assert task["expectations"][0]["params"] == {"has": ["x", "y"]}
    assert task["place"] == "made.yaml:1:3"


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (1e-9, "less than 0.001 %"),
        (1 - 1e-9, "more than 99.999 %"),
        (0.2649, "26.5 %"),
        (0.27, "27 %"),
        (0.0026, "0.26 %"),
        (0.00005, "0.005 %"),
        (0.9950, "99.50 %"),
        (0.9999, "99.990 %"),
    ],
)
def test_only_certainties_are_round(part, text):
    assert percent(part) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (30 * 10**9, "30 s"),
        (120 * 10**9, "2 min"),
        (1500 * 10**6, "1,500 ms"),
        (7, "7 ns"),
        (0, "0 s"),
    ],
)
def test_durations_are_exact(ns, text):
    assert duration(ns) == text


def test_forecast_in_words():
    told = Prediction(known=True, note="", checks=6, mean=0.3, spread=0.534, vacuous_chance=0.735)
    assert forecast(told, (5,)) == (
        "expects 0.30 injections (spread 0.53) in 6 checks, chance of a vacuous run 73.5 %;"
        " 5 % a check means 26.5 % a run of 6 checks"
    )
    sure = Prediction(known=True, note="", checks=1, mean=1.0, spread=0.0, vacuous_chance=0.0)
    assert forecast(sure, (100,)) == (
        "expects 1.0 injections (spread 0.0) in 1 check, chance of a vacuous run 0 %"
    )
    assert forecast(Prediction(known=False, note="why"), ()) == "not known: why"
    assert forecast(Prediction(known=False, note=""), ()) == ""
    assert amount(6000.0) == "6,000.0"


def test_an_expectation_cannot_move_the_cursor():
    hostile = Expectation(oracle="stdout", params={"contains": ["a\x1b[2Jb"]}, mark=NOWHERE)
    assert expectation(hostile) == "standard output contains 'a\\x1b[2Jb'"


def test_a_task_that_marks_itself_says_so():
    text = as_text(
        plan(step("a", inject=[fault("failslab", probability=1), fault("fail-nth", nth=3)]))
    )
    assert "with make-it-fail 1 and fail-nth 3, set by the child before exec" in text


def test_visible_keeps_what_is_harmless():
    assert visible("naïve, ok") == "naïve, ok"
    assert one(nvme(probability=1)).machine == "only"
