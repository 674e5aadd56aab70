"""The MMC hosts of a machine: their cards, and what debugfs and sysfs show of both."""

from collections.abc import Mapping
from functools import partial

from faultrun.kernel.device_kinds.mmc import card_of
from faultrun.kernel.device_kinds.shared import PARTITIONS, SIZE
from faultrun.model.campaign import DeviceSpec
from faultrun.simkernel.devices.bus import DiskBus, Site
from faultrun.simkernel.devices.medium import Medium
from faultrun.simkernel.devices.mmc import Card, Host
from faultrun.simkernel.kernel import DEBUGFS
from faultrun.simkernel.tree import ControlFile, TextFile

_MIB = 1 << 20
_MAJOR = 179
_MINORS = 8
"""CONFIG_MMC_BLOCK_MINORS."""

RCA = "4567"
"""The address that QEMU's SD card gives itself."""

_IOS = (
    "clock:\t\t50000000 Hz\nactual clock:\t50000000 Hz\nvdd:\t\t21 (3.3 ~ 3.4 V)\n"
    "bus mode:\t2 (push-pull)\nchip select:\t0 (don't care)\npower mode:\t2 (on)\n"
    "bus width:\t2 (4 bits)\ntiming spec:\t2 (sd high-speed)\nsignal voltage:\t0 (3.30 V)\n"
    "driver type:\t0 (driver type B)\n"
)
"""drivers/mmc/core/debugfs.c:mmc_ios_show()."""


class MmcBus(DiskBus):
    """Hosts with a card each, that were there when the machine came up."""

    def __init__(self, site: Site, specs: tuple[DeviceSpec, ...]) -> None:
        self._site = site
        self._specs = specs
        self.names = tuple(card_of(spec.name) for spec in specs)
        self.woken = not specs
        for spec in specs:
            card, tree = card_of(spec.name), site.kernel.tree
            site.announce(card, int(spec.option("partitions", PARTITIONS.default)))
            host = f"{DEBUGFS}/{spec.name}"
            tree.provide(host, partial(_host_files, spec.name))
            tree.provide(f"{host}/{spec.name}:{RCA}", _card_files)
            tree.provide(f"{host}/fail_mmc_request", partial(self._faults, spec.name))

    def _make_devices(self) -> None:
        """Make the hosts and their cards; a host copies its faults' boot option."""
        for at, spec in enumerate(self._specs):
            host = Host(self._site.kernel, spec.name)
            medium = Medium(int(spec.option("size_mib", SIZE.default)) * _MIB)
            card = Card(host, card_of(spec.name), medium, (_MAJOR, at * _MINORS))
            self._site.publish(card.disk, int(spec.option("partitions", PARTITIONS.default)))
            host.attr.table()

    def _faults(self, name: str) -> Mapping[str, ControlFile]:
        self.wake()
        return Host(self._site.kernel, name).attr.table()


def _host_files(name: str) -> Mapping[str, ControlFile]:
    del name
    return {
        "ios": _says(_IOS),
        "clock": _says("50000000\n"),
        "caps": _says("0x00000007\n"),
        "caps2": _says("0x00000000\n"),
        "err_state": _says("0\n"),
    }


def _card_files() -> Mapping[str, ControlFile]:
    # R1: ready for data, in the transfer state (drivers/mmc/core/block.c:mmc_dbg_card_status_get()).
    return {"state": _says("0x00000001\n"), "status": _says("00000900\n")}


def _says(text: str) -> TextFile:
    return TextFile(lambda: text)
