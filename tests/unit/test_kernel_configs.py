"""Kernel configurations, digests, versions and apt's lists: the pure parts of `faultrun kernel`."""

import io
import json
import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.fake_kernel import NEVER_THERE
from faultrun.cli.kernel_progress import Lines
from faultrun.kernel.version import KernelVersion
from faultrun.kernels import cache, config, find, kernel
from faultrun.kernels.absent import LIFETIMES, lacks
from faultrun.kernels.apt import SUITES, Mirror, mirrors, newest, offered, system_mirror
from faultrun.kernels.arch import ARCHES
from faultrun.kernels.cache import Cache
from faultrun.kernels.config import Option
from faultrun.kernels.errors import KernelError, printable
from faultrun.kernels.finding import build_command, parse_version
from faultrun.kernels.kernel import Kernel
from faultrun.kernels.source import kept
from faultrun.kernels.work import Work

NAMES = st.from_regex(r"CONFIG_[A-Z0-9_]{1,12}", fullmatch=True)
VALUES = st.one_of(
    st.sampled_from(["y", "m", "n"]),
    st.integers(-(2**40), 2**40).map(str),
    st.integers(0, 2**64).map(hex),
    st.text("abc /%\t", max_size=8).map('"{}"'.format),
)
CONFIGS = st.dictionaries(NAMES, VALUES, max_size=12)


def options(pairs, place="x:1"):
    return tuple(Option(name=name, value=value, place=place) for name, value in pairs.items())


@given(CONFIGS)
def test_a_rendered_fragment_reads_back(pairs):
    text = config.render(options(pairs))
    read = config.parse_fragment(text, "f")
    assert {option.name: option.value for option in read} == pairs
    assert config.parse_config(text) == {k: v for k, v in pairs.items() if v != "n"}


@given(CONFIGS)
def test_what_kconfig_took_over_is_not_dropped(pairs):
    got = config.parse_config(config.render(options(pairs)))
    assert config.dropped(options(pairs), got, frozenset()) == ()


@given(CONFIGS, st.data())
def test_every_lost_option_is_named_and_no_other(pairs, data):
    on = [name for name, value in pairs.items() if value != "n"]
    lost = set(data.draw(st.lists(st.sampled_from(on), unique=True))) if on else set()
    got = {name: value for name, value in pairs.items() if name not in lost and value != "n"}
    found = config.dropped(options(pairs), got, frozenset())
    assert [one.option.name for one in found] == [name for name in pairs if name in lost]
    assert config.dropped(options(pairs), got, frozenset(lost)) == ()


@given(st.lists(CONFIGS, max_size=4))
def test_the_last_fragment_has_its_way(many):
    merged = config.merge(options(pairs) for pairs in many)
    together = {}
    for pairs in many:
        together |= pairs
    assert {option.name: option.value for option in merged} == together
    assert len(merged) == len(together)


@pytest.mark.parametrize(
    ("wanted", "got", "is_dropped"),
    [
        ("y", {"CONFIG_A": "y"}, False),
        ("y", {"CONFIG_A": "m"}, True),
        ("y", {}, True),
        ("m", {"CONFIG_A": "y"}, True),
        ("n", {}, False),
        ("n", {"CONFIG_A": "y"}, True),
        ("16", {"CONFIG_A": "0x10"}, False),
        ("0x10", {"CONFIG_A": "0X10"}, False),
        ("16", {"CONFIG_A": "17"}, True),
        ('"a"', {"CONFIG_A": '"a"'}, False),
        ('"a"', {"CONFIG_A": '"b"'}, True),
    ],
)
def test_when_an_option_counts_as_dropped(wanted, got, is_dropped):
    found = config.dropped(options({"CONFIG_A": wanted}), got, frozenset())
    assert bool(found) is is_dropped


def test_a_known_absence_excuses_absence_only():
    wanted = options({"CONFIG_A": "y"}, "mine:7")
    known = frozenset({"CONFIG_A"})
    assert config.dropped(wanted, {}, known) == ()
    (there,) = config.dropped(wanted, {"CONFIG_A": "m"}, known)
    assert str(there) == "CONFIG_A is m, wanted y (mine:7)"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("CONFIG_A", "'CONFIG_A' is not an option"),
        ("FAILSLAB=y", "'FAILSLAB=y' is not an option"),
        ("config_a=y", "is not an option"),
        ("CONFIG_A = y", "is not an option"),
        ("CONFIG_A=yes", "'yes' is no value for CONFIG_A"),
        ("CONFIG_A=", "'' is no value for CONFIG_A"),
        ('CONFIG_A="open', "is no value"),
        ("CONFIG_A=y # why", "is no value"),
        ("CONFIG_A=$(shell id)", "is no value"),
    ],
)
def test_a_line_that_says_nothing_is_a_mistake_with_its_place(line, said):
    with pytest.raises(KernelError, match=re.escape("my.config:3: ")) as refused:
        config.parse_fragment(f"# head\n\n{line}\n", "my.config")
    assert said in str(refused.value)
    assert refused.value.usage
    assert refused.value.hint


