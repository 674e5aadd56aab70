"""The gate: which counts pass."""

import pytest

from faultrun.gate.policy import decide
from faultrun.model.campaign import GatePolicy
from faultrun.model.verdict import Verdict

DEFAULT = GatePolicy()


@pytest.mark.parametrize(
    ("policy", "counts", "passed"),
    [
        (GatePolicy(min_passed=0), {}, True),
        (DEFAULT, {}, False),
        (DEFAULT, {Verdict.SKIP: 5}, False),
        (DEFAULT, {Verdict.PASS: 3}, True),
        (DEFAULT, {Verdict.PASS: 3, Verdict.SKIP: 2}, True),
        (DEFAULT, {Verdict.PASS: 3, Verdict.VACUOUS: 1}, False),
        (DEFAULT, {Verdict.PASS: 3, Verdict.FAIL: 1}, False),
        (DEFAULT, {Verdict.PASS: 3, Verdict.ERROR: 1}, False),
        (GatePolicy(vacuous="allow"), {Verdict.PASS: 3, Verdict.VACUOUS: 1}, True),
        (GatePolicy(vacuous="allow"), {Verdict.FAIL: 1}, False),
        (GatePolicy(vacuous="allow", skip="allow"), {Verdict.ERROR: 1}, False),
        (GatePolicy(skip="fail"), {Verdict.PASS: 3, Verdict.SKIP: 1}, False),
        (GatePolicy(min_passed=4), {Verdict.PASS: 3}, False),
        (GatePolicy(min_passed=4), {Verdict.PASS: 4}, True),
    ],
)
def test_counts_against_policy(policy, counts, passed):
    result = decide(policy, counts)
    assert result.passed is passed
    assert bool(result.violations) is not passed


def test_every_broken_rule_is_told():
    counts = {Verdict.ERROR: 1, Verdict.FAIL: 2, Verdict.VACUOUS: 3, Verdict.SKIP: 4}
    result = decide(GatePolicy(skip="fail", min_passed=1), counts, 5)
    assert len(result.violations) == 6
    assert "1 step could not be judged" in result.violations[0]


def test_a_run_that_ended_early_never_passes():
    assert not decide(DEFAULT, {Verdict.PASS: 9}, 1).passed
