"""What is too big for a line of the record: kept whole in ``logs/``, head and tail in the event."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from faultrun.model.data import Json
from faultrun.model.event import Event
from faultrun.record.encode import encode

LIMIT = 65_536
"""Characters of one output that an event may hold."""

_KEPT = 16_384
_RECORDS = 1_024
_KEPT_RECORDS = 256
_UNSAFE = re.compile(r"[^A-Za-z0-9._=-]+")


def trim_command(data: Mapping[str, Json], folder: Path, event: Event) -> Mapping[str, Json]:
    """The event of a command with big outputs moved to files. Raises OSError."""
    trimmed: dict[str, Json] | None = None
    for stream in ("stdout", "stderr"):
        text = data.get(stream)
        if isinstance(text, str) and len(text) > LIMIT:
            name = _store(folder, event, f"{stream}.txt", text)
            left_out = len(text) - 2 * _KEPT
            trimmed = trimmed or dict(data)
            trimmed[stream] = (
                f"{text[:_KEPT]}\n[{left_out} characters left out; all of it is in {name}]\n"
                f"{text[-_KEPT:]}"
            )
            trimmed[f"{stream}_file"] = name
    return trimmed or data


def trim_evidence(data: Mapping[str, Json], folder: Path, event: Event) -> Mapping[str, Json]:
    """The event of evidence with a long kernel log and its hits moved to files. Raises OSError."""
    trimmed: dict[str, Json] | None = None
    for key in ("log", "hits"):
        items = data.get(key)
        if not isinstance(items, list) or len(items) <= _RECORDS:
            continue
        rows: list[Json] = items
        name = _store(folder, event, f"{key}.jsonl", "".join(f"{encode(row)}\n" for row in rows))
        kept = rows[:_KEPT_RECORDS]
        if key == "log":
            left_out = len(rows) - 2 * _KEPT_RECORDS
            words = f"[{left_out} records left out here; all of them are in {name}]"
            kept.append({"level": 6, "t": 0, "text": words})
        kept.extend(rows[-_KEPT_RECORDS:])
        trimmed = trimmed or dict(data)
        trimmed[key] = kept
    return trimmed or data


def _store(folder: Path, event: Event, what: str, text: str) -> str:
    # Ids hold characters that a file name should not; the digest keeps different ids apart.
    digest = hashlib.sha256(event.step.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    safe = _UNSAFE.sub("_", event.step)[:80]
    name = f"logs/{safe}.{digest}.{event.kind.value}.{what}"
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    return name
