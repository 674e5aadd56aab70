"""``ip link``, ``ip addr`` and ``ip tuntap``, with the messages of iproute2.

The answers to a refused operation and the lines of `ip link show` are recorded (UML 6.12); what it
says of wrong command lines is compared with iproute2 itself where that is installed; the rest by hand.
"""

from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.simkernel.net.links import KINDS, WORDS, Link
from faultrun.simkernel.net.masters import enslave, release
from faultrun.simkernel.net.net_files import broadcast
from faultrun.simkernel.net.stack import Net, NetRefused, kinds_made, valid_name
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.programs.ip_text import flag_words, is_prefix, wanted_number
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_OBJECTS = ("link", "address", "addr", "tuntap", "tunnel", "route", "rule", "neigh", "netns")
_USAGE, _KERNEL = 255, 2
"""Exit statuses: a wrong command line, and a refusal by the kernel."""
_KNOWN_KINDS = frozenset(
    {"veth", "vlan", "macvlan", "vrf", "vxlan", "ipip", "gre", "ifb", "team", "vcan", "wireguard"}
)
"""Types that there are, but not here."""


def ip(process: Process) -> int:
    """``ip OBJECT COMMAND``, each word cut as short as it stays clear."""
    words = list(process.argv[1:])
    while words and words[0].startswith("-"):
        if words[0] not in ("-4", "-c", "-color=never"):
            raise Unmodelled(f"option '{words[0]}' of 'ip'")
        words.pop(0)
    if not words:
        process.err("Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n")
        return _USAGE
    word = words.pop(0)
    name = next((each for each in _OBJECTS if each.startswith(word)), "")
    if not name:
        process.err(f'Object "{word}" is unknown, try "ip help".\n')
        return 1
    run = {"link": _link, "address": _address, "addr": _address, "tuntap": _tuntap}.get(name)
    if run is None:
        raise Unmodelled(f"'ip {name}'")
    net = process.machine.kernel.facility(Net)
    try:
        return run(process, net, words)
    except NetRefused as refused:
        process.err(f"Error: {refused.message}.\n")
    except SimErrno as refused:
        process.err(f"RTNETLINK answers: {message_of(refused.name)}\n")
    return _KERNEL


def _link(process: Process, net: Net, words: list[str]) -> int:
    verb = _verb(words, ("show", "list", "lst", "set", "add", "delete"))
    if verb in ("show", "list", "lst"):
        return _show(process, net, words, addresses=False)
    if verb == "add":
        return _add(process, net, words)
    link = _named(process, net, words)
    if verb == "delete":
        if words[:1] == ["type"]:
            del words[:2]
        _end(words)
        net.remove(link, process.task)
        return 0
    return _set(process, net, link, words)


def _set(process: Process, net: Net, link: Link, words: list[str]) -> int:
    """One message to the kernel, which acts in its own order (rtnetlink.c:do_setlink())."""
    asked = _asked(process, net, words)
    steps: dict[str, Callable[[str], object]] = {
        "address": lambda text: setattr(link, "address", text.lower()),
        "mtu": lambda text: net.set_mtu(link, int(text, 0), process.task),
        "name": lambda text: net.rename(link, text, process.task),
        "alias": lambda text: setattr(link, "alias", text),
        "master": lambda text: _master(process, net, link, text),
        "state": lambda text: _state(process, net, link, text),
        "txqueuelen": lambda text: setattr(link, "queue", int(text, 0)),
    }
    for name, step in steps.items():
        if name in asked:
            step(asked[name])
    return 0


def _asked(process: Process, net: Net, words: list[str]) -> dict[str, str]:
    """What is to be set. Raises ExitNow for what iproute2 itself refuses."""
    asked: dict[str, str] = {}
    while words:
        word = words.pop(0)
        if word in ("up", "down"):
            asked["state"] = word
        elif word == "nomaster":
            asked["master"] = ""
        elif word in ("mtu", "txqueuelen", "txqlen", "qlen"):
            key = "mtu" if word == "mtu" else "txqueuelen"
            asked[key] = wanted_number(process, word, _value(process, words))
        elif word in ("name", "address", "alias", "master"):
            asked[word] = _value(process, words)
        else:
            raise Unmodelled(f"'ip link set ... {word}'")
    if "name" in asked and not valid_name(asked["name"]):
        process.err(f'Error: argument "{asked["name"]}" is wrong: "name" not a valid ifname\n')
        raise ExitNow(_USAGE)
    if asked.get("master") and net.find(asked["master"]) is None:
        text = f'Error: argument "{asked["master"]}" is wrong: Device does not exist\n\n'
        process.err(text)
        raise ExitNow(_USAGE)
    return asked


def _master(process: Process, net: Net, link: Link, name: str) -> None:
    master = net.find(name)
    if master is None:
        release(net, link, process.task)
    else:
        enslave(net, link, master, process.task)


def _state(process: Process, net: Net, link: Link, word: str) -> None:
    if word == "up":
        net.set_up(link, process.task)
    else:
        net.set_down(link)


def _add(process: Process, net: Net, words: list[str]) -> int:
    name, kind, mode, mtu, address, up = "", "", "", 0, "", False
    while words:
        word = words.pop(0)
        if word in ("dev", "name"):
            name = _value(process, words)
        elif word == "type":
            kind = _value(process, words)
        elif word == "mode" and kind == "bond":
            mode = _value(process, words)
        elif word == "miimon" and kind == "bond":
            wanted_number(process, word, _value(process, words))
        elif word == "mtu":
            mtu = int(wanted_number(process, word, _value(process, words)), 0)
        elif word == "address":
            address = _value(process, words)
        elif word == "up":
            up = True
        elif not name:
            name = word
        else:
            raise Unmodelled(f"'ip link add ... {word}'")
    if not kind:
        process.err('Not enough information: "type" argument is required\n')
        return 1
    if kind not in kinds_made():
        if kind in KINDS or kind in _KNOWN_KINDS:
            raise Unmodelled(f"network devices of type '{kind}'")
        raise NetRefused("EOPNOTSUPP", "Unknown device type")
    link = net.add(name or _free(net, kind), kind, process.task, mtu=mtu, address=address)
    link.mode = mode or ("balance-rr" if kind == "bond" else "")
    if up:
        net.set_up(link, process.task)
    return 0


