"""``/sys/class/net``: a directory for each network device (net/core/net-sysfs.c)."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from faultrun.simkernel.devices.nvme_files import number
from faultrun.simkernel.net.links import UP, Link
from faultrun.simkernel.net.stack import Net, NetRefused
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import ControlFile, TaskText, TextFile

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

ROOT = "/sys/class/net"
_ERR = 3
_U32 = 2**32 - 1


def files(machine: "Machine") -> Mapping[str, ControlFile]:
    """The directory itself; from now on it follows the devices."""
    net = machine.kernel.facility(Net)
    tree = machine.kernel.tree

    def show(link: Link) -> None:
        tree.provide(f"{ROOT}/{link.name}", partial(_link_files, net, link))

    for link in net.all():
        show(link)
    net.shown = show
    net.hidden = lambda name: tree.remove(f"{ROOT}/{name}")
    return {}


def _link_files(net: Net, link: Link) -> Mapping[str, ControlFile]:
    def set_mtu(text: str, task: SimTask | None) -> None:
        try:
            net.set_mtu(link, number(text), task)
        except NetRefused as refused:
            # net/core/dev.c:dev_set_mtu(): there is nobody to hand the text to.
            net.kernel.log.emit(_ERR, f"{link.name}: {refused.message}")
            raise

    def set_flags(text: str, task: SimTask | None) -> None:
        flags = number(text)
        if flags & UP:
            net.set_up(link, task)
        else:
            net.set_down(link)

    def carrier() -> str:
        if not link.up:
            raise SimErrno("EINVAL")
        return f"{int(net.running(link))}\n"

    def set_queue(text: str) -> None:
        length = number(text)
        if length > _U32:
            raise SimErrno("ERANGE")
        link.queue = length

    def set_alias(text: str) -> None:
        link.alias = text.removesuffix("\n")

    return {
        "address": TextFile(lambda: f"{link.address}\n"),
        "addr_len": TextFile(lambda: f"{6 if link.address else 0}\n"),
        "broadcast": TextFile(lambda: f"{broadcast(link)}\n"),
        "carrier": TextFile(carrier),
        "flags": TaskText(lambda: f"{link.flags:#x}\n", set_flags),
        "ifalias": TextFile(lambda: f"{link.alias}\n" if link.alias else "", set_alias),
        "ifindex": TextFile(lambda: f"{link.index}\n"),
        "iflink": TextFile(lambda: f"{link.index}\n"),
        "mtu": TaskText(lambda: f"{link.mtu}\n", set_mtu),
        "operstate": TextFile(lambda: f"{net.state(link).lower()}\n"),
        "tx_queue_len": TextFile(lambda: f"{link.queue}\n", set_queue),
        "type": TextFile(lambda: f"{link.arp_type}\n"),
    }


def broadcast(link: Link) -> str:
    """The broadcast address of the link: of all ones, but for loopback."""
    if not link.address:
        return ""
    return link.address if link.kind == "loopback" else "ff:ff:ff:ff:ff:ff"
