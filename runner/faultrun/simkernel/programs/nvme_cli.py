"""The ``nvme`` command: its sub-commands, as nvme-cli 2 words them.

From recordings: ``reset``, its failure, and the answer of a dead controller. The rest by hand.
"""

from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.kernel.nvme_status import CODE
from faultrun.simkernel.devices.block import Disk, Request
from faultrun.simkernel.devices.block_cache import OpenBlock
from faultrun.simkernel.devices.nvme import Controller, Namespace
from faultrun.simkernel.devices.nvme_node import OpenController
from faultrun.simkernel.file_values import REPLACE, OpenFile
from faultrun.simkernel.points import check
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.programs.nvme_text import (
    id_ctrl,
    id_ns,
    list_row,
    list_title,
    smart_log,
    status_text,
)
from faultrun.simkernel.programs.options import Parsed, based, number, parse
from faultrun.simkernel.programs.sizes import size_of
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_IDENTIFY, _GET_LOG, _GET_FEATURES, _FORMAT = 0x06, 0x02, 0x0A, 0x80

_WHAT = {
    "reset": "Resets the NVMe controller",
    "id-ctrl": "Send an Identify Controller command to the given device and report information",
    "id-ns": "Send an Identify Namespace command to the given device",
    "list-ns": "For the specified controller handle, show the namespace list",
    "smart-log": "Retrieve the SMART log for the given device",
    "error-log": "Retrieve the specified number of error log entries from a given device",
    "get-feature": "Read operating parameters of the specified controller",
    "ns-rescan": "Rescans the NVMe namespaces",
    "read": "Copy specified logical blocks on the given device to specified data buffer",
    "write": "Copy from provided data buffer to specified logical blocks on the given device",
    "flush": "Commit data and metadata associated with given namespaces to nonvolatile media",
    "format": "Re-format a specified namespace on the given device",
}

_LONG = (
    "namespace-id=", "output-format=", "raw-binary", "human-readable", "vendor-specific", "force",
    "feature-id=", "sel=", "log-entries=", "start-block=", "block-count=", "data-size=", "data=",
    "lbaf=", "ses=", "verbose", "reset",
)  # fmt: skip


def _usage(process: Process, command: str) -> None:
    process.out(f"Usage: nvme {command} <device> [OPTIONS]\n\n{_WHAT[command]}\n\n")


def _device(process: Process, command: str, found: Parsed) -> OpenFile:
    """Open the device, or end with nvme-cli's complaint and the sub-command's usage."""
    if not found.operands:
        process.err(f"{command}: device name required\n" if command != "list" else "")
        _usage(process, command)
        raise ExitNow(1)
    name = found.operands[0]
    path = name if name.startswith("/") else f"/dev/{name}"
    try:
        return process.open(path)
    except SimErrno as refused:
        process.err(f"{path}: {message_of(refused.name)}\n")
        _usage(process, command)
        raise ExitNow(1) from None


def _controller(file: OpenFile) -> Controller:
    if isinstance(file, OpenController):
        return file.controller
    return _namespace(file).controller


def _namespace(file: OpenFile) -> Namespace:
    disk = file.device().whole if isinstance(file, OpenBlock) else None
    if not isinstance(disk, Disk) or not isinstance(disk.driver, Namespace):
        raise SimErrno("ENOTTY")
    return disk.driver


def _any_namespace(file: OpenFile, controller: Controller) -> Namespace:
    if isinstance(file, OpenController):
        if not controller.namespaces:
            raise SimErrno("ENOTTY")
        return next(iter(controller.namespaces.values()))
    return _namespace(file)


def _refused(process: Process, command: str, status: int) -> int:
    del command
    process.err(f"NVMe status: {status_text(status)}({status:#x})\n")
    return 1


def _admin(process: Process, controller: Controller, opcode: int) -> int:
    check(process.machine.kernel, process.task, "ioctl")
    return controller.passthrough(opcode)


def _reset(process: Process, found: Parsed) -> int:
    controller = _controller(_device(process, "reset", found))
    try:
        check(process.machine.kernel, process.task, "ioctl")
        process.machine.devices.nvme.reset(controller.identity.name)
    except SimErrno as refused:
        process.err(f"Reset: {message_of(refused.name)}\n")
        return 1
    return 0


def _id_ctrl(process: Process, found: Parsed) -> int:
    controller = _controller(_device(process, "id-ctrl", found))
    status = _admin(process, controller, _IDENTIFY)
    if status & CODE:
        return _refused(process, "identify controller", status)
    process.out(id_ctrl(controller))
    return 0


def _id_ns(process: Process, found: Parsed) -> int:
    file = _device(process, "id-ns", found)
    controller = _controller(file)
    status = _admin(process, controller, _IDENTIFY)
    if status & CODE:
        return _refused(process, "identify namespace", status)
    process.out(id_ns(_any_namespace(file, controller)))
    return 0


def _list_ns(process: Process, found: Parsed) -> int:
    controller = _controller(_device(process, "list-ns", found))
    status = _admin(process, controller, _IDENTIFY)
    if status & CODE:
        return _refused(process, "id namespace list", status)
    for at, namespace in enumerate(controller.namespaces.values()):
        process.out(f"[{at:4d}]:{namespace.number:#x}\n")
    return 0


def _smart_log(process: Process, found: Parsed) -> int:
    file = _device(process, "smart-log", found)
    controller = _controller(file)
    status = _admin(process, controller, _GET_LOG)
    if status & CODE:
        return _refused(process, "smart log", status)
    process.out(smart_log(found.operands[0].rpartition("/")[2]))
    return 0


