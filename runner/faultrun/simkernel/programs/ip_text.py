"""How iproute2 prints flags, and what it says of a number that is none."""

from ipaddress import IPv4Interface

from faultrun.simkernel.net.links import (
    ALLMULTI,
    BROADCAST,
    LOOPBACK,
    LOWER_UP,
    MASTER,
    MULTICAST,
    NOARP,
    POINTOPOINT,
    PROMISC,
    RUNNING,
    SLAVE,
    UP,
)
from faultrun.simkernel.process import ExitNow, Process

_FLAGS = (
    (LOOPBACK, "LOOPBACK"), (BROADCAST, "BROADCAST"), (POINTOPOINT, "POINTOPOINT"),
    (MULTICAST, "MULTICAST"), (NOARP, "NOARP"), (ALLMULTI, "ALLMULTI"), (PROMISC, "PROMISC"),
    (MASTER, "MASTER"), (SLAVE, "SLAVE"), (UP, "UP"), (LOWER_UP, "LOWER_UP"),
)  # fmt: skip
"""In the order in which they are printed."""


def flag_words(flags: int) -> str:
    """``BROADCAST,MULTICAST,UP,LOWER_UP``; NO-CARRIER stands first."""
    words = ["NO-CARRIER"] if flags & UP and not flags & RUNNING else []
    words.extend(word for bit, word in _FLAGS if flags & bit)
    return ",".join(words)


def wanted_number(process: Process, name: str, text: str) -> str:
    """The text if it is a number. Raises ExitNow as iproute2 exits otherwise."""
    try:
        int(text, 0)
    except ValueError:
        process.err(f'Error: argument "{text}" is wrong: Invalid "{name}" value\n\n')
        raise ExitNow(255) from None
    return text


def is_prefix(text: str) -> bool:
    """Whether it is an IPv4 address, with a length or without."""
    try:
        IPv4Interface(text)
    except ValueError:
        return False
    return True
