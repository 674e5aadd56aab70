"""``mdadm``, as far as arrays of level faulty need it; worded by hand as mdadm 4 does."""

import re
from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.kernel.md_faulty import MODE_SHIFT
from faultrun.simkernel.devices.md import Array, Arrays
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.options import Parsed, parse
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

LAYOUTS: dict[str, int] = {
    "write-transient": 0, "wt": 0, "read-transient": 1, "rt": 1, "write-persistent": 2, "wp": 2,
    "read-persistent": 3, "rp": 3, "write-all": 4, "wa": 4, "read-fixable": 5, "rf": 5,
    "clear": 31, "ce": 31, "flush": 30, "cf": 30, "none": 31, "default": 31,
}  # fmt: skip
"""mdadm: maps.c:faultylayout[]; a number behind the name is the period."""

_LEVELS = frozenset({"faulty", "-5"})
_NAME = re.compile(r"/dev/(md[0-9]+)")
_LAYOUT = re.compile(r"([a-z-]*)([0-9]*)")


def _layout(process: Process, text: str) -> int | None:
    found = _LAYOUT.fullmatch(text)
    mode = LAYOUTS.get(found[1]) if found is not None else None
    if found is None or mode is None:
        process.complain(f"layout {text} not understood for faulty arrays.")
        return None
    return mode | int(found[2] or "0") << MODE_SHIFT


def _array(process: Process, path: str) -> Array | None:
    found = _NAME.fullmatch(process.path(path))
    arrays = process.machine.kernel.facility(Arrays)
    array = arrays.by_name.get(found[1]) if found is not None else None
    if array is None:
        process.complain(f"error opening {path}: No such file or directory")
    return array


def _create(process: Process, found: Parsed) -> int:
    level = found.value("l", "level")
    if level not in _LEVELS:
        raise Unmodelled(f"mdadm --create with level '{level}'")
    if found.value("n", "raid-devices") != "1" or len(found.operands) != 2:
        process.complain("faulty arrays have one device: --raid-devices=1")
        return 2
    path, member = found.operands
    name = _NAME.fullmatch(process.path(path))
    if name is None:
        raise Unmodelled(f"mdadm --create of an array called '{path}'")
    layout = _layout(process, found.value("p", "layout", default="none"))
    if layout is None:
        return 2
    machine = process.machine
    lower = machine.devices.disk(process.path(member).removeprefix("/dev/"))
    if lower is None:
        process.complain(f"cannot open {member}: No such file or directory")
        return 1
    process.err("mdadm: Defaulting to version 1.2 metadata\n")
    try:
        devices = machine.devices
        machine.kernel.facility(Arrays).run(name[1], lower, layout, devices.publish)
    except SimErrno as refused:
        process.complain(f"RUN_ARRAY failed: {message_of(refused.name)}")
        return 1
    process.complain(f"array {path} started.")
    return 0


def _grow(process: Process, found: Parsed) -> int:
    array = _array(process, found.operands[0]) if found.operands else None
    text = found.value("p", "layout")
    layout = _layout(process, text) if array is not None else None
    if array is None or layout is None:
        return 1
    try:
        array.reshape(layout)
    except SimErrno as refused:
        process.complain(f"Cannot set layout for {found.operands[0]}: {message_of(refused.name)}")
        return 1
    process.out(f"layout for {found.operands[0]} set to {layout}\n")
    return 0


def _stop(process: Process, found: Parsed) -> int:
    for path in found.operands:
        array = _array(process, path)
        if array is None:
            return 1
        if process.machine.files.mounted_from(path) is not None:
            process.complain(
                f"Cannot get exclusive access to {path}:Perhaps a running process, mounted"
                " filesystem or active volume group?"
            )
            return 1
        process.machine.devices.cache(array.disk).flush(process.task)
        process.machine.kernel.facility(Arrays).stop(array.name, process.machine.devices.withdraw)
        process.complain(f"stopped {path}")
    return 0


def _detail(process: Process, found: Parsed) -> int:
    array = _array(process, found.operands[0]) if found.operands else None
    if array is None:
        return 1
    process.out(
        f"{found.operands[0]}:\n           Version : 1.2\n        Raid Level : faulty\n"
        f"        Array Size : {array.disk.sectors // 2}\n      Raid Devices : 1\n"
        f"     Total Devices : 1\n\n             State : clean \n    Active Devices : 1\n\n"
        "    Number   Major   Minor   RaidDevice State\n"
        f"       0     {array.lower.number[0]:3d}     {array.lower.number[1]:3d}        0"
        f"      active sync   /dev/{array.lower.name}\n"
    )
    return 0


_ACTIONS: dict[str, Callable[[Process, Parsed], int]] = {
    "create": _create, "C": _create, "grow": _grow, "G": _grow, "stop": _stop, "S": _stop,
    "detail": _detail, "D": _detail,
}  # fmt: skip


def _mdadm(process: Process) -> int:
    found = parse(
        process,
        "CGSDRfq",
        "lnpe",
        (
            "create", "grow", "stop", "detail", "run", "force", "quiet", "level=", "raid-devices=",
            "layout=", "metadata=",
        ),
    )  # fmt: skip
    action = next((act for name, act in _ACTIONS.items() if found.has(name)), None)
    if action is None:
        raise Unmodelled("mdadm without --create, --grow, --stop or --detail")
    return action(process, found)


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"mdadm": _mdadm}