def test_comments_and_blank_lines_are_no_options():
    text = "# why\n\n   \n  # is not set\nCONFIG_B=y\n# CONFIG_C is not set\n"
    assert [option.line() for option in config.parse_fragment(text, "f")] == [
        "CONFIG_B=y",
        "# CONFIG_C is not set",
    ]


@pytest.mark.parametrize("arch", ARCHES.values(), ids=ARCHES)
def test_shipped_fragments_read_and_repeat_nothing(arch):
    seen = []
    for path in arch.fragment_files():
        text = path.read_text()
        seen += [option.name for option in config.parse_fragment(text, path.name)]
        assert text.startswith("#"), "a fragment begins with what it is for"
    assert len(seen) == len(set(seen))
    assert {"CONFIG_FAULT_INJECTION", "CONFIG_LKDTM", "CONFIG_NFSD_V4"} <= set(seen)
    # Every lifetime is of an option that is asked for, or it excuses nothing.
    assert {row.option for row in LIFETIMES} <= set(seen)
    assert set(NEVER_THERE) <= {row.option for row in LIFETIMES}


@pytest.mark.parametrize(
    ("version", "absent"),
    [
        (
            "6.1.176",
            {
                "FAULT_INJECTION_CONFIGFS",
                "FAULT_INJECTION_STACKTRACE_FILTER",
                "FAIL_SKB_REALLOC",
                "BLK_ERROR_INJECTION",
            },
        ),
        ("6.8", {"FAIL_SKB_REALLOC", "BLK_ERROR_INJECTION", "MD_FAULTY"}),
        ("6.12.95", {"FAIL_SKB_REALLOC", "BLK_ERROR_INJECTION", "MD_FAULTY"}),
        ("6.19", {"BLK_ERROR_INJECTION", "MD_FAULTY"}),
        ("7.3.4", {"MD_FAULTY"}),
    ],
)
def test_what_versions_are_known_to_lack(version, absent):
    assert lacks(KernelVersion.parse(version)) == {f"CONFIG_{name}" for name in absent}


def test_versions_of_trees():
    text = "# a comment\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 95\nEXTRAVERSION =\nNAME = x\n"
    assert config.tree_version(text) == "6.12.95"
    assert config.tree_version("VERSION = 7\nPATCHLEVEL = 3\n") == "7.3.0"
    for none in ("", "all:\n", "VERSION = 6\n", "VERSION = x\nPATCHLEVEL = 1\n"):
        with pytest.raises(KernelError, match="PATCHLEVEL"):
            config.tree_version(none)


@pytest.mark.parametrize("part", ["source", "arch", "config", "toolchain"])
def test_each_of_the_four_makes_another_digest(part):
    given = {"source": "a", "arch": "b", "config": "c", "toolchain": "d"}
    before = cache.digest(**given)
    assert before == cache.digest(**given)
    assert re.fullmatch("[0-9a-f]{16}", before)
    assert cache.digest(**{**given, part: "other"}) != before


def test_a_digest_knows_where_one_part_ends():
    one = cache.digest(source="ab", arch="c", config="", toolchain="")
    two = cache.digest(source="a", arch="bc", config="", toolchain="")
    assert one != two


def put(root, name, *, arch="uml", version="6.12.95", built_at="2026-01-01T00:00:00Z", said=None):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "linux").write_bytes(b"kernel")
    (folder / "config").write_text("CONFIG_A=y\n")
    made = Kernel(
        arch=arch,
        release=version,
        version=KernelVersion.parse(version),
        path=folder / "linux",
        config_path=folder / "config",
        digest=name,
        source="s",
        toolchain="gcc 12",
        size_bytes=6,
        built_at=built_at,
        phases_ms={"compile": 5, "source": 7},
        compiled=3,
        ccache=True,
        dropped=("CONFIG_B",),
    )
    (folder / "kernel.json").write_text(json.dumps({**made.document(), **(said or {})}))
    return made


def test_a_kernel_is_read_as_it_was_written(tmp_path):
    made = put(tmp_path, "a")
    assert kernel.read(tmp_path / "a") == made
    assert made.total_ms == 12


