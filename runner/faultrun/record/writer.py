"""The recorder: events become lines of ``events.jsonl``, intents reach the disk before the write.

The folder is claimed by an advisory lock, which the kernel drops when the process dies in
whatever way, so that a restore can tell a dead run from a living one.
"""

import fcntl
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from faultrun.model.event import Event, Kind
from faultrun.model.failure import RecordError
from faultrun.model.plan import Plan
from faultrun.model.target import TargetInfo
from faultrun.plan.document import Written, task_document
from faultrun.record.encode import encode
from faultrun.record.header import Circumstances, run_document
from faultrun.record.large import trim_command, trim_evidence

__all__ = ["EVENTS", "LOCK", "RecordError", "Recorder"]

EVENTS = "events.jsonl"
LOCK = "run.lock"

_FLUSHED = frozenset({Kind.INTENT, Kind.VERDICT, Kind.STEP_SKIP, Kind.RUN_START, Kind.RUN_END})
_TRIMMERS = {
    Kind.COMMAND: trim_command,
    Kind.CLEANUP: trim_command,
    Kind.EVIDENCE: trim_evidence,
}
_HOW = {kind: (f'"kind":"{kind.value}"', _TRIMMERS.get(kind), kind in _FLUSHED) for kind in Kind}
"""For each kind: its text, what makes it small enough, and whether it is flushed."""


class Recorder:
    """A sink that writes a run folder. Use it as a context manager.

    Every method raises RecordError, with the path and the system's reason, if the record
    cannot be kept; the caller must then arm nothing more.
    """

    def __init__(self, folder: Path, lock: int, *, durable: bool) -> None:
        """Use ``start``; this takes a folder that is already claimed."""
        self._folder = folder
        self._lock = lock
        self._durable = durable
        self._buffer: list[str] = []
        self._digest = hashlib.sha256()
        self._seq = 0
        self._broken = False
        self._step = ""
        self._step_text = '""'
        self._file = os.open(folder / EVENTS, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)

    @classmethod
    def start(cls, folder: Path, plan: Plan, info: TargetInfo, when: Circumstances) -> Self:
        """Claim the folder, write its header and its plan.

        The folder is made if it is missing. Raises RecordError with ``before_start`` if it holds
        anything, is in use by another run, or cannot be written.
        """
        lock = -1
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = _claim(folder)
            _write_json(folder / "run.json", encode(run_document(plan, info, when)))
            _write_plan(folder / "plan.json", plan)
            recorder = cls(folder, lock, durable=info.durable)
            if info.durable:
                _sync_folder(folder)
        except OSError as refused:
            if lock >= 0:
                os.close(lock)
            raise _error(folder, refused, before_start=True) from refused
        except RecordError:
            if lock >= 0:
                os.close(lock)
            raise
        return recorder

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._folder

    @property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 over all bytes of ``events.jsonl`` written so far."""
        return self._digest.hexdigest()

    def emit(self, event: Event) -> None:
        """Append one event; an intent is out of this process, and on a durable target synced."""
        if self._broken:
            raise RecordError(f"{self._folder / EVENTS}: the record has already failed")
        kind = event.kind
        try:
            data = event.data
            name, trim, flushed = _HOW[kind]
            if trim is not None:
                data = trim(data, self._folder, event)
            if event.step != self._step:
                self._step = event.step
                self._step_text = encode(event.step)
            self._seq += 1
            self._buffer.append(
                f'{{"seq":{self._seq},"t":{event.t_ns},{name},'
                f'"step":{self._step_text},"data":{encode(data)}}}\n'
            )
            if flushed:
                self._flush()
                if kind is Kind.INTENT and self._durable:
                    # A kernel that dies with this process needs no undo log that outlives the machine.
                    os.fsync(self._file)
        except OSError as refused:
            # Nothing may follow a line that was cut short: the reader forgives only the last one.
            self._broken = True
            raise _error(self._folder / EVENTS, refused) from refused

    def close(self) -> None:
        """Write what is left and let go of the folder. Safe to call twice."""
        if self._file < 0:
            return
        try:
            if not self._broken:
                self._flush()
                if self._durable:
                    os.fsync(self._file)
        except OSError as refused:
            raise _error(self._folder / EVENTS, refused) from refused
        finally:
            os.close(self._file)
            self._file = -1
            (self._folder / LOCK).unlink(missing_ok=True)
            os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(value, RecordError):
            # The disk is full already; the first failure is the one to tell.
            try:
                self.close()
            except RecordError:
                return
            return
        self.close()

    def _flush(self) -> None:
        if not self._buffer:
            return
        data = "".join(self._buffer).encode("ascii")
        self._buffer.clear()
        rest = memoryview(data)
        while rest:
            written = os.write(self._file, rest)
            self._digest.update(rest[:written])
            rest = rest[written:]


def _claim(folder: Path) -> int:
    """Take the folder's lock, then make sure that nothing else is in it."""
    if not (folder / LOCK).exists():
        _refuse_content(folder)
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as taken:
        os.close(lock)
        message = f"{folder}: another run is recording there; choose another folder"
        raise RecordError(message, before_start=True) from taken
    try:
        _refuse_content(folder)
    except RecordError:
        os.close(lock)
        raise
    return lock


def _refuse_content(folder: Path) -> None:
    found = sorted(entry.name for entry in folder.iterdir() if entry.name != LOCK)
    if found:
        message = (
            f"{folder}: the folder is not empty ({found[0]} is in it); a run never overwrites"
            " what is there, choose another folder"
        )
        raise RecordError(message, before_start=True)


def _write_json(path: Path, text: str) -> None:
    path.write_text(f"{text}\n", encoding="ascii")


def _write_plan(path: Path, plan: Plan) -> None:
    with path.open("w", encoding="ascii") as file:
        file.write('{"tasks":[')
        written: Written = {}
        for number, task in enumerate(plan.tasks):
            file.write(f"{',' if number else ''}\n{encode(task_document(task, written))}")
        file.write("\n]}\n")


def _sync_folder(folder: Path) -> None:
    """Names must survive a crash as well as contents: fsync(2) of the folder itself."""
    for name in ("run.json", "plan.json", EVENTS, "."):
        handle = os.open(folder / name, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _error(path: Path, refused: OSError, *, before_start: bool = False) -> RecordError:
    reason = refused.strerror or str(refused)
    message = f"{refused.filename or path}: the record cannot be written: {reason}"
    return RecordError(message, before_start=before_start)
