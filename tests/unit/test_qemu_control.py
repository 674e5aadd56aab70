"""QEMU's side without QEMU: what is said when it is not there, and what is remembered."""

import socket
import sys

import pytest

from faultrun.model.target import TargetBroken
from faultrun.targets.emulator import setup
from faultrun.targets.emulator.qmp import Monitor
from faultrun.targets.emulator.shelf import Shelf, digest, remembered


def test_a_library_that_is_not_installed_is_told_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "qemu.qmp", None)
    ours, theirs = socket.socketpair()
    with theirs, pytest.raises(TargetBroken, match=r"pip install 'faultrun\[qemu\]'"):
        Monitor(ours)
    assert ours.fileno() == -1


def test_an_emulator_that_is_not_installed_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TargetBroken, match="qemu-system-x86_64 is not installed"):
        setup.program()


@pytest.mark.parametrize("said", [b"", b"noise\n", b'{"QMP": 1}\n', b'{"error": {}}\n'])
def test_what_is_no_emulator_is_our_fault(said):
    ours, theirs = socket.socketpair()
    theirs.sendall(said)
    theirs.close()
    with pytest.raises(TargetBroken, match="QEMU"):
        Monitor(ours)


def files(tmp_path, *texts):
    made = []
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.qcow2").write_text(text)
        made.append(tmp_path / f"{number}.qcow2")
    return tuple(made)


def test_a_shelf_gives_what_was_put_on_it(tmp_path):
    shelf = Shelf(tmp_path / "shelf")
    with shelf.held("a"):
        assert shelf.images("a") == ()
        kept = shelf.keep("a", files(tmp_path, "x", "y"))
        assert shelf.images("a") == kept
        assert [one.read_text() for one in kept] == ["x", "y"]
        kept[1].unlink()
        assert shelf.images("a") == ()


def test_a_shelf_keeps_those_that_were_used_last(tmp_path):
    shelf = Shelf(tmp_path / "shelf")
    names = [f"n{number}" for number in range(9)]
    for name in names:
        with shelf.held(name):
            shelf.keep(name, files(tmp_path, name))
        with shelf.held("n0"):
            assert shelf.images("n0")
    left = sorted(one.name for one in (tmp_path / "shelf").iterdir() if one.is_dir())
    assert left == ["n0", *names[-5:]]


def test_a_snapshot_that_somebody_holds_is_not_removed(tmp_path):
    shelf = Shelf(tmp_path / "shelf")
    with shelf.held("held"):
        shelf.keep("held", files(tmp_path, "x"))
        for number in range(9):
            with shelf.held(f"n{number}"):
                shelf.keep(f"n{number}", files(tmp_path, "y"))
        assert shelf.images("held")


def test_what_was_found_out_is_not_asked_again(tmp_path):
    asked = []

    def make():
        asked.append(1)
        return "tcg"

    assert [remembered(tmp_path / "x/y", make) for _ in range(3)] == ["tcg"] * 3
    assert len(asked) == 1
    assert digest("a", 1) != digest("a", 2)
