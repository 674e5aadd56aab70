"""A campaign's devices as QEMU's: those there at power on, and those that are plugged in later."""

from collections.abc import Sequence
from pathlib import Path

from faultrun.model.campaign import DeviceSpec
from faultrun.targets.emulator import qcow2
from faultrun.targets.emulator.hardware import Disk
from faultrun.targets.recipes.qemu import count, on_bus
from faultrun.targets.recipes.recipe import MIB, size_mib


def plugged(devices: Sequence[DeviceSpec]) -> tuple[Disk, ...]:
    """NVMe controllers of one namespace: QEMU cannot keep their state, so no snapshot has them."""
    return tuple(
        Disk(
            node=f"{one.name}n1",
            size_bytes=size_mib(one) * MIB,
            devices=(
                {"driver": "nvme", "id": one.name, "serial": one.name, "drive": f"{one.name}n1"},
            ),
        )
        for one in devices
        if on_bus(one) and one.kind == "nvme" and count(one) == 1
    )


def built_in(devices: Sequence[DeviceSpec]) -> tuple[Disk, ...]:
    """SD cards, and NVMe controllers of any other number of namespaces: these cannot be plugged."""
    found: list[Disk] = []
    for one in devices:
        if one.kind == "mmc":
            found.append(_card(one))
        elif on_bus(one) and count(one) != 1:
            found += _namespaces(one)
    return tuple(found)


def unkept(devices: Sequence[DeviceSpec]) -> bool:
    """Whether some device there at power on rules out snapshots."""
    return any(one.kind == "nvme" and on_bus(one) and count(one) != 1 for one in devices)


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


def _namespaces(one: DeviceSpec) -> list[Disk]:
    controller = {"driver": "nvme", "id": one.name, "serial": one.name}
    disks: list[Disk] = []
    for number in range(1, count(one) + 1):
        node = f"{one.name}n{number}"
        space = {"driver": "nvme-ns", "bus": one.name, "nsid": number, "drive": node}
        devices = (controller, space) if number == 1 else (space,)
        disks.append(Disk(node=node, size_bytes=size_mib(one) * MIB, devices=devices))
    return disks
