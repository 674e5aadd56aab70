"""``faultrun kernel build|list|path``: kernels that have everything faultrun injects into."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from faultrun.cli.exits import Exit
from faultrun.kernels import process
from faultrun.kernels.arch import ARCHES
from faultrun.kernels.build import build
from faultrun.kernels.cache import Cache
from faultrun.kernels.errors import KernelError, from_os
from faultrun.kernels.finding import build_command, find
from faultrun.kernels.kernel import Kernel
from faultrun.kernels.making import Request


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    actions = parser.add_subparsers(title="actions", dest="action", required=True)
    _configure_build(actions.add_parser("build", help="build one, or take it from the cache"))
    listing = actions.add_parser("list", help="list the kernels of the cache")
    listing.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    path = actions.add_parser("path", help="print where the newest kernel of a kind is")
    _add_arch(path)
    path.add_argument("--version", metavar="X.Y", help="only of this version (6.12, 6.12.95)")


def _configure_build(parser: argparse.ArgumentParser) -> None:
    _add_arch(parser)
    defaults = ", ".join(f"{arch.name} {arch.version}" for arch in ARCHES.values())
    parser.add_argument(
        "--version", metavar="X.Y", help=f"version of Debian's source (default: {defaults})"
    )
    parser.add_argument(
        "--source", metavar="DIR|TARBALL", help="a kernel source instead of Debian's package"
    )
    parser.add_argument(
        "--refresh", action="store_true", help="look for a newer package than the one fetched"
    )
    parser.add_argument(
        "--fragment",
        action="append",
        default=[],
        metavar="FILE",
        help="further options, merged after the shipped ones",
    )
    parser.add_argument(
        "--allow-dropped",
        action="store_true",
        help="build even if kconfig does not take over every option",
    )
    parser.add_argument(
        "--jobs",
        "-j",
        type=_jobs,
        metavar="N",
        default=len(os.sched_getaffinity(0)),
        help="compilers at once (default: one for each processor)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    parser.add_argument("--quiet", "-q", action="store_true", help="print no progress")
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colour on a terminal (auto obeys NO_COLOR)",
    )


def execute(args: argparse.Namespace) -> int:
    """Do it; exit code 2 for a mistake of the user, 3 if there is no such kernel in the end."""
    try:
        try:
            if args.action == "build":
                return _build(args)
            return _list(args) if args.action == "list" else _path(args)
        except PermissionError as trouble:
            raise from_os(trouble, Cache.default().root) from trouble
    except KernelError as failed:
        sys.stderr.write(f"faultrun: {failed}\n")
        if failed.hint:
            sys.stderr.write(f"   hint: {failed.hint}\n")
        return Exit.USAGE if failed.usage else Exit.BROKEN


def _build(args: argparse.Namespace) -> int:
    from faultrun.cli.kernel_progress import watch  # noqa: PLC0415  # list and path print none

    request = Request(
        arch=ARCHES[args.arch],
        version=args.version,
        source=Path(args.source) if args.source else None,
        fragments=tuple(Path(name) for name in args.fragment),
        jobs=args.jobs,
        allow_dropped=args.allow_dropped,
        refresh=args.refresh,
    )
    progress = watch(color=args.color, quiet=args.quiet or args.json)
    try:
        with process.interruptible():
            kernel, made = build(request, Cache.default(), progress)
    except KeyboardInterrupt:
        progress.close()
        sys.stderr.write("faultrun: interrupted; no half kernel is left\n")
        return Exit.INTERRUPTED
    finally:
        progress.close()
    if args.json:
        document = {**_document(kernel), "made": made}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return Exit.PASSED
    how = f"built in {_span(kernel.total_ms)}" if made else "was there already"
    sys.stderr.write(f"{kernel.arch} {kernel.release} {kernel.digest} {how}\n")
    sys.stdout.write(f"{kernel.path}\n")
    return Exit.PASSED


def _list(args: argparse.Namespace) -> int:
    kernels = Cache.default().kernels()
    if args.json:
        sys.stdout.write(json.dumps([_document(one) for one in kernels], indent=2) + "\n")
    elif not kernels:
        sys.stderr.write(f"no kernel is built yet; `{build_command('uml', None)}` builds one\n")
    else:
        sys.stdout.write(_table(kernels))
    return Exit.PASSED


def _path(args: argparse.Namespace) -> int:
    kernel = find(args.arch, args.version)
    if kernel is None:
        version = f" {args.version}" if args.version else ""
        raise KernelError(
            f"no {args.arch} kernel{version} is built",
            hint=build_command(args.arch, args.version),
        )
    sys.stdout.write(f"{kernel.path}\n")
    return Exit.PASSED


def _table(kernels: Sequence[Kernel]) -> str:
    head = ("ARCH", "RELEASE", "DIGEST", "MIB", "BUILT", "TOOK", "PATH")
    rows = [head]
    rows += [
        (
            one.arch,
            one.release,
            one.digest,
            f"{one.size_bytes / 2**20:.1f}",
            one.built_at,
            f"{_span(one.total_ms)} ({_phases(one)})",
            str(one.path),
        )
        for one in kernels
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = (
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines)


def _phases(kernel: Kernel) -> str:
    return ", ".join(f"{name} {_span(took)}" for name, took in kernel.phases_ms.items())


def _document(kernel: Kernel) -> dict[str, object]:
    return {
        **kernel.document(),
        "path": str(kernel.path),
        "config": str(kernel.config_path),
        "seconds": round(kernel.total_ms / 1000, 1),
    }


def _span(took_ms: int) -> str:
    seconds = took_ms // 1000
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"


def _add_arch(parser: argparse.ArgumentParser) -> None:
    kind = parser.add_mutually_exclusive_group(required=True)
    for name, what in (("uml", "User-mode Linux"), ("qemu", "x86-64 for QEMU")):
        kind.add_argument(
            f"--{name}", dest="arch", action="store_const", const=name, help=f"a kernel for {what}"
        )


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of jobs, 1 to 1024")
    return int(text)
