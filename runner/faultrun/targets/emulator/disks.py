"""A campaign's devices as QEMU's: those there at power on, and those that are plugged in later."""

from collections.abc import Sequence
from pathlib import Path

from faultrun.model.campaign import DeviceSpec
from faultrun.targets.emulator import qcow2
from faultrun.targets.emulator.hardware import Disk
from faultrun.targets.recipes.qemu import count, on_bus
from faultrun.targets.recipes.recipe import MIB, size_mib


def is_plugged(one: DeviceSpec) -> bool:
    """An NVMe controller of one namespace: QEMU cannot keep its state, so no snapshot has it.

    More namespaces than one cannot be plugged into a machine that runs.
    """
    return one.kind == "nvme" and on_bus(one) and count(one) == 1


def unkept(devices: Sequence[DeviceSpec]) -> bool:
    """Whether some device has to be there at power on that no snapshot can hold."""
    return any(one.kind == "nvme" and on_bus(one) and not is_plugged(one) for one in devices)


def split(
    devices: Sequence[DeviceSpec], *, plug: bool
) -> tuple[tuple[Disk, ...], tuple[Disk, ...]]:
    """Those at power on, and those that are plugged in, if anything is to be."""
    first: list[Disk] = []
    later: list[Disk] = []
    for one in devices:
        if one.kind == "mmc":
            first.append(_card(one))
        elif plug and is_plugged(one):
            later.append(_controller(one))
        elif on_bus(one):
            first += _namespaces(one)
    return tuple(first), tuple(later)


def own(drives: Sequence[Path]) -> tuple[Disk, ...]:
    """The user's images as virtio disks, never written: the guest's own file is above each."""
    found: list[Disk] = []
    for number, path in enumerate(drives):
        form, size = qcow2.size_of(path)
        node = f"drive{number}"
        devices = ({"driver": "virtio-blk-pci", "id": f"{node}d", "drive": node},)
        found.append(
            Disk(node=node, size_bytes=size, devices=devices, backing=path.resolve(), form=form)
        )
    return tuple(found)


def _card(one: DeviceSpec) -> Disk:
    host = {"driver": "sdhci-pci", "id": f"{one.name}host"}
    card = {"driver": "sd-card", "id": f"{one.name}card", "drive": one.name}
    return Disk(node=one.name, size_bytes=size_mib(one) * MIB, devices=(host, card))


def _controller(one: DeviceSpec) -> Disk:
    node = f"{one.name}n1"
    device = {"driver": "nvme", "id": one.name, "serial": one.name, "drive": node}
    return Disk(node=node, size_bytes=size_mib(one) * MIB, devices=(device,))


def _namespaces(one: DeviceSpec) -> list[Disk]:
    controller = {"driver": "nvme", "id": one.name, "serial": one.name}
    if not count(one):
        return [Disk(node=one.name, size_bytes=MIB, devices=(controller,))]
    disks: list[Disk] = []
    for number in range(1, count(one) + 1):
        node = f"{one.name}n{number}"
        space = {"driver": "nvme-ns", "bus": one.name, "nsid": number, "drive": node}
        devices = (controller, space) if number == 1 else (space,)
        disks.append(Disk(node=node, size_bytes=size_mib(one) * MIB, devices=devices))
    return disks
