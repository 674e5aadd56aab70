"""Reads one file of the campaign language: text, or a finding that says why not.

The size is looked at before anything is read, so that 100 MB are refused as fast as 1.
"""

import errno
import re
import stat
from pathlib import Path

from faultrun.model.mark import Mark
from faultrun.spec.findings import Findings

MAX_BYTES = 2**20
"""1 MiB."""

_UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # what YAML allows
)
_WHY = {
    errno.ENOENT: "there is no such file",
    errno.EACCES: "permission denied",
    errno.ENOTDIR: "a part of the path is not a directory",
    errno.ELOOP: "too many symbolic links",
    errno.ENAMETOOLONG: "the name is too long",
}


def read_source(
    path: Path, name: str, findings: Findings, *, blame: Mark | None = None, length: int = 1
) -> str | None:
    """The text of a file, or None after a finding.

    ``name`` is how places in the file are called. ``blame`` is who wanted the file (the ``use:`` of
    a campaign, underlined for ``length``); without it problems are told at the file itself.
    """
    code = "FR001" if blame is None else "FR040"
    mark = blame or Mark(name, 1, 1)
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            what = "a directory" if stat.S_ISDIR(facts.st_mode) else "not a regular file"
            findings.add(code, mark, f"'{name}' is {what}, must be a YAML file", length=length)
            return None
        if facts.st_size > MAX_BYTES:
            size = facts.st_size / MAX_BYTES
            message = f"'{name}' has {size:.1f} MiB, the limit is 1 MiB"
            hint = "use `matrix:` for variation and a library (`use:`) for common parts"
            findings.add("FR002", mark, message, hint=hint, length=length)
            return None
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as refused:
        why = _WHY.get(refused.errno or 0) or (refused.strerror or "it cannot be read").lower()
        findings.add(code, mark, f"cannot read '{name}': {why}", length=length)
        return None
    except ValueError:
        findings.add(code, mark, "cannot read a file whose name holds a NUL byte", length=length)
        return None
    return _text(data, name, findings)


def _text(data: bytes, name: str, findings: Findings) -> str | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "the file is UTF-16, campaigns are UTF-8"
        findings.add("FR003", Mark(name, 1, 1), message, hint="save it as UTF-8")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", errors="replace")
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        findings.add("FR003", _mark(name, before), message, hint="a campaign is a UTF-8 text file")
        return None
    wrong = _UNPRINTABLE.search(text)
    if wrong is not None:
        mark = _mark(name, text[: wrong.start()])
        message = f"control character U+{ord(wrong.group()):04X} in a text file"
        hint = "a campaign is a UTF-8 text file; in a quoted scalar write it as an escape"
        findings.add("FR003", mark, message, hint=hint)
        return None
    return text


def _mark(name: str, before: str) -> Mark:
    line = before.count("\n") + 1
    return Mark(name, line, len(before) - before.rfind("\n"))
