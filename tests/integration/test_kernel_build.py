"""`faultrun kernel` from outside, on a source that is made in a second."""

import io
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from data.fake_kernel import make_tarball, make_tools, make_tree

pytestmark = [
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="kernels are built on x86-64"),
]
PATIENCE_S = 60


@dataclass
class Place:
    """A cache, a source and tools of one test's own."""

    cli: object
    cache: Path
    tree: Path
    tools: Path

    def env(self, **more):
        return {"FAULTRUN_CACHE": str(self.cache), "PATH": str(self.tools), **more}

    def kernel(self, *words, **env):
        return self.cli("kernel", *words, env=self.env(**env))

    def build(self, *words, **env):
        return self.kernel("build", "--uml", "--source", self.tree, *words, **env)

    def start(self, *words, **env):
        return subprocess.Popen(
            [sys.executable, "-m", "faultrun", "kernel", *map(str, words)],
            env={**os.environ, **self.env(**env)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def start_build(self, **env):
        return self.start("build", "--uml", "--source", self.tree, **env)

    def listed(self):
        done = self.kernel("list", "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def left(self):
        """What a build leaves beside whole kernels."""
        building = self.cache / "kernels" / ".building"
        return sorted(building.iterdir()) if building.is_dir() else []


@pytest.fixture
def place(cli, tmp_path):
    return Place(
        cli=cli,
        cache=tmp_path / "cache",
        tree=make_tree(tmp_path / "linux"),
        tools=make_tools(tmp_path / "tools"),
    )


def wait_for(condition):
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_kernel_is_built_listed_and_found(place):
    done = place.build()
    assert done.code == 0, done.err
    image = Path(done.out.strip())
    assert image.read_text() == "a kernel for um\n"
    assert sorted(entry.name for entry in image.parent.iterdir()) == [
        "build.log", "config", "kernel.json", "linux",
    ]  # fmt: skip
    assert "CONFIG_FAULT_INJECTION=y" in (image.parent / "config").read_text().splitlines()
    assert "CC      mm/slub.o" in (image.parent / "build.log").read_text()
    assert [line.split(":")[0] for line in done.err.splitlines()][-3:-1] == ["configure", "compile"]
    (listed,) = place.listed()
    assert (listed["arch"], listed["release"], listed["compiled"]) == ("uml", "6.12.4", 3)
    assert set(listed["phases_ms"]) == {"source", "configure", "compile"}
    assert listed["path"] == str(image)
    assert place.kernel("path", "--uml").out == f"{image}\n"
    assert place.kernel("path", "--uml", "--version", "6.12").out == f"{image}\n"
    table = place.kernel("list").out
    assert "6.12.4" in table
    assert str(image) in table
    assert place.left() == []


def test_a_second_build_takes_the_first_ones(place):
    first = place.build()
    second = place.build(FAKE_BROKEN="1")
    assert (second.code, second.out) == (0, first.out), second.err
    assert "was there already" in second.err
    document = json.loads(place.build("--json").out)
    assert document["made"] is False
    assert document["path"] == first.out.strip()


def test_another_option_or_another_file_of_the_source_is_another_kernel(place, tmp_path):
    first = place.build().out
    fragment = tmp_path / "more.config"
    fragment.write_text("CONFIG_KASAN=y\n")
    second = place.build("--fragment", fragment).out
    (place.tree / "README").write_text("changed\n")
    third = place.build().out
    assert len({first, second, third}) == 3
    assert "CONFIG_KASAN=y" in (Path(second.strip()).parent / "config").read_text()
    assert len(place.listed()) == 3


def test_a_qemu_kernel_has_options_of_its_own(place):
    done = place.kernel("build", "--qemu", "--source", place.tree)
    assert done.code == 0, done.err
    image = Path(done.out.strip())
    assert image.name == "bzImage"
    assert image.read_text() == "a kernel for x86_64\n"
    assert "CONFIG_FAIL_FUNCTION=y" in (image.parent / "config").read_text().splitlines()
    assert place.kernel("path", "--uml").code == 3


def test_a_missing_kernel_is_told_with_the_command_that_builds_it(place):
    done = place.kernel("path", "--qemu", "--version", "6.1")
    assert (done.code, done.out) == (3, "")
    assert "no qemu kernel 6.1 is built" in done.err
    assert "faultrun kernel build --qemu --version 6.1" in done.err
    assert place.kernel("list").code == 0
    assert place.listed() == []


def test_dropped_options_are_named_each_with_its_place(place, tmp_path):
    tree = make_tree(tmp_path / "poor", lacks=("CONFIG_NFSD", "CONFIG_LKDTM"))
    done = place.kernel("build", "--uml", "--source", tree)
    assert (done.code, done.out) == (3, "")
    assert "CONFIG_NFSD is n, wanted y (common.config:" in done.err
    assert "CONFIG_LKDTM is n, wanted y (common.config:" in done.err
    assert "MD_FAULTY" not in done.err
    assert "--allow-dropped" in done.err
    assert place.listed() == []
    assert place.left() == []
    allowed = place.kernel("build", "--uml", "--source", tree, "--allow-dropped")
    assert allowed.code == 0, allowed.err
    assert place.listed()[0]["dropped"] == ["CONFIG_LKDTM", "CONFIG_NFSD"]
    # The one that is there now still lacks them.
    again = place.kernel("build", "--uml", "--source", tree)
    assert again.code == 3
    assert "CONFIG_NFSD" in again.err


def test_an_option_that_only_newer_kernels_have_must_be_there_on_those(place, tmp_path):
    tree = make_tree(tmp_path / "new", version="7.3")
    done = place.kernel("build", "--uml", "--source", tree)
    assert done.code == 3
    assert "CONFIG_FAIL_SKB_REALLOC is n" in done.err
    assert "CONFIG_BLK_ERROR_INJECTION is n" in done.err
    assert "CONFIG_MD_FAULTY" not in done.err


def test_a_failing_build_says_why_and_keeps_the_log(place):
    done = place.build(FAKE_BROKEN="1")
    assert (done.code, done.out) == (3, "")
    assert "make linux failed" in done.err
    assert "mm/slub.c:12:3: error:  [31mexpected something else" in done.err
    assert "\x1b" not in done.err
    assert "unfinished job 14" in done.err
    log = Path(done.err.split("the whole log: ")[1].splitlines()[0])
    assert "CC      init/main.o" in log.read_text()
    assert place.left() == []
    assert place.listed() == []
    assert place.build().code == 0


def test_two_builds_at_once_make_one_kernel(place, tmp_path):
    gate = tmp_path / "gate"
    first = place.start_build(FAKE_GATE=str(gate))
    wait_for(gate.with_suffix(".started").exists)
    second = place.start_build(FAKE_BROKEN="1")
    waiting = ""
    while "waiting" not in waiting:
        waiting = second.stderr.readline()
        assert waiting, "the second build ended without waiting"
    assert f"process {first.pid} is at it already" in waiting
    (tmp_path / "gate.go").touch()
    out, err = first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 0, err
    again, err = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0, err
    assert again == out
    assert len(place.listed()) == 1


def test_who_waits_for_another_build_can_be_interrupted(place, tmp_path):
    gate = tmp_path / "gate"
    first = place.start_build(FAKE_GATE=str(gate))
    wait_for(gate.with_suffix(".started").exists)
    second = place.start_build()
    while "waiting" not in (line := second.stderr.readline()):
        assert line, "the second build ended without waiting"
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 130
    (tmp_path / "gate.go").touch()
    _out, err = first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 0, err
    assert len(place.listed()) == 1


def test_two_different_kernels_are_built_at_the_same_time(place, tmp_path):
    gate = tmp_path / "gate"
    slow = place.start_build(FAKE_GATE=str(gate))
    wait_for(gate.with_suffix(".started").exists)
    done = place.kernel("build", "--qemu", "--source", place.tree)
    assert done.code == 0, done.err
    # The build that is going on was not swept away by the other one.
    assert len(place.left()) == 1
    (tmp_path / "gate.go").touch()
    _out, err = slow.communicate(timeout=PATIENCE_S)
    assert slow.returncode == 0, err
    assert len(place.listed()) == 2


def test_kill_9_leaves_no_process_and_no_kernel_and_the_next_build_works(place, tmp_path):
    gate = tmp_path / "gate"
    started = gate.with_suffix(".started")
    first = place.start_build(FAKE_GATE=str(gate))
    wait_for(lambda: started.exists() and started.read_text().strip())
    compiler = int(started.read_text())
    first.kill()
    first.communicate(timeout=PATIENCE_S)
    wait_for(lambda: not alive(compiler))
    assert place.listed() == []
    assert len(place.left()) == 1
    # Any other build tidies up what the dead one left.
    assert place.kernel("build", "--qemu", "--source", place.tree).code == 0
    assert place.left() == []
    done = place.build()
    assert done.code == 0, done.err
    assert len(place.listed()) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_everything_and_leaves_nothing(place, tmp_path, number):
    gate = tmp_path / "gate"
    started = gate.with_suffix(".started")
    build = place.start_build(FAKE_GATE=str(gate))
    wait_for(lambda: started.exists() and started.read_text().strip())
    compiler = int(started.read_text())
    build.send_signal(number)
    out, err = build.communicate(timeout=PATIENCE_S)
    assert (build.returncode, out) == (130, ""), err
    assert "interrupted" in err
    assert "Traceback" not in err
    wait_for(lambda: not alive(compiler))
    assert place.left() == []
    assert place.listed() == []


def test_a_compiler_without_room_is_told_as_a_full_disk(place):
    done = place.build(FAKE_FULL="1")
    assert done.code == 3
    assert "is full" in done.err
    assert "MiB free" in done.err
    assert "FAULTRUN_CACHE=DIR" in done.err
    assert place.left() == []


def test_a_disk_that_fills_up_leaves_no_kernel(place, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    (place.tree / "large").write_bytes(os.urandom(200_000))
    tarball = make_tarball(tmp_path / "linux.tar.xz", place.tree)
    script = (
        f"mount -t tmpfs -o size=96k faultrun {small} || exit 77; "
        f"{sys.executable} -m faultrun kernel build --uml --source {tarball}; code=$?; "
        f"find {small} -name kernel.json -o -path '*/.building/*'; exit $code"
    )
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("there is no unshare(1) to mount a small disk with")
    done = subprocess.run(
        [unshare, "-rm", "/bin/sh", "-c", script],
        env={**os.environ, "FAULTRUN_CACHE": str(small), "PATH": f"{place.tools}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    if done.returncode in (1, 77) and "faultrun:" not in done.stderr:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    assert done.returncode == 3, done.stderr
    assert "is full" in done.stderr
    assert done.stdout == ""


def test_a_cache_that_cannot_be_written_is_told(place, tmp_path):
    (tmp_path / "file").write_text("")
    done = place.build(FAULTRUN_CACHE=str(tmp_path / "file" / "cache"))
    assert done.code == 3
    assert "Not a directory" in done.err
    assert "FAULTRUN_CACHE=DIR" in done.err


def obeying_permissions():
    """What makes root obey them; nothing for everybody else."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("there is no setpriv(1) to make root obey permissions with")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search"]


@pytest.mark.parametrize(
    ("mode", "words"),
    [(0o500, ["build", "--uml"]), (0, ["build", "--uml"]), (0, ["list"]), (0, ["path", "--uml"])],
)
def test_a_folder_without_permission_names_the_variable(place, tmp_path, mode, words):
    closed = tmp_path / "closed"
    closed.mkdir(mode=mode)
    more = ["--source", str(place.tree)] if words[0] == "build" else []
    done = subprocess.run(
        [*obeying_permissions(), sys.executable, "-m", "faultrun", "kernel", *words, *more],
        env={**os.environ, **place.env(FAULTRUN_CACHE=str(closed / "cache"))},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    closed.chmod(0o700)
    assert "Traceback" not in done.stderr, done.stderr
    assert (done.returncode, done.stdout) == (3, "")
    assert "Permission denied" in done.stderr
    assert "FAULTRUN_CACHE=DIR" in done.stderr


def test_a_tarball_is_a_source_too(place, tmp_path):
    tarball = make_tarball(tmp_path / "linux.tar.xz", place.tree)
    done = place.kernel("build", "--uml", "--source", tarball)
    assert done.code == 0, done.err
    assert Path(done.out.strip()).read_text() == "a kernel for um\n"
    assert done.err.splitlines()[-2].startswith("tidy: ")
    assert place.left() == []
    assert set(place.listed()[0]["phases_ms"]) == {"source", "unpack", "configure", "compile"}


def member(name, kind=tarfile.REGTYPE, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


HOSTILE = {
    "dots": member("linux-6.12/../../escaped"),
    "absolute": member("/tmp/faultrun-escaped"),
    "link out": member("linux-6.12/link", tarfile.SYMTYPE, "../../.."),
    "absolute link": member("linux-6.12/link", tarfile.SYMTYPE, "/etc"),
    "hard link out": member("linux-6.12/link", tarfile.LNKTYPE, "../escaped"),
    "device": member("linux-6.12/null", tarfile.CHRTYPE),
    "fifo": member("linux-6.12/fifo", tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_tarball_that_leads_outside_is_refused(place, tmp_path, hostile):
    tarball = make_tarball(tmp_path / "linux.tar.xz", place.tree, extra=[hostile])
    done = place.kernel("build", "--uml", "--source", tarball)
    assert (done.code, done.out) == (2, ""), done.err
    assert repr(hostile.name) in done.err
    assert not list(tmp_path.rglob("escaped"))
    assert place.left() == []
    assert place.listed() == []


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"\x1f\x8b\x08\x00damaged"])
def test_a_file_that_is_no_tarball_is_refused(place, tmp_path, content):
    (tmp_path / "broken.tar").write_bytes(content)
    done = place.kernel("build", "--uml", "--source", tmp_path / "broken.tar")
    assert (done.code, done.out) == (2, ""), done.err
    assert "broken.tar" in done.err


def test_a_tarball_without_a_makefile_is_no_kernel(place, tmp_path):
    with tarfile.open(tmp_path / "other.tar", "w") as archive:
        info = tarfile.TarInfo("other/README")
        archive.addfile(info, io.BytesIO())
    done = place.kernel("build", "--uml", "--source", tmp_path / "other.tar")
    assert done.code == 2
    assert "no Makefile" in done.err


def test_sources_that_are_none(place, tmp_path):
    missing = place.kernel("build", "--uml", "--source", tmp_path / "nowhere")
    assert missing.code == 2
    assert "No such file" in missing.err
    (tmp_path / "empty").mkdir()
    empty = place.kernel("build", "--uml", "--source", tmp_path / "empty")
    assert empty.code == 2
    assert "VERSION" in empty.err
    (place.tree / ".config").write_text("")
    used = place.build()
    assert used.code == 3
    assert "mrproper" in used.err


def test_a_version_that_the_source_does_not_have(place):
    done = place.build("--version", "7.3")
    assert done.code == 2
    assert "the source is Linux 6.12.4, and --version says 7.3" in done.err
    assert place.build("--version", "6.12.4").code == 0


@pytest.mark.parametrize("text", ["latest", "6", "6.12.95.1", "6.x", "-1.2"])
def test_a_version_that_is_none(place, text):
    done = place.build(f"--version={text}")
    assert done.code == 2
    assert "is not a kernel version" in done.err


def test_missing_tools_are_all_named_with_one_command(place, tmp_path):
    poor = make_tools(tmp_path / "poor", "flex", "bc")
    done = place.build(PATH=str(poor))
    assert done.code == 3
    assert "flex, bc" in done.err
    assert "apt-get install flex bc" in done.err


def test_without_apt_debian_sources_cannot_be_had(place):
    done = place.kernel("build", "--uml")
    assert done.code == 3
    assert "apt-get" in done.err
    assert "--source DIR|TARBALL" in done.err


def test_a_fragment_with_a_mistake_is_told_with_its_line(place, tmp_path):
    fragment = tmp_path / "mine.config"
    fragment.write_text("# mine\nCONFIG_A=y\nCONFIG_B\n")
    done = place.build("--fragment", fragment)
    assert done.code == 2
    assert f"{fragment}:3: 'CONFIG_B' is not an option" in done.err
    assert place.build("--fragment", tmp_path / "none").code == 2


def test_the_verb_explains_itself(place):
    assert {"build", "list", "path"} <= set(place.kernel("--help").out.split())
    text = place.kernel("build", "--help").out
    for option in ("--uml", "--qemu", "--source", "--fragment", "--allow-dropped", "--jobs"):
        assert option in text
    assert place.kernel("build").code == 2
    assert place.kernel("build", "--uml", "--qemu").code == 2
    assert place.build("--jobs", "0").code == 2
    assert "--allow-dropped" in place.cli("completion", "bash").out
