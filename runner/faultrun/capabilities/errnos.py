"""With which errnos an operation may rightly fail after a given injection.

For most capabilities that is a property of the capability. An NVMe status decides it by itself,
and so does the error of a notifier.
"""

from faultrun.capabilities.registry import known
from faultrun.kernel import blk_status
from faultrun.kernel.errno import name_of
from faultrun.kernel.nvme_status import status_of
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import Injection

CONTROLLER = ("ENETRESET", "EIO")
"""drivers/nvme/host/sysfs.c:nvme_sysfs_reset(): a reset that failed, whatever failed it."""


def right_errnos(injection: Injection, release: str) -> tuple[str, ...]:
    """The errno names, most telling first; empty for a capability that is not known.

    A file system and a buffered read of the device report EIO whatever the status was.
    """
    capability = known().get(injection.capability)
    if capability is None:
        return ()
    returned = injection.setting("retval")
    if returned is not None:
        name = name_of(abs(int(returned.value)))
        return tuple(dict.fromkeys(item for item in (name, *capability.errnos) if item))
    if capability.name == "blk_error_injection":
        wanted = injection.setting("status")
        name = blk_status.BY_NAME["IOERR" if wanted is None else str(wanted.value)].errno
        return tuple(dict.fromkeys((name, "EIO")))
    error = injection.setting("error")
    if error is not None:
        return _notifier(int(error.value), injection.place().get("event", ""))
    if capability.name != "nvme":
        return capability.errnos
    setting = injection.setting("status")
    default = capability.attr("status")
    value = setting.value if setting is not None else default.default if default else 0
    status = status_of(int(value), KernelVersion.parse(release))
    errno = blk_status.BY_NAME[status.blk_status].errno
    return tuple(dict.fromkeys(name for name in (errno, *CONTROLLER) if name))


def _notifier(error: int, event: str) -> tuple[str, ...]:
    """The error itself; drivers/net/bonding/bond_main.c:bond_enslave() makes EBUSY of it."""
    name = name_of(-error)
    return (name, "EBUSY") if event == "NETDEV_PRE_TYPE_CHANGE" else (name,)
