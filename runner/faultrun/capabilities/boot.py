"""Which words of a kernel command line arm a fault, and what the kernel makes of each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from faultrun.capabilities.registry import builtin
from faultrun.kernel.boot_line import Word, option_key, words
from faultrun.kernel.setup_string import Reading, Refusal, Setup, read
from faultrun.kernel.version import KernelVersion
from faultrun.model.capability import Capability


class Answer(Enum):
    """What the kernel does with a word."""

    SET = "set"
    REFUSED = "refused"
    NO_VALUE = "no value"
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
        for table in builtin().values()
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
    reading = read(word.value, version)
    answer = Answer.SET if isinstance(reading, Reading) else Answer.REFUSED
    return BootOption(word=word, capability=capability, answer=answer, reading=reading)


def in_force(found: tuple[BootOption, ...]) -> Mapping[str, BootOption]:
    """By capability, the word that counts in the end.

    A kernel option acts at once each time, so that the last good one stays; a parameter of a
    module is a pointer to the last string, read when a device is made.
    """
    last: dict[str, BootOption] = {}
    for option in found:
        name = option.capability.name
        if option.answer is Answer.SET or (
            option.answer is Answer.REFUSED and is_module(option.capability.boot_option or "")
        ):
            last[name] = option
    return last


def passed_to_init(found: tuple[BootOption, ...]) -> tuple[Word, ...]:
    """The words that the kernel hands on to user space because no handler took them."""
    return tuple(
        option.word
        for option in found
        if option.answer is not Answer.SET and not is_module(option.capability.boot_option or "")
    )
