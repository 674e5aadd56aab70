"""Campaigns that look green anywhere else, and prove nothing: none of them may pass."""

import pytest

from data.verdicts import ROOT, run

FOLDER = ROOT / "tests" / "verdicts" / "vacuous"

NEVER_ASKED = "the workload never asks '{}'"

# Campaign: what it is told for, what the dry run or the lint says beforehand, with this code.
TABLE = {
    "beyond-the-last": ("more fault points would have been needed", {"FR121"}),
    "bystander": ("in task faultrun[100], which is not the workload's", {"FR121"}),
    "eaten-by-nth": ("more fault points would have been needed", {"FR105", "FR121"}),
    "filter-in-interrupt": ("none is made by a task of the workload", {"FR108", "FR121"}),
    "from-the-cache": (NEVER_ASKED.format("nvme0n1/fault_inject"), {"FR121"}),
    "long-interval": ("16 checks are too few at probability 100 and interval 100", {"FR121"}),
    "may-sleep": ("ignore-gfp-wait spares allocations that may sleep", {"FR121"}),
    "never-runs": (NEVER_ASKED.format("nvme0n1/fault_inject"), {"FR121"}),
    "no-budget": ("times is 0", {"FR110", "FR121"}),
    "no-cache-marked": ("cache-filter spares every cache that is not marked", {"FR121"}),
    "no-caller": ("none has a caller that the ranges let through", {"FR121"}),
    "no-match": (NEVER_ASKED.format("nvme0n1/fault_inject"), {"FR121"}),
    "no-stack": ("none has a caller that the ranges let through", {"FR117", "FR121"}),
    "other-disk": (NEVER_ASKED.format("nvme1n1/fault_inject"), {"FR121"}),
    "other-event": ("never gets to 'notifier-error-inject/pm/actions/PM_HIB", {"FR121"}),
    "other-function": (NEVER_ASKED.format("fail_function"), {"FR121"}),
    "other-partition": (NEVER_ASKED.format("fail_make_request"), {"FR121"}),
    "private-futex": ("ignore-private spares private futexes", {"FR121"}),
    "probability-no": ("its probability is 0", {"FR109", "FR121"}),
    "small-orders": ("min-order 1 spares allocations of fewer pages", {"FR121"}),
    # Only a dry run with the fault armed can tell: without, the reads meet it.
    "spent-before": ("went from 5 to 0, but the kernel log tells of no injection", {"FR121"}),
    "status-success": ("status 0x0 means success: nothing was different", {"FR119"}),
    "switch-by-hand": (NEVER_ASKED.format("fail_make_request"), {"FR121"}),
    "wide-space": ("space 1048576 is not used up by 16 checks", {"FR121"}),
    "wrong-queue": (NEVER_ASKED.format("nvme0/fault_inject"), {"FR103", "FR121"}),
}

# Refused before anything runs, with this code and these words.
REFUSED = {"probability-true": ("FR014", "probability is true, must be a whole number")}


def test_every_file_is_in_the_table():
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {*TABLE, *REFUSED}


@pytest.mark.parametrize("name", sorted(TABLE))
def test_it_is_vacuous_and_says_why(name):
    why, codes = TABLE[name]
    ran = run(FOLDER / f"{name}.yaml")
    last = list(ran.steps)[-1]
    verdicts = {step: ended.verdict for step, ended in ran.steps.items()}
    assert verdicts.pop(last) == "VACUOUS", ran.steps[last]
    assert set(verdicts.values()) <= {"PASS"}
    assert why in ran.steps[last].why
    assert codes == ran.codes
    assert ran.restored


@pytest.mark.parametrize("name", sorted(TABLE))
def test_it_is_vacuous_on_a_machine_that_nobody_rehearsed_on(name):
    """Without a forecast the reason is poorer, the verdict the same."""
    ran = run(FOLDER / f"{name}.yaml", forecasting=False)
    assert list(ran.steps.values())[-1].verdict == "VACUOUS"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_it_is_refused_before_anything_runs(name):
    code, words = REFUSED[name]
    ran = run(FOLDER / f"{name}.yaml")
    assert not ran.steps
    assert [(found.code, found.message) for found in ran.diagnostics] == [(code, words)]
