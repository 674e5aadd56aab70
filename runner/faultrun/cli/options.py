"""Options that several verbs share."""

import argparse

from faultrun.cli.target_name import FORMS
from faultrun.model.data import Scalar


def add_campaigns(parser: argparse.ArgumentParser) -> None:
    """The campaign files, and values for their variables."""
    parser.add_argument("files", nargs="+", metavar="CAMPAIGN.yaml", help="campaign files")
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        type=assignment,
        metavar="NAME=VALUE",
        help="give a campaign variable (vars:) another value",
    )


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Which steps: each selection brings its needs along."""
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="STEP",
        help="only this step (an id, the name as written, or a glob) and what it needs",
    )
    parser.add_argument(
        "--from",
        dest="from_",
        action="append",
        default=[],
        metavar="STEP",
        help="this step, everything that depends on it, and what those need",
    )
    parser.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="TAG",
        help="steps with this tag and what they need",
    )
    parser.add_argument("--seed", type=seed, metavar="N", help="seed (default: the campaign's)")


def add_target(parser: argparse.ArgumentParser, what: str) -> None:
    """Which of the campaign's targets; ``what`` is done with it."""
    parser.add_argument(
        "--target",
        metavar="TARGET",
        help=f"{what}: {FORMS} (default: simulated if the campaign runs there, else its first)",
    )


def add_kernel(parser: argparse.ArgumentParser) -> None:
    """A guest's kernel, if it is not one that ``faultrun kernel build`` made."""
    parser.add_argument(
        "--kernel",
        metavar="FILE",
        default="",
        help="the kernel that uml or qemu boots (default: the newest of `faultrun kernel list`)",
    )


def add_own_files(parser: argparse.ArgumentParser) -> None:
    """What else of the user's own a guest of QEMU is given; faultrun never writes to it."""
    parser.add_argument(
        "--initrd", metavar="FILE", default="", help="an initramfs of your own for qemu, below ours"
    )
    parser.add_argument(
        "--drive",
        action="append",
        default=[],
        metavar="FILE",
        help="a disk image of your own for qemu (raw or qcow2), never written; the first one is the"
        " guest's root if it holds one; repeat for more",
    )


def add_sudo(parser: argparse.ArgumentParser) -> None:
    """How to become root on another machine."""
    parser.add_argument(
        "--sudo",
        action="store_true",
        help="on a machine over ssh, become root by sudo, which must not ask for a password",
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """How to print."""
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colour on a terminal (auto obeys NO_COLOR)",
    )


def assignment(text: str) -> tuple[str, Scalar]:
    """``name=value`` with the value read as YAML's core schema reads a scalar."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    if value in ("true", "false"):
        return name, value == "true"
    try:
        return name, int(value, 0)
    except ValueError:
        return name, value


def seed(text: str) -> int:
    """A number, or the 40 hex digits of a commit."""
    try:
        value = int(text, 16) if len(text) == 40 else int(text, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number nor a commit id") from None
    if value < 0:
        raise argparse.ArgumentTypeError("a seed is 0 or more")
    return value
