"""``/sys/devices/system/memory``: blocks of memory that go offline and come back.

Kernel: drivers/base/memory.c:state_store(), mm/memory_hotplug.c:offline_pages(), online_pages().

The machine has 1 GiB in eight blocks: the first has the hole below 1 MiB (a recording of Linux 6.12
in QEMU refuses it with EINVAL), three hold unmovable pages of the kernel, four are ZONE_MOVABLE, as
with ``movablecore=512M``. Going online or offline logs at debug level only, which is not shown.
"""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from faultrun.kernel.numbers import kstrtobool
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.notifiers import Notifiers
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import ControlFile, TaskText, TextFile

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

ROOT = "/sys/devices/system/memory"
BLOCK_BYTES = 128 << 20
"""arch/x86/mm/init_64.c:probe_memory_block_size() below 64 GiB."""

_HOLES, _UNMOVABLE, _MOVABLE = "holes", "unmovable", "movable"
_KINDS = (_HOLES, *(_UNMOVABLE,) * 3, *(_MOVABLE,) * 4)
_ONLINE = ("online", "online_kernel", "online_movable")


class Block:
    """One memory block. ``zone`` is where its pages are, or were last."""

    def __init__(self, index: int, content: str) -> None:
        self.index = index
        self.content = content
        self.online = True
        self.zone = "Movable" if content == _MOVABLE else "DMA32"


class Memory:
    """The blocks of a machine."""

    def __init__(self, kernel: SimKernel) -> None:
        self.kernel = kernel
        self.blocks = tuple(Block(index, content) for index, content in enumerate(_KINDS))
        self.auto_online = "offline"

    def state(self, block: Block, text: str, task: SimTask | None) -> None:
        """A write to ``state``: what is so already is refused. Raises SimErrno."""
        word = text.removesuffix("\n")
        if word == "offline":
            if not block.online:
                raise SimErrno("EINVAL")
            self._offline(block, task)
        elif word in _ONLINE:
            if block.online:
                raise SimErrno("EINVAL")
            self._online(block, word, task)
        else:
            raise SimErrno("EINVAL")

    def switch(self, block: Block, text: str, task: SimTask | None) -> None:
        """A write to ``online`` (drivers/base/core.c:online_store()): what is so already is fine."""
        wanted = kstrtobool(text, self.kernel.version)
        if wanted is None:
            raise SimErrno("EINVAL")
        if wanted and not block.online:
            self._online(block, "online", task)
        elif not wanted and block.online:
            self._offline(block, task)

    def zones(self, block: Block) -> str:
        """``valid_zones``: where it is, or where it may go, the default first."""
        if block.online:
            return "none" if block.content == _HOLES else block.zone
        first = self._default_zone(block)
        return " ".join((first, *(zone for zone in ("Normal", "Movable") if zone != first)))

    def _offline(self, block: Block, task: SimTask | None) -> None:
        """The notifiers hear of it only when the pages are isolated already."""
        if block.content == _HOLES:
            raise SimErrno("EINVAL")
        if block.content == _UNMOVABLE:
            raise SimErrno("EBUSY")
        self.kernel.facility(Notifiers).call("MEM_GOING_OFFLINE", task)
        block.online = False

    def _online(self, block: Block, how: str, task: SimTask | None) -> None:
        self.kernel.facility(Notifiers).call("MEM_GOING_ONLINE", task)
        zone = {"online_kernel": "Normal", "online_movable": "Movable"}.get(how)
        block.zone = zone or self._default_zone(block)
        block.online = True

    def _default_zone(self, block: Block) -> str:
        """mm/memory_hotplug.c:default_zone_for_pfn(): Movable if its span takes the block in."""

        def spans(zone: str) -> bool:
            inside = [each.index for each in self.blocks if each.online and each.zone == zone]
            return bool(inside) and min(inside) <= block.index <= max(inside)

        return "Movable" if spans("Movable") and not spans("Normal") else "Normal"


def files(machine: "Machine") -> Mapping[str, ControlFile]:
    """The directory itself; each block is a directory below it."""
    memory = machine.kernel.facility(Memory)
    for block in memory.blocks:
        machine.kernel.tree.provide(
            f"{ROOT}/memory{block.index}", partial(_block_files, memory, block)
        )

    def automatic(text: str) -> None:
        word = text.removesuffix("\n")
        if word not in ("offline", *_ONLINE):
            raise SimErrno("EINVAL")
        memory.auto_online = word

    return {
        "block_size_bytes": TextFile(lambda: f"{BLOCK_BYTES:x}\n"),
        "auto_online_blocks": TextFile(lambda: f"{memory.auto_online}\n", automatic),
    }


def _block_files(memory: Memory, block: Block) -> Mapping[str, ControlFile]:
    return {
        "state": TaskText(
            lambda: "online\n" if block.online else "offline\n", partial(memory.state, block)
        ),
        "online": TaskText(lambda: f"{int(block.online)}\n", partial(memory.switch, block)),
        "removable": TextFile(lambda: "1\n"),
        "phys_index": TextFile(lambda: f"{block.index:08x}\n"),
        "phys_device": TextFile(lambda: "0\n"),
        "valid_zones": TextFile(lambda: f"{memory.zones(block)}\n"),
    }