@pytest.mark.parametrize(
    "said",
    [
        {"size_bytes": 7},
        {"schema": 2},
        {"schema": None},
        {"image": "other"},
        {"version": "new"},
        {"phases_ms": [1]},
        {"phases_ms": {"compile": "long"}},
        {"dropped": "CONFIG_B"},
    ],
    ids=str,
)
def test_what_is_not_a_whole_kernel_is_none(tmp_path, said):
    put(tmp_path, "a", said=said)
    assert kernel.read(tmp_path / "a") is None


def test_an_image_is_a_file_of_its_own_folder(tmp_path):
    put(tmp_path, "a", said={"image": "../b/linux"})
    put(tmp_path, "b")
    assert kernel.read(tmp_path / "a").path == tmp_path / "a" / "linux"


@pytest.mark.parametrize("name", ["linux", "config", "kernel.json"])
def test_a_kernel_with_a_file_missing_is_none(tmp_path, name):
    put(tmp_path, "a")
    (tmp_path / "a" / name).unlink()
    assert kernel.read(tmp_path / "a") is None
    assert Cache(tmp_path).kernels() == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '"x"', "{}"])
def test_a_record_that_is_none_is_no_kernel(tmp_path, text):
    put(tmp_path, "a")
    (tmp_path / "a" / "kernel.json").write_text(text)
    assert kernel.read(tmp_path / "a") is None


def test_the_newest_version_is_found_by_number_not_by_letter(tmp_path):
    for name, version in (("a", "6.9.1"), ("b", "6.12.3"), ("c", "6.12.20"), ("d", "6.1.9")):
        put(tmp_path, name, version=version)
    put(tmp_path, "e", version="7.3.4", arch="qemu")
    there = Cache(tmp_path)
    asked = {None: "c", "6.12": "c", "6.12.3": "b", "6.1": "d", "6.9": "a"}
    for version, digest in asked.items():
        assert find("uml", version, cache=there).digest == digest
    for version in ("7.3", "6.12.95", "6.2"):
        assert find("uml", version, cache=there) is None
    assert find("qemu", cache=there).digest == "e"
    assert find("other", cache=there) is None


def test_of_equal_versions_the_last_built_is_found(tmp_path):
    put(tmp_path, "a", built_at="2026-01-02T00:00:00Z")
    put(tmp_path, "b", built_at="2026-01-03T00:00:00Z")
    put(tmp_path, "c", built_at="2026-01-01T00:00:00Z")
    assert find("uml", cache=Cache(tmp_path)).digest == "b"


def test_hidden_folders_are_no_kernels(tmp_path):
    put(tmp_path, ".building")
    assert Cache(tmp_path).kernels() == ()
    assert Cache(tmp_path / "nowhere").kernels() == ()


@pytest.mark.parametrize("text", ["", "6", "6.", ".1", "6.1.2.3", "6.x", "v6.1", "6.1-rc1", "٦.1"])
def test_texts_that_are_no_version(text):
    with pytest.raises(KernelError, match="is not a kernel version"):
        parse_version(text)


def test_the_command_that_builds_what_is_missing():
    assert build_command("uml", None) == "faultrun kernel build --uml"
    assert build_command("qemu", "6.1") == "faultrun kernel build --qemu --version 6.1"


