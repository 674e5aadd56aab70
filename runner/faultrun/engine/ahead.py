"""What arming and restoring are going to read and write, as far as that is sure beforehand."""

from collections.abc import Iterable

from faultrun.model.foreseeing import Access
from faultrun.model.plan import Write


def plain(write: Write) -> bool:
    """Whether it is a file with a value, and nothing else tells whether it is armed."""
    return not write.rule.made and not write.rule.seen_in


def old_values(writes: Iterable[Write]) -> list[Access]:
    """Every value before arming."""
    return [Access(write.path) for write in writes if plain(write)]


def written(path: str, value: str) -> list[Access]:
    """A value written and read back."""
    return [Access(path, f"{value}\n".encode()), Access(path)]


def first_writes(writes: Iterable[Write]) -> list[Access]:
    """What is written before the first file that depends on how that went."""
    accesses: list[Access] = []
    for write in writes:
        if write.trigger or not plain(write):
            break
        accesses += written(write.path, write.value)
    return accesses


def put_back(rows: Iterable[tuple[Write, str, bool]]) -> list[Access]:
    """What restoring does if nothing stands in its way: (write, old value, whether it changed)."""
    accesses: list[Access] = []
    for write, old, changed in rows:
        if not plain(write):
            break
        accesses += written(write.path, old) if changed else [Access(write.path)]
    return accesses
