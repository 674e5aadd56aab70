"""exportfs and ping: a server to mount from, and packets over the loop.

By hand, as nfs-utils and iputils word their messages.
"""

from collections.abc import Callable, Mapping

from faultrun.simkernel.hooks import Gfp
from faultrun.simkernel.net.stack import Net
from faultrun.simkernel.nfs import Exports
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.options import parse
from faultrun.simkernel.programs.simple import duration
from faultrun.simkernel.unmodelled import Unmodelled

_HOSTS = {"localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1"}
_LOOP = "lo"
_RX = ("__netif_receive_skb_one_core", "process_backlog", "__napi_poll", "net_rx_action")
_SOFTIRQ = ("handle_softirqs", "do_softirq", "__local_bh_enable_ip", "__dev_queue_xmit")
PULLS: tuple[tuple[str, ...], ...] = (
    ("ip_rcv_core", "ip_rcv", *_RX, *_SOFTIRQ),
    ("ip_rcv_core", "ip_rcv", *_RX, *_SOFTIRQ),
)
"""Where a received IPv4 packet's headers are pulled: net/ipv4/ip_input.c:ip_rcv_core() asks for the
fixed part of its header, then for all of it."""

_HEAD = 704
_HEAD_GFP = Gfp.ATOMIC | Gfp.NOWARN
_EXPAND = ("kmem_cache_alloc_node_noprof", "kmalloc_reserve", "pskb_expand_head")
_TRIP_NS = 40_000


def _exportfs(process: Process) -> int:
    found = parse(process, "arvui", "o")
    exports = process.machine.kernel.facility(Exports)
    if not found.operands and not found.has("a", "r", "u"):
        rows = (f"{path:<15}\t{client}\n" for path, client in sorted(exports.paths.items()))
        process.out("".join(rows))
        return 0
    for name in found.operands:
        client, colon, path = name.partition(":")
        if not colon or not path.startswith("/"):
            process.complain(f"Invalid exporting option: {name}")
            return 1
        if found.has("u"):
            exports.paths.pop(path, None)
            exports.known.discard(path)
        elif not process.exists(path):
            process.complain(f"Failed to stat {path}: No such file or directory")
            return 1
        else:
            exports.paths[path] = client
    return 0


def _ping(process: Process) -> int:
    found = parse(process, "nq4", "ciWs", ("count=",))
    host = found.operands[0] if found.operands else ""
    if host not in _HOSTS or not found.has("c"):
        raise Unmodelled(f"ping to '{host}' without -c, or of anything but this machine itself")
    count = int(found.value("c"))
    gap = duration(found.value("i", default="1")) or 0
    size = int(found.value("s", default="56"))
    address = _HOSTS[host]
    loop = process.machine.kernel.facility(Net).find(_LOOP)
    if loop is None or not loop.up:
        process.complain("connect: Network is unreachable")
        return 2
    process.out(f"PING {host} ({address}) {size}({size + 28}) bytes of data.\n")
    for number in range(1, count + 1):
        for _ in ("request", "reply"):
            _receive(process)
        process.spend(_TRIP_NS)
        if not found.has("q"):
            process.out(
                f"{size + 8} bytes from {address}: icmp_seq={number} ttl=64 time=0.040 ms\n"
            )
        if number < count:
            process.spend(gap)
    process.out(
        f"\n--- {host} ping statistics ---\n"
        f"{count} packets transmitted, {count} received, 0% packet loss\n"
    )
    return 0


def _receive(process: Process) -> None:
    """A packet comes in over the loop, in a softirq: its data may move.

    If there is no memory to move to, it stays: net/core/skb_fault_injection.c:skb_might_realloc()
    does not look at the answer. The small head is asked for with __GFP_NOWARN
    (net/core/skbuff.c:kmalloc_reserve()), so that its failure is counted and not logged.
    """
    kernel = process.machine.kernel
    for stack in PULLS:
        if kernel.packet(None, _LOOP, ("skb_might_realloc", *stack)):
            kernel.slab(None, _HEAD, _HEAD_GFP, (*_EXPAND, *stack), "skbuff_small_head")


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"exportfs": _exportfs, "ping": _ping}
