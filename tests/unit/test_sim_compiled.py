"""The C programs of the campaigns' library: recognised, and sweeping as recorded."""

import pytest
import yaml

from data.sim_machine import machine, run
from faultrun.resources import tree
from faultrun.simkernel.kernel import DEBUGFS
from faultrun.simkernel.points import POINTS
from faultrun.simkernel.programs.compiled import RUNS, recognised
from faultrun.simkernel.programs.compiling import SOURCES, folded

LIBRARY = tree("schemas").parent / "campaigns" / "library" / "c-programs.yaml"
WORKLOADS = yaml.safe_load(LIBRARY.read_text())["workloads"]
RECORDED = (
    "1-th fault Y: res=-1/23",
    "2-th fault Y: res=-1/12",
    "3-th fault Y: res=-1/23",
    "4-th fault Y: res=-1/12",
    "5-th fault Y: res=-1/12",
    "6-th fault Y: res=-1/12",
    "7-th fault Y: res=-1/12",
    "8-th fault Y: res=-1/12",
    "9-th fault Y: res=0/12",
    "10-th fault N: res=0/14",
)
"""Console of Linux 6.12.95 in user mode, of a program that reads again after EFAULT."""


def sweep(name, kernel="6.12", *, wait="N"):
    target = machine(kernel)
    target.write(f"{DEBUGFS}/failslab/ignore-gfp-wait", f"{wait}\n".encode())
    return run(target, WORKLOADS[name]["run"]).stdout.splitlines()


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_program_of_the_library_is_known(name):
    source = WORKLOADS[name]["run"].split("<<'EOF'\n", 1)[1].split("\nEOF\n", 1)[0]
    assert RUNS[SOURCES[folded(source)]]
    assert SOURCES[folded(source)] == name


def test_the_recording_is_reproduced():
    assert tuple(sweep("read-again-sweep")) == RECORDED


@pytest.mark.parametrize("kernel", ["6.1", "6.8", "6.12", "6.19", "7.3"])
def test_the_documents_program_ends_where_the_read_back_fails(kernel):
    """Its buffer then still holds the number that was written, which reads as "not injected"."""
    assert sweep("document-sweep", kernel, wait="Y") == [*RECORDED[:8], "9-th fault N: res=0/12"]


def test_the_right_sweep_tells_both_apart():
    assert sweep("right-sweep") == [*RECORDED[:8], "9-th fault N: res=0/0"]
    assert sweep("right-sweep", wait="Y") == ["1-th fault N: res=0/0"]


def test_the_points_of_socketpair_are_those_of_the_recording():
    errnos = {"ENFILE": "23", "ENOMEM": "12"}
    expected = [line.rpartition("/")[2] for line in RECORDED[:8]]
    assert [errnos[point.errno] for point in POINTS["socketpair"]] == expected


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"\x7fELF\x02\x01\x01\0compiled:other\n"])
def test_other_files_are_no_programs_of_ours(data):
    assert recognised(data) is None
