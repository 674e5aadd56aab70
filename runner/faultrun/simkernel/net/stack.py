"""The operations on network devices, each with its notifiers in the kernel's order.

Kernel: net/core/dev.c, net/core/rtnetlink.c (6.12). By hand, but for the lines of MTU and up, which
are recorded (Linux 6.12 in UML). Packets, routes and IPv6 are not modelled.
"""

from collections.abc import Callable, Iterator

from faultrun.kernel.errno import number_of
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.net.links import (
    KINDS,
    LOWER_UP,
    RUNNING,
    UP,
    Link,
    new_link,
)
from faultrun.simkernel.notifiers import Notifiers
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask

NAME_SIZE = 16
"""include/uapi/linux/if.h:IFNAMSIZ, with the NUL."""
_ERR, _INFO = 3, 6


class NetRefused(SimErrno):
    """A refusal that comes with a text of its own (netlink's extended acknowledgement)."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(name)
        self.message = message


class Net:
    """The network devices of a machine. Every operation raises SimErrno."""

    def __init__(self, kernel: SimKernel) -> None:
        self.kernel = kernel
        self.chain = kernel.facility(Notifiers)
        self._links: dict[int, Link] = {}
        self._next = 1
        self.shown: Callable[[Link], None] = _nothing
        self.hidden: Callable[[str], None] = _nothing
        loopback = self._make("lo", "loopback", "00:00:00:00:00:00")
        ethernet = self._make("eth0", "virtio", "52:54:00:12:34:56")
        loopback.addresses.append("127.0.0.1/8")
        ethernet.addresses.append("10.0.2.15/24")
        for link in (loopback, ethernet):
            self._raise(link)

    def all(self) -> tuple[Link, ...]:
        """Every device, in the order of its index."""
        return tuple(self._links[index] for index in sorted(self._links))

    def find(self, name: str) -> Link | None:
        """The device of that name."""
        return next((link for link in self._links.values() if link.name == name), None)

    def slaves(self, master: Link) -> Iterator[Link]:
        """The devices that have it as their master."""
        return (link for link in self.all() if link.master is master)

    def running(self, link: Link) -> bool:
        """Whether there is a carrier: a bridge or bond has one if a device of it has."""
        if link.kind in ("bridge", "bond"):
            return link.up and any(self.running(slave) for slave in self.slaves(link))
        return link.up and link.driver.carrier

    def flags(self, link: Link) -> int:
        """net/core/dev.c:dev_get_flags(): with what is not kept but found out."""
        return link.flags | (RUNNING | LOWER_UP if self.running(link) else 0)

    def state(self, link: Link) -> str:
        """The operational state (net/core/link_watch.c:default_operstate())."""
        return link.driver.state if self.running(link) else "DOWN"

    def add(
        self, name: str, kind: str, task: SimTask | None, *, mtu: int = 0, address: str = ""
    ) -> Link:
        """net/core/dev.c:register_netdevice(): POST_INIT, then sysfs, then REGISTER."""
        if self.find(name) is not None:
            raise SimErrno("EEXIST")
        if not valid_name(name):
            raise SimErrno("EINVAL")
        link = new_link(name, kind, 0, address or self.random_address(name))
        if mtu:
            self._check_mtu(link, mtu)
            link.mtu = mtu
        self.chain.call("NETDEV_POST_INIT", task)
        self.chain.call("NETDEV_REGISTER", task)
        link.index = self._next
        self._next += 1
        self._links[link.index] = link
        self.shown(link)
        return link

    def remove(self, link: Link, task: SimTask | None) -> None:
        """net/core/rtnetlink.c:rtnl_dellink(): a device of hardware cannot be removed."""
        if not link.driver.made:
            raise SimErrno("EOPNOTSUPP")
        for slave in list(self.slaves(link)):
            self.unlink(slave, task)
        if link.master is not None:
            self.unlink(link, task)
        del self._links[link.index]
        self.hidden(link.name)

    def set_mtu(self, link: Link, mtu: int, task: SimTask | None) -> None:
        """net/core/dev.c:dev_set_mtu_ext(): refused afterwards, it is set back and told again."""
        if mtu == link.mtu:
            return
        self._check_mtu(link, mtu)
        self.chain.call("NETDEV_PRECHANGEMTU", task)
        before, link.mtu = link.mtu, mtu
        try:
            self.chain.call("NETDEV_CHANGEMTU", task)
        except SimErrno:
            link.mtu = before
            self.chain.tell("NETDEV_CHANGEMTU", task)
            raise

    def rename(self, link: Link, name: str, task: SimTask | None) -> None:
        """net/core/dev.c:dev_change_name(): refused afterwards, it is taken back and told again."""
        if link.up and not self.kernel.version.has("6.8", None):
            raise SimErrno("EBUSY")
        if name == link.name:
            return
        if not valid_name(name):
            raise SimErrno("EINVAL")
        if self.find(name) is not None:
            raise SimErrno("EEXIST")
        before = link.name
        self._move(link, name)
        while_up = " (while UP)" if link.up else ""
        self.kernel.log.emit(_INFO, f"{link.says()}: renamed from {before}{while_up}")
        try:
            self.chain.call("NETDEV_CHANGENAME", task)
        except SimErrno:
            self._move(link, before)
            try:
                self.chain.call("NETDEV_CHANGENAME", task)
            except SimErrno as again:
                self._rollback_failed(link, again)
            raise

    def set_up(self, link: Link, task: SimTask | None) -> None:
        """net/core/dev.c:__dev_open()."""
        if not link.up:
            self.chain.call("NETDEV_PRE_UP", task)
            self._raise(link)

    def set_down(self, link: Link) -> None:
        """net/core/dev.c:__dev_close_many()."""
        link.flags &= ~UP

    def link(self, link: Link, master: Link, task: SimTask | None) -> None:
        """net/core/dev.c:__netdev_upper_dev_link(): once before, once after, then taken back."""
        if link is master:
            raise SimErrno("EBUSY")
        if link.master is not None:
            raise SimErrno("EEXIST" if link.master is master else "EBUSY")
        self.chain.call("NETDEV_PRECHANGEUPPER", task)
        link.master = master
        try:
            self.chain.call("NETDEV_CHANGEUPPER", task)
        except SimErrno:
            link.master = None
            raise

    def unlink(self, link: Link, task: SimTask | None) -> None:
        """net/core/dev.c:__netdev_upper_dev_unlink(): nobody looks at the answers."""
        self.chain.tell("NETDEV_PRECHANGEUPPER", task)
        link.master = None
        self.chain.tell("NETDEV_CHANGEUPPER", task)

    def _make(self, name: str, kind: str, address: str) -> Link:
        link = new_link(name, kind, self._next, address)
        self._next += 1
        self._links[link.index] = link
        return link

    def _raise(self, link: Link) -> None:
        link.flags |= UP
        link.qdisc = link.driver.qdisc

    def _move(self, link: Link, name: str) -> None:
        self.hidden(link.name)
        link.name = name
        self.shown(link)

    def _rollback_failed(self, link: Link, refused: SimErrno) -> None:
        number = -number_of(refused.name)
        self.kernel.log.emit(_ERR, f"{link.says()}: name change rollback failed: {number}")

    def random_address(self, name: str) -> str:
        """net/ethernet/eth.c:eth_random_addr(): locally administered, unicast."""
        octets = list(self.kernel.stream(f"net/{name}").next64().to_bytes(8, "little")[:6])
        octets[0] = octets[0] & 0xFE | 0x02
        return ":".join(f"{octet:02x}" for octet in octets)

    @staticmethod
    def _check_mtu(link: Link, mtu: int) -> None:
        """net/core/dev.c:dev_validate_mtu()."""
        low, high = link.driver.min_mtu, link.driver.max_mtu
        if mtu < 0 or mtu < low:
            raise NetRefused("EINVAL", "mtu less than device minimum")
        if high and mtu > high:
            raise NetRefused("EINVAL", "mtu greater than device maximum")


def valid_name(name: str) -> bool:
    """net/core/dev.c:dev_valid_name()."""
    return (
        0 < len(name.encode()) < NAME_SIZE
        and name not in (".", "..")
        and not any(letter in "/:" or letter.isspace() for letter in name)
    )


def kinds_made() -> tuple[str, ...]:
    """What `ip link add ... type` can make here."""
    return tuple(name for name, kind in KINDS.items() if kind.made and name not in ("tun", "tap"))


def _nothing(_what: object) -> None:
    return
