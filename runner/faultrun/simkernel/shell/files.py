"""File names that match a pattern."""

from faultrun.simkernel.process import Process
from faultrun.simkernel.shell.patterns import has_magic, matches, plain
from faultrun.simkernel.sim_errno import SimErrno


def glob(process: Process, pattern: str) -> list[str]:
    """The names that match, sorted; empty if there is none."""
    parts = [part for part in pattern.split("/") if part]
    found = ["/"] if pattern.startswith("/") else [""]
    for at, part in enumerate(parts):
        last = at == len(parts) - 1
        found = [name for base in found for name in _step(process, base, part, last=last)]
    return sorted(found)


def _step(process: Process, base: str, part: str, *, last: bool) -> list[str]:
    if not has_magic(part):
        name = base + plain(part)
        if not process.exists(name):
            return []
        return [name if last else name + "/"]
    try:
        names = process.list(base or ".")
    except SimErrno:
        return []
    kept = [name for name in names if matches(part, name) and not _hidden(name, part)]
    if last:
        return [base + name for name in kept]
    return [base + name + "/" for name in kept if process.stat(base + name).kind == "dir"]


def _hidden(name: str, part: str) -> bool:
    return name.startswith(".") and not part.startswith(".")
