"""Notifier error injection: a callback of a notifier chain says no to one event.

One capability for each chain, because each has its own module, its own events and its own
operations that send them. The document's pSeries module and its PSERIES events, and the name
NETDEV_CHANGEDEVNAME, are in none of the kernels 6.1 to 7.3; ``former`` says what is there instead.
"""

from collections.abc import Mapping

from faultrun.kernel.control_file import MAX_ERRNO
from faultrun.kernel.errno import name_of
from faultrun.model.capability import AttrKind, AttrSpec, Capability, Parameter
from faultrun.model.data import Scalar

CHAINS: dict[str, tuple[str, ...]] = {
    "pm": ("PM_HIBERNATION_PREPARE", "PM_SUSPEND_PREPARE", "PM_RESTORE_PREPARE"),
    "memory": ("MEM_GOING_ONLINE", "MEM_GOING_OFFLINE"),
    "netdev": (
        "NETDEV_REGISTER",
        "NETDEV_CHANGEMTU",
        "NETDEV_CHANGENAME",
        "NETDEV_PRE_UP",
        "NETDEV_PRE_TYPE_CHANGE",
        "NETDEV_POST_INIT",
        "NETDEV_PRECHANGEMTU",
        "NETDEV_PRECHANGEUPPER",
        "NETDEV_CHANGEUPPER",
    ),
    "OF-reconfig": (
        "OF_RECONFIG_ATTACH_NODE",
        "OF_RECONFIG_DETACH_NODE",
        "OF_RECONFIG_ADD_PROPERTY",
        "OF_RECONFIG_REMOVE_PROPERTY",
        "OF_RECONFIG_UPDATE_PROPERTY",
    ),
}
"""The directories below ``notifier-error-inject``, each with the events that can be failed.

Kernel: lib/pm-notifier-error-inject.c, lib/memory-notifier-error-inject.c,
lib/netdev-notifier-error-inject.c, lib/of-reconfig-notifier-error-inject.c: the action tables.
"""

ROOT = "/sys/kernel/debug/notifier-error-inject"

_PSERIES = "the pSeries module is gone: of_reconfig_notifier has the events of the device tree"
_FORMER = (
    ("NETDEV_CHANGEDEVNAME", "the kernel calls it NETDEV_CHANGENAME"),
    ("PSERIES_RECONFIG_ADD", f"{_PSERIES}, here OF_RECONFIG_ATTACH_NODE"),
    ("PSERIES_RECONFIG_REMOVE", f"{_PSERIES}, here OF_RECONFIG_DETACH_NODE"),
    ("PSERIES_DRCONF_MEM_ADD", f"{_PSERIES}, here OF_RECONFIG_UPDATE_PROPERTY"),
    ("PSERIES_DRCONF_MEM_REMOVE", f"{_PSERIES}, here OF_RECONFIG_UPDATE_PROPERTY"),
)
_GONE = "the pSeries module is gone: of_reconfig_notifier is what is left of it"
_CALLBACK = "lib/notifier-error-inject.c:notifier_err_inject_callback()"

ERROR = AttrSpec(
    name="error",
    summary=(
        "The errno with which the event fails, negative, or its name such as -ENOMEM; 0 disarms."
        " It stays until 0 is written: there is no number of times. The kernel makes a positive"
        " number 0 and cuts at -4095, silently."
    ),
    kind=AttrKind.ERRNO,
    default=0,
    unit="negative errno",
    minimum=-MAX_ERRNO,
    maximum=0,
    examples=(-12, "-ENOMEM", -22),
    kernel_ref="lib/notifier-error-inject.c:debugfs_errno_set()",
)


_NAMES = {chain: f"{chain.lower().replace('-', '_')}_notifier" for chain in CHAINS}


def _others(chain: str) -> tuple[tuple[str, str], ...]:
    """The events of the other chains, and the capability that has them."""
    return tuple(
        (event, f"it is an event of {_NAMES[other]}")
        for other, events in CHAINS.items()
        if other != chain
        for event in events
    )


def _errnos(
    where: Mapping[str, str], values: Mapping[str, Scalar], _release: str
) -> tuple[str, ...]:
    """The error itself; drivers/net/bonding/bond_main.c:bond_enslave() makes EBUSY of it."""
    name = name_of(-int(values.get("error", 0)))
    return (name, "EBUSY") if where.get("event") == "NETDEV_PRE_TYPE_CHANGE" else (name,)


