"""Console text to log lines: a hostile stream of bytes, with colours, noise and half lines."""

import re

from faultrun.kernel.oops import KINDS
from faultrun.model.target import LogLine

MOST = 4 << 20
"""Bytes of a console that are looked at: its end."""

_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])")
_NOISE = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")
_STAMP = re.compile(r"\[ *(\d+)\.(\d{6})\](?:\[ *[TC]\d+\])? ?(.*)")
_PANIC = re.compile(r"Kernel panic - not syncing: (.*)")
_LEVEL = 4
"""A console does not show a record's level; 4 is the kernel's own default (KERN_WARNING)."""


def lines(raw: bytes) -> tuple[LogLine, ...]:
    """Every line that carries the kernel's time stamp, in order; other lines follow the last one."""
    found: list[LogLine] = []
    for piece in _ESCAPES.sub(b"", raw[-MOST:]).split(b"\n"):
        text = _NOISE.sub(b"", piece).decode("utf-8", "backslashreplace").rstrip()
        match = _STAMP.fullmatch(text)
        if match is not None:
            t_ns = int(match[1]) * 1_000_000_000 + int(match[2]) * 1_000
            found.append(LogLine(t_ns=t_ns, level=_LEVEL, text=match[3]))
        elif text and found:
            found.append(LogLine(t_ns=found[-1].t_ns, level=_LEVEL, text=text))
    return tuple(found)


def panic_of(log: tuple[LogLine, ...]) -> str:
    """The reason of the first kernel panic that is told; empty if there is none."""
    for line in log:
        match = _PANIC.search(line.text)
        if match is not None:
            return match[1].strip()
    return ""


HANGS = re.compile("|".join(kind.pattern for kind in KINDS if kind.fate == "hang").encode())
"""What the kernel's own watchdogs say, in a console as it comes."""


def stuck_of(log: tuple[LogLine, ...]) -> str:
    """The last line that says that something hangs; empty if there is none."""
    patterns = [re.compile(kind.pattern) for kind in KINDS if kind.fate == "hang"]
    for line in reversed(log):
        if any(pattern.search(line.text) for pattern in patterns):
            return line.text
    return ""
