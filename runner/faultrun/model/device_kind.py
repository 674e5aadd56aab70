"""What kinds of device a simulated machine can have: their names, their options with units."""

from collections.abc import Callable
from dataclasses import dataclass

from faultrun.model.campaign import DeviceSpec
from faultrun.model.data import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOption:
    """One key of a device below ``kind:``. Its type is that of ``default``.

    ``minimum`` and ``maximum`` bound a number, ``choices`` are the only texts there are,
    ``pattern`` is what a text has to match as a whole.
    """

    name: str
    summary: str
    default: Scalar
    unit: str = ""
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKind:
    """A kind of device: how it may be called, what can be chosen, which names it yields.

    ``names`` gives every name by which an injection may mean something of the device:
    the device itself, its disks, its partitions as ``disk/partition``. ``has_timeout``: its driver
    has a handler for requests whose time is up.
    """

    name: str
    summary: str
    called: str
    example: str
    options: tuple[DeviceOption, ...]
    names: Callable[[DeviceSpec], tuple[str, ...]]
    has_timeout: bool = True

    def option(self, name: str) -> DeviceOption | None:
        """The option of that name, or None."""
        return next((option for option in self.options if option.name == name), None)
