"""The table of programs: what each is called, what runs it, and how it came to be modelled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faultrun.simkernel.process import Process
from faultrun.simkernel.programs import (
    awk,
    blockdev,
    comparing,
    compiling,
    dd,
    dmsetup,
    echo,
    files,
    fio,
    getopt,
    grepping,
    ip,
    kernel_log,
    launching,
    listing,
    mdadm,
    modules,
    mounting,
    networking,
    nvme_cli,
    perf_bench,
    plugins,
    printf,
    reading,
    selftests,
    simple,
)

Run = Callable[[Process], int]

BY_HAND = "by hand: messages as coreutils, util-linux and e2fsprogs word them"
RECORDED = "messages from recordings of Linux 6.12, the rest by hand"

COMPILED = (
    "by hand, and only the C programs that campaigns/library/c-programs.yaml holds; the fault points"
    " of socketpair(2) as recorded on Linux 6.1.192 and 6.12.95"
)
BENCHED = "by hand from tools/perf/bench: futex hash, wake, requeue and lock-pi"
NETWORKED = "by hand: an NFS server and packets on this machine alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program. ``modelled`` says what it was modelled from."""

    run: Run
    modelled: str = BY_HAND


def _table(*families: Mapping[str, Run], modelled: str = BY_HAND) -> dict[str, Program]:
    return {
        name: Program(run=run, modelled=modelled)
        for family in families
        for name, run in family.items()
    }


SHELLS = ("sh", "bash", "dash")

_TABLE: dict[str, Program] = {
    **_table(
        simple.PROGRAMS,
        reading.PROGRAMS,
        files.PROGRAMS,
        listing.PROGRAMS,
        comparing.PROGRAMS,
        grepping.PROGRAMS,
        kernel_log.PROGRAMS,
        launching.PROGRAMS,
        mounting.PROGRAMS,
        blockdev.PROGRAMS,
        mdadm.PROGRAMS,
        dmsetup.PROGRAMS,
        modules.PROGRAMS,
        fio.PROGRAMS,
        selftests.PROGRAMS,
        awk.PROGRAMS,
        getopt.PROGRAMS,
        {"echo": echo.echo, "printf": printf.printf},
    ),
    **_table(compiling.PROGRAMS, modelled=COMPILED),
    **_table(perf_bench.PROGRAMS, modelled=BENCHED),
    **_table(networking.PROGRAMS, modelled=NETWORKED),
    **_table(dd.PROGRAMS, nvme_cli.PROGRAMS, ip.PROGRAMS, modelled=RECORDED),
}


def is_modelled(name: str) -> bool:
    """Whether the simulated machine can run a program of this name."""
    return name in PROGRAMS or name in SHELLS or name in plugins.offered()


def program(name: str) -> Program:
    """The program of that name; faultrun's own before a plug-in's. Raises KeyError."""
    found = PROGRAMS.get(name)
    if found is not None:
        return found
    entry = plugins.offered()[name]
    return Program(run=plugins.starter(entry), modelled=f"by {plugins.origin(entry)}")


PROGRAMS: dict[str, Program] = {
    **_TABLE,
    "which": Program(run=listing.which(is_modelled)),
}
"""Every program by name. The shells are not here: ``launch`` runs them itself."""


def names() -> frozenset[str]:
    """Every program that a workload may call."""
    return frozenset((*PROGRAMS, *SHELLS, *plugins.offered()))
