"""``faultrun exec [options] [--] COMMAND``: failcmd.sh, with everything put back and proved."""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from faultrun.capabilities.registry import known
from faultrun.cli import failcmd
from faultrun.cli.exits import Exit
from faultrun.cli.failcmd import ATTRIBUTES, Mistake, Request
from faultrun.cli.guards import guarded
from faultrun.cli.loading import choice, make
from faultrun.cli.machines import machines
from faultrun.cli.options import add_sudo, assignment
from faultrun.cli.recorded import Recorded, recorded
from faultrun.cli.signals import Interrupts
from faultrun.cli.target_name import FORMS, UnknownTarget, target_name
from faultrun.engine.summary import RunSummary
from faultrun.gate.policy import decide
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import Campaign, TargetSpec
from faultrun.model.data import Json
from faultrun.model.diagnostic import Severity
from faultrun.model.event import Event, Kind
from faultrun.model.failure import RecordError
from faultrun.model.plan import Plan
from faultrun.model.target import TargetBroken
from faultrun.model.verdict import Verdict
from faultrun.plan.select import Selection
from faultrun.spec.codes import CODES
from faultrun.spec.lint_rule import Remark, armed_by, facts_of
from faultrun.spec.lint_step import STEP_RULES
from faultrun.spec.load import load
from faultrun.spec.values import DAY_NS, Problem, duration

_HELP = """\
Runs COMMAND with failing allocations, as tools/testing/fault-injection/failcmd.sh of the kernel
does: same options, same defaults, same FAILCMD_TYPE. Unlike the script:

- everything that is written is announced first, read back, put back and verified; the script
  leaves interval, space, verbose, ranges and filters as they are, and forgets earlier values;
- all values are written together just before the command, none while options are parsed;
- arguments reach the command as they are; the script has them split again by a shell;
- --cache-filter works; the script writes to a file 'cache_filter' that no kernel has;
- a value that the kernel would ignore or cut is refused;
- what was injected is counted, recorded, and told on standard error at the end.

The command's standard output and error are printed when it has ended; its standard input is empty.
"""

_EXITS = """\
environment:
  FAILCMD_TYPE  what to inject with: failslab (default), fail_page_alloc, or any other capability or
                directory below /sys/kernel/debug, such as nvme0n1/fault_inject

exit status:
  that of COMMAND, 128 + N if signal N ended it; but
  2    a mistake on the command line, nothing was run (the script says 1)
  3    the target or the harness broke, or COMMAND cannot be run on it
  4    a kernel may still be armed; the exact commands are printed
  130  interrupted; everything was restored first
  A COMMAND can end with these numbers too: the last line on standard error tells them apart.
"""

_SHORT = {"probability": "-p", "times": "-t", "interval": "-i", "space": "-s", "verbose": "-v"}
_RULES = frozenset({"FR102", "FR104", "FR108", "FR109", "FR110", "FR117"})
"""Lint rules that make sense of a command line: those about what is armed, not what is expected."""

