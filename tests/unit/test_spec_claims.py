"""Expectations in words, from the normalised form that plans and records hold."""

import pytest

from faultrun.spec.claims import claim


@pytest.mark.parametrize(
    ("oracle", "params", "said"),
    [
        ("exit", {"code": 3}, "the exit status is 3"),
        ("exit", {"nonzero": True}, "the exit status is not 0"),
        ("injected", {"min": 0, "max": 0}, "no fault is injected"),
        ("injected", {"min": 1, "max": 1}, "exactly 1 fault is injected"),
        ("injected", {"min": 2, "max": 4}, "between 2 and 4 faults are injected"),
        ("injected", {"min": 1, "max": None}, "at least 1 fault is injected"),
        (
            "kernel_log",
            {"has": ["lost"], "lacks": [], "matches": [], "no_oops": True},
            "the kernel log has 'lost' and shows no oops",
        ),
        ("stderr", {"contains": ["a", "b"], "equals": None}, "standard error contains 'a' and 'b'"),
        ("errno", {"names": ["EIO", "ENOMEM"]}, "the workload reports EIO or ENOMEM"),
        ("device", {"nvme0": "dead"}, "nvme0 is dead"),
        ("attributes", {"nvme.times": "0"}, "nvme.times reads back as 0"),
        ("file", {"/a": {"exists": False}}, "/a does not exist"),
        ("duration", {"under_ns": 5_000_000_000}, "it takes less than 5 s"),
        ("outcome", {"classes": ["tolerated"]}, "the outcome is tolerated"),
        ("somebody-elses", {"x": 1}, "somebody-elses: x 1"),
    ],
)
def test_claim(oracle, params, said):
    assert claim(oracle, params) == said


@pytest.mark.parametrize("params", [None, 3, "x", [], {}, {"min": "x"}, {"under_ns": "x"}])
@pytest.mark.parametrize("oracle", ["exit", "injected", "file", "duration", "kernel_log", "errno"])
def test_any_record_can_be_told(oracle, params):
    assert isinstance(claim(oracle, params), str)
