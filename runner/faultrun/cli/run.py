"""``faultrun FILE ...``: the composition root. Here the strangers of the engine's floor meet."""

import argparse
import gc
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from faultrun.cli import loading, options
from faultrun.cli.circumstances import circumstances
from faultrun.cli.ending import Result, ended, refused
from faultrun.cli.exits import Exit, worst
from faultrun.cli.folders import next_folder
from faultrun.cli.forecast import forecast
from faultrun.cli.machines import Machines, UnknownTarget, machines
from faultrun.cli.progress import Watch, watch
from faultrun.cli.signals import Interrupts
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.model.campaign import GatePolicy
from faultrun.model.event import Event
from faultrun.model.failure import RecordError
from faultrun.model.gate import Counts, GateResult
from faultrun.model.plan import Plan
from faultrun.model.target import TargetBroken
from faultrun.oracles.registry import builtin as oracles
from faultrun.plan.select import SelectionError
from faultrun.record.writer import Recorder
from faultrun.report.render import write_report

MOST_SLOTS = 64


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    options.add_campaigns(parser)
    options.add_selection(parser)
    options.add_output(parser)
    parser.add_argument(
        "--target",
        metavar="TARGET",
        default="simulated",
        help="where to run: simulated (default), or local:DIR, a folder that mirrors a machine",
    )
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
    read = loading.read(name, args)
    if read.campaign is None:
        loading.report(read.diagnostics, args, closing="nothing was run")
        return Result(code=Exit.USAGE, document=loading.failure(name, read.diagnostics))
    try:
        plan = loading.plan_of(read.campaign, args)
        open_machine = machines(args.target, read.campaign.target, plan.seed)
    except (SelectionError, UnknownTarget) as no:
        return refused(name, Exit.USAGE, str(no))
    told = forecast(plan)
    gc.freeze()
    loading.report((*read.diagnostics, *told.diagnostics), args, closing="running all the same")
    try:
        return _record(told.plan, name, open_machine, args)
    except RecordError as no:
        return refused(name, Exit.USAGE if no.before_start else Exit.BROKEN, str(no))
    except TargetBroken as broken:
        return refused(name, Exit.BROKEN, str(broken))


def _record(plan: Plan, name: str, open_machine: Machines, args: argparse.Namespace) -> Result:
    with open_machine("probe") as first:
        info = first.info
    folder = _folder(plan, args)
    when = circumstances(name, args, plan.campaign)
    with Interrupts() as interrupts:
        with Recorder.start(folder, plan, info, when) as recorder:
            display = watch(plan, color=args.color, quiet=args.quiet or args.json)
            try:
                summary = drive(
                    plan,
                    open_machine,
                    _Both(recorder, display),
                    oracles=oracles(),
                    gate=partial(_decide, most=len(plan.tasks)),
                    slots=args.slots,
                    stop=interrupts.stop,
                )
            finally:
                display.close()
        problem = "" if args.no_report else _report(folder)
    return ended(summary, plan, folder, sha256=recorder.sha256, problem=problem, args=args)


def _report(folder: Path) -> str:
    """Write the report; what stands in the way of it, since the record is there all the same."""
    try:
        write_report(folder)
    except OSError as no:
        return f"{no.filename or folder}: the report cannot be written: {no.strerror}"
    return ""


def _folder(plan: Plan, args: argparse.Namespace) -> Path:
    if args.out:
        return Path(args.out)
    try:
        return next_folder(plan.campaign.name, Path.cwd())
    except OSError as no:
        where = no.filename or Path.cwd()
        message = f"{where}: the record cannot be written: {no.strerror}"
        raise RecordError(message, before_start=True) from no


def _decide(policy: GatePolicy, counts: Counts, not_run: int, *, most: int) -> GateResult:
    """The campaign's gate. Of a selection it cannot demand more passes than it has steps."""
    bounded = replace(policy, min_passed=min(policy.min_passed, most))
    return decide(bounded, counts, not_run)


class _Both:
    """The record first, then the display: what is shown is already written down."""

    def __init__(self, recorder: Recorder, display: Watch) -> None:
        self._recorder = recorder
        self._display = display

    def emit(self, event: Event) -> None:
        """Take one event."""
        self._recorder.emit(event)
        self._display.emit(event)


def _slots(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST_SLOTS:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to {MOST_SLOTS} machines")
    return int(text)
