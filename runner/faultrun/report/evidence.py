"""What was seen of one step: its events become values that a reader can follow in order."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from faultrun.record.encode import decode
from faultrun.record.fields import EMPTY, Fields, flag, maybe, part, parts, text, texts, whole
from faultrun.report.hostile import clean, excerpt
from faultrun.report.view import (
    CommandView,
    CountView,
    EvidenceView,
    HitView,
    LogView,
    WriteView,
)
from faultrun.report.words import many

_MARKER = "FAULT_INJECTION: forcing a failure"
_PHASES = (
    ("step.start", "start"),
    ("attr.intent", "intent written"),
    ("attr.armed", "armed"),
    ("command", "command ended"),
    ("attr.disarmed", "disarmed"),
    ("evidence", "evidence taken"),
    ("cleanup", "cleaned up"),
    ("attr.restored", "restored"),
    ("step.verdict", "judged"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much raw evidence of one step a report carries: characters, log records, hits."""

    characters: int
    records: int
    hits: int


def limits_for(steps: int) -> Limits:
    """Generous for the runs that people make by hand, tight for thousands of steps."""
    if steps <= 500:
        return Limits(characters=65_536, records=2_000, hits=500)
    if steps <= 3_000:
        return Limits(characters=16_384, records=600, hits=200)
    return Limits(characters=6_000, records=200, hits=60)


@dataclass(frozen=True, slots=True)
class Acts:
    """The last event of each kind of one step: its time and its data."""

    by_kind: Mapping[str, tuple[int, str]]
    read: dict[str, Fields] = field(default_factory=dict[str, Fields])

    def has(self, kind: str) -> bool:
        """Whether that kind of event was recorded."""
        return kind in self.by_kind

    def data(self, kind: str) -> Fields:
        """The event's data, empty if there was none."""
        known = self.read.get(kind)
        if known is None:
            found = self.by_kind.get(kind)
            data = decode(found[1].encode("ascii")) if found else EMPTY
            known = self.read[kind] = data if isinstance(data, Mapping) else EMPTY
        return known

    def time(self, kind: str) -> int | None:
        """The event's time in nanoseconds, None if there was none."""
        found = self.by_kind.get(kind)
        return found[0] if found else None


def _read_back(data: Fields, key: str) -> str | None:
    value = data.get(key)
    return clean(value) if isinstance(value, str) else None


def _by_path(acts: Acts, kind: str) -> dict[str, Fields]:
    return {text(item, "path"): item for item in parts(acts.data(kind), "writes")}


def _write(path: str, planned: Fields, seen: tuple[Fields, Fields, Fields]) -> WriteView:
    intent, armed, restored = seen
    value = text(planned, "value") or text(intent, "new")
    reasons = [clean(text(item, "why")) for item in (armed, restored) if text(item, "why")]
    return WriteView(
        path=clean(path),
        value=clean(value),
        before=_read_back(intent, "old"),
        back=_read_back(armed, "back"),
        after=_read_back(restored, "back"),
        origin=clean(text(planned, "origin")),
        armed_ok=flag(armed, "ok") if "ok" in armed else None,
        restored_ok=flag(restored, "ok") if "ok" in restored else None,
        why="; ".join(reasons),
        trigger=flag(planned, "trigger"),
    )


def writes_of(task: Fields, acts: Acts) -> tuple[WriteView, ...]:
    """Every control file of the step in the order of arming, also those no plan asked for."""
    planned = {text(item, "path"): item for item in parts(task, "writes")}
    intent = _by_path(acts, "attr.intent")
    armed = _by_path(acts, "attr.armed")
    restored = _by_path(acts, "attr.restored")
    paths = dict.fromkeys([*planned, *intent, *armed, *restored])
    return tuple(
        _write(
            path,
            planned.get(path, EMPTY),
            (intent.get(path, EMPTY), armed.get(path, EMPTY), restored.get(path, EMPTY)),
        )
        for path in paths
    )


def _ended(data: Fields) -> tuple[str, bool]:
    if flag(data, "timed_out"):
        return "killed: it ran into its timeout", False
    signal = maybe(data, "signal")
    if signal is not None:
        return f"ended by signal {signal}", False
    status = maybe(data, "exit")
    if status is None:
        return "did not end by itself", False
    return f"exit status {status}", True


