"""``faultrun explain [WORD]``: capabilities, attributes, expectations, codes, programs."""

import argparse
import json
import sys
from difflib import get_close_matches
from pathlib import Path

from faultrun.capabilities.registry import builtin
from faultrun.cli import boot_words, manual
from faultrun.cli.exits import Exit
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import TargetSpec
from faultrun.spec.schema_gen import write_schemas

_KERNEL = TargetSpec().kernel


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="a capability, an attribute, an expectation, a code (FR101); none: list everything",
    )
    parser.add_argument(
        "--write-schemas",
        metavar="DIR",
        help="write the JSON Schema of every capability into DIR and stop",
    )
    parser.add_argument(
        "--boot-options",
        metavar="LINE",
        help="tell what the kernel makes of a command line; @FILE or - reads one",
    )
    parser.add_argument(
        "--kernel",
        default=_KERNEL,
        metavar="VERSION",
        help=f"the kernel that reads the command line (default: {_KERNEL})",
    )
    parser.add_argument(
        "--plugins",
        action="store_true",
        help="list the capabilities of other distributions, with what is wrong with them",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")


def execute(args: argparse.Namespace) -> int:
    """Tell about each word."""
    if args.write_schemas:
        try:
            write_schemas(Path(args.write_schemas), builtin())
        except OSError as refused:
            sys.stderr.write(f"faultrun: {refused.filename}: {refused.strerror}\n")
            return Exit.USAGE
        return Exit.PASSED
    if args.boot_options is not None:
        return _boot_options(args)
    if args.plugins:
        sys.stdout.write(manual.plugin_list())
        return Exit.PASSED
    if not args.words:
        sys.stdout.write(manual.contents())
        return Exit.PASSED
    pages = {word: manual.page(word) for word in args.words}
    unknown = [word for word, found in pages.items() if found is None]
    for word in unknown:
        near = get_close_matches(word, manual.words(), n=1)
        hint = f"did you mean '{near[0]}'?" if near else "`faultrun explain` lists what there is"
        sys.stderr.write(f"faultrun: nothing is known about '{word}'; {hint}\n")
    texts = {word: found for word, found in pages.items() if found is not None}
    if args.json:
        sys.stdout.write(json.dumps(texts, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(texts.values()))
    return Exit.USAGE if unknown else Exit.PASSED


def _boot_options(args: argparse.Namespace) -> int:
    try:
        version = KernelVersion.parse(args.kernel)
    except ValueError as wrong:
        sys.stderr.write(f"faultrun: --kernel: {wrong}, such as {_KERNEL}\n")
        return Exit.USAGE
    try:
        text = boot_words.text_of_line(args.boot_options)
    except OSError as refused:
        sys.stderr.write(f"faultrun: {refused.filename}: {refused.strerror}\n")
        return Exit.USAGE
    line = boot_words.tell(text, version)
    if args.json:
        sys.stdout.write(json.dumps(boot_words.as_json(line), indent=2) + "\n")
    else:
        sys.stdout.write(boot_words.as_text(line))
    return Exit.PASSED
