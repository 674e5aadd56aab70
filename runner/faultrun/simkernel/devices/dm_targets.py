"""dm-flakey, and the table of all targets of the device mapper with their constructors.

Kernel: drivers/md/dm-flakey.c and the ``*_ctr()`` functions of the others; by hand from them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from faultrun.simkernel.devices.block import Device, Request
from faultrun.simkernel.devices.dm_base import (
    KILLED,
    BadTable,
    Context,
    Ended,
    Error,
    Linear,
    Target,
    Zero,
)
from faultrun.simkernel.devices.dm_dust import Dust
from faultrun.simkernel.devices.medium import SECTOR
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.unmodelled import Unmodelled

_SECOND_NS = 1_000_000_000
_UINT_MAX = 2**32 - 1
_NEWER = frozenset({"error_reads", "random_read_corrupt", "random_write_corrupt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What dm-flakey does while down instead of failing everything."""

    drop_writes: bool = False
    error_writes: bool = False
    byte: int = 0
    direction: str = ""
    value: int = 0
    flags: int = 0

    def words(self) -> str:
        """As the table shows them, the count first."""
        count = self.drop_writes + self.error_writes + (5 if self.byte else 0)
        text = f"{count} "
        if self.drop_writes or self.error_writes:
            text += "drop_writes " if self.drop_writes else "error_writes "
        if self.byte:
            text += f"corrupt_bio_byte {self.byte} {self.direction} {self.value} {self.flags} "
        return text

    def spoilt(self, data: bytes) -> bytes:
        """corrupt_bio_data(): the N-th byte, if there are so many."""
        at = self.byte - 1
        return data[:at] + bytes((self.value,)) + data[at + 1 :] if at < len(data) else data


class Flakey(Linear):
    """Well for some seconds, down for some, from the moment that its table was loaded."""

    kind = "flakey"

    def __init__(
        self, kernel: SimKernel, lower: Device, numbers: tuple[int, int, int], features: Features
    ) -> None:
        start, self.up_s, self.down_s = numbers
        super().__init__(lower, start)
        self.features = features
        self._clock = kernel.clock
        self._loaded_ns = kernel.clock.now_ns()

    @property
    def down(self) -> bool:
        """Whether it is down now; whole seconds count."""
        elapsed = (self._clock.now_ns() - self._loaded_ns) // _SECOND_NS
        return elapsed % (self.up_s + self.down_s) >= self.up_s

    def map(self, request: Request) -> Ended:
        """drivers/md/dm-flakey.c:flakey_map(), flakey_end_io()."""
        features = self.features
        if not self.down:
            return self.passed(request)
        read = request.op == "READ"
        if features == Features():
            return KILLED
        if not read and features.drop_writes:
            return "", b""
        if not read and features.error_writes:
            return KILLED
        matches = request.flags & features.flags == features.flags
        if not read and features.byte and features.direction == "w" and matches:
            request = replace(request, data=features.spoilt(request.data))
        errno_name, data = self.passed(request)
        if read and features.byte and features.direction == "r" and matches:
            data = features.spoilt(data)
        return errno_name, data

    def table(self) -> str:
        """The numbers and the features; the blank at the end is the kernel's."""
        return f"{super().table()} {self.up_s} {self.down_s} {self.features.words()}"


def _no_arguments(make: type[Zero] | type[Error]) -> "Maker":
    def build(context: Context, words: Sequence[str]) -> Target:
        del context, words
        return make()

    return build


def _linear(context: Context, words: Sequence[str]) -> Target:
    if len(words) != 2:
        raise BadTable("Invalid argument count")
    return Linear(_device(context, words[0]), _sector(words[1], "Invalid device sector"))


