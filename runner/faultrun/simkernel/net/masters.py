"""Devices that take others in: a bridge its ports, a bond its slaves.

Kernel: net/bridge/br_if.c:br_add_if(), drivers/net/bonding/bond_main.c:bond_enslave() (6.12). By
hand; the log's lines are those of real machines. Forwarding and failover are not modelled.
"""

from faultrun.simkernel.net.links import (
    ALLMULTI,
    BROADCAST,
    ETHER,
    LOOPBACK,
    MASTER,
    MULTICAST,
    NOARP,
    POINTOPOINT,
    PROMISC,
    SLAVE,
    Link,
)
from faultrun.simkernel.net.stack import Net, NetRefused
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

_ERR, _WARN, _INFO = 3, 4, 6
_ACTIVE_BACKUP = "active-backup"


def enslave(net: Net, link: Link, master: Link, task: SimTask | None) -> None:
    """net/core/rtnetlink.c:do_set_master(): out of another master first. Raises SimErrno."""
    if link.master is master:
        return
    if link.master is not None:
        release(net, link, task)
    if master.kind == "bridge":
        _add_port(net, link, master, task)
    elif master.kind == "bond":
        _add_slave(net, link, master, task)
    else:
        raise SimErrno("EOPNOTSUPP")


def release(net: Net, link: Link, task: SimTask | None) -> None:
    """``nomaster``."""
    master = link.master
    if master is None:
        return
    net.unlink(link, task)
    if master.kind == "bridge":
        _say_mode(net, link, "left", "allmulticast", ALLMULTI)
        _say_mode(net, link, "left", "promiscuous", PROMISC)
        state = (
            f"{master.name}: port {_port(net, master, link)}({link.name}) entered disabled state"
        )
        net.kernel.log.emit(_INFO, state)
    else:
        text = f"{master.name}: (slave {link.name}): Releasing backup interface"
        net.kernel.log.emit(_INFO, text)
        link.flags &= ~SLAVE
        net.set_down(link)
        link.address = link.permanent


def _add_port(net: Net, link: Link, bridge: Link, task: SimTask | None) -> None:
    """The port exists and is in all-multicast mode before the notifiers are asked."""
    if link.flags & LOOPBACK or link.arp_type != ETHER:
        raise SimErrno("EINVAL")
    if link.kind == "bridge":
        raise NetRefused("ELOOP", "Can not enslave a bridge to a bridge")
    port = f"{bridge.name}: port {_port(net, bridge, link)}({link.name}) entered"
    for state in ("blocking", "disabled"):
        net.kernel.log.emit(_INFO, f"{port} {state} state")
    _say_mode(net, link, "entered", "allmulticast", ALLMULTI)
    try:
        net.link(link, bridge, task)
    except SimErrno:
        _say_mode(net, link, "left", "allmulticast", ALLMULTI)
        raise
    _say_mode(net, link, "entered", "promiscuous", PROMISC)
    if link.up and bridge.up:
        for state in ("blocking", "forwarding"):
            net.kernel.log.emit(_INFO, f"{port} {state} state")


def _add_slave(net: Net, link: Link, bond: Link, task: SimTask | None) -> None:
    """The first slave of another type changes the bond's; each slave is brought up, then linked."""
    if link.flags & LOOPBACK and link.kind == "loopback":
        raise SimErrno("EINVAL")
    if link.up:
        raise NetRefused("EPERM", "Device can not be enslaved while up")
    first = not any(True for _ in net.slaves(bond))
    if bond.arp_type != link.arp_type:
        if not first:
            raise NetRefused("EINVAL", "Device type is different from other slaves")
        _change_type(net, link, bond, task)
    link.permanent = link.address
    try:
        _hand_address(net, link, bond, first=first)
        try:
            net.set_up(link, task)
        except SimErrno:
            _slave(net, _ERR, link, bond, "Opening slave failed")
            raise
        try:
            net.link(link, bond, task)
        except SimErrno:
            net.set_down(link)
            raise
    except SimErrno:
        link.address = link.permanent
        if first:
            _be_empty(net, bond, link)
        raise
    link.flags |= SLAVE
    way = "a backup" if bond.mode == _ACTIVE_BACKUP else "an active"
    carrier = "an up" if net.running(link) else "a down"
    _slave(net, _INFO, link, bond, f"Enslaving as {way} interface with {carrier} link")


def _change_type(net: Net, link: Link, bond: Link, task: SimTask | None) -> None:
    """bond_enslave() makes EBUSY of whatever the notifier said."""
    if net.chain.tell("NETDEV_PRE_TYPE_CHANGE", task):
        _slave(net, _ERR, link, bond, "refused to change device type")
        raise SimErrno("EBUSY")
    bond.arp_type = link.arp_type
    if link.flags & POINTOPOINT:
        bond.flags = bond.flags & ~(BROADCAST | MULTICAST) | POINTOPOINT | NOARP | MASTER


def _be_empty(net: Net, bond: Link, link: Link) -> None:
    """What the first slave has changed of the bond, when it does not become one."""
    if bond.arp_type != ETHER:
        bond.arp_type = ETHER
        bond.flags = bond.driver.flags | bond.flags & ~(POINTOPOINT | NOARP)
    if bond.address == link.address:
        bond.address = net.random_address(f"{bond.name} without {link.name}")


def _hand_address(net: Net, link: Link, bond: Link, *, first: bool) -> None:
    """The bond has its first slave's address, the others have the bond's.

    A device without a hardware address takes none: only an active-backup bond can live so.
    """
    if link.arp_type == ETHER:
        if first:
            bond.address = link.address
        link.address = bond.address
        return
    no = "The slave device specified does not support setting the MAC address"
    _slave(net, _WARN, link, bond, no)
    if bond.mode == _ACTIVE_BACKUP:
        how = "Setting fail_over_mac to active for active-backup mode"
        _slave(net, _WARN, link, bond, how)
        return
    _slave(net, _ERR, link, bond, "Error -95 calling set_mac_address")
    raise SimErrno("EOPNOTSUPP")


def _slave(net: Net, level: int, link: Link, bond: Link, text: str) -> None:
    net.kernel.log.emit(level, f"{bond.name}: (slave {link.name}): {text}")


def _port(net: Net, bridge: Link, link: Link) -> int:
    others = [each for each in net.slaves(bridge) if each is not link]
    return len(others) + 1


def _say_mode(net: Net, link: Link, verb: str, mode: str, flag: int) -> None:
    """net/core/dev.c:__dev_set_promiscuity(); 6.1 tells of promiscuous mode only."""
    link.flags = link.flags | flag if verb == "entered" else link.flags & ~flag
    if net.kernel.version.has("6.8", None):
        net.kernel.log.emit(_INFO, f"{link.says()}: {verb} {mode} mode")
    elif mode == "promiscuous":
        net.kernel.log.emit(_INFO, f"device {link.name} {verb} {mode} mode")
