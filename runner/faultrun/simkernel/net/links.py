"""Network devices as values: the kinds that there are, and one device."""

from dataclasses import dataclass, field

UP, BROADCAST, LOOPBACK, POINTOPOINT = 0x1, 0x2, 0x8, 0x10
RUNNING, NOARP, PROMISC, ALLMULTI = 0x40, 0x80, 0x100, 0x200
MASTER, SLAVE, MULTICAST, LOWER_UP = 0x400, 0x800, 0x1000, 0x10000
"""include/uapi/linux/if.h:net_device_flags."""

ETHER, LOOP, NONE = 1, 772, 65534
"""include/uapi/linux/if_arp.h: ARPHRD_ETHER, ARPHRD_LOOPBACK, ARPHRD_NONE."""

WORDS = {ETHER: "ether", LOOP: "loopback", NONE: "none"}
"""The link types as iproute2 names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A driver: how its devices start. ``max_mtu`` 0 means no limit. ``qdisc``: once it is up.

    ``made`` says that `ip link add` can make one, and `ip link del` remove it.
    """

    arp_type: int
    flags: int
    mtu: int = 1500
    min_mtu: int = 68
    max_mtu: int = 65535
    queue: int = 1000
    qdisc: str = "noqueue"
    carrier: bool = True
    state: str = "UNKNOWN"
    parent: str = ""
    made: bool = True


KINDS: dict[str, Kind] = {
    # drivers/net/loopback.c:gen_lo_setup()
    "loopback": Kind(arp_type=LOOP, flags=LOOPBACK, mtu=65536, min_mtu=0, max_mtu=0, made=False),
    # drivers/net/virtio_net.c:virtnet_probe(); its lines in the log begin with bus and device
    "virtio": Kind(
        arp_type=ETHER,
        flags=BROADCAST | MULTICAST,
        qdisc="pfifo_fast",
        state="UP",
        parent="virtio_net virtio0 ",
        made=False,
    ),
    # drivers/net/dummy.c:dummy_setup()
    "dummy": Kind(arp_type=ETHER, flags=BROADCAST | NOARP, min_mtu=0, max_mtu=0),
    # net/bridge/br_device.c:br_dev_setup(); no carrier before a port is up
    "bridge": Kind(arp_type=ETHER, flags=BROADCAST | MULTICAST, carrier=False, state="UP"),
    # drivers/net/bonding/bond_main.c:bond_setup()
    "bond": Kind(arp_type=ETHER, flags=BROADCAST | MULTICAST | MASTER, carrier=False, state="UP"),
    # drivers/net/tun.c:tun_net_initialize(); nobody has it open
    "tun": Kind(
        arp_type=NONE,
        flags=POINTOPOINT | MULTICAST | NOARP,
        max_mtu=65535,
        queue=500,
        qdisc="pfifo_fast",
        carrier=False,
        state="UP",
    ),
    "tap": Kind(
        arp_type=ETHER,
        flags=BROADCAST | MULTICAST,
        max_mtu=65521,
        qdisc="pfifo_fast",
        carrier=False,
        state="UP",
    ),
}


@dataclass(slots=True, kw_only=True)
class Link:
    """One network device as it is now. ``permanent`` is its address while a bond lends it one."""

    name: str
    kind: str
    index: int
    arp_type: int
    flags: int
    mtu: int
    queue: int
    address: str
    qdisc: str = "noop"
    alias: str = ""
    mode: str = ""
    permanent: str = ""
    master: "Link | None" = None
    addresses: list[str] = field(default_factory=list[str])

    @property
    def driver(self) -> Kind:
        """What its driver says."""
        return KINDS[self.kind]

    @property
    def up(self) -> bool:
        """Whether it was set up."""
        return bool(self.flags & UP)

    def says(self) -> str:
        """How the kernel names it in its log (net/core/dev.c:__netdev_printk())."""
        return f"{self.driver.parent}{self.name}"


def new_link(name: str, kind: str, index: int, address: str) -> Link:
    """A device as its driver sets it up."""
    driver = KINDS[kind]
    return Link(
        name=name,
        kind=kind,
        index=index,
        arp_type=driver.arp_type,
        flags=driver.flags,
        mtu=driver.mtu,
        queue=driver.queue,
        address=address if driver.arp_type != NONE else "",
    )
