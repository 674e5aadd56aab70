"""Drive a plan into a record: what every verb that runs something has in common."""

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from faultrun.cli.circumstances import circumstances
from faultrun.cli.folders import next_folder
from faultrun.cli.machines import Machines
from faultrun.cli.progress import Watch
from faultrun.engine import drive_threads, drive_virtual
from faultrun.engine.summary import RunSummary
from faultrun.model.claim import Claimable
from faultrun.model.event import Event
from faultrun.model.failure import RecordError
from faultrun.model.gate import Gate
from faultrun.model.plan import Plan
from faultrun.model.target import Renewable, Target, TargetInfo
from faultrun.oracles.registry import builtin as oracles
from faultrun.record.writer import Recorder
from faultrun.targets.clock import MonotonicClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What is left when a plan was driven: its summary, and its record."""

    summary: RunSummary
    folder: Path
    sha256: str


def recorded(
    plan: Plan,
    open_machine: Machines,
    display: Watch,
    args: argparse.Namespace,
    *,
    name: str,
    gate: Gate,
    stop: Callable[[], bool],
) -> Recorded:
    """Run a plan; ``name`` is what the user asked for. Raises RecordError and TargetBroken."""
    first = open_machine("probe")
    # Only the simulator has a time that can be laid out; everything else really waits.
    virtual = first.info.kind == "simulated"
    drive = drive_virtual.drive if virtual else partial(drive_threads.drive, clock=MonotonicClock())
    folder = _folder(plan, args)
    when = circumstances(name, args, plan.campaign)
    with ExitStack() as stack:
        if isinstance(first, Claimable):
            stack.enter_context(first.claim("run", str(folder.absolute()), when.started))
        info = _info(first)
        recorder = stack.enter_context(Recorder.start(folder, plan, info, when))
        try:
            summary = drive(
                plan,
                open_machine,
                _Both(recorder, display),
                oracles=oracles(),
                gate=gate,
                slots=args.slots,
                stop=stop,
            )
        finally:
            display.close()
    return Recorded(summary=summary, folder=folder, sha256=recorder.sha256)


def _info(first: Target) -> TargetInfo:
    """What the record says of the machine. Raises TargetBroken, before there is a record.

    A guest that is still to be booted is known already; of a machine that is there anyway, one
    learns its kernel, and whether it can be reached at all, by reaching it.
    """
    if isinstance(first, Renewable):
        return first.info
    with first as reached:
        return reached.info


def _folder(plan: Plan, args: argparse.Namespace) -> Path:
    if args.out:
        return Path(args.out)
    try:
        return next_folder(plan.campaign.name, Path.cwd())
    except OSError as no:
        where = no.filename or Path.cwd()
        message = f"{where}: the record cannot be written: {no.strerror}"
        raise RecordError(message, before_start=True) from no


class _Both:
    """The record first, then the display: what is shown is already written down."""

    def __init__(self, recorder: Recorder, display: Watch) -> None:
        self._recorder = recorder
        self._display: Watch | None = display

    def emit(self, event: Event) -> None:
        """Take one event."""
        self._recorder.emit(event)
        if self._display is not None:
            try:
                self._display.emit(event)
            except BrokenPipeError:
                # Nobody looks on any more (head, less); the run is recorded all the same.
                self._display = None
