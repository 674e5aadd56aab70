"""What is mounted and swapped to, as the kernel's own lists tell it."""

import re
from dataclasses import dataclass

_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One line. ``device`` is MAJOR:MINOR; major 0 stands for no block device of its own."""

    where: str
    device: str
    kind: str
    source: str
    options: tuple[str, ...]

    @property
    def anonymous(self) -> bool:
        """Whether the number says nothing: btrfs, overlay and network file systems have such."""
        return self.device.startswith("0:")


def mounts(text: str) -> tuple[Mount, ...]:
    """The lines of /proc/self/mountinfo (fs/proc_namespace.c:show_mountinfo()), in order."""
    found: list[Mount] = []
    for line in text.splitlines():
        words = line.split(" ")
        if "-" not in words[6:]:
            continue
        tail = words[words.index("-", 6) + 1 :]
        if len(tail) < 2:
            continue
        found.append(
            Mount(
                where=_plain(words[4]),
                device=words[2],
                kind=tail[0],
                source=_plain(tail[1]),
                options=tuple(tail[2].split(",")) if len(tail) > 2 else (),
            )
        )
    return tuple(found)


def under(path: str, mounted: tuple[Mount, ...]) -> Mount | None:
    """The mount on which an absolute path lies: the last of those with the longest name."""
    found: Mount | None = None
    for mount in mounted:
        inside = mount.where in ("/", path) or path.startswith(f"{mount.where}/")
        if inside and (found is None or len(mount.where) >= len(found.where)):
            found = mount
    return found


def swaps(text: str) -> tuple[str, ...]:
    """Partitions and files of /proc/swaps (mm/swapfile.c:swap_show())."""
    lines = text.splitlines()[1:]
    return tuple(_plain(line.split()[0]) for line in lines if line.strip())


def _plain(word: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), word)
