"""A run folder: what is in it, who may write it, and what happens when it cannot be written."""

import hashlib
import json
import os
import resource
import subprocess
import sys
from dataclasses import replace

import pytest

from data.engine_plans import (
    Events,
    MemoryMachine,
    expect,
    meet_the_fault,
    never,
    plan,
    task,
)
from data.killed_run import WHEN
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.model.event import Event, Kind
from faultrun.model.failure import RecordError
from faultrun.oracles.registry import builtin
from faultrun.record.encode import encode
from faultrun.record.large import LIMIT
from faultrun.record.reader import RecordDamaged, load
from faultrun.record.writer import Recorder

INFO = MemoryMachine().info
PLAN = plan(task("a", inject=True, expectations=(expect("exit", {"nonzero": True}),)))


def note(text, step=""):
    return Event(Kind.NOTE, 5, step, {"level": "info", "text": text})


def test_a_recorded_run_reads_back(tmp_path):
    with Recorder.start(tmp_path / "run", PLAN, INFO, WHEN) as recorder:
        drive(
            PLAN,
            lambda _name: MemoryMachine(work=meet_the_fault),
            recorder,
            oracles=builtin(),
            gate=decide,
            slots=1,
            stop=never,
        )
    record = load(tmp_path / "run")
    raw = (tmp_path / "run" / "events.jsonl").read_bytes()
    assert record.sha256 == recorder.sha256 == hashlib.sha256(raw).hexdigest()
    assert not record.torn
    assert record.header["record"] == 1
    assert record.header["sources"][0]["sha256"] == hashlib.sha256(b"campaign: test\n").hexdigest()
    assert record.tasks[0]["writes"][-1]["trigger"] is True
    assert [event.seq for event in record.events] == list(range(1, len(record.events) + 1))
    assert record.events[0].kind == "run.start"
    assert record.events[-1].kind == "run.end"
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "events.jsonl",
        "plan.json",
        "run.json",
    ]


def test_lines_are_ascii_and_begin_with_their_number(tmp_path):
    with Recorder.start(tmp_path / "run", PLAN, INFO, WHEN) as recorder:
        recorder.emit(note("\u00e4 \udcff \u2028 \x00 </script>", "b\u00e9"))
    raw = (tmp_path / "run" / "events.jsonl").read_bytes()
    assert raw.isascii()
    assert raw.startswith(b'{"seq":1,"t":5,"kind":"note","step":')
    assert load(tmp_path / "run").events[0].data["text"] == "\u00e4 \udcff \u2028 \x00 </script>"


def test_a_folder_with_anything_in_it_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(RecordError, match=r"not empty \(mine.txt") as refused:
        Recorder.start(tmp_path, PLAN, INFO, WHEN)
    assert refused.value.before_start
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_an_empty_folder_is_taken(tmp_path):
    Recorder.start(tmp_path, PLAN, INFO, WHEN).close()
    assert load(tmp_path).events == ()


def test_a_second_run_in_the_same_folder_is_refused(tmp_path):
    first = Recorder.start(tmp_path / "run", PLAN, INFO, WHEN)
    with pytest.raises(RecordError, match="another run is recording there"):
        Recorder.start(tmp_path / "run", PLAN, INFO, WHEN)
    first.close()
    with pytest.raises(RecordError, match="not empty"):
        Recorder.start(tmp_path / "run", PLAN, INFO, WHEN)


def test_a_place_that_is_a_file_or_under_one_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(RecordError, match="cannot be written"):
            Recorder.start(place, PLAN, INFO, WHEN)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(RecordError, match="Permission denied"):
        Recorder.start(tmp_path / "run", PLAN, INFO, WHEN)


def test_big_outputs_go_to_files_and_the_event_keeps_both_ends(tmp_path):
    text = "head" + "x" * LIMIT + "tail"
    data = {"stdout": text, "stderr": "", "stdout_file": None, "stderr_file": None}
    with Recorder.start(tmp_path / "run", PLAN, INFO, WHEN) as recorder:
        recorder.emit(Event(Kind.COMMAND, 1, "a[x=../../etc]", data))
    event = load(tmp_path / "run").events[0]
    name = event.data["stdout_file"]
    assert name.startswith("logs/")
    assert ".." not in name.removeprefix("logs/").replace("..", "", 0).split("/")
    assert (tmp_path / "run" / name).read_text() == text
    assert event.data["stdout"].startswith("head")
    assert event.data["stdout"].endswith("tail")
    assert len(event.data["stdout"]) < LIMIT


def test_a_long_kernel_log_goes_to_a_file_too(tmp_path):
    rows = [{"t": n, "level": 5, "text": f"line {n}"} for n in range(5_000)]
    data = {"log": rows, "hits": [], "counts": []}
    with Recorder.start(tmp_path / "run", PLAN, INFO, WHEN) as recorder:
        recorder.emit(Event(Kind.EVIDENCE, 1, "a", data))
    event = load(tmp_path / "run").events[0]
    assert event.data["log"][0]["text"] == "line 0"
    assert event.data["log"][-1]["text"] == "line 4999"
    (stored,) = (tmp_path / "run" / "logs").iterdir()
    assert len(stored.read_text().splitlines()) == 5_000


