"""What a workload sends to an NVMe device, as far as its text tells: I/O, admin commands, or both.

Only certain answers count. A program that is not in the tables, a variable as a command, a write to
sysfs: then nothing is known, and nothing is said.
"""

import re
from enum import Enum
from functools import lru_cache

from faultrun.model.campaign import Workload


class Traffic(Enum):
    """The kinds of NVMe commands that a workload causes."""

    IO = "io"
    ADMIN = "admin"
    UNKNOWN = "unknown"


_NEUTRAL = frozenset(
    [
        ":",
        "[",
        "cd",
        "echo",
        "exit",
        "export",
        "false",
        "mkdir",
        "printf",
        "pwd",
        "return",
        "set",
        "sleep",
        "test",
        "true",
        "unset",
        "wait",
        "then",
        "do",
        "else",
        "fi",
        "done",
        "if",
        "while",
        "until",
        "for",
        "case",
        "esac",
        "time",
        "exec",
    ]
)
_IO = frozenset(
    [
        "badblocks",
        "blkdiscard",
        "cat",
        "cmp",
        "cp",
        "dd",
        "fio",
        "fsck",
        "head",
        "hexdump",
        "ls",
        "md5sum",
        "mount",
        "mv",
        "od",
        "rm",
        "sha256sum",
        "sync",
        "tail",
        "tar",
        "touch",
        "umount",
    ]
)
_NVME_IO = frozenset(
    [
        "compare",
        "dsm",
        "flush",
        "io-passthru",
        "read",
        "write",
        "write-uncor",
        "write-zeroes",
        "verify",
    ]
)
_NVME_ADMIN = frozenset(
    [
        "admin-passthru",
        "changed-ns-list-log",
        "effects-log",
        "error-log",
        "fw-log",
        "get-feature",
        "get-log",
        "id-ctrl",
        "id-ns",
        "id-ns-desc",
        "list-ctrl",
        "list-ns",
        "ns-descs",
        "self-test-log",
        "smart-log",
        "show-regs",
    ]
)
_LEADERS = frozenset(["then", "do", "else", "if", "while", "until", "!", "time", "exec", "{", "("])
_QUOTED = re.compile(r"'[^']*'|\"[^\"$`]*\"")
_COMMENT = re.compile(r"(?m)(^|\s)#.*$")
_REDIRECT = re.compile(r"[0-9]*[<>]+(&[0-9-]|\s*/dev/null|\s*\S+)")
_SPLIT = re.compile(r"[\n;|&()]+")


def traffic(workload: Workload) -> Traffic:
    """What the workload certainly sends, or UNKNOWN."""
    if workload.argv:
        return _of([list(workload.argv)])
    return _of_script(workload.script)


@lru_cache(maxsize=1024)
def _of_script(script: str) -> Traffic:
    if "<<" in script or "`" in script or "/sys/" in script or "/proc/" in script:
        return Traffic.UNKNOWN
    bare = _COMMENT.sub(" ", _QUOTED.sub("Q", script.replace("\\\n", " ")))
    bare = _REDIRECT.sub(" ", bare)
    return _of([part.split() for part in _SPLIT.split(bare)])


def _of(commands: list[list[str]]) -> Traffic:
    seen: set[Traffic] = set()
    for given in commands:
        words = list(given)
        while words and (words[0] in _LEADERS or re.match(r"[A-Za-z_][A-Za-z0-9_]*=", words[0])):
            words.pop(0)
        if not words or words[0] in _NEUTRAL:
            continue
        kind = _kind(words[0].rpartition("/")[2], words[1:])
        if kind is Traffic.UNKNOWN:
            return kind
        seen.add(kind)
    return seen.pop() if len(seen) == 1 else Traffic.UNKNOWN


def _kind(program: str, words: list[str]) -> Traffic:
    if program in _IO or program.startswith(("mkfs.", "fsck.")):
        return Traffic.IO
    if program == "nvme" and words:
        if words[0] in _NVME_IO:
            return Traffic.IO
        if words[0] in _NVME_ADMIN:
            return Traffic.ADMIN
    return Traffic.UNKNOWN