def _tuntap(process: Process, net: Net, words: list[str]) -> int:
    """An ioctl on ``/dev/net/tun``; the device stays without anybody who has it open."""
    verb = _verb(words, ("add", "delete", "show", "list"))
    name, mode = "", ""
    while words:
        word = words.pop(0)
        if word in ("dev", "name"):
            name = _value(process, words)
        elif word == "mode":
            mode = _value(process, words)
        elif not name:
            name = word
        else:
            raise Unmodelled(f"'ip tuntap {verb} ... {word}'")
    if verb not in ("add", "delete"):
        raise Unmodelled(f"'ip tuntap {verb}'")
    if not mode:
        process.err("You failed to specify a tunnel mode\n")
        return 1
    if mode not in ("tun", "tap"):
        process.err(f'Unknown tunnel mode "{mode}"\n')
        return _USAGE
    try:
        _tunnel(net, verb, name, mode, process)
    except SimErrno as refused:
        process.err(f"ioctl(TUNSETIFF): {message_of(refused.name)}\n")
        return 1
    return 0


def _tunnel(net: Net, verb: str, name: str, mode: str, process: Process) -> None:
    link = net.find(name)
    if verb == "add":
        if link is not None:
            raise SimErrno("EBUSY")
        net.add(name or _free(net, mode), mode, process.task)
        return
    if link is None or link.kind != mode:
        raise SimErrno("EINVAL")
    net.remove(link, process.task)


def _address(process: Process, net: Net, words: list[str]) -> int:
    verb = _verb(words, ("show", "list", "add", "delete"))
    if verb in ("show", "list"):
        return _show(process, net, words, addresses=True)
    address = _value(process, words)
    if not is_prefix(address):
        process.err(f'Error: any valid prefix is expected rather than "{address}".\n')
        return 1
    if not words:
        process.err('Not enough information: "dev" argument is required.\n')
        return 1
    link = _named(process, net, words)
    _end(words)
    address = address if "/" in address else f"{address}/32"
    if verb == "delete":
        if address not in link.addresses:
            if net.kernel.version.has("6.8", None):
                raise NetRefused("EADDRNOTAVAIL", "ipv4: Address not found")
            raise SimErrno("EADDRNOTAVAIL")
        link.addresses.remove(address)
        return 0
    if address in link.addresses:
        if net.kernel.version.has("6.8", None):
            raise NetRefused("EEXIST", "ipv4: Address already assigned")
        raise SimErrno("EEXIST")
    link.addresses.append(address)
    return 0


def _show(process: Process, net: Net, words: list[str], *, addresses: bool) -> int:
    chosen = net.all()
    if words:
        chosen = (_named(process, net, words, 'Device "{}" does not exist.'),)
        if words:
            text = f'either "dev" is duplicate, or "{words[0]}" is a garbage'
            process.err(f"Error: {text}.\n")
            return _USAGE
    for link in chosen:
        process.out(_text(net, link, addresses=addresses))
    return 0


def _text(net: Net, link: Link, *, addresses: bool) -> str:
    master = f"master {link.master.name} " if link.master is not None else ""
    mode = "" if addresses else "mode DEFAULT "
    flags = flag_words(net.flags(link))
    word = WORDS[link.arp_type]
    tail = f" {link.address} brd {broadcast(link)}" if link.address else " "
    state = f"{master}state {net.state(link)} {mode}group default qlen {link.queue}"
    lines = [
        f"{link.index}: {link.name}: <{flags}> mtu {link.mtu} qdisc {link.qdisc} {state}",
        f"    link/{word}{tail}",
    ]
    if link.alias:
        lines.append(f"    alias {link.alias}")
    if addresses:
        scope = "host" if link.kind == "loopback" else "global"
        for address in link.addresses:
            lines.append(f"    inet {address} scope {scope} {link.name}")
            lines.append("       valid_lft forever preferred_lft forever")
    return "\n".join(lines) + "\n"


def _verb(words: list[str], known: tuple[str, ...]) -> str:
    if not words:
        return "show"
    word = words.pop(0)
    found = next((each for each in known if each.startswith(word)), "")
    if not found:
        raise Unmodelled(f"'ip ... {word}'")
    return found


def _named(
    process: Process, net: Net, words: list[str], unknown: str = 'Cannot find device "{}"'
) -> Link:
    if not words:
        process.err('Not enough information: "dev" argument is required.\n')
        raise ExitNow(_USAGE)
    if words[:1] == ["dev"]:
        words.pop(0)
    name = _value(process, words)
    link = net.find(name)
    if link is None:
        process.err(f"{unknown.format(name)}\n")
        raise ExitNow(1)
    return link


def _value(process: Process, words: list[str]) -> str:
    if not words:
        process.err('Command line is not complete. Try option "help"\n')
        raise ExitNow(_USAGE)
    return words.pop(0)


def _end(words: list[str]) -> None:
    if words:
        raise Unmodelled(f"'ip ... {words[0]}'")


def _free(net: Net, kind: str) -> str:
    return next(name for at in range(1 << 16) if net.find(name := f"{kind}{at}") is None)


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"ip": ip}
