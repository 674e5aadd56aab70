"""One run at a time on one machine: who has it is named, and a dead holder holds nothing."""

import ast
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from data.machine_tree import grow
from faultrun.model.claim import Claimable
from faultrun.model.target import TargetBroken
from faultrun.targets.guest import machine_lock
from faultrun.targets.guest.machine_lock import Holder, NoPlace, Taken, machine_name, take
from faultrun.targets.local import LocalTarget

ME = Holder(os.getpid(), "me", "run", "/runs/a", "2026-01-01T00:00:00+00:00")
NAME = machine_name("/")


def test_the_second_is_refused_with_the_name_of_the_first(tmp_path):
    lock = take(NAME, ME, str(tmp_path))
    with pytest.raises(Taken) as refused:
        take(NAME, ME._replace(run="/runs/b"), str(tmp_path))
    assert refused.value.holder == ME
    assert str(refused.value) == (
        f"faultrun run /runs/a (pid {os.getpid()} of me since 2026-01-01T00:00:00+00:00)"
    )
    take(machine_name("/other"), ME, str(tmp_path)).give_up()
    lock.give_up()
    lock.give_up()
    take(NAME, ME, str(tmp_path)).give_up()
    assert list(tmp_path.iterdir()) == []


def test_names_tell_boots_and_roots_apart_and_nothing_else():
    assert machine_name("/") == machine_name("/")
    assert machine_name("/") != machine_name("/a")
    assert machine_name("/\n../../x").count("/") == 0


HOLD = """
import sys, time
from faultrun.targets.guest.machine_lock import me, take
lock = take(sys.argv[1], me("run", "/runs/dead", "then"), sys.argv[2])
print("held", flush=True)
time.sleep(60)
"""


def test_a_killed_holder_holds_nothing(tmp_path):
    words = [sys.executable, "-c", HOLD, NAME, tmp_path]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "held\n"
        with pytest.raises(
            Taken, match=f"faultrun run /runs/dead .pid {child.pid} of .* since then"
        ):
            take(NAME, ME, str(tmp_path))
        child.send_signal(signal.SIGKILL)
    lock = take(NAME, ME, str(tmp_path))
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text()) == ME._asdict()
    assert stat.S_IMODE(file.stat().st_mode) == 0o666
    lock.give_up()


def test_of_many_that_come_and_go_one_at_a_time_has_it(tmp_path):
    inside = threading.Lock()
    problems, had = [], []

    def come_and_go():
        for _ in range(150):
            try:
                lock = take(NAME, ME, str(tmp_path))
            except Taken:
                continue
            if not inside.acquire(blocking=False):
                problems.append("two at once")
            else:
                had.append(1)
                inside.release()
            lock.give_up()

    threads = [threading.Thread(target=come_and_go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert len(had) > 10
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("trap", ["link", "hard link", "fifo", "folder"])
def test_what_was_put_there_to_be_overwritten_is_left_alone(tmp_path, trap):
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    folder = tmp_path / "locks"
    folder.mkdir()
    path = folder / NAME
    if trap == "link":
        path.symlink_to(precious)
    elif trap == "hard link":
        path.hardlink_to(precious)
    elif trap == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(NoPlace, match=NAME):
        take(NAME, ME, str(folder))
    assert precious.read_text() == "keep me"


def test_what_a_file_says_cannot_hurt_a_terminal(tmp_path):
    lock = take(NAME, ME._replace(run="/runs/\x1b[2J\nroot: all is well"), str(tmp_path))
    with pytest.raises(Taken) as refused:
        take(NAME, ME, str(tmp_path))
    assert "\x1b" not in str(refused.value)
    assert "\n" not in str(refused.value)
    for content in ("", "[]", "{}", "\x00" * 9, '{"pid": "x"}', "9" * 9_000, "[" * 4_096):
        (tmp_path / NAME).write_text(content)
        with pytest.raises(Taken, match="just begun"):
            take(NAME, ME, str(tmp_path))
    lock.give_up()


def test_a_folder_that_somebody_else_can_change_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(machine_lock, "_SYSTEM", str(tmp_path / "none"))
    monkeypatch.setattr(machine_lock.tempfile, "tempdir", str(tmp_path))
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert machine_lock.place() == str(runtime)
    runtime.chmod(0o777)
    own = tmp_path / f"faultrun-{os.getuid()}"
    assert machine_lock.place() == str(own)
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    own.chmod(0o777)
    with pytest.raises(NoPlace, match="somebody else"):
        machine_lock.place()
    own.rmdir()
    own.symlink_to(runtime)
    with pytest.raises(NoPlace):
        machine_lock.place()


def test_a_folder_that_mirrors_a_machine_can_be_claimed_by_any_of_its_names(tmp_path):
    root = grow(tmp_path / "machine")
    (tmp_path / "alias").symlink_to(root)
    first, second = LocalTarget(root), LocalTarget(tmp_path / "alias")
    assert isinstance(first, Claimable)
    with first.claim("run", "/runs/a", "then"):
        with pytest.raises(TargetBroken, match=r"being used by faultrun run /runs/a \(pid"):
            with second.claim("run", "/runs/b", "now"):
                pass
        with LocalTarget(grow(tmp_path / "other")).claim("run", "/runs/c", "now"):
            pass
    with second.claim("restore", "/runs/b", "now"):
        pass


def test_a_machine_with_nothing_but_python_can_run_it():
    tree = ast.parse(
        Path(machine_lock.__file__).read_text(encoding="utf-8"), feature_version=(3, 9)
    )
    imported = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= set(sys.stdlib_module_names) | {"__future__"}
