"""Devices that any guest makes for itself: null_blk, scsi_debug, loop, and NVMe over nvme-loop."""

from faultrun.model.campaign import DeviceSpec
from faultrun.targets.recipes.recipe import Made, parted, size_mib, waited

_NULLB = "/sys/kernel/config/nullb"
_NVMET = "/sys/kernel/config/nvmet"
_HOST = "11111111-1111-1111-1111-111111111111"
"""The identity of the host, that every controller names (drivers/nvme/host/fabrics.c)."""


def null_blk(device: DeviceSpec) -> Made:
    """Through configfs (drivers/block/null_blk/main.c:nullb_group_make_item()).

    The disk is called like its directory. There is no timer slack to model: what the campaign
    says of interrupts is what the driver gets.
    """
    name = device.name
    settings = {
        "size": size_mib(device),
        "memory_backed": int(bool(device.option("memory_backed", True))),
        "irqmode": device.option("irqmode", 1),
        "completion_nsec": device.option("completion_nsec", 10_000),
    }
    lines = [f"mkdir {_NULLB}/{name} || exit 1"]
    lines += [f"echo {value} > {_NULLB}/{name}/{key} || exit 1" for key, value in settings.items()]
    if not device.option("power", True):
        return Made(script="\n".join(lines) + "\n")
    lines += [f"echo 1 > {_NULLB}/{name}/power || exit 1", waited(f"/dev/{name}")]
    return Made(script="\n".join(lines) + parted(device, name))


def scsi_debug(device: DeviceSpec) -> Made:
    """At boot: its size is a parameter that cannot be changed later (drivers/scsi/scsi_debug.c)."""
    words = ("scsi_debug.add_host=1", f"scsi_debug.dev_size_mb={size_mib(device)}")
    return Made(cmdline=words, script=waited(f"/dev/{device.name}") + parted(device, device.name))


def loop(device: DeviceSpec) -> Made:
    """Over a file in memory."""
    file = f"/run/faultrun-{device.name}"
    made = f"truncate -s {size_mib(device)}M {file}"
    lines = f"{made} && losetup --partscan /dev/{device.name} {file} || exit 1\n"
    return Made(script=lines + parted(device, device.name))


def nvme_loop(device: DeviceSpec) -> Made:
    """A controller over the kernel's own target, each namespace on a disk in memory.

    drivers/nvme/target/loop.c. Controllers are numbered in the order in which they connect.
    """
    name = device.name
    count = int(device.option("namespaces", 1))
    subsystem = f"{_NVMET}/subsystems/{name}"
    lines = [
        f"mkdir {subsystem} || exit 1",
        f"echo 1 > {subsystem}/attr_allow_any_host",
    ]
    for number in range(1, count + 1):
        back = f"{name}back{number}"
        lines += [
            f"mkdir {_NULLB}/{back} || exit 1",
            f"echo {size_mib(device)} > {_NULLB}/{back}/size",
            f"echo 1 > {_NULLB}/{back}/memory_backed",
            f"echo 1 > {_NULLB}/{back}/power || exit 1",
            f"mkdir {subsystem}/namespaces/{number}",
            f"printf %s /dev/{back} > {subsystem}/namespaces/{number}/device_path",
            f"echo 1 > {subsystem}/namespaces/{number}/enable || exit 1",
        ]
    port = f"{_NVMET}/ports/{int(name[4:]) + 1}"
    lines += [
        f"mkdir {port} && echo loop > {port}/addr_trtype || exit 1",
        f"ln -s {subsystem} {port}/subsystems/{name} || exit 1",
        (
            f"echo transport=loop,nqn={name},hostnqn=nqn.2014-08.org.nvmexpress:uuid:{_HOST},"
            f"hostid={_HOST} > /dev/nvme-fabrics || exit 1"
        ),
    ]
    disks = [f"{name}n{number}" for number in range(1, count + 1)]
    tail = "".join(waited(f"/dev/{disk}") + parted(device, disk) for disk in disks)
    return Made(script="\n".join(lines) + "\n" + tail)