_SAID = {
    "probability": "likelihood that a check fails, in percent (default 1)",
    "times": "how many failures there may be at most; -1 for no limit (default 1)",
    "task-filter": "Y: only the command and its children are hit (default Y)",
    "oom-kill-allocating-task": "vm.oom_kill_allocating_task while the command runs (default 1)",
    "interval": "fail only every N-th check",
    "space": "bytes, pages or calls before the first failure",
    "verbose": "0 logs nothing, 1 two lines for each failure, 2 a call trace too",
    "stacktrace-depth": "callers that are looked at, 1 to 32",
    "require-start": "some caller has to lie in this range: 0x...",
    "require-end": "its end, exclusive: 0x...",
    "reject-start": "no caller may lie in this range: 0x...",
    "reject-end": "its end, exclusive: 0x...",
    "ignore-gfp-wait": "Y spares allocations that may wait (failslab, fail_page_alloc)",
    "cache-filter": "Y: only caches marked in /sys/kernel/slab (failslab)",
    "ignore-gfp-highmem": "Y spares highmem and user pages (fail_page_alloc)",
    "min-order": "smaller allocations never fail, in orders (fail_page_alloc)",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = "faultrun exec [options] [--] COMMAND [ARGUMENT ...]"
    parser.description = _HELP
    parser.epilog = _EXITS
    script = parser.add_argument_group("options of failcmd.sh")
    for name in ATTRIBUTES:
        flags = [_SHORT[name], f"--{name}"] if name in _SHORT else [f"--{name}"]
        script.add_argument(*flags, metavar="VALUE", help=_SAID[name])
    for side in ("require", "reject"):
        parser.add_argument(
            f"--{side}",
            metavar="CALLERS",
            help=f"{side} callers by name: function=NAME, module=NAME, or module=NAME,section=.text",
        )
    parser.add_argument("--type", metavar="TYPE", help="what to inject with, before FAILCMD_TYPE")
    parser.add_argument(
        "--place", action="append", default=[], type=assignment, metavar="NAME=VALUE",
        help="where to inject, for types that want it: device=nvme0n1, disk=nvme0n1",
    )  # fmt: skip
    parser.add_argument(
        "--set", dest="more", action="append", default=[], type=_text, metavar="NAME=VALUE",
        help="any other attribute of the type, such as status=0x281",
    )  # fmt: skip
    parser.add_argument(
        "--target", metavar="TARGET", default="simulated",
        help=f"where to run: {FORMS} (default: simulated)",
    )  # fmt: skip
    parser.add_argument(
        "--machine", metavar="CAMPAIGN.yaml",
        help="the simulated machine is that of this campaign's `target:`",
    )  # fmt: skip
    add_sudo(parser)
    parser.add_argument("--kernel", metavar="VERSION", help="version of the simulated kernel")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the run")
    parser.add_argument(
        "--timeout", default="24h", metavar="TIME", help="end the command then (default 24h)"
    )
    parser.add_argument("--out", metavar="DIR", help="folder of the record (default: a new one)")
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="say nothing of what was injected"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.set_defaults(slots=1, only=[], from_=[], tag=[])


def execute(args: argparse.Namespace) -> int:
    """Run the command; the exit code is its own, but for those that the help names."""
    try:
        campaign = _campaign(args)
        _lint(campaign)
        plan = make(campaign, Selection(), seed=args.seed)
        open_machine = machines(args.target, campaign.target, plan.seed, sudo=args.sudo)
        dangers = guarded(plan, args.target, open_machine, out=args.out, crash=False)
    except (Mistake, UnknownTarget) as mistake:
        return _refused(str(mistake), Exit.USAGE)
    except TargetBroken as broken:
        return _refused(str(broken), Exit.BROKEN)
    if dangers:
        return _refused("; ".join(danger.message for danger in dangers), Exit.USAGE)
    seen = _Seen()
    try:
        with Interrupts() as interrupts:
            done = recorded(
                plan, open_machine, seen, args,
                name=failcmd.NAME, gate=decide, stop=interrupts.stop,
            )  # fmt: skip
    except RecordError as no:
        return _refused(str(no), Exit.USAGE if no.before_start else Exit.BROKEN)
    except TargetBroken as broken:
        return _refused(str(broken), Exit.BROKEN)
    sys.stdout.write(seen.stdout)
    sys.stdout.flush()
    sys.stderr.write(seen.stderr)
    code, why = _ended(done.summary, seen)
    if why or not args.quiet:
        sys.stderr.writelines(f"faultrun exec: {line}\n" for line in _told(plan, seen, done))
    if why:
        sys.stderr.write(f"faultrun exec: {why}\n")
    if not done.summary.restored:
        sys.stderr.write("faultrun: a kernel may still be armed; as root on that machine, type:\n")
        sys.stderr.writelines(f"  {command}\n" for command in done.summary.commands())
    return code


@dataclass(slots=True)
class _Seen:
    """What the events of the one step told."""

    stdout: str = ""
    stderr: str = ""
    exit: int | None = None
    signal: int | None = None
    ran: bool = False
    reasons: list[str] = field(default_factory=list[str])
    counts: list[Mapping[str, Json]] = field(default_factory=list[Mapping[str, Json]])
    hits: int = 0
    verdict: str = ""
    outcome: str = ""

    def emit(self, event: Event) -> None:
        """Take one event."""
        data = event.data
        if event.kind is Kind.COMMAND:
            self.ran = True
            self.stdout, self.stderr = str(data["stdout"]), str(data["stderr"])
            self.exit, self.signal = _number(data["exit"]), _number(data["signal"])
        elif event.kind is Kind.EVIDENCE:
            self.counts = [item for item in _rows(data["counts"]) if isinstance(item, Mapping)]
            rows = [item for item in _rows(data["hits"]) if isinstance(item, Mapping)]
            self.hits = sum(item.get("on_path") is True for item in rows)
        elif event.kind in (Kind.VERDICT, Kind.STEP_SKIP):
            self.reasons = [str(item) for item in _rows(data["reasons"])]
            self.verdict = str(data.get("verdict", Verdict.SKIP.value))
            self.outcome = str(data.get("outcome", ""))

    def close(self) -> None:
        """Nothing to leave."""


def _rows(data: Json) -> list[Json]:
    return list(data) if isinstance(data, list) else []


def _number(data: Json) -> int | None:
    return data if isinstance(data, int) else None


def _campaign(args: argparse.Namespace) -> Campaign:
    """What the options say. Raises Mistake."""
    words = list(args.command)
    if words[:1] == ["--"]:
        del words[0]
    length = duration(args.timeout, "--timeout", 1_000_000, DAY_NS)
    if isinstance(length, Problem):
        raise Mistake(length.message)
    callers = {"require": args.require, "reject": args.reject}
    kind = args.type or os.environ.get("FAILCMD_TYPE") or "failslab"
    request = Request(
        kind=kind,
        options=failcmd.options_of(args),
        command=words,
        timeout_ns=length,
        target=_target(args),
        place={name: str(value) for name, value in args.place},
        more=dict(args.more),
        callers={side: text for side, text in callers.items() if text is not None},
    )
    return failcmd.campaign_of(request, known())


def _target(args: argparse.Namespace) -> TargetSpec:
    name = target_name(args.target)
    target = TargetSpec(kind=name.kind, host=name.host, any_kernel=name.kind != "simulated")
    if args.machine:
        from pathlib import Path  # noqa: PLC0415  # seldom wanted

        loaded = load(Path(args.machine), overrides={}, choice=choice(args.target))
        if loaded.campaign is None:
            raise Mistake(
                f"{args.machine} cannot be read; `faultrun check {args.machine}` tells why"
            )
        target = loaded.campaign.target
    elif target.any_kernel:
        version = choice(args.target).version_of(target)
        target = replace(target, kernel=version, any_kernel=False) if version else target
    if args.kernel:
        try:
            KernelVersion.parse(args.kernel)
        except ValueError as wrong:
            raise Mistake(str(wrong)) from None
        target = replace(target, kernel=args.kernel, any_kernel=False)
    return target


def _lint(campaign: Campaign) -> None:
    """Say what is odd about it. Raises Mistake for what must not be run."""
    step = campaign.steps[0]
    facts = facts_of(step, armed_by(step, known()), campaign.target.kernel)
    for rule in STEP_RULES:
        for remark in rule(facts):
            if remark.code not in _RULES:
                continue
            if _severity(remark) is Severity.ERROR:
                raise Mistake(f"{remark.message} ({remark.code}; {remark.hint})")
            sys.stderr.write(f"faultrun exec: warning[{remark.code}]: {remark.message}\n")


def _severity(remark: Remark) -> Severity:
    return remark.severity or CODES[remark.code].severity


def _ended(summary: RunSummary, seen: _Seen) -> tuple[int, str]:
    """The exit code, and why it is not the command's own, or empty."""
    if not summary.restored:
        return Exit.ARMED, "not everything could be put back"
    if summary.interrupted:
        return Exit.INTERRUPTED, "interrupted; everything that was armed has been put back"
    told = "; ".join(seen.reasons) or summary.failure or "the command did not run"
    if summary.failure or seen.verdict in ("", Verdict.ERROR.value, Verdict.SKIP.value):
        return Exit.BROKEN, told
    if seen.exit is not None:
        return seen.exit, ""
    return 128 + (seen.signal or 9), ""


def _told(plan: Plan, seen: _Seen, done: Recorded) -> Iterator[str]:
    if not seen.ran:
        yield f"record in {done.folder}"
        return
    for item, counter in zip(seen.counts, plan.tasks[0].counters, strict=False):
        injected = item.get("injected")
        limit = "no limit" if counter.unlimited else f"at most {counter.budget:,}"
        told = "an unknown number was" if injected is None else f"{injected}"
        yield f"{item.get('capability')}: {told} injected ({limit}), {seen.hits} of them logged in its tasks"
    if seen.outcome in ("oops", "hang", "crash"):
        yield f"the kernel did not take it: {seen.outcome}"
    if seen.exit is not None:
        how = f"exit status {seen.exit}"
    else:
        how = f"killed by signal {seen.signal}" if seen.signal else "not run"
    state = "everything put back" if done.summary.restored else "NOT everything put back"
    yield f"command ended: {how}; {state}; record in {done.folder}"


def _text(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _refused(why: str, code: Exit) -> Exit:
    sys.stderr.write(f"faultrun exec: {why}\n")
    return code
