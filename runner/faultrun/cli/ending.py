"""The last words of a run: exit code, what is printed, and what ``--json`` says."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from faultrun.cli.exits import Exit
from faultrun.engine.summary import RunSummary
from faultrun.model.data import Json
from faultrun.model.plan import Plan
from faultrun.model.verdict import Verdict
from faultrun.record.reader import RecordDamaged, load

ORDER = (Verdict.PASS, Verdict.VACUOUS, Verdict.FAIL, Verdict.ERROR, Verdict.SKIP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is left of a campaign's run: the exit code, and what ``--json`` prints."""

    code: Exit
    document: Mapping[str, Json]


def refused(name: str, code: Exit, why: str) -> Result:
    """A run that did not begin, or could not be kept."""
    sys.stderr.write(f"faultrun: {why}\n")
    return Result(code=code, document={"campaign": name, "exit": int(code), "error": why})


def ended(
    summary: RunSummary,
    plan: Plan,
    folder: Path,
    *,
    sha256: str,
    problem: str,
    args: argparse.Namespace,
) -> Result:
    """Print how it ended; the exit code says whose fault it was."""
    code = _code(summary)
    if summary.failure:
        sys.stderr.write(f"faultrun: {summary.failure}\n")
    if problem:
        sys.stderr.write(f"faultrun: {problem}\n")
    if not summary.restored:
        sys.stderr.write("faultrun: a kernel may still be armed; as root on that machine, type:\n")
        sys.stderr.writelines(f"  {command}\n" for command in summary.commands())
    if not args.json:
        report = not args.no_report and not problem
        sys.stdout.writelines(f"{line}\n" for line in _lines(summary, plan, folder, sha256, report))
    document = _document(summary, plan, folder, sha256, code) if args.json else {}
    return Result(code=code, document=document)


def _code(summary: RunSummary) -> Exit:
    if not summary.restored:
        return Exit.ARMED
    if summary.interrupted:
        return Exit.INTERRUPTED
    if summary.failure or summary.counts.get(Verdict.ERROR, 0):
        return Exit.BROKEN
    return Exit.PASSED if summary.gate.passed else Exit.GATE_FAILED


def _lines(
    summary: RunSummary, plan: Plan, folder: Path, sha256: str, report: bool
) -> Iterator[str]:
    counts = ", ".join(
        f"{summary.counts[verdict]} {verdict.value}"
        for verdict in ORDER
        if summary.counts.get(verdict, 0)
    )
    fired = "1 fault" if summary.injected == 1 else f"{summary.injected} faults"
    yield f"{plan.campaign.name}: {counts or 'no step was run'}; {fired} injected"
    if summary.not_run:
        yield f"without a verdict: {len(summary.not_run)} of {len(plan.tasks)} steps"
    if summary.interrupted:
        yield "interrupted; everything that was armed has been restored"
    yield "gate passed" if summary.gate.passed else "gate FAILED"
    for violation in summary.gate.violations:
        yield f"  {violation}"
    yield f"seed {plan.seed}, plan sha256:{plan.digest}"
    yield f"record sha256:{sha256} in {folder}"
    if report:
        yield f"report {folder / 'report.html'}"


def _document(
    summary: RunSummary, plan: Plan, folder: Path, sha256: str, code: Exit
) -> Mapping[str, Json]:
    return {
        "campaign": plan.campaign.name,
        "exit": int(code),
        "seed": plan.seed,
        "plan": plan.digest,
        "record": str(folder),
        "record_sha256": sha256,
        "counts": {verdict.value: summary.counts.get(verdict, 0) for verdict in ORDER},
        "gate": {"passed": summary.gate.passed, "violations": list(summary.gate.violations)},
        "interrupted": summary.interrupted,
        "restored": summary.restored,
        "not_run": list(summary.not_run),
        "steps": _steps(folder),
    }


def _steps(folder: Path) -> list[Json]:
    """Verdict, outcome and reasons of every step, from the record like any other report."""
    try:
        events = load(folder).events
    except RecordDamaged:
        return []
    found: list[Json] = []
    for event in events:
        if event.kind in ("step.verdict", "step.skip"):
            data = event.data
            found.append(
                {
                    "id": event.step,
                    "verdict": data.get("verdict", "SKIP"),
                    "outcome": data.get("outcome", "no-fault"),
                    "injected": data.get("injected", 0),
                    "reasons": data.get("reasons", []),
                }
            )
    return found
