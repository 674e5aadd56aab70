"""``dmsetup``: its commands for tables, messages and status, worded by hand as LVM2's does."""

from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.simkernel.devices.dm import MAJOR, Mapped, Mappings
from faultrun.simkernel.devices.dm_targets import TARGETS
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.options import Parsed, parse
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_LONG = ("table=", "noudevsync", "force", "retry", "target=", "showkeys", "notable")


def _failed(process: Process, what: str, mapped: str, error: SimErrno) -> int:
    process.err(f"device-mapper: {what} ioctl on {mapped} failed: {message_of(error.name)}\n")
    process.err("Command failed.\n")
    return 1


def _mappings(process: Process) -> Mappings:
    return process.machine.kernel.facility(Mappings)


def _named(process: Process, found: Parsed) -> Mapped | None:
    name = found.operands[0].removeprefix("/dev/mapper/") if found.operands else ""
    mapped = _mappings(process).by_name.get(name)
    if mapped is None:
        process.err(f"Device {name} not found\nCommand failed.\n")
    return mapped


def _lines(process: Process, found: Parsed) -> list[str]:
    given = found.value("table")
    text = given or process.stdin().decode("utf-8", "replace")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _create(process: Process, found: Parsed) -> int:
    name = found.operands[0]
    try:
        _mappings(process).create(process.machine.devices, name, _lines(process, found))
    except SimErrno as refused:
        busy = refused.name == "EBUSY"
        return _failed(process, "create" if busy else "reload", name, refused)
    return 0


def _load(process: Process, found: Parsed) -> int:
    mapped = _named(process, found)
    if mapped is None:
        return 1
    try:
        _mappings(process).load(process.machine.devices, mapped, _lines(process, found))
    except SimErrno as refused:
        return _failed(process, "reload", f"{mapped.name} ({MAJOR}:{mapped.minor})", refused)
    return 0


def _suspend(process: Process, found: Parsed) -> int:
    mapped = _named(process, found)
    if mapped is None:
        return 1
    process.machine.devices.cache(mapped.disk).flush(process.task)
    return 0


def _resume(process: Process, found: Parsed) -> int:
    mapped = _named(process, found)
    if mapped is None:
        return 1
    mapped.resume()
    return 0


def _remove(process: Process, found: Parsed) -> int:
    mapped = _named(process, found)
    if mapped is None:
        return 1
    mounted = process.machine.files.mounted_from
    if mounted(f"/dev/mapper/{mapped.name}") or mounted(f"/dev/{mapped.disk.name}"):
        return _failed(process, "remove", mapped.name, SimErrno("EBUSY"))
    try:
        _mappings(process).remove(process.machine.devices, mapped.name)
    except SimErrno as refused:
        return _failed(process, "remove", mapped.name, refused)
    return 0


def _shown(process: Process, found: Parsed, text: Callable[[Mapped, int], str]) -> int:
    """Rows of one device, or of all with their names."""
    if found.operands:
        one = _named(process, found)
        chosen = [] if one is None else [one]
    else:
        chosen = sorted(_mappings(process).by_name.values(), key=lambda mapped: mapped.name)
    for mapped in chosen:
        head = "" if found.operands else f"{mapped.name}: "
        for at, row in enumerate(mapped.rows):
            line = f"{head}{row.start} {row.sectors} {row.target.kind} {text(mapped, at)}"
            process.out(f"{line}\n")
    if not chosen and not found.operands:
        process.out("No devices found\n")
    return 1 if found.operands and not chosen else 0


def _table(process: Process, found: Parsed) -> int:
    return _shown(process, found, lambda mapped, at: mapped.rows[at].target.table())


def _status(process: Process, found: Parsed) -> int:
    return _shown(process, found, lambda mapped, at: mapped.rows[at].target.status())


def _message(process: Process, found: Parsed) -> int:
    mapped = _named(process, found)
    if mapped is None or len(found.operands) < 3 or not found.operands[1].isdigit():
        return 1
    sector = int(found.operands[1])
    rows = [row for row in mapped.rows if row.start <= sector < row.start + row.sectors]
    answer = rows[0].target.message(found.operands[2:]) if rows else None
    if answer is None:
        return _failed(process, "message", mapped.name, SimErrno("EINVAL"))
    if answer:
        process.out(answer if answer.endswith("\n") else f"{answer}\n")
    return 0


def _ls(process: Process, found: Parsed) -> int:
    del found
    rows = sorted(_mappings(process).by_name.values(), key=lambda mapped: mapped.name)
    process.out("".join(f"{mapped.name}\t({MAJOR}:{mapped.minor})\n" for mapped in rows))
    if not rows:
        process.out("No devices found\n")
    return 0


def _targets(process: Process, found: Parsed) -> int:
    del found
    process.out("".join(f"{name}\n" for name in sorted(TARGETS)))
    return 0


_COMMANDS: dict[str, Callable[[Process, Parsed], int]] = {
    "create": _create, "load": _load, "reload": _load, "suspend": _suspend, "resume": _resume,
    "remove": _remove, "table": _table, "status": _status, "message": _message, "ls": _ls,
    "targets": _targets,
}  # fmt: skip
_NAMELESS = frozenset({"table", "status", "ls", "targets"})


def _dmsetup(process: Process) -> int:
    found = parse(process, "fqv", "u", _LONG)
    command = found.operands.pop(0) if found.operands else ""
    run = _COMMANDS.get(command)
    if run is None:
        raise Unmodelled(f"dmsetup {command}")
    if not found.operands and command not in _NAMELESS:
        process.err(f"Incorrect number of arguments for {command}\nCommand failed.\n")
        return 1
    return run(process, found)


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"dmsetup": _dmsetup}