@pytest.mark.parametrize(
    ("variables", "tail"),
    [
        ({"FAULTRUN_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/faultrun"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/faultrun"),
        ({"FAULTRUN_CACHE": "", "HOME": "/h"}, "/h/.cache/faultrun"),
    ],
)
def test_where_the_cache_is(monkeypatch, variables, tail):
    for name in ("FAULTRUN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(cache.home()) == tail


DEB822 = """\
# a comment
Types: deb deb-src
# another
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


def test_a_mirror_is_found_in_both_forms_of_apts_lists():
    (found,) = mirrors(DEB822, one_line=False)
    assert found == Mirror(
        uri="http://mirror.example/debian", signed_by="/usr/share/keyrings/debian.gpg"
    )
    lines = (
        "deb-src http://mirror.example/src bookworm main\n"
        "# deb http://mirror.example/off bookworm main\n"
        "deb http://tools.example/apt stable-tools main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main # mine\n"
        "deb http://mirror.example/debian-security bookworm-security main\n"
        "deb http://mirror.example/half bookworm contrib\n"
    )
    (found,) = mirrors(lines, one_line=True)
    assert found == Mirror(uri="http://mirror.example/debian", signed_by="/k.gpg")


@pytest.mark.parametrize(
    "change",
    [
        ("Types: deb deb-src", "Types: deb-src"),
        ("Components: main contrib", "Components: contrib"),
        ("Suites: bookworm bookworm-updates", "Suites: noble noble-updates"),
        ("Components: main contrib", "Components: main\nEnabled: no"),
    ],
)
def test_lists_without_a_debian_mirror(change):
    assert list(mirrors(DEB822.replace(*change), one_line=False)) == []


def test_a_key_that_stands_in_the_list_is_taken_along():
    key = (
        "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----"
    )
    text = DEB822.replace(" /usr/share/keyrings/debian.gpg", key)
    (found,) = mirrors(text, one_line=False)
    assert found.signed_by == key
    assert list(mirrors(found.sources(), one_line=False)) == [found]
    assert f"Suites: {' '.join(SUITES)}\n" in found.sources()


def test_the_machines_own_lists_are_read(tmp_path):
    lists = tmp_path / "sources.list.d"
    lists.mkdir()
    (lists / "a.list").write_text("deb http://tools.example/apt nodistro main\n")
    (lists / "b.save").write_text("deb http://wrong.example/debian bookworm main\n")
    with pytest.raises(KernelError, match="no source list under") as none:
        system_mirror(tmp_path)
    assert "--source" in none.value.hint
    (lists / "debian.sources").write_text(DEB822)
    assert system_mirror(tmp_path).uri == "http://mirror.example/debian"
    (tmp_path / "sources.list").write_text("deb http://first.example/debian bookworm main\n")
    assert system_mirror(tmp_path).uri == "http://first.example/debian"


MADISON = """\
linux-source-6.12 | 6.12.95-1~bpo12+1 | http://mirror.example/debian bookworm-backports/main amd64 Packages
linux-source-6.12 | 6.12.30-1~bpo12+1 | http://mirror.example/debian bookworm-backports/main amd64 Packages
"""


def test_the_package_version_is_the_first_that_apt_names():
    assert newest(MADISON) == "6.12.95-1~bpo12+1"
    assert newest("") == ""
    assert newest("W: Unable to locate package linux-source-9.9\n") == ""


def test_versions_on_offer_are_in_order():
    names = ["linux-source-6.12", "linux-source", "linux-source-6.1", "linux-source-7.3", "x"]
    assert offered(names) == ("6.1", "6.12", "7.3")


def test_the_package_that_was_fetched_last_is_taken(tmp_path):
    assert kept("6.12", tmp_path / "nowhere") is None
    for number, name in enumerate(("6.12_6.12.9-1", "6.12_6.12.10-1", "6.1_6.1.99-1")):
        path = tmp_path / f"linux-source-{name}.tar.xz"
        path.write_bytes(b"")
        os.utime(path, ns=(number, number))
    assert kept("6.12", tmp_path).name == "linux-source-6.12_6.12.10-1.tar.xz"
    assert kept("6.1", tmp_path).name == "linux-source-6.1_6.1.99-1.tar.xz"
    assert kept("6", tmp_path) is None


def test_what_other_programs_print_cannot_move_the_cursor():
    assert printable("a\x1b[2Jb\rc\x07\n") == "a [2Jb c"


def test_off_a_terminal_a_build_says_now_and_then_how_far_it_is():
    shown = io.StringIO()
    lines = Lines(shown)
    lines.phase("compile", "linux, 2 jobs")
    for done, expected, elapsed_ms in (
        (0, 0, 500),
        (9, 0, 14_999),
        (12, 0, 15_000),
        (13, 0, 29_999),
        (700, 1200, 31_000),
        (0, 0, 50_000),
    ):
        lines.tick(done, expected, elapsed_ms)
    lines.phase("configure", "again")
    lines.tick(0, 0, 14_000)
    assert shown.getvalue().splitlines() == [
        "compile: linux, 2 jobs",
        "compile: 12 files compiled, 15 s",
        "compile: 700 of about 1200 files compiled, 31 s",
        "compile: 50 s",
        "configure: again",
    ]


class Counted(Lines):
    def __init__(self):
        super().__init__(io.StringIO())
        self.seen = []

    def tick(self, done, expected, elapsed_ms):
        self.seen.append(done)


@given(st.lists(st.integers(1, 40), max_size=8))
def test_files_are_counted_however_the_output_is_cut(cuts):
    text = (
        b"make: entering\n  CC      init/main.o\n  HOSTCC  scripts/x\n  AS      entry.o\n"
        b"  CC [M]  fs/a.o\n  LD      vmlinux\n  GEN     CC fake\nCC      not/indented.o\n"
        b"a line that says   CC      in/the/middle.o\n  CC      last.o\n"
    )
    progress = Counted()
    with tempfile.TemporaryFile() as log:
        work = Work(log_path=Path("nowhere"), log=log, lock=-1, progress=progress)
        for cut in cuts:
            work.count(text[:cut])
            text = text[cut:]
        work.count(text)
    assert work.compiled == 5
    assert progress.seen == sorted(progress.seen)
