"""What has to hold before a machine is armed that nobody can throw away."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from faultrun.capabilities.registry import known
from faultrun.cli.machines import Machines
from faultrun.cli.target_name import target_name
from faultrun.model.diagnostic import Diagnostic
from faultrun.model.plan import Plan
from faultrun.model.target import AttrRefused, Command, Target
from faultrun.plan.hazards import hazards, looks_at_devices
from faultrun.plan.precious import Look, Precious, precious

FLAG = "--yes-crash-this-machine"
_LOOK_NS = 10_000_000_000


def add_option(parser: argparse.ArgumentParser) -> None:
    """The second of the two words that it takes to crash a machine."""
    parser.add_argument(
        FLAG,
        dest="crash",
        action="store_true",
        help="allow what may crash or damage the machine, if the campaign calls it disposable",
    )


def guarded(
    plan: Plan, name: str, open_machine: Machines, *, out: str | None, crash: bool
) -> tuple[Diagnostic, ...]:
    """Every reason not to run the plan on the target called ``name``. Raises TargetBroken."""
    target = target_name(name)
    if target.kind not in ("local", "ssh") or (target.kind == "local" and target.rest):
        return ()
    seen = Precious()
    # Of another machine nothing is known before the first visit, not even its kernel.
    if target.kind == "ssh" or looks_at_devices(plan, known()):
        with open_machine("look") as machine:
            seen = precious(_look(machine), *_folders(target.kind, out))
    spec = plan.campaign.target
    if spec.disposable and crash:
        return ()
    return hazards(plan, known(), seen, hint=_hint(target.kind, spec.disposable, crash=crash))


def _folders(kind: str, out: str | None) -> Sequence[str]:
    """Where the record goes, if that is on the machine itself."""
    if kind != "local":
        return ()
    folder = Path(out or ".").absolute()
    while not folder.exists():
        folder = folder.parent
    return (str(folder.resolve()),)


def _hint(kind: str, disposable: bool, *, crash: bool) -> str:
    missing = [] if disposable else [f"`disposable: true` under `{kind}:` in the campaign"]
    if not crash:
        missing.append(f"{FLAG} on the command line")
    return f"run it on a guest (--target uml or qemu); if the machine may be lost: {', '.join(missing)}"


def _look(machine: Target) -> Look:
    def text(path: str) -> str:
        try:
            return machine.read(path).decode("utf-8", "surrogateescape")
        except AttrRefused:
            return ""

    def names(path: str) -> tuple[str, ...]:
        try:
            return machine.list(path)
        except AttrRefused:
            return ()

    def real(path: str) -> str:
        done = machine.run(Command(timeout_ns=_LOOK_NS, argv=("readlink", "-e", "--", path)))
        return done.stdout.removesuffix("\n") if done.exit_code == 0 else ""

    return Look(text=text, names=names, real=real)
