"""Kernel versions, ordered; facts that changed between them carry ``since`` and ``until``."""

import re
from dataclasses import dataclass
from functools import cache

_FORM = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")

KNOWN = ("6.1", "6.8", "6.12", "6.19", "7.3")
"""The releases whose behaviour was read or booted; the simulated kernel can be each of them."""


@dataclass(frozen=True, slots=True, order=True)
class KernelVersion:
    """A release such as 6.12 or 6.12.95, ordered as numbers."""

    major: int
    minor: int
    patch: int = 0

    @staticmethod
    @cache
    def parse(text: str) -> "KernelVersion":
        """From ``6.12``, ``6.12.95`` or a longer ``uname -r``. Raises ValueError otherwise."""
        found = _FORM.match(text)
        if not found:
            raise ValueError(f"{text!r} is not a kernel version")
        major, minor, patch = found.groups(default="0")
        return KernelVersion(int(major), int(minor), int(patch))

    @staticmethod
    def known(text: str) -> bool:
        """Whether it lies between the oldest and the newest that was read, patch levels aside."""
        found = KernelVersion.parse(text)
        oldest, newest = KernelVersion.parse(KNOWN[0]), KernelVersion.parse(KNOWN[-1])
        return oldest <= found and (found.major, found.minor) <= (newest.major, newest.minor)

    def has(self, since: str | None, until: str | None) -> bool:
        """Whether a fact with these bounds holds; ``until`` is the first version without it."""
        if since is not None and self < KernelVersion.parse(since):
            return False
        return until is None or self < KernelVersion.parse(until)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}" + (f".{self.patch}" if self.patch else "")
