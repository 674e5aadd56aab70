"""blockdev: what ioctl(2) tells of a block device."""

from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.simkernel.devices.block_cache import OpenBlock
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.options import operand, parse
from faultrun.simkernel.sim_errno import SimErrno


def _blockdev(process: Process) -> int:
    found = parse(process, "q", "", ("getsize64", "getsz", "getss", "getro", "flushbufs", "getbsz"))
    name = operand(process, found)
    try:
        file = process.open(name)
    except SimErrno as refused:
        process.complain(f"cannot open {name}: {message_of(refused.name)}")
        return 1
    if not isinstance(file, OpenBlock):
        process.complain(f"ioctl error on {name}: Inappropriate ioctl for device")
        return 1
    values = {
        "getsize64": file.size(), "getsz": file.size() // 512, "getss": 512, "getbsz": 4096,
        "getro": int(file.device().read_only),
    }  # fmt: skip
    if found.has("flushbufs"):
        file.flush_buffers()
    for key, _ in found.every:
        if key in values:
            process.out(f"{values[key]}\n")
    process.close(file)
    return 0


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"blockdev": _blockdev}
