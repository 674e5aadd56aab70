"""``faultrun agree``: random settings on the simulated kernel and on a real one, decision by decision."""

import argparse
import json
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from faultrun.agree.campaign import NAME, Written, write
from faultrun.cli import compare as comparing
from faultrun.cli import options, run
from faultrun.cli.exits import Exit
from faultrun.cli.folders import next_folder
from faultrun.cli.machines import machines
from faultrun.cli.target_name import UnknownTarget, target_name
from faultrun.gate.compare import Agreement, Comparison, compare
from faultrun.gate.seen import seen
from faultrun.kernel.version import KNOWN, KernelVersion
from faultrun.model.campaign import TargetSpec
from faultrun.model.target import TargetBroken
from faultrun.record.reader import RecordDamaged, open_lines
from faultrun.report import compare_text
from faultrun.report.words import many

SIMULATED = "simulated"


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "--settings", type=_count, default=300, metavar="N", help="at least so many (default 300)"
    )
    parser.add_argument("--seed", type=options.seed, default=1, metavar="N", help="default: 1")
    parser.add_argument(
        "--target", default="uml", metavar="TARGET", help="the real kernel (default: uml)"
    )
    options.add_kernel(parser)
    parser.add_argument(
        "--version",
        choices=KNOWN,
        help="the simulated kernel (default: the newest that is no newer than the real one)",
    )
    parser.add_argument("--slots", type=int, default=2, metavar="N", help="guests (default 2)")
    parser.add_argument("--out", metavar="DIR", help="folder of both runs (default: a new one)")
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a comparison of random settings comes to."""

    capabilities: tuple[str, ...]
    settings: int
    disagreements: int
    untold: int

    def __str__(self) -> str:
        """The line for a reader."""
        left = f"; {many(self.untold, 'step')} could not be compared" if self.untold else ""
        return (
            f"{many(len(self.capabilities), 'capability', 'capabilities')},"
            f" {many(self.settings, 'setting')},"
            f" {many(self.disagreements, 'disagreement')}{left}"
        )


def execute(args: argparse.Namespace) -> int:
    """0 without a disagreement, 1 with one; what kept a run from its end gives its own exit code."""
    try:
        kind = _real(args.target)
        version = args.version or _version(args, kind)
        folder = Path(args.out) if args.out else next_folder(NAME, Path.cwd())
        written = write(settings=args.settings, seed=args.seed, kernel=version, target=kind)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{NAME}.yaml"
        path.write_text(written.text, encoding="utf-8")
    except UnknownTarget as no:
        return _refused(str(no), Exit.USAGE)
    except TargetBroken as broken:
        return _refused(str(broken), Exit.BROKEN)
    except OSError as no:
        return _refused(f"{no.filename}: cannot be written: {no.strerror}", Exit.USAGE)
    sides = ((SIMULATED, SIMULATED, ""), (kind, args.target, args.kernel))
    for name, target, kernel in sides:
        words = ["--target", target, "--out", str(folder / name), "--no-report", "--quiet"]
        words += ["--slots", str(args.slots), *(["--kernel", kernel] if kernel else [])]
        code = _run([str(path), *words])
        if code not in (Exit.PASSED, Exit.GATE_FAILED):
            return code
    try:
        found = compare(*(seen(open_lines(folder / name)) for name, _, _ in sides))
    except RecordDamaged as damaged:
        return _refused(str(damaged), Exit.BROKEN)
    return _told(found, written, args)


def _real(name: str) -> str:
    """The kind of the target. Raises UnknownTarget."""
    kind = target_name(name).kind
    if kind == SIMULATED:
        raise UnknownTarget("the simulated kernel is one side already: name a real one")
    return kind


def _version(args: argparse.Namespace, kind: str) -> str:
    """The simulated kernel that the real one is held against. Raises UnknownTarget, TargetBroken."""
    open_machine = machines(
        args.target, TargetSpec(kind=kind, any_kernel=True), args.seed, args.kernel
    )
    with open_machine("agree") as machine:
        release = machine.probe().release
    try:
        real = KernelVersion.parse(release)
    except ValueError:
        raise UnknownTarget(f"{args.target} says that its release is {release!r}") from None
    older = [each for each in KNOWN if KernelVersion.parse(each) <= real]
    if not older:
        raise UnknownTarget(f"kernel {release} is older than the oldest that is simulated")
    return older[-1]


def _run(words: list[str]) -> int:
    """The verb ``run``, as a person would type it; what it says is no part of our own answer."""
    parser = argparse.ArgumentParser()
    run.configure(parser)
    with redirect_stdout(sys.stderr):
        return run.execute(parser.parse_args(words))


def _told(found: Comparison, written: Written, args: argparse.Namespace) -> int:
    figures = figures_of(found, written)
    if args.json:
        document = {
            "capabilities": list(figures.capabilities),
            "settings": figures.settings,
            "disagreements": figures.disagreements,
            "not_compared": figures.untold,
            **comparing.document(found),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        sys.stdout.write(f"{compare_text.render(found)}\n{figures}\n")
    return comparing.CODES[found.agreement]


def figures_of(found: Comparison, written: Written) -> Figures:
    """Only what was compared counts."""
    compared = [step for step in found.steps if step.agreement is not Agreement.CANNOT_TELL]
    known = [written.steps[step.id] for step in compared if step.id in written.steps]
    return Figures(
        capabilities=tuple(sorted({capability for capability, _ in known})),
        settings=sum(settings for _, settings in known),
        disagreements=sum(len(step.of(Agreement.DIFFER)) for step in found.steps),
        untold=len(found.steps) - len(compared),
    )


def _refused(why: str, code: Exit) -> Exit:
    sys.stderr.write(f"faultrun: {why}\n")
    return code


def _count(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to 100000")
    return int(text)
