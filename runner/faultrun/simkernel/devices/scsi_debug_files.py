"""The control files of scsi_debug: its driver's, its module's, and /proc/scsi/scsi_debug.

Kernel: drivers/scsi/scsi_debug.c, the ``*_show()`` and ``*_store()`` functions. The names are
those of a recording of Linux 6.12; a setting that is not modelled refuses to be changed.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial

from faultrun.kernel.numbers import BLANKS, Refused, kstrtoint, scanned_int
from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.devices.block import Disk
from faultrun.simkernel.devices.scsi_debug import Counts, ScsiDebug
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tree import ControlFile, TextFile
from faultrun.simkernel.unmodelled import Unmodelled

FIXED: dict[str, str] = {
    "add_host": "1", "ato": "1", "cdb_len": "10", "dev_size_mb": "8", "dif": "0", "dix": "0",
    "dsense": "0", "fake_rw": "0", "guard": "0", "host_lock": "0", "host_max_queue": "0",
    "lun_format": "0", "max_luns": "1", "max_queue": "192", "no_lun_0": "0", "no_rwlock": "0",
    "no_uld": "0", "num_parts": "0", "num_tgts": "1", "per_host_store": "1", "ptype": "0",
    "random": "0", "removable": "0", "scsi_level": "7", "sector_size": "512", "strict": "0",
    "submit_queues": "1", "tur_ms_to_ready": "0", "uuid_ctl": "0", "virtual_gb": "0",
    "vpd_use_hostno": "1", "zbc": "none",
}  # fmt: skip
"""Driver attributes with the module's defaults; each disk has a host and a store of its own."""

