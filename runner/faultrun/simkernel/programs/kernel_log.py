"""dmesg."""

from collections.abc import Callable, Mapping

from faultrun.model.target import LogLine
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.options import parse

_LEVELS = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug")


def stamped(line: LogLine) -> str:
    """A record as dmesg prints it; the further lines of one record stand below its text."""
    micros = line.t_ns // 1000
    stamp = f"[{micros // 1_000_000:5d}.{micros % 1_000_000:06d}] "
    return stamp + line.text.replace("\n", "\n" + " " * len(stamp)) + "\n"


def _dmesg(process: Process) -> int:
    found = parse(
        process, "CcTtexHrDE", "nl",
        ("clear", "read-clear", "level=", "console-level=", "notime", "raw", "kernel"),
    )  # fmt: skip
    log = process.machine.kernel.log
    if found.has("n", "console-level", "D", "E"):
        return 0
    if not found.has("C", "clear"):
        records, _, _ = log.records(log.cleared)
        wanted = found.value("l", "level")
        levels = {_LEVELS.index(name) for name in wanted.split(",")} if wanted else set(range(8))
        shown = [line for line in records if line.level in levels]
        if found.has("t", "notime"):
            process.out("".join(line.text + "\n" for line in shown))
        elif found.has("r", "raw"):
            process.out("".join(f"<{line.level}>{stamped(line)}" for line in shown))
        else:
            process.out("".join(stamped(line) for line in shown))
    if found.has("C", "clear", "c", "read-clear"):
        log.cleared = log.next
    return 0


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"dmesg": _dmesg}
