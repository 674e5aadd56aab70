"""From the command line to a verb; the verb's module is imported only when it is needed.

One rule gives the short form: if the first word is not a verb, the verb is ``run``.
"""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from faultrun import __version__

if TYPE_CHECKING:
    import argparse

    from faultrun.cli.early import Early

VERBS: dict[str, str] = {
    "run": "run campaigns, record what happened, judge it and write a report",
    "exec": "run one command with failing allocations, as the kernel's failcmd.sh does",
    "plan": "print every command and every write, in order, without doing any",
    "check": "read campaigns and say everything that is wrong with them",
    "report": "render the report of a recorded run again",
    "coverage": "show what recorded runs exercised with a fault that fired, in vain, or never",
    "compare": "say where two records of one campaign differ in verdicts and in injections",
    "agree": "try random settings on the simulated and on a real kernel, and compare every decision",
    "restore": "put back what an interrupted run left armed, from its record alone",
    "doctor": "tell what can be injected where, every reason why not, and what would help",
    "explain": "tell about capabilities, attributes, expectations, error codes and lint rules",
    "kernel": "build, list and find kernels that have everything faultrun injects into",
    "completion": "print a completion script for a shell",
}


_COLLECT = (100_000, 20, 20)


class Verb(Protocol):
    """What a verb's module offers."""

    def configure(self, parser: "argparse.ArgumentParser") -> None:
        """Add the verb's options."""
        ...

    def execute(self, args: "argparse.Namespace") -> int:
        """Do it; the value is the exit code."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run faultrun with these arguments (default: the process's own); gives the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not __debug__:
        sys.stderr.write("faultrun: refuses to run under python -O: its assertions stay on\n")
        return 2
    if words[:1] == ["--version"]:
        sys.stdout.write(f"faultrun {__version__}\n")
        return 0
    if not words or words[0] in ("-h", "--help"):
        _usage(sys.stdout if words else sys.stderr)
        return 0 if words else 2
    verb, rest = _verb(words)
    if verb is None:
        return 2
    return _dispatch(verb, rest)


def load_verb(name: str) -> Verb:
    """The module of a verb."""
    return cast("Verb", import_module(f"faultrun.cli.{name}"))


def _dispatch(verb: str, rest: list[str]) -> int:
    import argparse  # noqa: PLC0415  # --version must not pay for it

    begun = _begin(verb, rest)
    module = load_verb(verb)
    # Plans and records are large trees of values without cycles; looking for cycles in them every
    # 700 allocations, Python's default, takes a fifth of a run's time.
    gc.set_threshold(*_COLLECT)
    parser = argparse.ArgumentParser(
        prog=f"faultrun {verb}",
        description=f"{VERBS[verb][0].upper()}{VERBS[verb][1:]}.",
    )
    module.configure(parser)
    try:
        args = parser.parse_args(rest)
        args.early = begun
        return module.execute(args)
    except BrokenPipeError:
        # The reader of our output went away (head, less): not an error of anybody.
        sys.stderr.close()
        return 0
    finally:
        if begun is not None:
            begun.spare.drop()


def _begin(verb: str, rest: list[str]) -> "Early | None":
    """A guest for `run` on User-mode Linux, before anything else is loaded."""
    if verb != "run" or not any("uml" in word for word in rest):
        return None
    from faultrun.cli.early import early  # noqa: PLC0415  # other command lines must not pay for it

    return early(rest)


def _verb(words: list[str]) -> tuple[str | None, list[str]]:
    first = words[0]
    if first in VERBS:
        return first, words[1:]
    if first.startswith("-") or "." in first or "/" in first:
        return "run", words
    from pathlib import Path  # noqa: PLC0415  # verbs need not pay for it

    if Path(first).exists():
        return "run", words
    from difflib import get_close_matches  # noqa: PLC0415  # only a mistake pays for it

    near = get_close_matches(first, VERBS, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"verbs are: {', '.join(VERBS)}"
    sys.stderr.write(f"faultrun: '{first}' is neither a verb nor a file; {hint}\n")
    return None, []


def _usage(stream: "SupportsWrite") -> None:
    lines = [
        "usage: faultrun [run] CAMPAIGN.yaml ... [options]",
        "       faultrun VERB [options]",
        "       faultrun --version",
        "",
        "A declarative fault-injection campaign runner for the Linux kernel.",
        "",
        "verbs:",
        *(f"  {name:<11} {summary}" for name, summary in VERBS.items()),
        "",
        "`faultrun VERB --help` lists a verb's options. Exit codes: 0 gate passed, 1 gate failed,",
        "2 a mistake in the campaign or the command, 3 the target or the harness broke,",
        "4 a kernel may still be armed, 130 interrupted (after restoring).",
    ]
    stream.write("\n".join(lines) + "\n")


class SupportsWrite(Protocol):
    """A text stream."""

    def write(self, text: str, /) -> object:
        """Take some text."""
        ...
