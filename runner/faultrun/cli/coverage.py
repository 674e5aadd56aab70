"""``faultrun coverage [RUN ...]``: what recorded runs exercised with a fault that really fired."""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from faultrun.capabilities.registry import known
from faultrun.cli.exits import Exit
from faultrun.cli.folders import HOME
from faultrun.gate.coverage import Coverage, coverage
from faultrun.record.reader import RecordDamaged, RunLines, open_lines
from faultrun.report import coverage_page, coverage_text

_HEADER = "run.json"


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        default=[HOME],
        help=f"a run folder, or a folder of such: then the newest run of each campaign in it"
        f" (default: {HOME})",
    )
    parser.add_argument("--out", metavar="FILE", help="write the picture as an HTML page into FILE")
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")


def execute(args: argparse.Namespace) -> int:
    """Print the table; exit code 2 if there is no record, or one that cannot be read."""
    try:
        folders = list(dict.fromkeys(_folders(args.runs)))
        if not folders:
            sys.stderr.write(
                f"faultrun: no recorded run in {', '.join(args.runs)}; run one first\n"
            )
            return Exit.USAGE
        found = coverage(_opened(folders), known())
    except RecordDamaged as damaged:
        sys.stderr.write(f"faultrun: {damaged}\n")
        return Exit.USAGE
    if args.json:
        sys.stdout.write(json.dumps(_document(found), indent=2) + "\n")
    else:
        sys.stdout.write(coverage_text.render(found))
    if args.out:
        try:
            Path(args.out).write_bytes(coverage_page.render(found))
        except OSError as refused:
            sys.stderr.write(f"faultrun: {args.out}: cannot be written: {refused.strerror}\n")
            return Exit.BROKEN
        sys.stderr.write(f"picture {args.out}\n")
    return Exit.PASSED


def _opened(folders: Iterable[Path]) -> Iterator[RunLines]:
    return (open_lines(folder) for folder in folders)


def _folders(names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        folder = Path(name)
        if (folder / _HEADER).is_file():
            yield folder
            continue
        newest: dict[Path, Path] = {}
        for header in sorted(folder.rglob(_HEADER)):
            # Runs of one campaign lie side by side, numbered.
            newest[header.parent.parent] = header.parent
        yield from newest.values()


def _document(found: Coverage) -> object:
    return {
        "campaigns": list(found.campaigns),
        "facets": [
            {
                "capability": cover.facet.capability,
                "kind": cover.facet.kind,
                "name": cover.facet.name,
                "reach": cover.reach.value,
                "steps": cover.steps,
                "shown_by": cover.shown_by,
                "not_simulated": found.absent.get(cover.facet.capability, ""),
            }
            for cover in found.covers
        ],
    }
