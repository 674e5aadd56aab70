"""Plans as people and as the record see them, word for word.

``FAULTRUN_UPDATE_GOLDEN=1 pytest tests/unit/test_plan_golden.py`` writes the files anew; read the
difference before you commit it.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from data.plan_campaigns import cells, fault, nvme, plan, step
from faultrun.model.campaign import GatePolicy
from faultrun.model.target import Checks
from faultrun.plan.explain import as_json, as_text
from faultrun.plan.predict import predict

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "plan"
COPY = """\
set -e
echo hello > /tmp/a.file
cp /tmp/a.file /mnt
"""
TALLY = {
    "/sys/kernel/debug/nvme0n1/fault_inject": (
        Checks(size=1, count=3, in_task=False, site="nvme_complete_rq"),
    ),
    "/sys/kernel/debug/failslab": (
        Checks(size=64, count=6, in_task=True, site="kmalloc", marked=True, first=True),
    ),
}


def tour():
    """One of everything that a plan can say."""
    return plan(
        step(
            "baseline",
            line=10,
            summary="Without a fault the read succeeds.",
            run="dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1",
            expect={"exit": {"code": 0}, "injected": {"min": 0, "max": 0}},
        ),
        step("mount", line=20, needs=["baseline"], group="files", run="mount /dev/nvme0n1 /mnt"),
        step(
            "copy",
            line=30,
            summary="A write error that is retried.",
            needs=["mount"],
            group="files",
            run=COPY,
            inject=[nvme(line=34, status=0x281, probability=100, times=-1, dont_retry=False)],
            expect={
                "exit": {"code": 0},
                "injected": {"min": 1, "max": None},
                "kernel_log": {"lacks": ["EXT4-fs error"], "no_oops": True},
            },
            cleanup="umount /mnt",
        ),
        step(
            "slab",
            line=50,
            needs=["baseline"],
            run="true",
            timeout_ns=1_500_000_000,
            inject=[fault("failslab", line=54, probability=5, ignore_gfp_wait=False)],
        ),
        *cells(
            "nth",
            "nth",
            (1, 9),
            line=60,
            needs=["baseline"],
            repeat=2,
            inject=[fault("fail-nth", line=64, nth=9)],
        ),
        step(
            "disk",
            line=70,
            needs=["nth", "copy"],
            requires=("program:fio",),
            inject=[fault("fail_make_request", {"disk": "nvme0n1"}, line=74, probability=100)],
        ),
        name="tour",
        summary="One of everything that a plan can say.",
        owner="planners",
        tags=("nvme", "tour"),
        seed=20260817,
        gate=GatePolicy(min_passed=5),
    )


def forecast(built):
    """As the command line does it, with checks made up here."""
    tasks = [
        replace(task, prediction=predict(task, TALLY, fresh=task.step.group is None).prediction)
        if task.step.injections and task.id != "disk"
        else task
        for task in built.tasks
    ]
    return replace(built, tasks=tuple(tasks))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tour.txt", as_text(forecast(tour()))),
        ("tour.json", json.dumps(as_json(forecast(tour())), indent=1) + "\n"),
    ],
    ids=("text", "json"),
)
def test_plan_is_told_word_for_word(name, text):
    path = GOLDEN / name
    if os.environ.get("FAULTRUN_UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()
