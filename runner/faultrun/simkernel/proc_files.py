"""The files of ``/proc`` and ``/proc/sys`` that workloads look at."""

from collections.abc import Callable, Mapping

from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.devices.md import Arrays
from faultrun.simkernel.devices.nvme_files import number
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.modules import module_files
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.taint import Taint
from faultrun.simkernel.tree import ControlFile, TextFile

_SECOND = 1_000_000_000


def vm_files(drop: Callable[[int], None]) -> Mapping[str, ControlFile]:
    """``/proc/sys/vm``."""

    def drop_caches(text: str) -> None:
        # fs/drop_caches.c: sysctl bounds 1 to 4.
        value = number(text)
        if not 1 <= value <= 4:
            raise SimErrno("EINVAL")
        drop(value)

    return {
        "drop_caches": TextFile(lambda: "0\n", drop_caches),
        "oom_kill_allocating_task": _settable("0"),
        "dirty_writeback_centisecs": _settable("500"),
        "dirty_expire_centisecs": _settable("3000"),
        "dirty_ratio": _settable("20"),
        "overcommit_memory": _settable("0"),
        "panic_on_oom": _settable("0"),
    }


def sysctl_files(version: KernelVersion, taint: Taint) -> Mapping[str, ControlFile]:
    """``/proc/sys/kernel``."""

    def mark(text: str) -> None:
        # kernel/sysctl.c:proc_taint(): flags are added, never taken away.
        taint.flags |= number(text)

    def on_oops(text: str) -> None:
        taint.panic_on_oops = number(text) != 0

    def on_warn(text: str) -> None:
        taint.panic_on_warn = number(text) != 0

    return {
        "tainted": TextFile(lambda: f"{taint.flags}\n", mark),
        "panic_on_oops": TextFile(lambda: f"{taint.panic_on_oops:d}\n", on_oops),
        "panic_on_warn": TextFile(lambda: f"{taint.panic_on_warn:d}\n", on_warn),
        "printk": _settable("7\t4\t1\t7"),
        "hung_task_timeout_secs": _settable("120"),
        # Fedora, Debian and the kernel itself differ here; root sees addresses at 0 and 1.
        "kptr_restrict": _settable("0"),
        "osrelease": _says(f"{version}"),
        "ostype": _says("Linux"),
        "hostname": _settable("simulated"),
        "pid_max": _settable("32768"),
        "sysrq": _settable("1"),
    }


def proc_files(
    kernel: SimKernel, mounts: Callable[[], str], partitions: Callable[[], str]
) -> Mapping[str, ControlFile]:
    """``/proc``."""
    release = f"{kernel.version}"

    def uptime() -> str:
        centis = kernel.clock.now_ns() // (_SECOND // 100)
        text = f"{centis // 100}.{centis % 100:02d}"
        return f"{text} {text}\n"

    return {
        "mounts": TextFile(mounts),
        "partitions": TextFile(partitions),
        "uptime": TextFile(uptime),
        "version": _says(f"Linux version {release} (faultrun@simulated) #1 SMP PREEMPT_DYNAMIC"),
        "cmdline": _says(kernel.boot.line),
        "loadavg": _says("0.00 0.00 0.00 1/64 100"),
        "meminfo": _says("MemTotal:        1011844 kB\nMemFree:          842112 kB"),
        **module_files(kernel),
        "mdstat": TextFile(kernel.facility(Arrays).mdstat),
        "filesystems": _says("nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\n\text4\n\txfs\n\tbtrfs"),
    }


def _says(text: str) -> TextFile:
    return TextFile(lambda: text + "\n")


def _settable(text: str) -> TextFile:
    """A setting that is kept and changes nothing here."""
    held = [text]

    def put(new: str) -> None:
        held[0] = new.strip()

    return TextFile(lambda: held[0] + "\n", put)
