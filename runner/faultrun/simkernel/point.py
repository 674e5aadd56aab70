"""One fault point: an allocation or a copy that the kernel makes on some path, as data."""

from dataclasses import dataclass

from faultrun.simkernel.hooks import KERNEL, Gfp


@dataclass(frozen=True, slots=True)
class Slab:
    """An allocation from a cache of objects of that size.

    ``errno`` is what the path then answers; empty if the kernel does without.
    """

    cache: str
    size: int
    stack: tuple[str, ...]
    errno: str = "ENOMEM"
    gfp: Gfp = KERNEL


@dataclass(frozen=True, slots=True)
class Pages:
    """An allocation of 2**order pages."""

    order: int
    stack: tuple[str, ...]
    errno: str = "ENOMEM"
    gfp: Gfp = KERNEL


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy from or to user memory."""

    stack: tuple[str, ...]
    errno: str = "EFAULT"


Point = Slab | Pages | Copy