def _command(data: Fields, planned: str, limits: Limits) -> CommandView | None:
    if not data:
        return None
    ended, ok = _ended(data)
    shown: list[str] = []
    for name in ("stdout", "stderr"):
        stored = text(data, f"{name}_file")
        where = f"all of it is in {clean(stored)}" if stored else "all of it is in events.jsonl"
        body = excerpt(text(data, name), limits.characters, where)
        shown.append(f"{body}\n[{where}]" if stored and body else body)
    return CommandView(
        text=planned,
        ended=ended,
        ok=ok,
        elapsed_ns=whole(data, "elapsed_ns"),
        stdout=shown[0],
        stderr=shown[1],
    )


def _hit(data: Fields) -> HitView:
    pid = maybe(data, "pid")
    on_path = data.get("on_path")
    comm = clean(text(data, "comm"))
    return HitView(
        t_ns=whole(data, "t"),
        name=clean(text(data, "name")),
        task=f"{comm}[{pid}]" if pid is not None else comm,
        chain=tuple(clean(name) for name in texts(data, "chain")[:64]),
        on_path=on_path if isinstance(on_path, bool) else None,
        why=clean(text(data, "why")),
    )


def _logs(data: Fields, limits: Limits) -> tuple[LogView, ...]:
    return tuple(
        LogView(
            t_ns=whole(item, "t"),
            level=whole(item, "level", 6),
            text=excerpt(text(item, "text"), limits.characters, "all of it is in events.jsonl"),
            injected=text(item, "text").startswith(_MARKER),
        )
        for item in parts(data, "log")[: limits.records]
    )


def _files(data: Fields) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for path, content in part(data, "after").items():
        found.append((clean(path), f"reads {content!r}" if isinstance(content, str) else "unread"))
    files = part(data, "files")
    for path in files:
        entry = part(files, path)
        errno = text(entry, "errno")
        said = f"refused with {clean(errno)}" if errno else many(whole(entry, "size"), "byte")
        checksum = text(entry, "sha256")
        found.append((clean(path), f"{said}, SHA-256 {checksum}" if checksum else said))
    return tuple((path, clean(said)) for path, said in found)


def _notices(acts: Acts, limits: Limits) -> tuple[str, ...]:
    evidence, restored = acts.data("evidence"), acts.data("attr.restored")
    notices: list[str] = []
    lost = whole(evidence, "log_lost")
    if lost:
        notices.append(f"{many(lost, 'kernel log record')} were lost before they could be read.")
    records = len(parts(evidence, "log"))
    if records > limits.records:
        notices.append(f"The first {limits.records:,} of {records:,} kernel log records are shown.")
    hits = len(parts(evidence, "hits"))
    if hits > limits.hits:
        notices.append(f"The first {limits.hits:,} of {hits:,} logged injections are shown.")
    unmodelled = text(acts.data("command"), "unmodelled")
    if unmodelled:
        notices.append(f"The simulated kernel does not model this: {clean(unmodelled)}.")
    if acts.has("attr.intent") and not acts.has("attr.restored"):
        notices.append("Nothing in the record says that the attributes were put back.")
    elif acts.has("attr.restored") and not flag(restored, "complete", default=True):
        notices.append("Restore is incomplete: the kernel may still be armed.")
    return tuple(notices)


def evidence_of(task: Fields, acts: Acts, planned: tuple[str, str], limits: Limits) -> EvidenceView:
    """Everything seen of a step. ``planned`` are the texts of its command and its cleanup."""
    evidence = acts.data("evidence")
    phases = [(word, acts.time(kind)) for kind, word in _PHASES]
    return EvidenceView(
        writes=writes_of(task, acts),
        counts=tuple(
            CountView(
                capability=clean(text(item, "capability")),
                path=clean(text(item, "path")),
                injected=maybe(item, "injected"),
                budget=whole(item, "budget"),
                left=maybe(item, "left"),
                at_least=flag(item, "at_least"),
            )
            for item in parts(evidence, "counts")
        ),
        hits=tuple(_hit(item) for item in parts(evidence, "hits")[: limits.hits]),
        log=_logs(evidence, limits),
        command=_command(acts.data("command"), planned[0], limits),
        cleanup=_command(acts.data("cleanup"), planned[1], limits),
        files=_files(evidence),
        phases=tuple((word, time) for word, time in phases if time is not None),
        notices=_notices(acts, limits),
    )
