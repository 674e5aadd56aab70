"""The kernel log: reading records, and finding the injections that they tell of.

Kernel: lib/fault-inject.c:fail_dump(), lib/dump_stack.c:dump_stack_print_info().
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faultrun.model.target import LogLine

FORCED = "FAULT_INJECTION: forcing a failure."

_STAMP = re.compile(r"(?:<(?P<level>\d+)>)?\[\s*(?P<s>\d+)\.(?P<us>\d{6})\](?:\[[^\]]*\])? ?")
_DETAIL = re.compile(
    r"name (?P<name>.*), interval (?P<interval>\d+), probability (?P<probability>\d+),"
    r" space (?P<space>-?\d+), times (?P<times>-?\d+)\Z"
)
_HEADER = re.compile(
    r"CPU: \d+ (?:UID: \d+ )?PID: (?P<pid>\d+) Comm: (?P<comm>.*?) (?:Not t|T)ainted"
)
_FRAME = re.compile(
    r"\s*(?:\[<[0-9a-f]+>\] )?(?P<guess>\? )?(?P<name>[A-Za-z_][\w.]*)\+0x[0-9a-f]+/0x"
)
_MARK = re.compile(r"\s*</?(?:IRQ|TASK|NMI|SOFTIRQ)>\s*\Z")
_PASSED_OVER = re.compile(
    r"(?:Call Trace:|Hardware name:|Workqueue:|Tainted:|Stack:|RIP: |Code: |[A-Z0-9]{3}: "
    r"|[0-9a-f]{8,16}(?: |\Z))"
)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

MACHINERY = frozenset(
    {
        "dump_stack",
        "dump_stack_lvl",
        "__dump_stack",
        "should_fail_ex",
        "should_fail",
        "fail_dump",
        "show_stack",
    }
)
"""Frames of the injection itself, at the inner end of every chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One "forcing a failure" of the log.

    ``times`` is the budget before it was taken from. ``comm``, ``pid`` and ``chain`` (function
    names, innermost first) are empty, 0 and empty below verbose 2.
    """

    t_ns: int
    name: str
    interval: int
    probability: int
    space: int
    times: int
    comm: str = ""
    pid: int = 0
    chain: tuple[str, ...] = ()


def parse_console(text: str) -> tuple[LogLine, ...]:
    """Records from dmesg or a console; lines without a stamp belong to the record before."""
    found: list[LogLine] = []
    for raw in _ESCAPES.sub("", text).replace("\r", "").split("\n"):
        stamp = _STAMP.match(raw)
        if stamp:
            t_ns = int(stamp["s"]) * 10**9 + int(stamp["us"]) * 10**3
            level = int(stamp["level"]) & 7 if stamp["level"] else 6
            found.append(LogLine(t_ns=t_ns, level=level, text=raw[stamp.end() :]))
        elif found and raw.strip():
            last = found[-1]
            joined = f"{last.text}\n{raw.strip()}"
            found[-1] = LogLine(t_ns=last.t_ns, level=last.level, text=joined)
    return tuple(found)


def injections(log: Sequence[LogLine]) -> tuple[Injection, ...]:
    """Every injection that the records tell of, in their order."""
    lines = [(record.t_ns, part) for record in log for part in record.text.split("\n")]
    found: list[Injection] = []
    place = 0
    while place < len(lines):
        t_ns, text = lines[place]
        place += 1
        if text.strip() != FORCED or place >= len(lines):
            continue
        detail = _DETAIL.match(lines[place][1].strip())
        if detail is None:
            continue
        comm, pid, chain, place = _stack(lines, place + 1)
        found.append(
            Injection(
                t_ns=t_ns,
                name=detail["name"],
                interval=int(detail["interval"]),
                probability=int(detail["probability"]),
                space=int(detail["space"]),
                times=int(detail["times"]),
                comm=comm,
                pid=pid,
                chain=chain,
            )
        )
    return tuple(found)


def _stack(lines: Sequence[tuple[int, str]], place: int) -> tuple[str, int, tuple[str, ...], int]:
    """The task and the call chain that follow, and where the next thing begins."""
    header = _HEADER.match(lines[place][1].strip()) if place < len(lines) else None
    if header is None:
        return "", 0, (), place
    place += 1
    chain: list[str] = []
    while place < len(lines):
        text = lines[place][1]
        frame = _FRAME.match(text)
        if frame is not None:
            # "? " marks an address found on the stack that nobody may have called.
            if not frame["guess"]:
                chain.append(frame["name"])
        elif not (_MARK.match(text) or _PASSED_OVER.match(text.strip())):
            break
        place += 1
    return header["comm"], int(header["pid"]), tuple(_bare(chain)), place


def _bare(chain: Iterable[str]) -> Iterable[str]:
    names = [name.split(".")[0] for name in chain]
    while names and names[0] in MACHINERY:
        names.pop(0)
    return names
