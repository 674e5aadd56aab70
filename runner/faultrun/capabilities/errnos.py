"""With which errnos an operation may rightly fail after a given injection.

For most capabilities that is a property of the capability; an NVMe status, a notifier's error or a
return value decides it by itself, and then the capability's own table has the function.
"""

from faultrun.capabilities.registry import known
from faultrun.model.campaign import Injection


def right_errnos(injection: Injection, release: str) -> tuple[str, ...]:
    """The errno names, most telling first; empty for a capability that is not known."""
    capability = known().get(injection.capability)
    if capability is None:
        return ()
    if capability.errnos_of is None:
        return capability.errnos
    found = capability.errnos_of(injection.place(), injection.values(), release)
    return tuple(dict.fromkeys(name for name in found if name))