def _capability(
    *,
    chain: str,
    config: str,
    summary: str,
    description: str,
    source: str,
    errnos: tuple[str, ...],
    not_simulated: str = "",
    former: tuple[tuple[str, str], ...] = (),
    modelled: str,
) -> Capability:
    events = CHAINS[chain]
    return Capability(
        name=_NAMES[chain],
        summary=summary,
        description=(
            f"{description} It hits whoever sends the event, on the whole machine. Every event"
            " that meets the error is a line of the kernel log; those lines are how injections are"
            " counted."
        ),
        directory=f"{ROOT}/{chain}/actions/{{event}}",
        attrs=(ERROR,),
        arm_order=("error",),
        trigger="error",
        kernel_refs=(_CALLBACK, source),
        requires=("CONFIG_NOTIFIER_ERROR_INJECTION", config),
        errnos=errnos,
        errnos_of=_errnos,
        size_unit="events",
        log_name="",
        parameters=(
            Parameter(
                name="event",
                summary="The event of the chain that fails.",
                example=events[1],
                pattern=r"^[A-Z][A-Z0-9_]*$",
                choices=events,
                former=(*_FORMER, *_others(chain)),
                device=False,
            ),
        ),
        shared=False,
        traces=(r"^Injecting error \(-\d+\) to {event}$",),
        not_simulated=not_simulated,
        former=former,
        modelled=modelled,
    )


CAPABILITIES = (
    _capability(
        chain="pm",
        config="CONFIG_PM_NOTIFIER_ERROR_INJECT",
        summary="Suspend, hibernation or restore is refused by a PM notifier.",
        description=(
            "PM_SUSPEND_PREPARE comes after the file systems were synced and before any task is"
            " frozen; PM_HIBERNATION_PREPARE before both. PM_RESTORE_PREPARE is sent when an image"
            " is restored, and when /dev/snapshot is opened for writing. If nothing is injected,"
            " the machine really goes to sleep: write a level to /sys/power/pm_test first, or set"
            " /sys/class/rtc/rtc0/wakealarm."
        ),
        source="kernel/power/main.c:pm_notifier_call_chain_robust()",
        errnos=("ENOMEM", "EBUSY", "EINVAL", "EIO"),
        modelled="from a recording of Linux 6.12 in QEMU; what follows the chain by hand",
    ),
    _capability(
        chain="memory",
        config="CONFIG_MEMORY_NOTIFIER_ERROR_INJECT",
        summary="A memory block cannot be taken online or offline.",
        description=(
            "MEM_GOING_OFFLINE is sent when the block's pages are isolated: a block with holes"
            " (EINVAL) or with unmovable pages (EBUSY) fails before and meets no error. Blocks of"
            " the zone Movable get there."
        ),
        source="mm/memory_hotplug.c:offline_pages()",
        errnos=("ENOMEM", "EBUSY", "EINVAL"),
        modelled="a block with holes from a recording of Linux 6.12 in QEMU; the rest by hand",
    ),
    _capability(
        chain="netdev",
        config="CONFIG_NETDEV_NOTIFIER_ERROR_INJECT",
        summary="An operation on a network device is refused by a netdevice notifier.",
        description=(
            "NETDEV_CHANGEMTU and NETDEV_CHANGENAME come after the change: on an error it is taken"
            " back and the chain is called again, so that one operation injects twice."
            " NETDEV_PRECHANGEMTU and NETDEV_PRE_UP come before and inject once."
        ),
        source="net/core/dev.c:call_netdevice_notifiers_info()",
        errnos=("ENOMEM", "EINVAL", "EBUSY"),
        modelled="from a recording of Linux 6.12 in UML for MTU and up; the other events by hand",
    ),
    _capability(
        chain="OF-reconfig",
        config="CONFIG_OF_RECONFIG_NOTIFIER_ERROR_INJECT",
        summary="A change of the device tree is refused by an OF reconfiguration notifier.",
        description=(
            "This is what is left of the document's pSeries notifier: nodes and properties of a"
            " live device tree, as on powerpc and on machines that boot with one."
        ),
        source="drivers/of/dynamic.c:of_reconfig_notify()",
        errnos=("ENOMEM", "EINVAL", "EBUSY"),
        not_simulated=(
            "an x86 machine has no device tree to change; needs a real machine that has one"
        ),
        former=(
            ("pseries_notifier", _GONE),
            ("pSeries-reconfig", _GONE),
            (
                "cpu_notifier",
                "no kernel from 6.1 on has it: nothing can be injected into CPU hotplug",
            ),
        ),
        modelled="not at all",
    ),
)
