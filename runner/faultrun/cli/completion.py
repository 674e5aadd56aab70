"""``faultrun completion SHELL``: a completion script made from the verbs' own options."""

import argparse
import sys

import shtab

from faultrun import __version__
from faultrun.cli.exits import Exit
from faultrun.cli.main import VERBS, load_verb

_FILES = {"metavar": ("CAMPAIGN.yaml", "RUN", "DIR", "FILE", "DIR|TARBALL")}


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS, help="for which shell")


def execute(args: argparse.Namespace) -> int:
    """Print the script; `source` it, or put it where the shell looks for completions."""
    sys.stdout.write(shtab.complete(whole_parser(), shell=args.shell) + "\n")
    return Exit.PASSED


def whole_parser() -> argparse.ArgumentParser:
    """Every verb in one parser; used for completion only, since it imports every verb."""
    parser = argparse.ArgumentParser(prog="faultrun")
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(title="verbs")
    for name, summary in VERBS.items():
        verb = verbs.add_parser(name, help=summary)
        load_verb(name).configure(verb)
        _complete_files(verb)
    return parser


def _complete_files(parser: argparse.ArgumentParser) -> None:
    for action in parser._actions:  # noqa: SLF001  # shtab reads its hints from the actions
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  # nobody else tells
            for inner in action.choices.values():
                _complete_files(inner)
        if action.metavar in _FILES["metavar"]:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's own protocol
