"""Which of the built kernels a target takes."""

from faultrun.kernel.version import KernelVersion
from faultrun.kernels.cache import Cache
from faultrun.kernels.errors import KernelError
from faultrun.kernels.kernel import Kernel


def find(arch: str, version: str | None = None, *, cache: Cache | None = None) -> Kernel | None:
    """The kernel of that arch (``uml``, ``qemu``) and version; None if none is built.

    ``6.12`` takes the newest 6.12.x, ``6.12.95`` exactly that one; without a version the newest
    of all. Of equal versions the one that was built last is taken. Raises KernelError for a text
    that is no version.
    """
    wanted = None if version is None else parse_version(version)
    built = (cache or Cache.default()).kernels()
    return next(
        (one for one in built if one.arch == arch and (wanted is None or _fits(one, wanted))), None
    )


def build_command(arch: str, version: str | None) -> str:
    """What a user types to have such a kernel."""
    return f"faultrun kernel build --{arch}" + (f" --version {version}" if version else "")


def parse_version(text: str) -> tuple[int, ...]:
    """``6.12`` or ``6.12.95`` as numbers. Raises KernelError."""
    parts = text.split(".")
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise KernelError(
            f"{text!r} is not a kernel version", hint="write 6.12 or 6.12.95", usage=True
        )
    return tuple(map(int, parts))


def _fits(kernel: Kernel, wanted: tuple[int, ...]) -> bool:
    return _numbers(kernel.version)[: len(wanted)] == wanted


def _numbers(version: KernelVersion) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch
