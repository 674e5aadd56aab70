"""``faultrun restore RUN``: put back what a killed run left armed, from its record alone."""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from faultrun.cli.circumstances import now
from faultrun.cli.exits import Exit
from faultrun.cli.machines import machines
from faultrun.cli.options import add_sudo
from faultrun.cli.target_name import UnknownTarget, target_name
from faultrun.model.campaign import TargetSpec
from faultrun.model.claim import Claimable
from faultrun.model.data import Json
from faultrun.model.target import Target, TargetBroken
from faultrun.model.undo import Undo
from faultrun.record.reader import RecordDamaged, target_of
from faultrun.record.restore import Restoration, pending, restore

_ENDED = {
    "simulated": "the simulated kernel ended with its process",
    "uml": "the guest ended with its runner",
    "qemu": "the guest ended with its runner",
}
"""Targets whose kernel does not outlive the run (``TargetInfo.durable``)."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("run", metavar="RUN", help="the folder of the run")
    parser.add_argument(
        "--target", metavar="TARGET", help="where to restore (default: the target of the run)"
    )
    add_sudo(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="only print what would be written, in order"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")


def execute(args: argparse.Namespace) -> int:
    """Restore; exit code 0 if nothing of the run is armed any more, 4 if something may be."""
    folder = Path(args.run)
    try:
        undos = pending(folder)
        target = args.target or target_of(folder)
        if not undos:
            return _say(args, "nothing to restore: every step of the run put its files back", ())
        if args.dry_run:
            return _say(args, f"{len(undos)} files would be put back:", undos)
        if target in _ENDED:
            ended = f"{_ENDED[target]}, and nothing of it is armed"
            return _say(args, f"nothing to restore: {ended}", ())
        return _put_back(
            args, folder, machines(target, _spec(target), 0, sudo=args.sudo)("restore")
        )
    except RecordDamaged as damaged:
        sys.stderr.write(f"faultrun: {damaged}\n")
        return Exit.USAGE
    except UnknownTarget as unknown:
        sys.stderr.write(f"faultrun: {unknown}\n")
        return Exit.USAGE
    except TargetBroken as broken:
        sys.stderr.write(f"faultrun: {broken}; the kernel may still be armed\n")
        return Exit.ARMED


def _put_back(args: argparse.Namespace, folder: Path, target: Target) -> Exit:
    """Nobody else may have the machine meanwhile. Raises TargetBroken."""
    with ExitStack() as stack:
        if isinstance(target, Claimable):
            stack.enter_context(target.claim("restore", str(folder.absolute()), now()))
        return _told(args, restore(folder, stack.enter_context(target)))


def _spec(name: str) -> TargetSpec:
    """What is known of the machine: its name. Raises UnknownTarget."""
    target = target_name(name)
    return TargetSpec(kind=target.kind, host=target.host, any_kernel=True)


def _say(args: argparse.Namespace, headline: str, undos: Sequence[Undo]) -> Exit:
    if args.json:
        rows: list[Json] = [{"path": undo.path, "value": undo.written} for undo in undos]
        sys.stdout.write(json.dumps({"headline": headline, "writes": rows}) + "\n")
    else:
        sys.stdout.write(headline + "\n")
        sys.stdout.writelines(f"  {undo.command()}\n" for undo in undos)
    return Exit.PASSED


def _told(args: argparse.Namespace, done: Restoration) -> Exit:
    if args.json:
        rows: list[Json] = [
            {"path": row.undo.path, "value": row.undo.written, "ok": row.ok, "why": row.why}
            for row in done.results
        ]
        sys.stdout.write(json.dumps({"complete": done.complete, "writes": rows}) + "\n")
    else:
        for row in done.results:
            state = "restored" if row.ok else "NOT restored"
            why = f" ({row.why})" if row.why else ""
            sys.stdout.write(f"  {state} {row.undo.path} = {row.undo.written}{why}\n")
    if done.complete:
        return Exit.PASSED
    sys.stderr.write("faultrun: a kernel may still be armed; as root on that machine, type:\n")
    sys.stderr.writelines(f"  {command}\n" for command in done.commands())
    return Exit.ARMED