def _error_log(process: Process, found: Parsed) -> int:
    file = _device(process, "error-log", found)
    controller = _controller(file)
    status = _admin(process, controller, _GET_LOG)
    if status & CODE:
        return _refused(process, "error log", status)
    count = number(process, found.value("e", "log-entries", default="64"))
    name = found.operands[0].rpartition("/")[2]
    process.out(f"Error Log Entries for device:{name} entries:{count}\n.................\n")
    for at in range(count):
        # An injected status never reaches the device, so that its own log stays empty.
        process.out(
            f" Entry[{at:2d}]   \n.................\nerror_count\t: 0\nsqid\t\t: 0\ncmdid\t\t: 0\n"
            "status_field\t: 0(Successful Completion: The command completed without error)\n"
            ".................\n"
        )
    return 0


def _get_feature(process: Process, found: Parsed) -> int:
    controller = _controller(_device(process, "get-feature", found))
    feature = based(process, found.value("f", "feature-id", default="0"))
    known = {
        0x01: ("Arbitration", 0x7),
        0x02: ("Power Management", 0),
        0x04: ("Temperature Threshold", 0x157),
        0x06: ("Volatile Write Cache Enable", 1),
        0x07: ("Number of Queues", (controller.identity.queues - 1) * 0x10001),
        0x0B: ("Async Event Configuration", 0x100),
        0x0E: ("Timestamp", 0),
    }
    if feature not in known:
        raise Unmodelled(f"nvme get-feature of feature {feature:#x}")
    status = _admin(process, controller, _GET_FEATURES)
    if status & CODE:
        return _refused(process, "get-feature", status)
    name, value = known[feature]
    process.out(f"get-feature:{feature:#04x} ({name}), Current value:{value:#010x}\n")
    return 0


def _rescan(process: Process, found: Parsed) -> int:
    controller = _controller(_device(process, "ns-rescan", found))
    process.machine.devices.nvme.scan(controller)
    return 0


def _list(process: Process, found: Parsed) -> int:
    del found
    bus = process.machine.devices.nvme
    process.out(list_title())
    for name in bus.controllers():
        controller = bus.controller(name)
        if controller is not None:
            for namespace in controller.namespaces.values():
                process.out(list_row(namespace))
    return 0


def _transfer(process: Process, found: Parsed) -> int:
    command = process.argv[1]
    namespace = _namespace(_device(process, command, found))
    start = based(process, found.value("s", "start-block", default="0"))
    blocks = based(process, found.value("c", "block-count", default="0")) + 1
    size = size_of(found.value("z", "data-size", default="0")) or 0
    if size <= 0:
        process.err("data size not provided\n")
        return 1
    wanted = blocks * namespace.lba_size
    name = found.value("d", "data")
    data = b""
    if command == "write":
        data = process.read_all(name) if name else process.stdin()
        data = data[:wanted].ljust(wanted, b"\0")
    request = Request(
        op=command.upper(), sector=start, sectors=blocks, task=process.task, data=data
    )
    check(process.machine.kernel, process.task, "ioctl")
    status, got = namespace.passthrough(request)
    if status & CODE:
        process.err(f"{command}:{status_text(status)}({status:#06x})\n")
        return 1
    if command == "read":
        if name:
            file = process.open(name, REPLACE)
            process.write_all(file, got[:size])
            process.close(file)
        else:
            process.out(got[:size])
    process.err(f"{command}: Success\n")
    return 0


def _flush(process: Process, found: Parsed) -> int:
    file = _device(process, "flush", found)
    namespace = _any_namespace(file, _controller(file))
    check(process.machine.kernel, process.task, "ioctl")
    request = Request(op="FLUSH", sector=0, sectors=0, task=process.task)
    status, _ = namespace.passthrough(request)
    if status & CODE:
        return _refused(process, "flush", status)
    process.out("NVMe Flush: success\n")
    return 0


def _format(process: Process, found: Parsed) -> int:
    file = _device(process, "format", found)
    namespace = _any_namespace(file, _controller(file))
    medium = namespace.disk.medium
    # The device formats first; the status of its completion is replaced afterwards.
    medium.clear(0, medium.size_bytes)
    status = _admin(process, namespace.controller, _FORMAT)
    if status & CODE:
        return _refused(process, "format", status)
    process.out(f"Success formatting namespace:{namespace.number:x}\n")
    return 0


_COMMANDS: Mapping[str, Callable[[Process, Parsed], int]] = {
    "reset": _reset, "id-ctrl": _id_ctrl, "id-ns": _id_ns, "list-ns": _list_ns,
    "smart-log": _smart_log, "error-log": _error_log, "get-feature": _get_feature,
    "ns-rescan": _rescan, "list": _list, "read": _transfer, "write": _transfer, "flush": _flush,
    "format": _format,
}  # fmt: skip


def _nvme(process: Process) -> int:
    if len(process.argv) < 2:
        raise Unmodelled("nvme without a sub-command")
    command = process.argv[1]
    if command == "version":
        process.out("nvme version 2.8 (git 2.8)\nlibnvme version 1.8 (git 1.8)\n")
        return 0
    run = _COMMANDS.get(command)
    if run is None:
        raise Unmodelled(f"nvme sub-command '{command}'")
    process.argv = (process.argv[0], *process.argv[2:])
    found = parse(process, "bHvr", "noefsSczdlF", _LONG)
    process.argv = (process.argv[0], command, *process.argv[1:])
    if found.value("o", "output-format", default="normal") != "normal" or found.has(
        "b", "raw-binary"
    ):
        raise Unmodelled(f"nvme {command} with another output format")
    try:
        return run(process, found)
    except SimErrno as refused:
        process.err(f"{command}: {message_of(refused.name)}\n")
        return 1


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"nvme": _nvme}
