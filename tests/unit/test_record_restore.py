"""What is pending in a record, and what a restore does with it."""

import pytest

from data.engine_plans import (
    DEFAULTS,
    SLAB,
    MemoryMachine,
    failslab_writes,
    meet_the_fault,
    never,
    plan,
    task,
)
from data.killed_run import WHEN
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.model.event import Event, Kind
from faultrun.oracles.registry import builtin
from faultrun.record.reader import RecordDamaged, target_of
from faultrun.record.restore import pending, restore
from faultrun.record.writer import Recorder

PROBABILITY = f"{SLAB}/probability"
ARMED = {write.path: write.value for write in failslab_writes()}


def intent(step="a", old=DEFAULTS):
    rows = [
        {"path": write.path, "old": old[write.path], "new": write.value}
        for write in failslab_writes()
    ]
    return Event(Kind.INTENT, 1, step, {"writes": rows})


def record(folder, *events, close=True):
    made = plan(task("a", inject=True), task("b", 1, inject=True))
    recorder = Recorder.start(folder, made, MemoryMachine().info, WHEN)
    for event in events:
        recorder.emit(event)
    if close:
        recorder.close()
    return recorder


def test_an_intent_without_a_restore_is_pending_in_reverse_order(tmp_path):
    record(tmp_path, intent())
    undos = pending(tmp_path)
    assert [undo.path for undo in undos] == [write.path for write in reversed(failslab_writes())]
    assert [undo.trigger for undo in undos] == [True, False, False, False, False]
    assert undos[0].command() == f"echo 0 > {PROBABILITY}"
    assert undos[0].armed == "100"


def test_the_trigger_is_disarmed_first_and_its_old_value_comes_last(tmp_path):
    before = {**DEFAULTS, PROBABILITY: "3"}
    record(tmp_path, intent(old=before))
    machine = MemoryMachine(files={**DEFAULTS, **ARMED})
    result = restore(tmp_path, machine)
    assert result.complete
    assert machine.files == before
    assert machine.acts[0] == ("write", PROBABILITY, "0")
    assert machine.acts[-1] == ("write", PROBABILITY, "3")
    assert pending(tmp_path) == ()


def test_of_two_open_intents_the_older_one_knows_the_true_value(tmp_path):
    record(tmp_path, intent("a"), intent("b", old={**DEFAULTS, **ARMED}))
    machine = MemoryMachine(files={**DEFAULTS, **ARMED})
    assert restore(tmp_path, machine).complete
    assert machine.files == DEFAULTS


def test_a_complete_restore_in_the_record_leaves_nothing_pending(tmp_path):
    whole = Event(Kind.RESTORED, 2, "a", {"writes": [], "complete": True})
    half = Event(Kind.RESTORED, 2, "b", {"writes": [], "complete": False})
    record(tmp_path, intent("a"), whole, intent("b"), half)
    assert {undo.step for undo in pending(tmp_path)} == {"b"}


def test_what_is_gone_is_not_armed(tmp_path):
    record(tmp_path, intent())
    result = restore(tmp_path, MemoryMachine(files={"/sys/kernel/debug/x": "1"}))
    assert result.complete
    assert all("gone" in row.why for row in result.results)


def test_what_cannot_be_put_back_is_told_with_the_command_and_stays_pending(tmp_path):
    record(tmp_path, intent())
    machine = MemoryMachine(files={**DEFAULTS, **ARMED})
    machine.refuse[("write", PROBABILITY)] = "EFAULT"
    result = restore(tmp_path, machine)
    assert not result.complete
    assert result.commands() == (f"echo 0 > {PROBABILITY}",)
    assert "EFAULT" in next(row.why for row in result.results if not row.ok)
    assert pending(tmp_path)
    machine.refuse.clear()
    assert restore(tmp_path, machine).complete
    assert machine.files == DEFAULTS


def test_a_file_that_refuses_but_reads_as_before_is_well(tmp_path):
    record(tmp_path, intent())
    machine = MemoryMachine()
    machine.refuse[("write", f"{SLAB}/space")] = "EPERM"
    assert restore(tmp_path, machine).complete


def test_a_run_that_is_still_going_on_is_left_alone(tmp_path):
    recorder = record(tmp_path, intent(), close=False)
    with pytest.raises(RecordDamaged, match="still going on"):
        pending(tmp_path)
    recorder.close()
    assert pending(tmp_path)


def test_damage_is_told_and_a_missing_record_too(tmp_path):
    with pytest.raises(RecordDamaged, match=r"events\.jsonl: No such file"):
        pending(tmp_path)
    (tmp_path / "events.jsonl").write_bytes(b"what\nelse\n")
    with pytest.raises(RecordDamaged, match=r"events\.jsonl:1: not JSON"):
        pending(tmp_path)


def test_a_record_that_cannot_be_written_to_can_still_be_restored_from(tmp_path):
    record(tmp_path, intent())
    (tmp_path / "restore.jsonl").mkdir()
    machine = MemoryMachine(files={**DEFAULTS, **ARMED})
    assert restore(tmp_path, machine).complete
    assert machine.files == DEFAULTS


def test_a_whole_run_leaves_nothing_pending(tmp_path):
    made = plan(task("a", inject=True), task("b", 1, inject=True))
    with Recorder.start(tmp_path, made, MemoryMachine().info, WHEN) as recorder:
        drive(
            made,
            lambda _name: MemoryMachine(work=meet_the_fault),
            recorder,
            oracles=builtin(),
            gate=decide,
            slots=1,
            stop=never,
        )
    assert pending(tmp_path) == ()


def test_the_target_of_a_record_is_known(tmp_path):
    record(tmp_path)
    assert target_of(tmp_path) == "memory"
    (tmp_path / "run.json").write_text('{"target": {"kind": "local", "name": "local:/m"}}')
    assert target_of(tmp_path) == "local:/m"
    (tmp_path / "run.json").write_text('{"target": {}}')
    with pytest.raises(RecordDamaged, match="which target"):
        target_of(tmp_path)
