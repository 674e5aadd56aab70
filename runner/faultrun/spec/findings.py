"""Collects diagnostics: all of them, each once, sorted by place in the end."""

from collections.abc import Iterable
from dataclasses import replace

from faultrun.model.diagnostic import Diagnostic, Related, Severity
from faultrun.model.mark import Mark
from faultrun.spec.codes import CODES
from faultrun.spec.words import printable


class Findings:
    """Everything that was found so far.

    While ``cell`` names a matrix cell, a finding at one place is kept once for all cells; it then
    names the first of them. ``errors`` counts the errors so far.
    """

    def __init__(self) -> None:
        self.cell = ""
        self.errors = 0
        self._kept: dict[tuple[str, Mark, str], Diagnostic] = {}
        self._cells: dict[tuple[str, Mark, str], int] = {}

    def add(
        self,
        code: str,
        mark: Mark,
        message: str,
        *,
        hint: str = "",
        related: Iterable[Related] = (),
        length: int = 1,
        severity: Severity | None = None,
    ) -> None:
        """Take one finding; the table of codes knows how bad it is unless ``severity`` says."""
        key = (code, mark, "" if self.cell else message)
        if self.cell:
            seen = self._cells.get(key)
            if seen is not None:
                self._cells[key] = seen + 1
                return
            self._cells[key] = 0
            message = f"{message} (in {self.cell})"
        if key in self._kept:
            return
        severity = severity or CODES[code].severity
        self.errors += severity is Severity.ERROR
        self._kept[key] = Diagnostic(
            code=code,
            severity=severity,
            mark=mark,
            message=printable(message),
            hint=printable(hint),
            related=tuple(related),
            length=max(1, length),
        )

    def blames(self, mark: Mark) -> bool:
        """Whether something was already found at this very place."""
        return any(key[1] == mark for key in self._kept)

    def places(self) -> frozenset[Mark]:
        """Every place at which something was found."""
        return frozenset(key[1] for key in self._kept)

    def has_errors(self) -> bool:
        """Whether anything stops the campaign."""
        return self.errors > 0

    def sorted(self, first: str) -> tuple[Diagnostic, ...]:
        """All of them by place; those in the file ``first`` come before those of other files."""
        whole = [self._told(key, found) for key, found in self._kept.items()]
        return tuple(sorted(whole, key=lambda d: (d.mark.file != first, d.mark, d.code)))

    def _told(self, key: tuple[str, Mark, str], found: Diagnostic) -> Diagnostic:
        if not self._cells.get(key, 0):
            return found
        return replace(found, message=f"{found.message[:-1]} and others)")
