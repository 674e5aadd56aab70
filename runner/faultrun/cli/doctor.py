"""``faultrun doctor``: what can be injected where, every reason why not, and what would help."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence

from faultrun.capabilities.registry import known
from faultrun.cli.checkup import GUESTS, Checkup, by_config, examined
from faultrun.cli.exits import Exit
from faultrun.cli.means import Means, means
from faultrun.cli.options import add_kernel, add_output, add_sudo
from faultrun.cli.target_name import FORMS, UnknownTarget
from faultrun.cli.terminal import wants_color

_CELLS = (
    ("faultrun kernel build", "kernel"),
    ("mount ", "mount"),
    ("modprobe ", "module"),
    ("mkdir ", "device"),
    ("sudo ", "root"),
    ("faultrun run", "device"),
)
"""The obstacle in one word, by what takes it away."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "--target",
        metavar="TARGET",
        help=f"look at this one thoroughly: {FORMS} (default: a table of all, no guest is booted)",
    )
    add_kernel(parser)
    add_sudo(parser)
    add_output(parser)


def execute(args: argparse.Namespace) -> int:
    """Look and tell; exit code 0 if anything can be injected there, 3 if nothing can."""
    own = means()
    try:
        found = _found(args)
    except UnknownTarget as unknown:
        sys.stderr.write(f"faultrun: {unknown}\n")
        return Exit.USAGE
    if args.json:
        document = {
            "targets": [one.document() for one in found],
            "means": [
                {"name": one.name, "state": one.state, "there": one.there, "fix": one.fix}
                for one in own
            ],
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        paint = _Paint(on=wants_color(sys.stdout, args.color))
        lines = _one(found[0], paint) if args.target else _all(found, paint)
        sys.stdout.writelines(f"{line}\n" for line in (*lines, "", *_own(own, paint)))
    return Exit.PASSED if any(one.usable for one in found) else Exit.BROKEN


def _found(args: argparse.Namespace) -> tuple[Checkup, ...]:
    """The target that was asked for, or all. Raises UnknownTarget."""
    if args.target:
        return (examined(args.target, kernel=args.kernel, sudo=args.sudo),)
    guests = (by_config(kind) for kind in GUESTS)
    return (examined("simulated"), *guests, examined("local"))


class _Paint:
    """Green for what is there, red for what is not; plain where nobody sees colours."""

    def __init__(self, *, on: bool) -> None:
        self._on = on

    def good(self, text: str) -> str:
        return f"\033[32m{text}\033[0m" if self._on else text

    def bad(self, text: str) -> str:
        return f"\033[31m{text}\033[0m" if self._on else text

    def faint(self, text: str) -> str:
        return f"\033[2m{text}\033[0m" if self._on else text


def _one(found: Checkup, paint: _Paint) -> Iterator[str]:
    """Everything about one target."""
    if found.broken:
        yield f"{found.target}: {paint.bad('cannot be used')}: {found.broken}"
        if found.fix:
            yield f"  to have it: {found.fix}"
        return
    yield f"{found.target}: kernel {found.release}"
    for name in sorted(known()):
        if name in found.usable:
            yield f"  {paint.good('usable')}      {name}"
    for name in sorted(found.missing):
        yield f"  {paint.bad('not usable')}  {name}"
        yield from (f"      {reason}" for reason in found.missing[name])
        if found.fixes.get(name):
            yield f"      to have it: {found.fixes[name]}"
    yield f"{len(found.usable)} of {len(known())} capabilities are usable on {found.target}"


def _all(found: Sequence[Checkup], paint: _Paint) -> Iterator[str]:
    """One line for each capability, one column for each target."""
    width = max(len(name) for name in known())
    columns = [max(len(one.target), len(_head(one)), 9) for one in found]
    cells = zip(found, columns, strict=True)
    yield " " * width + "".join(f"  {one.target:<{size}}" for one, size in cells)
    cells = zip(found, columns, strict=True)
    yield (" " * width + "".join(f"  {_head(one):<{size}}" for one, size in cells)).rstrip()
    for name in sorted(known()):
        row = f"{name:<{width}}"
        for one, size in zip(found, columns, strict=True):
            word = _cell(one, name)
            colour = paint.good if word == "yes" else paint.faint
            row += "  " + colour(f"{word:<{size}}")
        yield row.rstrip()
    yield ""
    for one in found:
        if one.broken:
            yield f"{one.target}: {one.broken}"
    yield "`faultrun doctor --target T` tells all reasons, and what would help."


def _head(found: Checkup) -> str:
    """The kernel, as far as a column is wide."""
    return "none" if found.broken else found.release.split("-", maxsplit=1)[0]


def _cell(found: Checkup, name: str) -> str:
    """``yes``, or what stands in the way in one word."""
    if found.broken:
        return "-"
    if name in found.usable:
        return "yes"
    reasons = " ".join(found.missing.get(name, ()))
    if "does not have it" in reasons:
        return "version"
    if "not simulated" in reasons:
        return "no"
    if "device" in reasons and "is not set" not in reasons:
        return "device"
    remedy = found.fixes.get(name, "")
    return next((word for lead, word in _CELLS if remedy.startswith(lead)), "no")


def _own(own: Sequence[Means], paint: _Paint) -> Iterator[str]:
    """The means of this machine itself."""
    width = max(len(one.name) for one in own)
    yield "this machine:"
    for one in own:
        state = one.state if one.there else paint.bad(one.state)
        yield f"  {one.name:<{width}}  {state}"
        if one.fix:
            yield f"  {'':<{width}}  to have it: {one.fix}"
