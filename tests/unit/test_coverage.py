"""Coverage: what fired, what was in vain, what never was; from records, as text and as a page."""

import json
import subprocess
import sys

import pytest

from faultrun.capabilities.registry import known
from faultrun.gate.coverage import Reach, coverage
from faultrun.gate.facets import CAPABILITY, Facet, every, touched
from faultrun.record.reader import RecordDamaged, open_lines
from faultrun.report import coverage_page, coverage_text

CAMPAIGN = """\
campaign: cover
target: {simulated: {kernel: "6.12", devices: {nvme0: {kind: nvme, namespaces: 1, size_mib: 16}}}}
defaults: {expect: {exit: nonzero}}
steps:
  fires:
    inject: {nvme: {device: nvme0n1, status: 0x281, probability: 100, times: 1}}
    run: dd if=/dev/nvme0n1 of=/dev/null bs=4k count=1 iflag=direct
  default-status:
    inject: {nvme: {device: nvme0, probability: 100, times: 1}}
    run: nvme id-ctrl /dev/nvme0
  in-vain:
    inject: {failslab: {probability: 100, times: 1, space: 1000000}}
    run: cat /no/such/file
  not-run:
    inject: {fail_usercopy: {probability: 100, times: 1, space: 100000}}
    run: no-such-program-is-modelled
  nth:
    inject: {fail-nth: {nth: 2}}
    run: cat /etc/hostname
  by-name:
    inject: {fail_function: {function: __x64_sys_mkdir, retval: -5, probability: 100, times: 1}}
    run: mkdir /tmp/x
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cover")
    (folder / "cover.yaml").write_text(CAMPAIGN)
    done = faultrun(folder, "cover.yaml")
    assert done.returncode == 1, done.stderr
    return folder


def faultrun(folder, *words):
    return subprocess.run(
        [sys.executable, "-m", "faultrun", *words],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(run):
    return coverage([open_lines(run / "faultrun-runs" / "cover" / "0001")], known())


def reach(found, capability, kind, name):
    (cover,) = [c for c in found.covers if c.facet == Facet(capability, kind, name)]
    return cover.reach


@pytest.mark.parametrize(
    ("capability", "kind", "name", "expected"),
    [
        ("nvme", CAPABILITY, "nvme", Reach.FIRED),
        ("nvme", "attribute", "status", Reach.FIRED),
        ("nvme", "attribute", "dont_retry", Reach.NEVER),
        ("nvme", "status", "0x281 READ_ERROR", Reach.FIRED),
        ("nvme", "status", "0x1 INVALID_OPCODE", Reach.FIRED),
        ("nvme", "status", "0x2 INVALID_FIELD", Reach.NEVER),
        ("failslab", CAPABILITY, "failslab", Reach.VACUOUS),
        ("failslab", "attribute", "space", Reach.VACUOUS),
        ("fail_usercopy", CAPABILITY, "fail_usercopy", Reach.NEVER),
        ("fail-nth", CAPABILITY, "fail-nth", Reach.FIRED),
        ("fail_function", "error type", "ERRNO", Reach.FIRED),
        ("fail_function", "error type", "TRUE", Reach.NEVER),
    ],
)
def test_each_facet_got_as_far_as_its_best_step(found, capability, kind, name, expected):
    assert reach(found, capability, kind, name) is expected


def test_every_choice_of_every_table_is_a_facet_of_its_own():
    facets = every(known().values())
    assert len(set(facets)) == len(facets)
    for table in known().values():
        names = {facet.name for facet in facets if facet.capability == table.name}
        assert {spec.name for spec in table.attrs} <= names
        for item in (*table.parameters, *table.attrs):
            assert set(item.choices) <= names


def test_what_an_injection_touches_is_among_all_that_there_is():
    facets = set(every(known().values()))
    for table in known().values():
        where = {item.name: (item.choices or (item.example,))[-1] for item in table.parameters}
        settings = {spec.name: (spec.choices or (spec.default,))[-1] for spec in table.attrs}
        assert set(touched(table, where, settings)) <= facets


def test_counts_add_up(found):
    assert sum(found.counts().values()) == len(found.covers)
    for name in found.capabilities():
        assert sum(found.counts(name).values()) == len(found.of(name))


def test_the_text_names_what_never_fired_and_what_was_in_vain(found):
    text = coverage_text.render(found)
    assert "1 campaigns: cover" in text
    assert "fail_usercopy, capability: fail_usercopy" in text
    vain = text[text.index("only in vain:") : text.index("\nnever:")]
    assert "failslab, attribute: probability, times, space" in vain
    assert all(len(line) <= coverage_text.WIDTH for line in text.splitlines()[3:])


def test_the_page_has_a_square_for_each_facet_and_runs_no_stranger(found):
    page = coverage_page.render(found).decode()
    squares = [cover for cover in found.covers if cover.facet.kind != CAPABILITY]
    assert page.count('role="img"') == len(squares)
    assert page.count(
        'class="square fired" width="14" height="14" viewBox="0 0 14 14" role'
    ) == sum(cover.reach is Reach.FIRED for cover in squares)
    assert "default-src &#39;none&#39;" in page
    assert "cover: fires" in page


def test_the_verb_takes_runs_and_folders_of_runs(run, tmp_path):
    told = faultrun(run, "coverage", "--json", "--out", str(tmp_path / "c.html"))
    assert told.returncode == 0, told.stderr
    document = json.loads(told.stdout)
    assert document["campaigns"] == ["cover"]
    assert {row["reach"] for row in document["facets"]} == {"fired", "vacuous", "never"}
    assert (tmp_path / "c.html").read_bytes().startswith(b"<!doctype html>")
    again = faultrun(run, "coverage", "--json", "faultrun-runs/cover/0001")
    assert again.stdout == told.stdout
    nothing = faultrun(tmp_path, "coverage")
    assert nothing.returncode == 2
    assert "no recorded run" in nothing.stderr
    (tmp_path / "run.json").write_text("{}")
    assert faultrun(tmp_path, "coverage", ".").returncode == 2
    with pytest.raises(RecordDamaged):
        open_lines(tmp_path)
