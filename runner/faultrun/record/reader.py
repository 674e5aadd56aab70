"""A run folder read back. A torn last line is what a kill leaves behind, and is no error."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from faultrun.model.data import Json
from faultrun.record.encode import decode
from faultrun.record.header import RECORD_VERSION
from faultrun.record.writer import EVENTS

Object = Mapping[str, Json]


class RecordDamaged(Exception):
    """The folder is no record, or a part of it cannot be read; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """One line of ``events.jsonl``."""

    seq: int
    t_ns: int
    kind: str
    step: str
    data: Object


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A whole record. ``torn`` says that the last line was cut short and left out."""

    folder: Path
    header: Object
    tasks: tuple[Object, ...]
    events: tuple[RecordedEvent, ...]
    torn: bool
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLines:
    """A record whose events are still text: ten thousand steps as objects need ten times the room."""

    folder: Path
    header: Object
    tasks: tuple[Object, ...]
    raw: bytes
    torn: bool
    sha256: str

    def events(self) -> Iterator[RecordedEvent]:
        """The events, one after the other. Raises RecordDamaged at a line that is none."""
        start = 0
        number = 1
        while (end := self.raw.find(b"\n", start)) >= 0:
            yield _numbered(self.raw[start:end], self.folder / EVENTS, number)
            start, number = end + 1, number + 1


def load(folder: Path) -> RunRecord:
    """Read a run folder. Raises RecordDamaged with file, line and reason."""
    lines = open_lines(folder)
    return RunRecord(
        folder=folder,
        header=lines.header,
        tasks=lines.tasks,
        events=tuple(lines.events()),
        torn=lines.torn,
        sha256=lines.sha256,
    )


def open_lines(folder: Path) -> RunLines:
    """Read a run folder but for its events. Raises RecordDamaged with file and reason."""
    if not folder.is_dir():
        raise RecordDamaged(f"{folder}: not a run folder")
    header = _object(folder / "run.json")
    version = header.get("record")
    if version != RECORD_VERSION:
        raise RecordDamaged(
            f"{folder / 'run.json'}: record version {version!r}; this faultrun reads version"
            f" {RECORD_VERSION}"
        )
    tasks = _objects(folder / "plan.json", "tasks")
    raw = _bytes(folder / EVENTS)
    return RunLines(
        folder=folder,
        header=header,
        tasks=tasks,
        raw=raw,
        torn=bool(raw) and not raw.endswith(b"\n"),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def target_of(folder: Path) -> str:
    """What to give ``--target`` to reach the machine of the run. Raises RecordDamaged."""
    path = folder / "run.json"
    target = _object(path).get("target")
    kind = target.get("kind") if isinstance(target, Mapping) else None
    name = target.get("name") if isinstance(target, Mapping) else None
    if not isinstance(kind, str) or not isinstance(name, str):
        raise RecordDamaged(f"{path}: it does not say on which target the run was")
    return name if name.startswith(f"{kind}:") else kind


def read_events(folder: Path) -> tuple[tuple[RecordedEvent, ...], bool]:
    """Only the events, for a restore that must not depend on anything else in the folder."""
    path = folder / EVENTS
    return parse_events(_bytes(path), path)


def parse_events(raw: bytes, path: Path) -> tuple[tuple[RecordedEvent, ...], bool]:
    """Lines to events, and whether the last line was torn. Raises RecordDamaged."""
    lines = raw.split(b"\n")
    tail = lines.pop()
    events = tuple(_numbered(line, path, number) for number, line in enumerate(lines, start=1))
    return events, bool(tail)


def _numbered(line: bytes, path: Path, number: int) -> RecordedEvent:
    try:
        return _event(line)
    except ValueError as bad:
        raise RecordDamaged(f"{path}:{number}: {bad}") from bad


def _event(line: bytes) -> RecordedEvent:
    try:
        row: Json = decode(line)
    except ValueError as bad:
        raise ValueError(f"not JSON: {bad}") from bad
    if not _is_object(row):
        raise ValueError("not a JSON object")
    seq, t_ns, kind, step = row.get("seq"), row.get("t"), row.get("kind"), row.get("step")
    data = row.get("data")
    if not (
        isinstance(seq, int)
        and isinstance(t_ns, int)
        and isinstance(kind, str)
        and isinstance(step, str)
        and _is_object(data)
    ):
        raise ValueError(
            "'seq' and 't' must be integers, 'kind' and 'step' strings, and 'data' an object"
        )
    return RecordedEvent(seq=seq, t_ns=t_ns, kind=kind, step=step, data=data)


def _object(path: Path) -> Object:
    raw = _bytes(path)
    try:
        data: Json = decode(raw)
    except ValueError as bad:
        raise RecordDamaged(f"{path}: not JSON: {bad}") from bad
    if not _is_object(data):
        raise RecordDamaged(f"{path}: not a JSON object")
    return data


def _objects(path: Path, key: str) -> tuple[Object, ...]:
    rows = _object(path).get(key)
    found = [row for row in rows if _is_object(row)] if isinstance(rows, list) else []
    if not isinstance(rows, list) or len(found) != len(rows):
        raise RecordDamaged(f"{path}: '{key}' is not a list of objects")
    return tuple(found)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as refused:
        raise RecordDamaged(f"{path}: {refused.strerror or refused}") from refused


def _is_object(data: Json) -> TypeGuard[Object]:
    # The parser makes string keys only.
    return isinstance(data, dict)
