"""``faultrun plan FILE``: every command and every write, in order, without doing any."""

import argparse
import json
import sys

from faultrun.cli import boot_plan, loading, options
from faultrun.cli.exits import Exit, worst
from faultrun.cli.forecast import forecast
from faultrun.cli.target_name import UnknownTarget
from faultrun.plan.explain import as_json, as_text
from faultrun.plan.select import SelectionError


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    options.add_campaigns(parser)
    options.add_selection(parser)
    options.add_target(parser, "plan for")
    options.add_output(parser)
    parser.add_argument(
        "--no-forecast",
        action="store_true",
        help="leave out the dry run on the simulator and so the predictions",
    )
    parser.add_argument(
        "--boot-options",
        action="store_true",
        help="print the kernel command line that arms the same at boot, and what it cannot carry",
    )


def execute(args: argparse.Namespace) -> int:
    """Print the plan of each file."""
    return worst([_one(name, args) for name in args.files])


def _one(name: str, args: argparse.Namespace) -> Exit:
    try:
        read = loading.read(name, args, target=args.target)
    except UnknownTarget as unknown:
        sys.stderr.write(f"faultrun: {unknown}\n")
        return Exit.USAGE
    if read.campaign is None:
        loading.report(read.diagnostics, args, closing="nothing was planned")
        return Exit.USAGE
    try:
        plan = loading.plan_of(read.campaign, args)
    except SelectionError as refused:
        sys.stderr.write(f"faultrun: {refused}\n")
        return Exit.USAGE
    findings = read.diagnostics
    if args.boot_options:
        boot = boot_plan.boot_options(plan)
        told_boot = (
            json.dumps(boot_plan.as_json(plan, boot), indent=2) + "\n"
            if args.json
            else boot_plan.as_text(plan, boot)
        )
        sys.stdout.write(told_boot)
        loading.report((*findings, *boot.conflicts), args, closing="nothing was run")
        return Exit.PASSED
    if not args.no_forecast:
        told = forecast(plan)
        plan, findings = told.plan, (*findings, *told.diagnostics)
    if args.json:
        sys.stdout.write(json.dumps(as_json(plan), indent=2) + "\n")
    else:
        sys.stdout.write(as_text(plan))
    loading.report(findings, args, closing="nothing was run")
    return Exit.PASSED
