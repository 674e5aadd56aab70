"""What of a campaign's devices QEMU gives its guest, and what the guest does to have them."""

from faultrun.model.campaign import DeviceSpec
from faultrun.targets.recipes.inside import loop, null_blk, nvme_loop, scsi_debug
from faultrun.targets.recipes.recipe import Made, Recipe, parted, size_mib, waited


def count(device: DeviceSpec) -> int:
    """How many namespaces an NVMe controller has."""
    return int(device.option("namespaces", 1))


def on_bus(device: DeviceSpec) -> bool:
    """Whether it is a piece of hardware, and not made inside the guest."""
    return device.kind == "mmc" or (
        device.kind == "nvme" and device.option("transport", "pcie") == "pcie"
    )


def nvme(device: DeviceSpec) -> Made:
    """A controller on the PCI bus; where it was plugged in after power on, the bus is asked again."""
    transport = device.option("transport", "pcie")
    if transport == "loop":
        return nvme_loop(device)
    if transport != "pcie":
        return Made(lacking=f"no guest here has NVMe over {transport}")
    name = device.name
    disks = [f"{name}n{number}" for number in range(1, count(device) + 1)]
    tail = "".join(waited(f"/dev/{disk}") + parted(device, disk) for disk in disks)
    return Made(script=_asked(f"/sys/class/nvme/{name}") + tail)


def mmc(device: DeviceSpec) -> Made:
    """A card in a host on the PCI bus.

    QEMU: hw/sd/sd.c:sd_realize()
    """
    size = size_mib(device)
    if size & (size - 1):
        return Made(lacking=f"QEMU's SD cards have a power of two of MiB, not {size}")
    card = f"mmcblk{device.name.removeprefix('mmc')}"
    tail = waited(f"/dev/{card}") + parted(device, card)
    return Made(script=_asked(f"/sys/class/mmc_host/{device.name}") + tail)


def _asked(path: str) -> str:
    """Lines that have the bus looked at again for what is not known yet."""
    return f"[ -e {path} ] || echo 1 > /sys/bus/pci/rescan\n{waited(path)}"


FORGET_HOSTS = "for d in /sys/bus/pci/drivers/sdhci-pci/0000:*; do echo 1 > $d/remove; done\n"
"""Before a snapshot: of an SD host QEMU keeps no PCI registers (hw/sd/sdhci.c:sdhci_vmstate), so that
it has to be found anew after."""


RECIPES: dict[str, Recipe] = {
    "loop": loop,
    "mmc": mmc,
    "null_blk": null_blk,
    "nvme": nvme,
    "scsi_debug": scsi_debug,
}
