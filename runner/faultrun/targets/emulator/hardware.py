"""What a guest's machine consists of, and the words that start QEMU with it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Device = Mapping[str, object]
"""A device as QEMU's ``-device`` and ``device_add`` take it."""

VMSTATE = "vmstate"
"""The drive that holds a snapshot's memory; the guest does not see it."""
CONSOLE_TTY = "ttyS0"
AGENT_TTY = "/dev/ttyS1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A drive in the guest's own folder. ``backing``: what it holds at first, never written."""

    node: str
    size_bytes: int
    devices: tuple[Device, ...]
    backing: Path | None = None
    form: str = "raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """``disks`` are there at power on; ``plugged`` come after, since no snapshot can hold them."""

    kernel: Path
    cmdline: tuple[str, ...]
    memory_mib: int
    cpus: int
    disks: tuple[Disk, ...] = ()
    plugged: tuple[Disk, ...] = ()
    keeps_snapshots: bool = True
    shares_files: bool = False


def cmdline(init: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """The kernel's command line. ``words`` come last: of two equal options the kernel takes that.

    A processor that QEMU emulates never counts its TSC down, so that it jumps when a snapshot is
    put back (QEMU: softmmu/cpu-timers.c:cpu_get_ticks_locked()); the HPET does not, and is the
    kernel's next choice.
    """
    return (
        f"console={CONSOLE_TTY}",
        "scsi_debug.add_host=0",
        "null_blk.nr_devices=0",
        "random.trust_cpu=1",
        "tsc=unstable",
        "pty.legacy_count=0",
        *words,
        "--",
        *init,
    )


def init_words(start: str, *, overlay: bool, root: str, silence_s: float) -> tuple[str, ...]:
    """The arguments of the guest's first process, which is the interpreter."""
    settings = {"tty": AGENT_TTY, "silence_s": silence_s, "overlay": overlay, "root": root}
    return ("-I", "-S", start, json.dumps(settings, separators=(",", ":")))


def words(
    program: str,
    hardware: Hardware,
    *,
    accelerator: str,
    folder: Path,
    initrd: Path | None,
    monitor: int,
    agent: int,
) -> tuple[str, ...]:
    """QEMU's command line. ``monitor`` and ``agent`` are descriptors: one end, and a listener."""
    named = str(folder).replace(",", ",,")
    line = [
        *(program, "-nodefaults", "-no-user-config", "-display", "none", "-S"),
        # A PC of the old kind: its root bus takes and gives up devices while it runs.
        *("-machine", f"pc,accel={accelerator},usb=off,vmport=off", "-cpu", "max"),
        *("-m", f"{hardware.memory_mib}", "-smp", f"{hardware.cpus}"),
        *("-action", "reboot=shutdown,shutdown=pause,panic=none"),
        *("-kernel", str(hardware.kernel), "-append", line_of(hardware, folder)),
        *("-chardev", f"file,id=console,path={named}/console,append=on"),
        *("-serial", "chardev:console"),
        *("-chardev", f"socket,id=agent,fd={agent},server=on,wait=off"),
        *("-serial", "chardev:agent"),
        *("-chardev", f"socket,id=monitor,fd={monitor}"),
        *("-mon", "chardev=monitor,mode=control"),
    ]
    if initrd is not None:
        line += ("-initrd", str(initrd))
    if hardware.shares_files:
        share = "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap"
        line += ("-fsdev", share, "-device", "virtio-9p-pci,fsdev=host,mount_tag=host")
    # A network card that leads nowhere: eth0.
    line += ("-device", "virtio-net-pci,romfile=")
    disks = [*hardware.disks]
    if hardware.keeps_snapshots:
        line += ("-blockdev", json.dumps(blockdev(VMSTATE, folder)))
    for disk in disks:
        line += ("-blockdev", json.dumps(blockdev(disk.node, folder)))
        for device in disk.devices:
            line += ("-device", json.dumps(dict(device)))
    return tuple(line)


def line_of(hardware: Hardware, folder: Path) -> str:
    """The kernel's command line, as one; a word that starts with ``@`` lies in the guest's folder."""
    return " ".join(
        f"{folder}/{word[1:]}" if word.startswith("@") else word for word in hardware.cmdline
    )


def image(node: str, folder: Path) -> Path:
    """Where a drive's file lies."""
    return folder / f"{node}.qcow2"


def blockdev(node: str, folder: Path) -> dict[str, object]:
    """A drive as QEMU's ``-blockdev`` and ``blockdev-add`` take it; nothing of it has to last."""
    file = {"driver": "file", "filename": str(image(node, folder))}
    cache = {"no-flush": True}
    return {
        "node-name": node,
        "driver": "qcow2",
        "discard": "unmap",
        "cache": cache,
        "file": {**file, "cache": cache},
    }
