"""The tables in campaigns/README.md say which step shows what; the campaigns are run to see that it does."""

import re
from pathlib import Path

import pytest
import yaml

from faultrun.capabilities.registry import builtin
from faultrun.gate.coverage import Reach, coverage
from faultrun.record.reader import open_lines

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "campaigns"
FILES = sorted(HOME.glob("*.yaml"))
README = (HOME / "README.md").read_text()
FACILITIES = "What shows what"
EXAMPLES = "The document's examples, in order"
DIFFERENCES = "Where the document and the kernel differ"
HEADINGS = (FACILITIES, EXAMPLES, DIFFERENCES)

LINK = re.compile(r"\[[^\]]+\]\(([^)]+)\)")
TICKED = re.compile(r"`([^`]+)`")

# What cannot be shown by a fault that fired, and why not.
NOT_SHOWN = {
    ("nvme", "status", "0x0 SUCCESS"): "an injection of success changes nothing: VACUOUS by design",
    ("lkdtm", "attribute", "recur_count"): "read when the module is loaded, so not armed by a step",
    ("lkdtm", "cpoint_name", "INT_HARDWARE_ENTRY"): "has no function to sit on in x86_64",
    ("lkdtm", "cpoint_name", "MEM_SWAPOUT"): "has no function to sit on in x86_64",
    ("lkdtm", "cpoint_name", "TIMERADD"): "has no function to sit on in x86_64",
    ("lkdtm", "cpoint_name", "INT_TASKLET_ENTRY"): "nothing on the simulated machine runs tasklets",
    ("lkdtm", "cpoint_type", "PANIC_IN_HARDIRQ"): "new in 6.19; the campaign is for 6.12",
    ("lkdtm", "cpoint_type", "BUG_IN_HARDIRQ"): "new in 6.19; the campaign is for 6.12",
    ("lkdtm", "cpoint_type", "KSTACK_ERASE"): "new in 6.19; the campaign is for 6.12",
    ("lkdtm", "cpoint_type", "PTR_BOUNDS"): "new in 7.3; the campaign is for 6.12",
    ("fail_function", "error type", "NULL"): "no function of the recorded kernel has it",
    ("fail_function", "error type", "ERRNO_NULL"): "no function of the recorded kernel has it",
}
# Of a disk's operations only these reach a simulated disk as bios of their own.
OPERATIONS = {"READ", "WRITE"}


def rows(heading):
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return [row for row in cells[1:] if set(row[0]) != {"-"}]


def named_in(cell):
    """(file, step) pairs: a link to a campaign names the steps up to the next link or semicolon."""
    found = []
    for part in re.split(r"(?=\[)|;", cell):
        link = LINK.match(part)
        if link and link[1].endswith(".yaml"):
            found += [(link[1], step) for step in TICKED.findall(part[link.end() :])]
    return found


def steps_of(name):
    return yaml.safe_load((HOME / name).read_text())["steps"]


ALL_ROWS = [
    pytest.param(row, id=f"{heading.split()[0]}-{number}")
    for heading in HEADINGS
    for number, row in enumerate(rows(heading))
]


@pytest.mark.parametrize("row", ALL_ROWS)
def test_what_a_row_names_is_there(row):
    for link in LINK.findall(" ".join(row)):
        assert (HOME / link).exists(), link
    missing = [
        (name, step) for cell in row for name, step in named_in(cell) if step not in steps_of(name)
    ]
    assert missing == []


@pytest.mark.parametrize("row", [row for row in ALL_ROWS if "SKIP" not in row.values[0][-1]])
def test_a_row_names_a_step_or_a_test(row):
    assert named_in(" ".join(row)) or "](../tests/" in " ".join(row)


def test_every_capability_has_a_row_with_all_its_own_attributes():
    common = {spec.name for spec in builtin()["fail_usercopy"].attrs}
    table = rows(FACILITIES)
    assert common <= set(re.split(r"[,: ]+", table[0][1]))
    for name, capability in builtin().items():
        mine = [row for row in table if name in TICKED.findall(row[0])]
        assert len(mine) == 1, name
        if capability.not_simulated:
            continue
        words = set(re.split(r"[^\w-]+", mine[0][1]))
        own = {spec.name for spec in capability.attrs} - common
        assert own - words - {"error"} == set(), name
        assert len(own) == len(capability.attrs) or "whole set" in mine[0][1], name


def test_every_campaign_is_named():
    linked = set(LINK.findall(README))
    assert {path.name for path in FILES} <= linked


def test_every_document_step_is_an_example():
    tagged = {
        (path.name, identity)
        for path in FILES
        for identity, step in steps_of(path.name).items()
        if "document" in step.get("tags", [])
    }
    named = {pair for row in rows(EXAMPLES) for cell in row for pair in named_in(cell)}
    assert tagged - named == set()


def head(path):
    """The comment that a campaign begins with."""
    return path.read_text().split("\ncampaign: ", 1)[0]


def test_every_campaign_says_where_it_comes_from():
    silent = [
        path.name
        for path in FILES
        if not re.search(r"[Ss]ections? \d|[Cc]hapter \d|\(\d\.\d|document", head(path))
    ]
    assert silent == []


@pytest.fixture(scope="module")
def covered(shipped):
    return coverage((open_lines(folder) for _, folder in sorted(shipped.items())), builtin())


def test_every_facet_of_every_simulated_capability_fired(covered):
    missed = {
        (cover.facet.capability, cover.facet.kind, cover.facet.name)
        for cover in covered.covers
        if cover.reach is not Reach.FIRED and cover.facet.capability not in covered.absent
    }
    other = {
        facet
        for facet in missed
        if facet[:2] == ("blk_error_injection", "op") and facet[2] not in OPERATIONS
    }
    assert missed - other == set(NOT_SHOWN)
