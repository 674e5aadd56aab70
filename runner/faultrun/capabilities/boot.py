"""Which words of a kernel command line arm a fault, and what the kernel makes of each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from faultrun.capabilities.registry import known
from faultrun.kernel.boot_line import Word, option_key, words
from faultrun.kernel.setup_string import Reading, Refusal, Setup, read
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import Capability


class Answer(Enum):
    """What the kernel does with a word."""

    SET = "set"
    REFUSED = "refused"
    NO_VALUE = "no value"
    OFF = "off"
    ABSENT = "not in this kernel"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootOption:
    """One word that means a capability. ``reading`` is None unless there was a string to read."""

    word: Word
    capability: Capability
    answer: Answer
    reading: Reading | Refusal | None = None

    @property
    def setup(self) -> Setup | None:
        """What it sets, or None."""
        return self.reading.setup if isinstance(self.reading, Reading) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What becomes of an option's string: who reads it when, and what a bad one costs.

    ``each_device``: it is parsed anew for every device that is made; otherwise once. ``verbose``
    is what the attribute of that name is afterwards. ``empty_is_off``: an empty string is not read.
    """

    refused: str
    kernel_ref: str
    each_device: bool = False
    verbose: int = 2
    empty_is_off: bool = False


_OWN = Handling(
    refused="nothing is set, and the word is passed to init as an environment variable",
    kernel_ref="lib/fault-inject.c:setup_fault_attr()",
)
_NULL_BLK = Handling(
    refused="null_blk cannot be loaded (EINVAL)",
    kernel_ref="drivers/block/null_blk/main.c:__null_setup_fault()",
    verbose=0,
    empty_is_off=True,
)
_UFS = Handling(
    refused="the parameter keeps what it had (EINVAL)",
    kernel_ref="drivers/ufs/core/ufs-fault-injection.c:ufs_fault_set()",
)
_MODULES: Mapping[str, Handling] = {
    "nvme_core": Handling(
        refused="every controller and namespace says so again, and keeps the defaults",
        kernel_ref="drivers/nvme/host/fault_inject.c:nvme_fault_inject_init()",
        each_device=True,
    ),
    "mmc_core": Handling(
        refused="every host says so again, and keeps the defaults",
        kernel_ref="drivers/mmc/core/debugfs.c:mmc_add_host_debugfs()",
        each_device=True,
    ),
    "null_blk": _NULL_BLK,
    "ufshcd_core": _UFS,
}
"""By module. Any other is taken to read its string once, like the kernel's own options."""


def handling(capability: Capability) -> Handling:
    """What becomes of the string of a capability's boot option."""
    module = option_key(capability.boot_option or "").partition(".")[0]
    return _MODULES.get(module, _OWN)


def is_module(option: str) -> bool:
    """Whether an option is a module's parameter (``nvme_core.fail_request``).

    A kernel without the module ignores it: init/main.c:unknown_bootoption() passes on only names
    without a dot.
    """
    return "." in option


def is_template(capability: Capability) -> bool:
    """Whether the option is copied to every device instead of arming one global object."""
    return "{" in capability.directory


def options() -> Mapping[str, Capability]:
    """Every boot option, by the name with which the kernel compares it."""
    return {
        option_key(table.boot_option): table
        for table in known().values()
        if table.boot_option is not None
    }


def exists(capability: Capability, version: KernelVersion) -> bool:
    """Whether a kernel of that version knows the capability at all."""
    return version.has(capability.since, capability.until)


def read_line(line: str, version: KernelVersion) -> tuple[BootOption, ...]:
    """The words of a command line that mean a capability, in their order; others are left out."""
    known = options()
    return tuple(
        _option(word, known[option_key(word.name)], version)
        for word in words(line)
        if option_key(word.name) in known
    )


def _option(word: Word, capability: Capability, version: KernelVersion) -> BootOption:
    if not exists(capability, version):
        return BootOption(word=word, capability=capability, answer=Answer.ABSENT)
    if word.value is None:
        return BootOption(word=word, capability=capability, answer=Answer.NO_VALUE)
    if not word.value and handling(capability).empty_is_off:
        return BootOption(word=word, capability=capability, answer=Answer.OFF)
    reading = read(word.value, version)
    answer = Answer.SET if isinstance(reading, Reading) else Answer.REFUSED
    return BootOption(word=word, capability=capability, answer=answer, reading=reading)


def in_force(found: tuple[BootOption, ...]) -> Mapping[str, BootOption]:
    """By capability, the word that counts in the end.

    An option that is read once acts each time it is met, so that the last good one stays; one that
    is read for each device is a pointer to the last string, good or bad.
    """
    last: dict[str, BootOption] = {}
    for option in found:
        name = option.capability.name
        each = handling(option.capability).each_device
        if option.answer is Answer.SET or (each and option.answer is Answer.REFUSED):
            last[name] = option
    return last


def passed_to_init(found: tuple[BootOption, ...]) -> tuple[Word, ...]:
    """The words that the kernel hands on to user space because no handler took them."""
    return tuple(
        option.word
        for option in found
        if option.answer is not Answer.SET and not is_module(option.capability.boot_option or "")
    )
