"""Long commands of a build: run under its lock, into its log, told to whoever watches."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from faultrun.kernels import process
from faultrun.kernels.errors import FULL_TEXT, disk_full
from faultrun.kernels.progress import Progress

_COMPILED = re.compile(rb"^  (?:HOSTCC|CC|AS)(?: \[M\])? ", re.MULTILINE)
_TAIL = 1 << 16


@dataclass(slots=True, kw_only=True)
class Work:
    """Where the output goes, what is locked meanwhile, and how long each phase took."""

    log_path: Path
    log: BinaryIO
    lock: int
    progress: Progress
    expected: int = 0
    compiled: int = 0
    phases_ms: dict[str, int] = field(default_factory=dict)
    _rest: bytes = b""
    _since_ms: int = 0
    _phase: str = ""
    _from: int = 0

    def begin(self, phase: str, detail: str = "") -> None:
        """The phase before ends, and this one begins."""
        self.end()
        self._phase, self._since_ms = phase, process.now_ms()
        self.progress.phase(phase, detail)

    def end(self) -> None:
        """The phase ends."""
        if self._phase:
            self.phases_ms[self._phase] = process.now_ms() - self._since_ms
            self._phase = ""

    def tick(self) -> None:
        """Tell that it goes on."""
        self.progress.tick(self.compiled, self.expected, process.now_ms() - self._since_ms)

    def answer(self, command: Sequence[str]) -> tuple[int, str]:
        """Run a short command; gives what it printed, which the log gets too."""
        status, said = process.answer(command)
        self.log.write(said.encode())
        return status, said

    def run(
        self, command: Sequence[str], *, cwd: Path, extra: Mapping[str, str] | None = None
    ) -> int:
        """Run a long command to its end, and give its exit status.

        Raises KernelError if it failed because the disk is full.
        """
        self._from = self.log.tell()
        self.log.write(f"+ {' '.join(command)}\n".encode())
        status = process.run(
            command,
            cwd=cwd,
            log=self.log,
            lock=self.lock,
            extra=extra or {},
            on_output=self.count,
        )
        if status != 0 and FULL_TEXT in self.tail():
            raise disk_full(self.log_path.parent)
        return status

    def tail(self) -> str:
        """The end of what the last long command printed."""
        self.log.flush()
        with self.log_path.open("rb") as log:
            end = log.seek(0, 2)
            log.seek(max(self._from, end - _TAIL))
            return log.read().decode(errors="replace")

    def count(self, piece: bytes) -> None:
        """Take a piece of make's output, and tell how many files are done."""
        text = self._rest + piece
        cut = text.rfind(b"\n") + 1
        self.compiled += len(_COMPILED.findall(text, 0, cut))
        self._rest = text[cut:][-200:]
        self.tick()
