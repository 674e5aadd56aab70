"""Killed at any point whatsoever, a run's record alone is enough to put everything back."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data import killed_run
from data.machine_tree import content, grow
from faultrun.record.restore import pending, restore
from faultrun.targets.local import LocalTarget

TESTS = Path(killed_run.__file__).parents[1]


def start(root, folder, acts):
    return subprocess.run(
        [sys.executable, killed_run.__file__, str(root), str(folder), str(acts)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{TESTS}:{TESTS.parent / 'runner'}", "PATH": "/usr/bin:/bin"},
    )


def test_a_kill_before_every_single_act_is_undone_from_the_record_alone(tmp_path):
    root = grow(tmp_path / "machine")
    initial = content(root)
    whole = start(root, tmp_path / "whole", 1_000_000)
    assert whole.returncode == 0, whole.stderr
    left, restored = whole.stdout.split()
    acts = 1_000_000 - int(left)
    assert restored == "True"
    assert content(root) == initial
    assert acts > 30
    armed = 0
    for number in range(1, acts + 1):
        folder = tmp_path / str(number)
        died = start(root, folder, number)
        assert died.returncode == -signal.SIGKILL, (number, died.stderr)
        armed += content(root) != initial
        undos = pending(folder)
        assert undos or content(root) == initial
        with LocalTarget(root) as target:
            result = restore(folder, target)
        assert result.complete
        assert content(root) == initial, number
        assert pending(folder) == ()
        with LocalTarget(root) as target:
            assert restore(folder, target).results == ()
        shutil.rmtree(folder)
    assert armed > 15


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_torn_last_line_does_not_stand_in_the_way(tmp_path, cut):
    root = grow(tmp_path / "machine")
    initial = content(root)
    died = start(root, tmp_path / "run", 9)
    assert died.returncode == -signal.SIGKILL
    assert content(root) != initial
    events = tmp_path / "run" / "events.jsonl"
    with events.open("ab") as file:
        file.write(b'{"seq":4,"t":123,"kind":"attr.restored","step":"first","data":{}}'[:cut])
    with LocalTarget(root) as target:
        assert restore(tmp_path / "run", target).complete
    assert content(root) == initial


def test_without_a_plan_the_trigger_is_still_disarmed_first(tmp_path):
    root = grow(tmp_path / "machine")
    initial = content(root)
    start(root, tmp_path / "run", 9)
    (tmp_path / "run" / "plan.json").unlink()
    undos = pending(tmp_path / "run")
    assert [undo.path.rpartition("/")[2] for undo in undos if undo.trigger] == ["probability"]
    with LocalTarget(root) as target:
        assert restore(tmp_path / "run", target).complete
    assert content(root) == initial
