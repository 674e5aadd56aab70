"""From a request to a kernel in the cache: configured, compared, compiled, kept whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faultrun.kernels import apt, cache, config, kernel, process, source, tools
from faultrun.kernels.arch import Arch
from faultrun.kernels.cache import Cache
from faultrun.kernels.config import Option
from faultrun.kernels.errors import KernelError, from_os
from faultrun.kernels.finding import parse_version
from faultrun.kernels.kernel import Kernel
from faultrun.kernels.making import Making, Request
from faultrun.kernels.making import refused as dropped_error
from faultrun.kernels.progress import Progress
from faultrun.kernels.source import Source
from faultrun.kernels.work import Work

_FETCHING = "sources"


def build(request: Request, keep: Cache, progress: Progress) -> tuple[Kernel, bool]:
    """The kernel, and whether it had to be made. Raises KernelError, or what interrupts it."""
    options = wanted(request)
    if request.version is not None:
        parse_version(request.version)
    tools.check(request.arch)
    compiler = tools.toolchain()
    try:
        keep.root.mkdir(parents=True, exist_ok=True)
        found, fetched_ms = _source(request, keep, progress)
        name = cache.digest(
            source=found.identity,
            arch=request.arch.name,
            config=config.render(options),
            toolchain=compiler,
        )
        there = keep.kernel(name)
        if there is not None:
            return _allowed(request, there), False
        keep.sweep()
        with keep.lock(name, lambda who: _waiting(progress, who)) as lock:
            there = keep.kernel(name)
            if there is not None:
                return _allowed(request, there), False
            progress.say(f"building {request.arch.name} from {found.identity}, digest {name}")
            with _folder(keep, name, progress) as folder, (folder / kernel.LOG).open("w+b") as log:
                work = Work(log_path=folder / kernel.LOG, log=log, lock=lock, progress=progress)
                work.phases_ms["source"] = fetched_ms
                work.expected = _expected(keep, request.arch)
                made = Making(
                    request=request,
                    options=options,
                    source=found,
                    toolchain=compiler,
                    name=name,
                    folder=folder,
                    work=work,
                )
                try:
                    out = made.make()
                except KernelError as failed:
                    raise _with_log(failed, work, keep, name) from failed
                keep.keep(out, name)
    except OSError as trouble:
        raise from_os(trouble, keep.root) from trouble
    there = keep.kernel(name)
    assert there is not None, "what was just kept is there"
    return there, True


def wanted(request: Request) -> tuple[Option, ...]:
    """The options of the shipped fragments and the user's, the user's last."""
    fragments = []
    for path in (*request.arch.fragment_files(), *request.fragments):
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError) as refused:
            why = refused.strerror if isinstance(refused, OSError) else "not text"
            raise KernelError(f"{path}: cannot be read: {why}", usage=True) from refused
        name = path.name if path in request.arch.fragment_files() else str(path)
        fragments.append(config.parse_fragment(text, name))
    return config.merge(fragments)


def _source(request: Request, keep: Cache, progress: Progress) -> tuple[Source, int]:
    """The source, and how long it took to have it."""
    before = process.now_ms()
    if request.source is not None:
        progress.phase("source", f"reading {request.source}")
        return source.given(request.source), process.now_ms() - before
    version = request.version or request.arch.version
    if len(parse_version(version)) > 2:
        short = ".".join(version.split(".")[:2])
        raise KernelError(
            f"Debian has one Linux {short} at a time; {version} cannot be asked for",
            hint=f"--version {short}, or --source DIR|TARBALL",
            usage=True,
        )
    tarball = None if request.refresh else source.kept(version, keep.sources)
    if tarball is None:
        tools.check_apt()
        with keep.lock(_FETCHING, lambda who: _waiting(progress, who)) as lock:
            keep.sources.mkdir(parents=True, exist_ok=True)
            tarball = None if request.refresh else source.kept(version, keep.sources)
            log_path = keep.sources / "apt.log"
            with log_path.open("w+b") as log:
                work = Work(log_path=log_path, log=log, lock=lock, progress=progress)
                work.begin("source", f"fetching linux-source-{version} with apt")
                tarball = tarball or apt.fetch(work, version, keep.sources)
    return source.debian(tarball), process.now_ms() - before


def _waiting(progress: Progress, who: str) -> None:
    progress.say(f"process {who} is at it already; waiting for it to end")


def _expected(keep: Cache, arch: Arch) -> int:
    """How many files an earlier build of the same kind compiled; 0 if there is none."""
    return next((one.compiled for one in keep.kernels() if one.arch == arch.name), 0)


@contextmanager
def _folder(keep: Cache, name: str, progress: Progress) -> Iterator[Path]:
    folder = keep.building(name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        if (folder / source.UNPACKED).exists():
            # Tens of thousands of files: on a busy disk it takes as long as unpacking them did.
            progress.phase("tidy", "removing the unpacked source")
        shutil.rmtree(folder, ignore_errors=True)


def _allowed(request: Request, there: Kernel) -> Kernel:
    """A kernel that was made without some options serves only those who allow that."""
    if there.dropped and not request.allow_dropped:
        raise dropped_error(f"Linux {there.release}, built before,", there.dropped)
    return there


def _with_log(failed: KernelError, work: Work, keep: Cache, name: str) -> KernelError:
    work.log.flush()
    log = keep.keep_log(work.log_path, name)
    return KernelError(f"{failed}\n  the whole log: {log}", hint=failed.hint, usage=failed.usage)
