"""A small fio: one job, one file, reads or writes with verification, its error lines.

By hand: the psync engine without queueing; bandwidth and latency are not reported.
"""

import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faultrun.kernel.errno import message_of, number_of
from faultrun.simkernel.devices.block_cache import OpenBlock
from faultrun.simkernel.file_values import Flags, OpenFile
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.programs.options import number, parse
from faultrun.simkernel.programs.sizes import size_of
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_PLAIN = ("group_reporting", "time_based", "minimal", "thread", "eta=", "allow_mounted_write=")
_VALUED = (
    "name=", "filename=", "rw=", "readwrite=", "bs=", "blocksize=", "size=", "direct=", "verify=",
    "ioengine=", "iodepth=", "numjobs=", "offset=", "fsync=", "end_fsync=", "do_verify=",
    "verify_fatal=", "randseed=", "invert=", "output=", "loops=", "sync=", "buffered=",
)  # fmt: skip
_MODES = frozenset({"read", "write", "randread", "randwrite", "verify"})
_VERIFY_ERRNO = "EILSEQ"
_HEADER = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    name: str
    path: str
    mode: str
    block: int
    size: int
    offset: int
    verify: str
    seed: int


class _Failed(Exception):
    def __init__(self, errno_name: str) -> None:
        super().__init__(errno_name)
        self.errno_name = errno_name


def _fio(process: Process) -> int:
    found = parse(process, "", "", (*_PLAIN, *_VALUED))
    if found.operands:
        raise Unmodelled("fio with a job file")
    mode = found.value("rw", "readwrite", default="read")
    path = found.value("filename")
    block = size_of(found.value("bs", "blocksize", default="4k"))
    if mode not in _MODES or not path or not block:
        raise Unmodelled(f"fio --rw={mode} --filename={path} --bs={found.value('bs', 'blocksize')}")
    if number(process, found.value("numjobs", default="1")) != 1 or found.has("time_based"):
        raise Unmodelled("fio with several jobs or by time")
    direct = found.value("direct", default="0") == "1"
    verify = found.value("verify", default="")
    if verify not in ("", "0", "crc32c", "crc32", "md5", "sha256", "meta"):
        raise Unmodelled(f"fio --verify={verify}")
    writes = "write" in mode
    flags = Flags(read=True, write=writes, create=writes, direct=direct)
    name = found.value("name", default="job")
    process.out(
        f"{name}: (g=0): rw={mode}, bs=(R) {block}B-{block}B, (W) {block}B-{block}B,"
        f" (T) {block}B-{block}B, ioengine={found.value('ioengine', default='psync')},"
        f" iodepth={found.value('iodepth', default='1')}\nfio-3.36\nStarting 1 process\n"
    )
    try:
        file = process.open(path, flags)
    except SimErrno as refused:
        process.err(
            f"fio: failed opening file {path} for {'write' if writes else 'read'}: {message_of(refused.name)}\n"
        )
        return _summary(process, name, refused.name)
    whole = file.size() if isinstance(file, OpenBlock) else file.stat().size
    size = size_of(found.value("size", default="0")) or whole
    if not size:
        process.err(f"fio: {name}: you need to specify size=\n")
        raise ExitNow(1)
    job = _Job(
        name=name, path=path, mode=mode, block=block, size=size,
        offset=size_of(found.value("offset", default="0")) or 0,
        verify="" if verify == "0" else verify,
        seed=number(process, found.value("randseed", default="1")),
    )  # fmt: skip
    sync_end = (
        found.value("end_fsync", default="0") == "1" or found.value("fsync", default="0") != "0"
    )
    try:
        _work(process, job, file, sync_end=sync_end)
    except _Failed as failed:
        return _summary(process, name, failed.errno_name)
    finally:
        process.close(file)
    return _summary(process, name, "")


def _work(process: Process, job: _Job, file: OpenFile, *, sync_end: bool) -> None:
    offsets = _offsets(process, job)
    if "write" in job.mode:
        for offset in offsets:
            _write(process, job, file, offset)
        if sync_end:
            try:
                file.sync()
            except SimErrno as refused:
                process.err(
                    f"fio: io_u error on file {job.path}: {message_of(refused.name)}:"
                    f" sync offset={job.offset}, buflen=0\n"
                )
                raise _Failed(refused.name) from None
    if "read" in job.mode or job.verify:
        for offset in sorted(offsets) if job.verify else offsets:
            _read(process, job, file, offset)


def _offsets(process: Process, job: _Job) -> list[int]:
    found = [job.offset + at for at in range(0, job.size - job.block + 1, job.block)]
    if job.mode.startswith("rand"):
        stream = process.machine.kernel.stream(f"fio:{job.name}:{job.seed}")
        for at in range(len(found) - 1, 0, -1):
            other = stream.below(at + 1)
            found[at], found[other] = found[other], found[at]
    return found


def _content(job: _Job, offset: int) -> bytes:
    digest = hashlib.sha256(f"{job.seed}:{offset}".encode()).digest()
    body = (digest * (job.block // len(digest) + 1))[: max(0, job.block - _HEADER)]
    header = offset.to_bytes(8, "little") + zlib.crc32(body).to_bytes(8, "little")
    return (header + body)[: job.block]


def _write(process: Process, job: _Job, file: OpenFile, offset: int) -> None:
    try:
        file.seek(offset)
        process.write_all(file, _content(job, offset))
    except SimErrno as refused:
        raise _complain(process, job, "write", offset, refused) from None


def _read(process: Process, job: _Job, file: OpenFile, offset: int) -> None:
    try:
        file.seek(offset)
        data = process.read(file, job.block)
    except SimErrno as refused:
        raise _complain(process, job, "read", offset, refused) from None
    if job.verify and data != _content(job, offset):
        wanted = int.from_bytes(data[8:16], "little")
        got = zlib.crc32(data[_HEADER:])
        process.err(
            f"{job.verify}: verify failed at file {job.path} offset {offset}, length {job.block}"
            f" (requested block: offset={offset}, length={job.block})\n"
            f"       Expected CRC: {wanted:08x}\n       Received CRC: {got:08x}\n"
        )
        raise _Failed(_VERIFY_ERRNO)


def _complain(process: Process, job: _Job, what: str, offset: int, refused: SimErrno) -> _Failed:
    process.err(
        f"fio: io_u error on file {job.path}: {message_of(refused.name)}:"
        f" {what} offset={offset}, buflen={job.block}\n"
    )
    return _Failed(refused.name)


def _summary(process: Process, name: str, errno_name: str) -> int:
    pid = process.task.pid
    if not errno_name:
        process.out(f"\n{name}: (groupid=0, jobs=1): err= 0: pid={pid}\n")
        return 0
    number, text = number_of(errno_name), message_of(errno_name)
    place = "file:io_u.c:1889, func=io_u error"
    process.err(f"fio: pid={pid}, err={number}/{place}, error={text}\n")
    process.out(
        f"\n{name}: (groupid=0, jobs=1): err={number:2d} ({place}, error={text}): pid={pid}\n"
    )
    return 1


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"fio": _fio}