_WORD = re.compile(rf"[{BLANKS}]*([^{BLANKS}\0]{{1,10}})")
_HEX = re.compile(r"[-+]?(?:0[xX])?[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_SECOND_NS = 1_000_000_000


def driver_files(module: ScsiDebug) -> Mapping[str, ControlFile]:
    """``/sys/bus/pseudo/drivers/scsi_debug``."""

    def opts(text: str) -> None:
        module.opts = _word(text)
        module.tweak()

    def every_nth(text: str) -> None:
        module.every_nth = _word(text)
        if module.every_nth and not module.statistics:
            module.kernel.log.emit(
                6, "scsi_debug:every_nth_store: every_nth needs statistics=1, set it"
            )
            module.statistics = True
        module.tweak()

    def statistics(text: str) -> None:
        value = _scanned(text, module.kernel.version)
        if value < 0:
            raise SimErrno("EINVAL")
        module.statistics = value > 0
        if not value:
            module.counts = Counts()

    def delay(text: str) -> None:
        module.delay, module.ndelay = _scanned(text, module.kernel.version), 0

    def ndelay(text: str) -> None:
        value = _scanned(text, module.kernel.version)
        if not 0 <= value < _SECOND_NS:
            raise SimErrno("EINVAL")
        # JDELAY_OVERRIDDEN is -9999.
        module.ndelay, module.delay = value, -9999 if value else 1

    return {
        **{name: _fixed(name, text) for name, text in FIXED.items()},
        "every_nth": TextFile(lambda: f"{module.every_nth}\n", every_nth),
        "opts": TextFile(lambda: f"0x{module.opts & 0xFFFFFFFF:x}\n", opts),
        "statistics": TextFile(lambda: f"{int(module.statistics)}\n", statistics),
        "delay": TextFile(lambda: f"{module.delay}\n", delay),
        "ndelay": TextFile(lambda: f"{module.ndelay}\n", ndelay),
    }


def parameter_files(module: ScsiDebug) -> Mapping[str, ControlFile]:
    """``/sys/module/scsi_debug/parameters``: the same variables, and nobody is told of a write."""

    def store(name: str, text: str) -> None:
        try:
            setattr(module, name, kstrtoint(text))
        except Refused as refused:
            raise SimErrno(refused.name) from None

    def shows(name: str) -> str:
        return f"{int(getattr(module, name))}\n"

    fields = {
        "every_nth": "every_nth", "opts": "opts", "delay": "delay", "ndelay": "ndelay",
        "medium_error_start": "bad_start", "medium_error_count": "bad_count",
    }  # fmt: skip
    return {
        **{name: _fixed(name, text) for name, text in FIXED.items() if name != "zbc"},
        **{
            name: TextFile(partial(shows, field), partial(store, field))
            for name, field in fields.items()
        },
        "statistics": _fixed("statistics", "N"),
    }


def info_file(module: ScsiDebug, host: int) -> ControlFile:
    """``/proc/scsi/scsi_debug/<host>``: what it counted; a number written here is opts."""

    def text() -> str:
        counts = module.counts
        resets = ", ".join(f"{name}={number}" for name, number in counts.resets.items())
        return (
            "scsi_debug adapter driver, version 0191 [20210520]\n"
            f"num_tgts=1, shared (ram) size=8 MB, opts=0x{module.opts & 0xFFFFFFFF:x},"
            f" every_nth={module.every_nth}\n"
            f"delay={module.delay}, ndelay={module.ndelay}, max_luns=1, sector_size=512 bytes\n"
            f"cylinders=8, heads=16, sectors=63, command aborts={counts.aborts}\n"
            f"RESETs: {resets}\ndix_reads=0, dix_writes=0, dif_errors=0\n"
            f"usec_in_jiffy=4000, statistics={int(module.statistics)}\n"
            f"cmnd_count={counts.commands}, completions={counts.completions}, miss_cpus=0,"
            f" a_tsf=0, mq_polls=0\nsubmit_queues=1\n  queue 0:\nthis host_no={host}\n"
        )

    def opts(written: str) -> None:
        value = scanned_int(written, module.kernel.version)
        if value is None:
            raise SimErrno("EINVAL")
        module.opts = value
        if module.every_nth:
            module.tweak()

    return TextFile(text, opts)


def reset_file(module: ScsiDebug, target: str) -> Mapping[str, ControlFile]:
    """``/sys/kernel/debug/scsi_debug/target<h:c:t>/fail_reset``."""

    def put(text: str) -> None:
        if text[:1] in "yYtT1":
            module.fail_reset[target] = True
        elif text[:1] in "nNfF0":
            module.fail_reset[target] = False

    def get() -> str:
        return "Y\n" if module.fail_reset.get(target, False) else "N\n"

    return {"fail_reset": TextFile(get, put)}


def unit_files(disk: Disk) -> Mapping[str, ControlFile]:
    """``/sys/block/<disk>/device``; the timeout is that of the queue, in seconds."""

    def timeout(text: str) -> None:
        # drivers/scsi/scsi_sysfs.c:sdev_store_timeout()
        value = scanned_int(text, disk.kernel.version)
        if value is None:
            raise SimErrno("EINVAL")
        disk.io_timeout_ms = value * 1000

    says = {
        "vendor": "Linux   ", "model": "scsi_debug      ", "rev": "0191", "state": "running",
        "type": "0", "scsi_level": "8", "queue_depth": "192",
    }  # fmt: skip
    return {
        **{name: TextFile(partial(str, f"{text}\n")) for name, text in says.items()},
        "timeout": TextFile(lambda: f"{disk.io_timeout_ms // 1000}\n", timeout),
    }


def _word(text: str) -> int:
    """opts_store(), every_nth_store(): the first ten characters of a word, hexadecimal after 0x."""
    found = _WORD.match(text)
    word = found[1] if found is not None else ""
    hexadecimal = word[:2] in ("0x", "0X")
    word = word[2:] if hexadecimal else word
    if not (_HEX if hexadecimal else _DECIMAL).fullmatch(word):
        raise SimErrno("EINVAL")
    value = int(word, 16 if hexadecimal else 10)
    if not -(1 << 31) <= value < 1 << 31:
        raise SimErrno("EINVAL")
    return value


def _scanned(text: str, version: KernelVersion) -> int:
    value = scanned_int(text, version)
    if value is None:
        raise SimErrno("EINVAL")
    return value


def _fixed(name: str, text: str) -> TextFile:
    return TextFile(lambda: f"{text}\n", _refuses(name))


def _refuses(name: str) -> Callable[[str], None]:
    def refuse(_text: str) -> None:
        raise Unmodelled(f"changing {name} of scsi_debug")

    return refuse
