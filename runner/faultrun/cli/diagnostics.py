"""Diagnostics as text with the line they are about, and as JSON.

The form is fixed and kept by golden files: a clickable place first, then severity and code, the
line once for all that is wrong in it, and a hint. Text of files is shown, never obeyed: control
characters and such that turn text around are replaced.
"""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from faultrun.model.data import Json
from faultrun.model.diagnostic import Diagnostic, Severity
from faultrun.model.mark import Mark

MAX_TEXT = 200
"""Findings that are printed; ``--json`` has all of them."""
MAX_RELATED = 8
"""Further places that are printed for one finding."""
_WIDTH = 100
_MAX_SOURCE = 2**20
_BOLD, _RED, _YELLOW, _BLUE, _RESET = "\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[36m", "\x1b[0m"


def render_text(findings: Sequence[Diagnostic], *, color: bool, closing: str) -> str:
    """What a person reads. ``closing`` ends the last line: what became of the run."""
    paint = _Paint(color)
    lines: list[str] = []
    sources = _Lines()
    last: tuple[str, int] | None = None
    for finding in findings[:MAX_TEXT]:
        here = (finding.mark.file, finding.mark.line)
        lines.append(_head(finding, paint))
        if here != last:
            lines += _frame(finding, sources, paint)
        lines += _foot(finding, paint)
        last = here
    if len(findings) > MAX_TEXT:
        lines.append(f"... and {len(findings) - MAX_TEXT:,} more; `--json` prints all of them")
    lines.append(_sum(findings, closing))
    return "\n".join(lines) + "\n"


def render_json(findings: Sequence[Diagnostic]) -> list[Json]:
    """What a program reads: everything, places as numbers from 1."""
    return [
        {
            "code": finding.code,
            "severity": finding.severity.value,
            **_place(finding.mark),
            "length": finding.length,
            "message": finding.message,
            "hint": finding.hint,
            "related": [
                {**_place(other.mark), "message": other.message} for other in finding.related
            ],
        }
        for finding in findings
    ]


def _place(mark: Mark) -> dict[str, Json]:
    return {"file": mark.file, "line": mark.line, "column": mark.column}


def _head(finding: Diagnostic, paint: "_Paint") -> str:
    where = paint(_BOLD, f"{_safe(str(finding.mark))}:")
    kind = f"{finding.severity.value}[{finding.code}]:"
    shade = _RED if finding.severity is Severity.ERROR else _YELLOW
    return f"{where} {paint(shade, kind)} {_safe(finding.message)}"


def _frame(finding: Diagnostic, sources: "_Lines", paint: "_Paint") -> list[str]:
    """The line, and a line that underlines what is meant; nothing if the line is not there."""
    text = sources.line(finding.mark)
    if text is None:
        return []
    start = finding.mark.column - 1
    stop = min(len(text), start + finding.length)
    first = 0 if start < _WIDTH - 20 else start - _WIDTH // 2
    shown = text[first : first + _WIDTH]
    before, after = "" if first == 0 else "...", "..." if first + _WIDTH < len(text) else ""
    indent = len(before) + _columns(text[first:start])
    carets = "^" * max(1, _columns(text[start : min(stop, first + _WIDTH)]))
    return [
        f"{finding.mark.line:>5} | {before}{_safe(shown)}{after}",
        f"      | {' ' * indent}{paint(_RED, carets)}",
    ]


def _foot(finding: Diagnostic, paint: "_Paint") -> list[str]:
    lines = [
        f"   {paint(_BLUE, 'see')} {_safe(str(other.mark))}: {_safe(other.message)}"
        for other in finding.related[:MAX_RELATED]
    ]
    if len(finding.related) > MAX_RELATED:
        lines.append(f"   ... and {len(finding.related) - MAX_RELATED:,} more places")
    if finding.hint:
        lines.append(f"   {paint(_BLUE, 'hint:')} {_safe(finding.hint)}")
    return lines


def _sum(findings: Sequence[Diagnostic], closing: str) -> str:
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    warnings = len(findings) - errors
    parts = [
        f"{count:,} {word}{'' if count == 1 else 's'}"
        for count, word in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    return f"{', '.join(parts) or 'nothing found'}; {closing}"


def _safe(text: str) -> str:
    """The text with one harmless sign for each character that a terminal could obey or hide."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_sign(letter) for letter in text)


def _sign(letter: str) -> str:
    if letter == "\t":
        return " "
    return letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"


def _columns(text: str) -> int:
    """Columns of a terminal that the text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(letter)
        else 2
        if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in text
    )


class _Paint:
    """Puts colour around words, or does not."""

    def __init__(self, color: bool) -> None:
        self._color = color

    def __call__(self, shade: str, text: str) -> str:
        return f"{shade}{text}{_RESET}" if self._color else text


class _Lines:
    """Lines of files that diagnostics speak of, each file read once."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}

    def line(self, mark: Mark) -> str | None:
        """The line of a mark, or None if there is no such line (any more)."""
        if mark.file not in self._files:
            self._files[mark.file] = _read(Path(mark.file))
        lines = self._files[mark.file]
        return lines[mark.line - 1] if mark.line <= len(lines) else None


def _read(path: Path) -> list[str]:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_SOURCE:
            return []
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return []
    # As YAML counts lines; str.splitlines() would also split at form feeds and the like.
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
