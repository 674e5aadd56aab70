"""dd, with coreutils' words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faultrun.kernel.errno import message_of
from faultrun.simkernel.file_values import Flags, OpenFile
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.programs.human import binary_size, decimal_size, general
from faultrun.simkernel.programs.sizes import size_of
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_CONV = frozenset({"fsync", "fdatasync", "notrunc", "noerror", "sync", "excl", "nocreat", "sparse"})
_FLAGS = frozenset(
    {
        "direct",
        "sync",
        "dsync",
        "fullblock",
        "append",
        "nonblock",
        "nofollow",
        "noatime",
        "count_bytes",
        "skip_bytes",
        "seek_bytes",
    }
)
_SIZED = ("bs", "ibs", "obs", "cbs")
_COUNTED = ("count", "skip", "seek", "iseek", "oseek")
_DEFAULT_BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    source: str
    target: str
    ibs: int
    obs: int
    count: int | None
    skip: int
    seek: int
    conv: frozenset[str]
    iflag: frozenset[str]
    oflag: frozenset[str]
    quiet: str


@dataclass(slots=True)
class _Tally:
    whole_in: int = 0
    part_in: int = 0
    whole_out: int = 0
    part_out: int = 0
    written: int = 0


def _die(process: Process, text: str) -> ExitNow:
    process.complain(text)
    return ExitNow(1)


def _names(process: Process, key: str, value: str, known: frozenset[str]) -> frozenset[str]:
    found = frozenset(value.split(","))
    unknown = sorted(found - known)
    if unknown:
        kind = "conversion" if key == "conv" else f"{'input' if key == 'iflag' else 'output'} flag"
        process.complain(f"invalid {kind}: '{unknown[0]}'")
        process.err("Try 'dd --help' for more information.\n")
        raise ExitNow(1)
    return found


def _job(process: Process) -> _Job:
    words = {"if": "", "of": "", "status": "default"}
    sizes: dict[str, int] = {}
    sets: dict[str, frozenset[str]] = {}
    for word in process.argv[1:]:
        key, equals, value = word.partition("=")
        if not equals:
            process.complain(f"unrecognized operand '{word}'")
            process.err("Try 'dd --help' for more information.\n")
            raise ExitNow(1)
        if key in words:
            words[key] = value
        elif key in (*_SIZED, *_COUNTED):
            number = size_of(value)
            if number is None or (number == 0 and key in _SIZED):
                raise _die(process, f"invalid number: '{value}'")
            sizes[key] = number
        elif key in ("conv", "iflag", "oflag"):
            sets[key] = _names(process, key, value, _CONV if key == "conv" else _FLAGS)
        else:
            process.complain(f"unrecognized operand '{word}'")
            process.err("Try 'dd --help' for more information.\n")
            raise ExitNow(1)
    block = sizes.get("bs")
    return _Job(
        source=words["if"],
        target=words["of"],
        ibs=block or sizes.get("ibs", _DEFAULT_BLOCK),
        obs=block or sizes.get("obs", sizes.get("ibs", _DEFAULT_BLOCK)),
        count=sizes.get("count"),
        skip=sizes.get("skip", sizes.get("iseek", 0)),
        seek=sizes.get("seek", sizes.get("oseek", 0)),
        conv=sets.get("conv", frozenset()),
        iflag=sets.get("iflag", frozenset()),
        oflag=sets.get("oflag", frozenset()),
        quiet=words["status"],
    )


def _dd(process: Process) -> int:
    job = _job(process)
    if "count_bytes" in job.iflag or "skip_bytes" in job.iflag or "seek_bytes" in job.oflag:
        raise Unmodelled("dd with counts in bytes")
    began = process.machine.kernel.clock.now_ns()
    source = _open(process, job.source, 0, Flags(read=True, direct="direct" in job.iflag))
    target = _open_target(process, job)
    tally = _Tally()
    status = _skip(process, job, source, target)
    status = status or _copy(process, job, source, target, tally)
    if not status and job.conv & {"fsync", "fdatasync"}:
        status = _flush(process, job, target)
    if job.target:
        process.close(target)
    if job.source:
        process.close(source)
    _report(process, job, tally, process.machine.kernel.clock.now_ns() - began)
    return status


def _open(process: Process, name: str, fd: int, flags: Flags) -> OpenFile:
    if not name:
        return process.fd(fd)
    try:
        return process.open(name, flags)
    except SimErrno as refused:
        raise _die(process, f"failed to open '{name}': {message_of(refused.name)}") from None


def _open_target(process: Process, job: _Job) -> OpenFile:
    cut = "notrunc" not in job.conv and job.seek == 0
    flags = Flags(
        write=True,
        create="nocreat" not in job.conv,
        exclusive="excl" in job.conv,
        truncate=cut,
        append="append" in job.oflag,
        direct="direct" in job.oflag,
    )
    target = _open(process, job.target, 1, flags)
    if job.target and job.seek and "notrunc" not in job.conv and target.stat().kind == "file":
        target.truncate(job.seek * job.obs)
    return target


def _skip(process: Process, job: _Job, source: OpenFile, target: OpenFile) -> int:
    if job.skip:
        try:
            source.seek(job.skip * job.ibs)
        except SimErrno:
            for _ in range(job.skip):
                if not process.read(source, job.ibs):
                    break
    if job.seek:
        try:
            target.seek(job.seek * job.obs)
        except SimErrno as refused:
            process.complain(
                f"'{job.target or 'standard output'}': cannot seek: {message_of(refused.name)}"
            )
            return 1
    return 0


def _copy(process: Process, job: _Job, source: OpenFile, target: OpenFile, tally: _Tally) -> int:
    pending = bytearray()
    status = 0
    whole = job.ibs == job.obs
    while job.count is None or tally.whole_in + tally.part_in < job.count:
        try:
            data = process.read(source, job.ibs)
        except SimErrno as refused:
            name = job.source or "standard input"
            process.complain(f"error reading '{name}': {message_of(refused.name)}")
            status = 1
            if "noerror" not in job.conv:
                break
            source.seek((job.skip + tally.whole_in + tally.part_in + 1) * job.ibs)
            if "sync" not in job.conv:
                tally.part_in += 1
                continue
            data = b""
        else:
            if not data:
                break
        tally.whole_in += len(data) == job.ibs
        tally.part_in += len(data) != job.ibs
        if "sync" in job.conv:
            data = data.ljust(job.ibs, b"\0")
        if whole:
            if not _put(process, job, target, data, tally):
                return 1
            continue
        pending += data
        while len(pending) >= job.obs:
            if not _put(process, job, target, bytes(pending[: job.obs]), tally):
                return 1
            del pending[: job.obs]
    if pending and not _put(process, job, target, bytes(pending), tally):
        return 1
    return status


def _put(process: Process, job: _Job, target: OpenFile, data: bytes, tally: _Tally) -> bool:
    name = job.target or "standard output"
    done = 0
    try:
        while done < len(data):
            done += process.write(target, data[done:])
        if job.oflag & {"sync", "dsync"}:
            target.sync()
    except SimErrno as refused:
        process.complain(f"error writing '{name}': {message_of(refused.name)}")
    tally.written += done
    tally.whole_out += done == job.obs
    tally.part_out += 0 < done < job.obs
    return done == len(data)


def _flush(process: Process, job: _Job, target: OpenFile) -> int:
    call = "fsync" if "fsync" in job.conv else "fdatasync"
    try:
        target.sync()
    except SimErrno as refused:
        process.complain(
            f"{call} failed for '{job.target or 'standard output'}': {message_of(refused.name)}"
        )
        return 1
    return 0


def _report(process: Process, job: _Job, tally: _Tally, elapsed_ns: int) -> None:
    if job.quiet == "none":
        return
    process.err(
        f"{tally.whole_in}+{tally.part_in} records in\n{tally.whole_out}+{tally.part_out} records out\n"
    )
    if job.quiet == "noxfer":
        return
    amount = tally.written
    shown = f"{amount} byte{'' if amount == 1 else 's'}"
    if amount >= 1024:
        shown += f" ({decimal_size(amount)}B, {binary_size(amount)}B)"
    elif amount >= 1000:
        shown += f" ({decimal_size(amount)}B)"
    rate = amount * 1_000_000_000 // max(elapsed_ns, 1)
    process.err(
        f"{shown} copied, {general(elapsed_ns)} s, {decimal_size(max(rate, 0), least='k')}B/s\n"
    )


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"dd": _dd}
