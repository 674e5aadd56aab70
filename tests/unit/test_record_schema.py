"""Whatever the engine writes is what ``schemas/record.v1.json`` says."""

import json

import jsonschema
import pytest

from data.engine_plans import (
    SLAB,
    MemoryMachine,
    expect,
    injection_text,
    meet_the_fault,
    never,
    plan,
    task,
)
from data.killed_run import WHEN
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.model.event import Kind
from faultrun.model.target import TargetDied
from faultrun.oracles.registry import builtin
from faultrun.record.writer import Recorder
from faultrun.resources import tree

SCHEMA = json.loads((tree("schemas") / "record.v1.json").read_text(encoding="utf-8"))


def check(document, part):
    jsonschema.Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{part}"}).validate(
        document
    )


def work(machine, command):
    if command.script == "die":
        machine.say(injection_text("w", 1))
        raise TargetDied("panic", machine.log(0)[0])
    if command.script == "warn":
        machine.say("WARNING: CPU: 0 PID: 1 at fs/inode.c:1 f+0x1/0x2")
    return meet_the_fault(machine, command)


def test_every_kind_of_event_is_valid(tmp_path):
    file = expect("file", {f"{SLAB}/space": {"equals": "0"}, "/none": {"exists": False}})
    made = plan(
        task("a", 0, inject=True, expectations=(file, expect("exit", {"code": 0}))),
        task("b", 1, needs=("a",)),
        task("c", 2, script="die", inject=True),
        task("d", 3, inject=True, cleanup="warn"),
        task("e", 4, requires=("nvme",)),
    )
    machine = MemoryMachine(work=work)
    with Recorder.start(tmp_path / "run", made, machine.info, WHEN) as recorder:
        drive(
            made,
            lambda _name: machine,
            recorder,
            oracles=builtin(),
            gate=decide,
            slots=1,
            stop=never,
        )
    check(json.loads((tmp_path / "run" / "run.json").read_text()), "run")
    check(json.loads((tmp_path / "run" / "plan.json").read_text()), "plan")
    kinds = set()
    for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines():
        event = json.loads(line)
        kinds.add(event["kind"])
        check(event, "event")
    assert kinds == {kind.value for kind in Kind}


def test_the_schema_refuses_what_is_no_event():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        check({"seq": 1, "t": 0, "kind": "step.verdict", "step": "a", "data": {}}, "event")
