"""Every decision vector again, through the simulated kernel's files and its log."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from faultrun.capabilities.registry import builtin
from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.attr import SimAttr
from faultrun.simkernel.clock import SimClock
from faultrun.simkernel.log import KernelLog
from faultrun.simkernel.prng import Prng
from faultrun.simkernel.tasks import TaskTable

VECTORS = Path(__file__).resolve().parents[1] / "data" / "vectors"
DECISIONS = [json.loads(line) for line in (VECTORS / "decisions.jsonl").read_text().splitlines()]
CASES = [
    pytest.param(vector, version, id=f"{vector['name']}-{version}")
    for vector in DECISIONS
    if not vector["stack_filter"]
    for version in vector["kernels"]
]


def put(attr, settings):
    for key, value in settings.items():
        name = key if key.startswith("verbose") else key.replace("_", "-")
        text = {True: "Y", False: "N"}[value] if isinstance(value, bool) else str(value)
        attr.file(name).write(f"{text}\n", None)


def texts(records):
    """The log as the vectors tell it: a level, the text, and a mark for the stack."""
    told = ""
    for record in records:
        if record.text.startswith("CPU: "):
            told += "<dump_stack>\n"
        elif record.level == 5 or "suppressed" in record.text:
            told += f"<{record.level}>{record.text}\n"
    return told


@pytest.mark.parametrize(("vector", "version"), CASES)
def test_decision_through_the_files(vector, version):
    release, clock = KernelVersion.parse(version), SimClock()
    log = KernelLog(clock)
    capability = replace(builtin()["failslab"], log_name=vector["capability"])
    attr = SimAttr(capability, release, clock, log, Prng(1))
    put(attr, vector["attr"])
    task = TaskTable().spawn("t")
    task.make_it_fail = bool(vector.get("task_make_it_fail", 0))
    task.fail_nth = vector.get("fail_nth", 0)
    decided, trace, told, cursor = [], [], [], 0
    for call in vector["calls"]:
        put(attr, call.get("set", {}))
        if "task_make_it_fail" in call:
            task.make_it_fail = bool(call["task_make_it_fail"])
        task.fail_nth = call.get("fail_nth", task.fail_nth)
        draws = []
        attr._percent = lambda draws=draws, call=call: draws.append(1) or call.get("rnd", 0)
        decided.append(
            attr.should_fail(
                call["size"],
                task if call.get("in_task", True) else None,
                (),
                nowarn=bool(call.get("nowarn")),
            )
        )
        core = attr.core
        trace.append([core.times, core.space, core.count, task.fail_nth, len(draws)])
        records, cursor, lost = log.records(cursor)
        told.append(texts(records))
        assert not lost
    assert decided == vector["expect"]
    final = vector["final"]
    assert trace[-1][:4] == [final[key] for key in ("times", "space", "count", "fail_nth")]
    assert trace == vector.get("trace", trace)
    assert told == vector.get("log", told)


def test_most_vectors_tell_a_log():
    assert sum("log" in case.values[0] for case in CASES) > 200
