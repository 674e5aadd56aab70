"""``faultrun compare RUN_A RUN_B``: where two records of one campaign differ."""

import argparse
import json
import sys
from pathlib import Path

from faultrun.cli.exits import Exit
from faultrun.gate.compare import Agreement, Comparison, compare, obstacle
from faultrun.gate.seen import RunSeen, seen
from faultrun.model.data import Json
from faultrun.record.reader import RecordDamaged, open_lines
from faultrun.report import compare_text

CODES = {
    Agreement.AGREE: Exit.PASSED,
    Agreement.DIFFER: Exit.GATE_FAILED,
    Agreement.CANNOT_TELL: Exit.BROKEN,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("a", metavar="RUN_A", help="the folder of a run")
    parser.add_argument("b", metavar="RUN_B", help="the folder of another")
    parser.add_argument(
        "--different-plans",
        action="store_true",
        help="compare also records of different campaigns, seeds or versions of a campaign",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")


def execute(args: argparse.Namespace) -> int:
    """0 if they agree, 1 if they differ, 2 if they are no two records of one plan, 3 if nothing
    could be compared.
    """  # noqa: D205
    try:
        a, b = (seen(open_lines(Path(name))) for name in (args.a, args.b))
    except RecordDamaged as damaged:
        sys.stderr.write(f"faultrun: {damaged}\n")
        return Exit.USAGE
    no = obstacle(a, b)
    if no and not args.different_plans:
        sys.stderr.write(
            f"faultrun: not two records of one plan: {no}\n"
            "hint: --different-plans compares the steps that both have\n"
        )
        return Exit.USAGE
    found = compare(a, b)
    if args.json:
        sys.stdout.write(json.dumps(document(found), indent=2) + "\n")
    else:
        sys.stdout.write(compare_text.render(found))
    return CODES[found.agreement]


def document(found: Comparison) -> dict[str, Json]:
    """What ``--json`` prints."""
    counts = found.counts()
    return {
        "agreement": found.agreement.value,
        "a": _run(found.a),
        "b": _run(found.b),
        "counts": {each.value: counts[each] for each in Agreement},
        "only_a": list(found.only_a),
        "only_b": list(found.only_b),
        "steps": [
            {
                "id": step.id,
                "agreement": step.agreement.value,
                "asked_differently": list(step.asked),
                "equal": len(step.of(Agreement.AGREE)),
                "points": [
                    {
                        "what": point.what,
                        "agreement": point.agreement.value,
                        "a": point.a,
                        "b": point.b,
                        "why": point.why,
                    }
                    for point in step.points
                    if point.agreement is not Agreement.AGREE
                ],
            }
            for step in found.steps
        ],
    }


def _run(run: RunSeen) -> dict[str, Json]:
    return {
        "folder": run.folder,
        "campaign": run.campaign,
        "target": run.target,
        "release": run.release,
        "seed": run.seed,
        "plan": run.plan,
        "torn": run.torn,
        "complete": run.complete,
    }
