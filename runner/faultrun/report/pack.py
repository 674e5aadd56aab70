"""Ten thousand steps in one file: an index for the table, and the details in compressed chunks.

Every string of the index is stored once. Details are JSON, deflated and in base64, a chunk for
some hundred steps, opened by the browser when a reader asks for one of them. Nothing of this is
code: the page's script reads it as data and writes it with ``textContent`` only.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from faultrun.model.data import Json
from faultrun.report.view import (
    CommandView,
    EvidenceView,
    StepView,
)

CHUNK = 200
"""Steps in one chunk of details."""
BUDGET = 4_300_000
"""Characters that all chunks together may take; the rest of 5 MB is for the page around them."""
_TRIMMED = (
    "To keep this report small, the console, the kernel log and the call chains of passing steps"
    " are not in it; all of them are in the run folder's events.jsonl."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """The data blocks of a page. ``notice`` says in words if evidence had to be left out."""

    index: str
    chunks: tuple[str, ...]
    notice: str


class _Strings:
    """Every distinct string once; the index holds numbers."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self.known.setdefault(text, len(self.known))

    def numbers(self, texts: Sequence[str]) -> list[int]:
        return [self.number(text) for text in texts]


def _block(data: Json) -> str:
    raw = json.dumps(data, separators=(",", ":")).encode("ascii")
    return base64.b64encode(zlib.compress(raw, 6)).decode("ascii")


def _index(steps: Sequence[StepView]) -> Mapping[str, Json]:
    strings = _Strings()
    columns: Mapping[str, Json] = {
        "id": [step.id for step in steps],
        "verdict": [strings.number(step.verdict) for step in steps],
        "outcome": [strings.number(step.outcome) for step in steps],
        "summary": [strings.number(step.summary) for step in steps],
        "why": [strings.number(" ".join(step.reasons)[:400]) for step in steps],
        "tags": [strings.numbers(step.tags) for step in steps],
        "capabilities": [strings.numbers(step.capabilities) for step in steps],
        "injected": [step.injected for step in steps],
        "elapsed": [step.elapsed_ns for step in steps],
    }
    return {"chunk": CHUNK, "columns": columns, "strings": list(strings.known)}


def _command(command: CommandView | None) -> Json:
    if command is None:
        return None
    return {
        "text": command.text,
        "ended": command.ended,
        "ok": command.ok,
        "elapsed": command.elapsed_ns,
        "stdout": command.stdout,
        "stderr": command.stderr,
    }


def _evidence(seen: EvidenceView) -> Mapping[str, Json]:
    return {
        "writes": [
            [
                w.path,
                w.value,
                w.before,
                w.back,
                w.after,
                w.origin,
                w.armed_ok,
                w.restored_ok,
                w.why,
                w.trigger,
            ]
            for w in seen.writes
        ],
        "counts": [
            [c.capability, c.path, c.injected, c.budget, c.left, c.at_least] for c in seen.counts
        ],
        "hits": [[h.t_ns, h.name, h.task, h.chain, h.on_path, h.why] for h in seen.hits],
        "log": [[line.t_ns, line.level, line.text, line.injected] for line in seen.log],
        "command": _command(seen.command),
        "cleanup": _command(seen.cleanup),
        "files": seen.files,
        "phases": seen.phases,
        "notices": seen.notices,
    }


def _detail(step: StepView) -> Json:
    asked = step.asked
    return {
        "reasons": step.reasons,
        "findings": [[f.oracle, f.verdict, f.expected, f.found, f.place] for f in step.findings],
        "place": step.place,
        "rerun": step.rerun,
        "machine": step.machine,
        "group": step.group,
        "slot": step.slot,
        "start": step.start_ns,
        "needs": asked.needs,
        "locks": asked.locks,
        "cell": asked.cell,
        "timeout": asked.timeout_ns,
        "run": asked.command,
        "cleanup": asked.cleanup,
        "injections": [[i.capability, i.where, i.settings] for i in asked.injections],
        "expectations": asked.expectations,
        "prediction": asked.prediction,
        "evidence": _evidence(step.evidence),
    }


def _bare(command: CommandView | None) -> CommandView | None:
    return command and replace(command, stdout="", stderr="")


def _trimmed(step: StepView) -> StepView:
    if step.verdict != "PASS":
        return step
    seen = step.evidence
    return replace(
        step,
        evidence=replace(
            seen,
            hits=tuple(replace(hit, chain=()) for hit in seen.hits[:10]),
            log=(),
            command=_bare(seen.command),
            cleanup=_bare(seen.cleanup),
            notices=(*seen.notices, _TRIMMED),
        ),
    )


def _chunks(steps: Sequence[StepView]) -> tuple[str, ...]:
    return tuple(
        _block([_detail(step) for step in steps[at : at + CHUNK]])
        for at in range(0, len(steps), CHUNK)
    )


def packed(steps: Sequence[StepView], budget: int = BUDGET) -> Packed:
    """The data blocks; evidence of passing steps is left out, with a notice, above the budget."""
    chunks, notice = _chunks(steps), ""
    if sum(map(len, chunks)) > budget:
        chunks, notice = _chunks([_trimmed(step) for step in steps]), _TRIMMED
    return Packed(index=_block(_index(steps)), chunks=chunks, notice=notice)
