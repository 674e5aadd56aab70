"""``faultrun FILE ...``: the composition root. Here the strangers of the engine's floor meet."""

import argparse
import gc
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from faultrun.cli import guards, loading, options
from faultrun.cli.ending import Result, ended, refused
from faultrun.cli.exits import Exit, worst
from faultrun.cli.forecast import forecast
from faultrun.cli.machines import Machines, OwnFiles, machines, prepared
from faultrun.cli.progress import watch
from faultrun.cli.recorded import recorded
from faultrun.cli.signals import Interrupts
from faultrun.cli.target_name import UnknownTarget
from faultrun.gate.policy import decide
from faultrun.model.campaign import Campaign, GatePolicy
from faultrun.model.failure import RecordError
from faultrun.model.gate import Counts, GateResult
from faultrun.model.plan import Plan
from faultrun.model.target import TargetBroken
from faultrun.plan.select import SelectionError
from faultrun.report.render import write_report

MOST_SLOTS = 64


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    options.add_campaigns(parser)
    options.add_selection(parser)
    options.add_output(parser)
    options.add_target(parser, "where to run")
    options.add_kernel(parser)
    options.add_own_files(parser)
    options.add_sudo(parser)
    guards.add_option(parser)
    parser.add_argument(
        "--slots", type=_slots, default=4, metavar="N", help="machines side by side (default 4)"
    )
    parser.add_argument("--out", metavar="DIR", help="folder of the record (default: a new one)")
    parser.add_argument("--no-report", action="store_true", help="write no report.html")
    parser.add_argument("-q", "--quiet", action="store_true", help="print the result only")


def execute(args: argparse.Namespace) -> int:
    """Run each campaign; the exit code is the worst of all."""
    if args.out and len(args.files) > 1:
        sys.stderr.write("faultrun: --out takes one campaign; leave it out for several\n")
        return Exit.USAGE
    results = [_one(name, args) for name in args.files]
    if args.json:
        documents = [result.document for result in results]
        sys.stdout.write(json.dumps(documents if len(documents) > 1 else documents[0]) + "\n")
    return worst([result.code for result in results])


def _one(name: str, args: argparse.Namespace) -> Result:
    try:
        read = loading.read(name, args, target=args.target)
    except UnknownTarget as no:
        return refused(name, Exit.USAGE, str(no))
    if read.campaign is None:
        loading.report(read.diagnostics, args, closing="nothing was run")
        return Result(code=Exit.USAGE, document=loading.failure(name, read.diagnostics))
    try:
        open_machine = machines(
            _where(read.campaign, args),
            read.campaign.target,
            loading.seed_of(read.campaign, args),
            args.kernel,
            [step.workload.text() for step in read.campaign.steps],
            sudo=args.sudo,
            begun=getattr(args, "early", None),
            own=OwnFiles(initrd=args.initrd, drives=tuple(args.drive)),
        )
        with prepared(open_machine):
            return _planned(name, read, read.campaign, open_machine, args)
    except (SelectionError, UnknownTarget) as no:
        return refused(name, Exit.USAGE, str(no))


def _planned(
    name: str,
    read: loading.Read,
    campaign: Campaign,
    open_machine: Machines,
    args: argparse.Namespace,
) -> Result:
    """Plan and run. Raises SelectionError."""
    told = forecast(loading.plan_of(campaign, args))
    gc.freeze()
    where = _where(campaign, args)
    try:
        dangers = guards.guarded(told.plan, where, open_machine, out=args.out, crash=args.crash)
        if dangers:
            loading.report((*read.diagnostics, *dangers), args, closing="nothing was run")
            return Result(code=Exit.USAGE, document=loading.failure(name, dangers))
        loading.report((*read.diagnostics, *told.diagnostics), args, closing="running all the same")
        return _record(told.plan, name, open_machine, args)
    except RecordError as no:
        return refused(name, Exit.USAGE if no.before_start else Exit.BROKEN, str(no))
    except TargetBroken as broken:
        return refused(name, Exit.BROKEN, str(broken))


def _where(campaign: Campaign, args: argparse.Namespace) -> str:
    """The name of the target. Raises UnknownTarget.

    A machine that somebody works with is touched only if the command line names it.
    """
    kind = campaign.target.kind
    if args.target or kind not in ("local", "ssh"):
        return str(args.target or kind)
    raise UnknownTarget(
        f"this campaign runs on {kind}, a machine that is no guest of faultrun's;"
        f" say so with --target {kind}"
    )


def _record(plan: Plan, name: str, open_machine: Machines, args: argparse.Namespace) -> Result:
    with Interrupts() as interrupts:
        done = recorded(
            plan,
            open_machine,
            watch(plan, color=args.color, quiet=args.quiet or args.json),
            args,
            name=name,
            gate=partial(_decide, most=len(plan.tasks_meant())),
            stop=interrupts.stop,
        )
        problem = "" if args.no_report else _report(done.folder)
    return ended(done.summary, plan, done.folder, sha256=done.sha256, problem=problem, args=args)


def _report(folder: Path) -> str:
    """Write the report; what stands in the way of it, since the record is there all the same."""
    try:
        write_report(folder)
    except OSError as no:
        return f"{no.filename or folder}: the report cannot be written: {no.strerror}"
    return ""


def _decide(policy: GatePolicy, counts: Counts, not_run: int, *, most: int) -> GateResult:
    """The campaign's gate. Of a selection it cannot demand more passes than it has steps.

    Nor can it, on one target, of the steps that the campaign keeps for others.
    """
    bounded = replace(policy, min_passed=min(policy.min_passed, most))
    return decide(bounded, counts, not_run)


def _slots(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST_SLOTS:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to {MOST_SLOTS} machines")
    return int(text)
