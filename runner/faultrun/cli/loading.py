"""Read a campaign and say what is wrong with it: the way into every verb."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from faultrun.capabilities.registry import known
from faultrun.cli.diagnostics import render_json, render_text
from faultrun.cli.guest_kernel import GUESTS, kernel_of, version_of
from faultrun.cli.target_name import UnknownTarget, target_name
from faultrun.cli.terminal import wants_color
from faultrun.model.campaign import Campaign, TargetSpec
from faultrun.model.data import Json
from faultrun.model.diagnostic import Diagnostic, Severity
from faultrun.model.plan import Plan
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.spec.choice import Choice
from faultrun.spec.load import load


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A campaign as read, or None with the errors that stopped it."""

    path: Path
    campaign: Campaign | None
    diagnostics: tuple[Diagnostic, ...]


def choice(target: str | None, kernel: str = "") -> Choice:
    """The target that ``--target`` names, or the campaign's own. Raises UnknownTarget.

    A guest's campaign is checked and planned for the kernel that it will boot, where that is known:
    ``kernel`` is the file that the user names.
    """
    found = partial(kernel_version, kernel=kernel)
    if target is None:
        return Choice(version_of=found)
    name = target_name(target)
    return Choice(kind=name.kind, host=name.host, version_of=found)


def kernel_version(spec: TargetSpec, *, kernel: str = "") -> str:
    """The version of a guest's kernel; empty for what only the machine can tell, or none can."""
    if spec.kind not in GUESTS:
        return ""
    try:
        return version_of(kernel_of(spec, kernel).release)
    except UnknownTarget:
        return ""


def read(name: str, args: argparse.Namespace, *, target: str | None) -> Read:
    """Read one campaign file for a target; total for whatever a user may hand in.

    Raises UnknownTarget for a target that is none.
    """
    path = Path(name)
    loaded = load(
        path, overrides=dict(args.overrides), choice=choice(target, getattr(args, "kernel", ""))
    )
    return Read(path=path, campaign=loaded.campaign, diagnostics=loaded.diagnostics)


def report(findings: Sequence[Diagnostic], args: argparse.Namespace, *, closing: str) -> None:
    """Print findings on stderr, all at once; ``closing`` ends the last line."""
    if findings:
        text = render_text(findings, color=wants_color(sys.stderr, args.color), closing=closing)
        sys.stderr.write(text)


def report_json(findings: Sequence[Diagnostic]) -> None:
    """Print findings on stdout as one JSON document."""
    sys.stdout.write(json.dumps({"diagnostics": render_json(findings)}, indent=2) + "\n")


def failure(name: str, findings: Sequence[Diagnostic]) -> Mapping[str, Json]:
    """What ``--json`` says of a campaign that was not run."""
    return {"campaign": name, "exit": 2, "diagnostics": render_json(findings)}


def has_errors(findings: Sequence[Diagnostic]) -> bool:
    """Whether anything among them stops a run."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def plan_of(campaign: Campaign, args: argparse.Namespace) -> Plan:
    """The plan of a campaign with the selection and seed of the command line.

    Raises SelectionError if a name that was asked for does not exist.
    """
    selection = Selection(only=tuple(args.only), from_=tuple(args.from_), tags=tuple(args.tag))
    return make(campaign, selection, seed=args.seed)


def make(campaign: Campaign, selection: Selection, *, seed: int | None) -> Plan:
    """The plan of a campaign with the built-in capabilities."""
    return make_plan(campaign, known(), selection=selection, seed=seed)


def seed_of(campaign: Campaign, args: argparse.Namespace) -> int:
    """The seed that a plan of it will have."""
    return campaign.seed if args.seed is None else int(args.seed)