def _flakey(context: Context, words: Sequence[str]) -> Target:
    if len(words) < 4:
        raise BadTable("Invalid argument count")
    start = _sector(words[1], "Invalid device sector")
    up_s = _number(words[2], (0, _UINT_MAX), "Invalid up interval")
    down_s = _number(words[3], (0, _UINT_MAX), "Invalid down interval")
    if up_s + down_s == 0:
        raise BadTable("Total (up + down) interval is zero")
    if up_s + down_s > _UINT_MAX:
        raise BadTable("Interval overflow")
    features = _features(context, list(words[4:]))
    return Flakey(context.kernel, _device(context, words[0]), (start, up_s, down_s), features)


def _features(context: Context, words: list[str]) -> Features:
    """drivers/md/dm-flakey.c:parse_features()."""
    made = Features()
    if not words:
        return made
    count = _number(words.pop(0), (0, 6), "Invalid number of feature args")
    if count > len(words):
        raise BadTable("not enough arguments supplied for the feature group")
    words = words[:count]
    while words:
        name = words.pop(0).lower()
        if name in ("drop_writes", "error_writes"):
            other = "error_writes" if name == "drop_writes" else "drop_writes"
            if getattr(made, name):
                raise BadTable(f"Feature {name} duplicated")
            if getattr(made, other):
                raise BadTable(f"Feature {name} conflicts with feature {other}")
            made = replace(
                made, drop_writes=name == "drop_writes", error_writes=name != "drop_writes"
            )
        elif name == "corrupt_bio_byte":
            made = _corrupting(made, words)
        elif name in _NEWER and context.kernel.version.has("6.8", None):
            raise Unmodelled(f"dm-flakey's feature {name}")
        else:
            raise BadTable("Unrecognised flakey feature requested")
    if made.direction == "w" and (made.drop_writes or made.error_writes):
        which = "drop_writes" if made.drop_writes else "error_writes"
        raise BadTable(f"{which} is incompatible with corrupt_bio_byte with the WRITE flag set")
    return made


def _corrupting(made: Features, words: list[str]) -> Features:
    if len(words) < 4:
        raise BadTable("Feature corrupt_bio_byte requires parameters")
    byte, direction, value, flags = words[:4]
    del words[:4]
    if direction.lower() not in ("r", "w"):
        raise BadTable("Invalid corrupt bio direction (r or w)")
    return replace(
        made,
        byte=_number(byte, (1, _UINT_MAX), "Invalid corrupt bio byte"),
        direction=direction.lower(),
        value=_number(value, (0, 255), "Invalid corrupt value to write into bio byte (0-255)"),
        flags=_number(flags, (0, _UINT_MAX), "Invalid corrupt bio flags mask"),
    )


def _dust(context: Context, words: Sequence[str]) -> Target:
    if len(words) != 3:
        raise BadTable("Invalid argument count")
    size = _number(words[2], (1, _UINT_MAX), "Invalid block size parameter")
    if size < SECTOR:
        raise BadTable("Block size must be at least 512")
    if size & (size - 1):
        raise BadTable("Block size must be a power of 2")
    if size // SECTOR > min(context.sectors, 2_097_152):
        raise BadTable("Block size is too large")
    start = _sector(words[1], "Invalid device offset sector")
    return Dust(context.kernel, _device(context, words[0]), start, size)


def _device(context: Context, name: str) -> Device:
    found = context.find(name)
    if found is None:
        raise BadTable("Device lookup failed")
    return found


def _sector(text: str, error: str) -> int:
    return _number(text, (0, 2**64 - 1), error)


def _number(text: str, limits: tuple[int, int], error: str) -> int:
    if not text.isdigit() or not limits[0] <= int(text) <= limits[1]:
        raise BadTable(error)
    return int(text)


Maker = Callable[[Context, Sequence[str]], Target]

TARGETS: Mapping[str, Maker] = {
    "linear": _linear, "zero": _no_arguments(Zero), "error": _no_arguments(Error),
    "flakey": _flakey, "dust": _dust,
}  # fmt: skip
"""By the name in the table's third column."""
