"""``faultrun check FILE ...``: everything that is wrong, at once; nothing is run."""

import argparse
import sys
from collections.abc import Iterator

from faultrun.cli import loading, options
from faultrun.cli.exits import Exit
from faultrun.cli.forecast import forecast
from faultrun.cli.target_name import UnknownTarget
from faultrun.model.campaign import Campaign
from faultrun.model.diagnostic import Diagnostic
from faultrun.plan.select import Selection


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    options.add_campaigns(parser)
    options.add_target(parser, "check for this one only")
    options.add_output(parser)
    parser.add_argument(
        "--strict", action="store_true", help="let warnings count as errors (exit code 2)"
    )


def execute(args: argparse.Namespace) -> int:
    """Check each file; exit code 2 if anything is wrong."""
    findings: list[Diagnostic] = []
    names: list[str] = []
    try:
        for name in args.files:
            read = loading.read(name, args, target=args.target)
            found = list(read.diagnostics)
            if read.campaign is not None:
                names.append(f"{name}: {len(read.campaign.steps)} steps")
                plan = loading.make(read.campaign, Selection(), seed=None)
                found.extend(forecast(plan).diagnostics)
                found.extend(_elsewhere(name, read.campaign, args))
            findings.extend(dict.fromkeys(found))
    except UnknownTarget as unknown:
        sys.stderr.write(f"faultrun: {unknown}\n")
        return Exit.USAGE
    if args.json:
        loading.report_json(findings)
    else:
        loading.report(findings, args, closing="nothing was run")
        if not loading.has_errors(findings):
            sys.stdout.writelines(f"{line}: ok\n" for line in names)
    wrong = loading.has_errors(findings) or (args.strict and findings)
    return Exit.USAGE if wrong else Exit.PASSED


def _elsewhere(name: str, campaign: Campaign, args: argparse.Namespace) -> Iterator[Diagnostic]:
    """What is wrong on the other targets that the campaign lists, unless one was asked for."""
    if args.target:
        return
    for spec in campaign.targets:
        if spec.kind != campaign.target.kind:
            yield from loading.read(name, args, target=spec.kind).diagnostics
