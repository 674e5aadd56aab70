import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultrun.targets.emulator import qcow2
from faultrun.targets.guest_process import PYTHON
from faultrun.targets.initramfs.build import initramfs
from faultrun.targets.initramfs.cpio import Entry, archive
from faultrun.targets.initramfs.elf import loadable, needs_of
from faultrun.targets.initramfs.named import named
from faultrun.targets.initramfs.tree import Tree


def unpacked(data):
    """The entries of a newc archive, read as the kernel reads them."""
    at, found = 0, {}
    while True:
        assert data[at : at + 6] == b"070701"
        numbers = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        size, length = numbers[6], numbers[11]
        name = data[at + 110 : at + 110 + length - 1].decode()
        at = (at + 110 + length + 3) & ~3
        if name == "TRAILER!!!":
            return found
        assert name not in found
        parent = name.rpartition("/")[0]
        assert not parent or stat.S_ISDIR(found[parent][0])
        found[name] = (numbers[1], data[at : at + size])
        at = (at + size + 3) & ~3


@given(st.dictionaries(st.text("abc", min_size=1, max_size=5), st.binary(max_size=40), max_size=6))
def test_what_was_packed_is_unpacked(files):
    entries = [Entry(path=f"/{name}", mode=0o100644, data=data) for name, data in files.items()]
    assert unpacked(b"".join(archive(entries))) == {
        name: (0o100644, data) for name, data in files.items()
    }


def test_links_on_the_way_are_kept(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/file").write_text("text")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "again").symlink_to(tmp_path / "link")
    tree = Tree()
    assert tree.add(f"{tmp_path}/again/file")
    assert not tree.add(f"{tmp_path}/again/none")
    found = {entry.path: entry for entry in tree.entries()}
    assert found[f"{tmp_path}/real/file"].data == b"text"
    assert found[f"{tmp_path}/link"].data == b"real"
    assert stat.S_ISLNK(found[f"{tmp_path}/again"].mode)


def test_links_in_a_circle_are_no_file(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert not Tree().add(f"{tmp_path}/a")


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF\x02\x01" + bytes(70), b"#!/bin/sh\n"])
def test_what_is_no_program_needs_nothing(data, tmp_path):
    needs = needs_of(data, tmp_path / "x")
    assert (needs.loader, needs.libraries) == ("", ())
    assert loadable(data) == data


@given(st.binary(max_size=200))
def test_damaged_headers_raise_nothing(tail):
    data = b"\x7fELF\x02\x01" + tail
    needs_of(data, Path("/x"))
    assert len(loadable(data)) <= len(data)


def test_libraries_are_those_that_the_loader_takes():
    path = shutil.which("bash")
    data = Path(path).read_bytes()
    said = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    needs = needs_of(data, Path("/x"))
    assert needs.libraries
    assert all(name in said for name in needs.libraries)
    assert needs.loader in said


def test_a_program_without_its_section_headers_still_runs(tmp_path):
    path = shutil.which("true")
    data = Path(path).read_bytes()
    small = tmp_path / "true"
    small.write_bytes(loadable(data))
    small.chmod(0o755)
    assert small.stat().st_size < len(data)
    subprocess.run([small], check=True)


def test_a_payload_behind_the_headers_is_kept():
    data = Path(shutil.which("true")).read_bytes() + b"payload"
    assert loadable(data) == data


def test_the_archive_runs_the_agent(tmp_path):
    """Unpacked, the interpreter finds all that the agent imports there, and nothing elsewhere."""
    made = initramfs(tmp_path / "cache")
    found = unpacked(made.path.read_bytes())
    modules = [name for name in found if name.endswith("/targets/guest/server.py")]
    assert len(modules) == 1
    assert PYTHON.lstrip("/") in found
    for name in ("json/decoder.py", "ctypes/__init__.py"):
        assert any(
            path.endswith(f"/python{sys.version_info[0]}.{sys.version_info[1]}/{name}")
            for path in found
        )
    assert {"bash", "cat", "python3"} <= made.programs


def test_an_archive_is_made_once_and_again_when_a_source_changes(tmp_path):
    first = initramfs(tmp_path)
    assert initramfs(tmp_path) == first
    (index,) = tmp_path.glob("*.json")
    said = json.loads(index.read_text())
    said["sources"][PYTHON] = [1, 2, 3]
    index.write_text(json.dumps(said))
    before = first.path.stat().st_ino
    assert initramfs(tmp_path).digest == first.digest
    assert first.path.stat().st_ino != before


def test_a_damaged_archive_is_made_anew(tmp_path):
    first = initramfs(tmp_path)
    size = first.path.stat().st_size
    with first.path.open("r+b") as file:
        file.truncate(size // 2)
    assert initramfs(tmp_path).path.stat().st_size == size


def test_programs_that_a_script_names_are_found(tmp_path, monkeypatch):
    (tmp_path / "my-tool").write_text("#!/bin/sh\n")
    (tmp_path / "my-tool").chmod(0o755)
    (tmp_path / "no-tool").write_text("")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert named(["if true; then my-tool log | grep -c x; fi", "no-tool"]) == ("my-tool",)


@pytest.mark.parametrize("size", [1 << 20, 3 << 20, 513 << 20, 1 << 40])
def test_empty_images_are_what_qemu_takes_them_for(size, tmp_path):
    tool = shutil.which("qemu-img")
    if tool is None:
        pytest.skip("qemu-img is not installed")
    qcow2.create(tmp_path / "a", size)
    subprocess.run([tool, "check", "-q", "-f", "qcow2", tmp_path / "a"], check=True)
    assert qcow2.size_of(tmp_path / "a") == ("qcow2", size)
    (tmp_path / "base").write_bytes(b"data" * 1024)
    qcow2.create(tmp_path / "b", 4096, backing=tmp_path / "base")
    subprocess.run([tool, "convert", "-O", "raw", tmp_path / "b", tmp_path / "c"], check=True)
    assert (tmp_path / "c").read_bytes() == (tmp_path / "base").read_bytes()
    assert qcow2.size_of(tmp_path / "base") == ("raw", 4096)
