"""Put back what a dead run left armed, from its record alone.

Safe to do twice, and safe to do when nothing was armed: it writes values that the files had
before. What is armed is a fact of the record: an intent without a complete restore.
"""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faultrun.kernel.control_file import seen, strip_newline
from faultrun.model.data import Json
from faultrun.model.target import AttrRefused, Target
from faultrun.model.undo import Undo
from faultrun.record.encode import encode
from faultrun.record.reader import RecordDamaged, RecordedEvent, load, read_events
from faultrun.record.writer import LOCK

DONE = "restore.jsonl"
"""Every restore that succeeded appends one line here; a later one then has nothing to do."""

_TRIES = 200
_GONE = frozenset({"ENOENT", "ENODEV", "ENXIO"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """One file after the attempt: what it reads now, whether that is well, and why not."""

    undo: Undo
    back: str | None
    ok: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """All files after the attempt. ``complete``: nothing of the run is armed any more."""

    results: tuple[Restored, ...]
    complete: bool

    def commands(self) -> tuple[str, ...]:
        """What a person has to type for the files that could not be put back."""
        return tuple(result.undo.command() for result in self.results if not result.ok)


def pending(folder: Path) -> tuple[Undo, ...]:
    """Every file that the record says may still be armed, newest intent first.

    Raises RecordDamaged if the events cannot be read, or if the run is still alive.
    """
    if _alive(folder):
        raise RecordDamaged(f"{folder}: the run is still going on; stop it, and it will restore")
    events, _torn = read_events(folder)
    done = _restored_through(folder)
    triggers = _triggers(folder)
    open_intents: dict[str, RecordedEvent] = {}
    for event in events:
        if event.kind == "attr.intent" and event.seq > done:
            open_intents[event.step] = event
        elif event.kind == "attr.restored" and event.data.get("complete") is True:
            open_intents.pop(event.step, None)
    newest_first = sorted(open_intents.values(), key=lambda event: -event.seq)
    return tuple(undo for event in newest_first for undo in _undos(event, triggers))


def restore(folder: Path, target: Target) -> Restoration:
    """Disarm every trigger first, then write all old values back, and read each of them again.

    Raises RecordDamaged if the record cannot tell what to do; a refused write is a result.
    """
    undos = pending(folder)
    for undo in undos:
        if undo.trigger and undo.seen_in:
            # Several lines of one list may show alike: each is gone for sure when all are.
            _undo(target, undo)
        elif undo.trigger:
            _write(target, undo.path, undo.disarm)
    final: dict[str, Restored] = {}
    quiet = [undo for undo in undos if not undo.trigger]
    for undo in (*quiet, *(undo for undo in undos if undo.trigger)):
        # Of two unrestored steps that armed one file, the older one knows the true old value,
        # and comes last.
        final[f"{undo.path} {undo.undo}"] = _put_back(target, undo)
    results = tuple(final.values())
    complete = all(result.ok for result in results)
    if complete and undos:
        _note(folder, results)
    return Restoration(results=results, complete=complete)


def _put_back(target: Target, undo: Undo) -> Restored:
    if undo.seen_in:
        return _undo(target, undo)
    refused = _write(target, undo.path, undo.value)
    if refused in _GONE:
        return Restored(undo=undo, back=None, ok=True, why="gone, so nothing of it is armed")
    try:
        back = strip_newline(target.read(undo.path))
    except AttrRefused as error:
        ok = error.errno_name in _GONE
        why = "gone, so nothing of it is armed" if ok else f"cannot be read: {error.errno_name}"
        return Restored(undo=undo, back=None, ok=ok, why=why)
    if back == undo.value:
        return Restored(undo=undo, back=back, ok=True, why="")
    why = f"refused with {refused}" if refused else f"reads {back!r} after writing {undo.value!r}"
    return Restored(undo=undo, back=back, ok=False, why=why)


def _undo(target: Target, undo: Undo) -> Restored:
    """Send the text that undoes it, but only while it shows: a second one might arm it again."""
    armed = False
    why = ""
    try:
        armed = _shows(target, undo)
        for _ in range(_TRIES if armed else 0):
            try:
                for line in undo.undo.splitlines():
                    target.write(undo.path, f"{line}\n".encode())
            except AttrRefused as error:
                if error.errno_name != undo.undone_by:
                    why = f"refused with {error.errno_name}"
            armed = _shows(target, undo)
            if not armed:
                break
            target.clock.sleep_ns(1_000_000)
    except AttrRefused as error:
        armed, why = True, f"whether it is armed cannot be told: {error}"
    if armed:
        return Restored(undo=undo, back=None, ok=False, why=why or "is still armed")
    return Restored(undo=undo, back=undo.value, ok=True, why="")


def _shows(target: Target, undo: Undo) -> bool:
    try:
        return seen(undo.seen_as, strip_newline(target.read(undo.seen_in)))
    except AttrRefused as error:
        if error.errno_name in _GONE:
            return False
        raise


def _write(target: Target, path: str, value: str) -> str:
    """Write until the kernel takes it; the errno name of the last refusal, or empty.

    An open() or write() may itself meet the fault that is still armed
    (lib/fault-inject-usercopy.c:should_fail_usercopy()), so one refusal says nothing.
    """
    name = ""
    for _ in range(_TRIES):
        try:
            target.write(path, f"{value}\n".encode())
        except AttrRefused as error:
            name = error.errno_name
            if name in _GONE:
                return name
            target.clock.sleep_ns(1_000_000)
        else:
            return ""
    return name


def _undos(event: RecordedEvent, triggers: Mapping[str, frozenset[str]]) -> tuple[Undo, ...]:
    writes = event.data.get("writes")
    if not isinstance(writes, Sequence) or isinstance(writes, str):
        return ()
    known = triggers.get(event.step)
    found: list[Undo] = []
    for write in reversed(writes):
        if not isinstance(write, Mapping):
            continue
        path, old, new = write.get("path"), write.get("old"), write.get("new")
        if not isinstance(path, str) or not isinstance(old, str) or write.get("made") is True:
            continue
        # Without a plan the row itself, or the kernel's own name for the trigger, has to do.
        told = write.get("trigger") is True or path.endswith("/probability")
        trigger = path in known if known is not None else told
        armed = new if isinstance(new, str) else ""
        found.append(
            Undo(
                step=event.step,
                path=path,
                value=old,
                trigger=trigger,
                armed=armed,
                undo=str(write.get("undo") or ""),
                undone_by=str(write.get("undone_by") or ""),
                seen_in=str(write.get("seen_in") or ""),
                seen_as=str(write.get("seen_as") or ""),
                disarm=str(write.get("disarm") or "0"),
            )
        )
    return tuple(found)


def _triggers(folder: Path) -> Mapping[str, frozenset[str]]:
    """Trigger paths by step, from the plan; empty if there is none to be read."""
    try:
        tasks = load(folder).tasks
    except RecordDamaged:
        return {}
    found: dict[str, frozenset[str]] = {}
    for task in tasks:
        writes = task.get("writes")
        paths = [
            write.get("path")
            for write in (writes if isinstance(writes, list) else [])
            if isinstance(write, Mapping) and write.get("trigger") is True
        ]
        found[str(task.get("id"))] = frozenset(path for path in paths if isinstance(path, str))
    return found


def _alive(folder: Path) -> bool:
    try:
        lock = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def _restored_through(folder: Path) -> int:
    """The highest event number that an earlier, complete restore has dealt with; 0 if none."""
    try:
        lines = (folder / DONE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    through = 0
    for line in lines:
        try:
            row: Json = json.loads(line)
        except ValueError:
            continue
        value = row.get("through") if isinstance(row, Mapping) else None
        through = max(through, value if isinstance(value, int) else 0)
    return through


def _note(folder: Path, results: Sequence[Restored]) -> None:
    """Say in the folder what was put back. A folder that cannot be written changes nothing."""
    events, _torn = read_events(folder)
    row: dict[str, Json] = {
        "through": events[-1].seq if events else 0,
        "writes": [
            {"path": result.undo.path, "value": result.undo.value, "back": result.back}
            for result in results
        ],
    }
    try:
        with (folder / DONE).open("a", encoding="ascii") as file:
            file.write(f"{encode(row)}\n")
    except OSError:
        return