def test_a_torn_last_line_is_left_out_and_said(tmp_path):
    with Recorder.start(tmp_path / "run", PLAN, INFO, WHEN) as recorder:
        recorder.emit(note("one"))
        recorder.emit(note("two"))
    events = tmp_path / "run" / "events.jsonl"
    events.write_bytes(events.read_bytes()[:-7])
    record = load(tmp_path / "run")
    assert record.torn
    assert len(record.events) == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nonsense", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"seq":"1","t":0,"kind":"note","step":"","data":{}}', "'seq' and 't'"),
        (b'{"seq":1,"t":0,"kind":3,"step":"","data":{}}', "'kind' and 'step' strings"),
        (b'{"seq":1,"t":0,"kind":"note","step":"","data":[]}', "'data' an object"),
        (b"\xff\xfe", "not JSON"),
    ],
)
def test_damage_elsewhere_is_told_with_its_line(tmp_path, line, why):
    with Recorder.start(tmp_path / "run", PLAN, INFO, WHEN) as recorder:
        recorder.emit(note("one"))
    events = tmp_path / "run" / "events.jsonl"
    events.write_bytes(events.read_bytes() + line + b"\n" + events.read_bytes())
    with pytest.raises(RecordDamaged, match=f"events.jsonl:2: .*{why}"):
        load(tmp_path / "run")


def test_a_folder_that_is_no_record_is_told(tmp_path):
    with pytest.raises(RecordDamaged, match="not a run folder"):
        load(tmp_path / "nothing")
    with pytest.raises(RecordDamaged, match=r"run.json: No such file"):
        load(tmp_path)
    (tmp_path / "run.json").write_text('{"record": 99}')
    with pytest.raises(RecordDamaged, match="record version 99"):
        load(tmp_path)


FULL_DISK = """
import resource, sys, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from pathlib import Path
from data.engine_plans import *
from data.killed_run import WHEN
from data.machine_tree import content, grow
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.oracles.registry import builtin
from faultrun.record.writer import Recorder
from faultrun.targets.local import LocalTarget
root = grow(Path(sys.argv[1]) / "machine")
initial = content(root)
made = plan(*[task(f"t{n}", n, script="true", inject=True) for n in range(20)])
target = LocalTarget(root)
with Recorder.start(Path(sys.argv[1]) / "run", made, target.info, WHEN) as recorder:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    summary = drive(made, lambda name: target, recorder, oracles=builtin(), gate=decide, slots=1,
                    stop=never)
assert content(root) == initial
assert summary.restored
assert summary.not_run
print(summary.failure)
"""


@pytest.mark.parametrize("size", [500, 700, 1_000, 3_000, 3_300, 9_000])
def test_a_disk_that_fills_up_stops_the_run_with_a_restored_machine(tmp_path, size):
    assert resource.RLIM_INFINITY == -1
    tests = __file__.rpartition("/unit/")[0]
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path), str(size)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{tests}:{tests}/../runner", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert "the record cannot be written: File too large" in done.stdout
    raw = (tmp_path / "run" / "events.jsonl").read_bytes()
    assert len(raw) == size
    record = load(tmp_path / "run")
    assert record.events
    kinds = [json.loads(line)["kind"] for line in raw.split(b"\n")[:-1]]
    assert kinds == [event.kind for event in record.events]


def test_a_durable_target_syncs_its_intents(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    durable = replace(INFO, durable=True)
    with Recorder.start(tmp_path / "run", PLAN, durable, WHEN) as recorder:
        before = len(synced)
        recorder.emit(Event(Kind.INTENT, 1, "a", {"writes": []}))
        assert len(synced) == before + 1


def test_the_same_events_give_the_same_bytes(tmp_path):
    digests = set()
    for name in ("one", "two"):
        events = Events()
        drive(
            PLAN,
            lambda _name: MemoryMachine(work=meet_the_fault),
            events,
            oracles=builtin(),
            gate=decide,
            slots=1,
            stop=never,
        )
        with Recorder.start(tmp_path / name, PLAN, INFO, WHEN) as recorder:
            for event in events.events:
                recorder.emit(event)
        digests.add(recorder.sha256)
    assert len(digests) == 1


def test_writes_are_encoded_to_the_same_bytes_by_hand():
    events = Events()
    drive(
        PLAN,
        lambda _name: MemoryMachine(work=meet_the_fault),
        events,
        oracles=builtin(),
        gate=decide,
        slots=1,
        stop=never,
    )
    assert len(events.events) > 8
    for event in events.events:
        assert encode(event.data) == by_the_library(event.data)
    odd = ['/\u00e4"\\', "\n", "\x00", "\x7f", "\ud800", 2**70, None, True, {"b": 1, "a": []}]
    for value in odd:
        assert encode(value) == by_the_library(value)
        assert encode(value).isascii()


def by_the_library(data):
    return json.dumps(data, separators=(",", ":"), sort_keys=True)
