"""``/dev/nvme0``: a character device that takes admin commands by ioctl(2)."""

from faultrun.simkernel.devices.nvme import Controller
from faultrun.simkernel.file_values import Stat
from faultrun.simkernel.sim_errno import SimErrno


class OpenController:
    """A controller as a program has it open."""

    __slots__ = ("controller",)

    def __init__(self, controller: Controller) -> None:
        self.controller = controller

    def read(self, size: int) -> bytes:
        """There is nothing to read."""
        del size
        raise SimErrno("EINVAL")

    def write(self, data: bytes) -> int:
        """There is nowhere to write."""
        del data
        raise SimErrno("EINVAL")

    def seek(self, offset: int) -> None:
        """No effect."""

    def truncate(self, size: int) -> None:
        """ftruncate(2) is refused."""
        del size
        raise SimErrno("EINVAL")

    def stat(self) -> Stat:
        """fstat(2)."""
        return Stat(kind="char", mode=0o600, device=(242, self.controller.identity.number))

    def sync(self) -> None:
        """fsync(2) is refused."""
        raise SimErrno("EINVAL")

    def close(self) -> None:
        """Drop it."""
