"""`faultrun kernel build` without --source: Debian's packages, through an apt that only pretends.

The pretended apt answers from a folder of "packages" and notes how it was called, so that these
tests need no network and show what would be asked of one.
"""

import json
import os
import platform
import pty
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from data.fake_kernel import make_tarball, make_tools, make_tree
from faultrun.kernels.apt import system_mirror
from faultrun.kernels.errors import KernelError


def has_mirror():
    try:
        system_mirror()
    except KernelError:
        return False
    return True


pytestmark = [
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="kernels are built on x86-64"),
    pytest.mark.skipif(not has_mirror(), reason="apt of this machine knows no Debian mirror"),
]

APT_GET = """\
echo "apt-get $*" >> {notes}
case "$*" in
  *\\ update)
    if [ -e {archive}/offline ]; then echo "E: Temporary failure resolving 'mirror'"; exit 100; fi;;
  *\\ download\\ *)
    for last; do :; done
    cp {archive}/"${{last%%=*}}_${{last#*=}}.deb" . || {{ echo "E: Failed to fetch $last"; exit 100; }};;
esac
"""
APT_CACHE = """\
if [ -e {archive}/offline ]; then exit 0; fi
for last; do :; done
case "$*" in
  *\\ madison\\ *)
    for deb in $(ls -r {archive} | grep "^${{last}}_"); do
      version="${{deb#*_}}"; echo "$last | ${{version%.deb}} | http://mirror suite/main Packages"
    done;;
  *\\ pkgnames\\ *) ls {archive} | sed 's/_.*//';;
esac
"""
DPKG_DEB = """\
name="${{2%%_*}}"
mkdir -p "$3/usr/src" && cp "$2" "$3/usr/src/$name.tar.xz"
"""


@dataclass
class Debian:
    """The pretended archive."""

    cli: object
    tmp: Path
    tools: Path

    @property
    def archive(self):
        return self.tmp / "archive"

    def publish(self, version, package_version):
        tree = make_tree(self.tmp / "trees" / package_version / "linux", version=version)
        (tree / "README").write_text(package_version)
        deb = self.archive / f"linux-source-{version}_{package_version}.deb"
        make_tarball(deb, tree, top=f"linux-source-{version}")

    def build(self, *words):
        env = {"FAULTRUN_CACHE": str(self.tmp / "cache"), "PATH": str(self.tools)}
        return self.cli("kernel", "build", *words, env=env)

    def calls(self):
        notes = self.tmp / "notes"
        return notes.read_text().splitlines() if notes.exists() else []


@pytest.fixture
def debian(cli, tmp_path):
    tools = make_tools(tmp_path / "tools")
    (tmp_path / "archive").mkdir()
    paths = {
        "notes": shlex.quote(str(tmp_path / "notes")),
        "archive": shlex.quote(str(tmp_path / "archive")),
    }
    for name, script in (("apt-get", APT_GET), ("apt-cache", APT_CACHE), ("dpkg-deb", DPKG_DEB)):
        (tools / name).write_text("#!/bin/sh\n" + script.format(**paths))
        (tools / name).chmod(0o755)
    for name in ("cp", "ls"):
        (tools / name).symlink_to(shutil.which(name))
    return Debian(cli, tmp_path, tools)


def test_a_package_is_fetched_once_and_told_by_its_version(debian):
    debian.publish("6.12", "6.12.95-1~bpo12+1")
    done = debian.build("--uml", "--version", "6.12", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["source"] == "linux-source-6.12 6.12.95-1~bpo12+1"
    update, download = debian.calls()
    for call in (update, download):
        # Everything that apt writes or reads of sources lies in our cache.
        for setting in ("Dir::Etc::sourcelist", "Dir::Etc::sourceparts", "Dir::State::lists"):
            assert f"{setting}={debian.tmp}/cache/" in call
    (debian.archive / "offline").touch()
    again = debian.build("--qemu", "--version", "6.12")
    assert again.code == 0, again.err
    assert len(debian.calls()) == 2


def test_a_newer_package_is_taken_when_asked_for(debian):
    debian.publish("6.12", "6.12.94-1")
    first = debian.build("--uml", "--version", "6.12")
    debian.publish("6.12", "6.12.95-1")
    assert debian.build("--uml", "--version", "6.12").out == first.out
    done = debian.build("--uml", "--version", "6.12", "--refresh", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["source"] == "linux-source-6.12 6.12.95-1"
    assert json.loads(done.out)["path"] != first.out.strip()


def test_a_version_that_debian_does_not_have_is_told_with_those_it_has(debian):
    debian.publish("6.12", "6.12.95-1")
    debian.publish("6.1", "6.1.176-1")
    done = debian.build("--uml", "--version", "6.19")
    assert (done.code, done.out) == (2, "")
    assert "have no Linux 6.19; they have 6.1, 6.12" in done.err
    assert "--version 6.12" in done.err


def test_a_patch_level_cannot_be_asked_of_debian(debian):
    done = debian.build("--uml", "--version", "6.12.95")
    assert done.code == 2
    assert "--version 6.12" in done.err
    assert debian.calls() == []


def test_without_a_network_the_reason_and_the_other_way_are_told(debian):
    debian.publish("7.3", "7.3.4-1")
    (debian.archive / "offline").touch()
    done = debian.build("--uml")
    assert (done.code, done.out) == (3, "")
    assert "Temporary failure resolving" in done.err
    assert "--source DIR|TARBALL" in done.err


def test_a_download_that_breaks_leaves_nothing_to_be_taken_for_a_source(debian):
    debian.publish("6.12", "6.12.95-1")
    (debian.tools / "cp").unlink()
    (debian.tools / "cp").write_text("#!/bin/sh\nfor last; do :; done\nexit 1\n")
    (debian.tools / "cp").chmod(0o755)
    done = debian.build("--uml", "--version", "6.12")
    assert done.code == 3
    assert "could not be fetched: E: Failed to fetch linux-source-6.12=6.12.95-1" in done.err
    (debian.tools / "cp").unlink()
    (debian.tools / "cp").symlink_to(shutil.which("cp"))
    assert debian.build("--uml", "--version", "6.12").code == 0


def test_on_a_terminal_the_build_is_shown_live(debian):
    debian.publish("6.12", "6.12.95-1")
    master, slave = pty.openpty()
    env = {
        **os.environ,
        "FAULTRUN_CACHE": str(debian.tmp / "cache"),
        "PATH": str(debian.tools),
        "TERM": "xterm",
    }
    env.pop("NO_COLOR", None)
    words = [sys.executable, "-m", "faultrun", "kernel", "build", "--uml", "--version", "6.12"]
    build = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while piece := os.read(master, 4096):
            shown += piece
    except OSError:
        pass  # a terminal whose last writer went away says EIO
    out, _err = build.communicate(timeout=60)
    os.close(master)
    assert build.returncode == 0, shown
    assert Path(out.decode().strip()).is_file()
    assert b"\x1b[" in shown
    for phase in (b"source: ", b"unpack: ", b"configure: ", b"compile: "):
        assert phase in shown
