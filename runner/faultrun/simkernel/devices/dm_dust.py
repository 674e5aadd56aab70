"""dm-dust: blocks that cannot be read until they are written. Kernel: drivers/md/dm-dust.c."""

from collections.abc import Sequence

from faultrun.simkernel.devices.block import Device, Request
from faultrun.simkernel.devices.dm_base import KILLED, Ended, Linear
from faultrun.simkernel.devices.medium import SECTOR
from faultrun.simkernel.kernel import SimKernel


class Dust(Linear):
    """Reads of listed blocks fail once it is enabled; a write takes a block off the list."""

    kind = "dust"

    def __init__(self, kernel: SimKernel, lower: Device, start: int, block_bytes: int) -> None:
        super().__init__(lower, start)
        self.kernel = kernel
        self.block_bytes = block_bytes
        # A request never covers two blocks: drivers/md/dm-dust.c:dust_ctr().
        self.most = block_bytes // SECTOR
        self.enabled = False
        self.quiet = False
        self.bad: dict[int, int] = {}

    def map(self, request: Request) -> Ended:
        """dust_map_read(), dust_map_write(); blocks count from the start of the lower device."""
        if self.enabled and request.sectors:
            block = (self.start + request.sector) // self.most
            if request.op == "READ" and block in self.bad:
                return KILLED
            if request.op != "READ" and block in self.bad:
                if self.bad[block]:
                    self.bad[block] -= 1
                    return KILLED
                del self.bad[block]
                self._tell(6, f"block {block} removed from badblocklist by write")
        return self.passed(request)

    def table(self) -> str:
        """Device, offset and block size."""
        major, minor = self.lower.number
        return f"{major}:{minor} {self.start} {self.block_bytes}"

    def status(self) -> str:
        """The device, whether reads fail, whether it talks."""
        major, minor = self.lower.number
        state = "fail_read_on_bad_block" if self.enabled else "bypass"
        return f"{major}:{minor} {state} {'quiet' if self.quiet else 'verbose'}"

    def message(self, words: Sequence[str]) -> str | None:
        """drivers/md/dm-dust.c:dust_message()."""
        name, *rest = [words[0].lower(), *words[1:]]
        if not rest:
            return self._plain_message(name, words[0])
        if len(rest) > 2:
            self._say(3, f"invalid number of arguments '{len(words)}'")
            return None
        if not all(word.isdigit() for word in rest):
            return None
        block, *count = (int(word) for word in rest)
        if count and count[0] > 255:
            self._say(3, "selected write fail count out of range")
            return None
        if block > self.lower.sectors // self.most:
            self._say(3, "selected block value out of range")
            return None
        return self._block_message(name, words[0], block, count)

    def _plain_message(self, name: str, written: str) -> str | None:
        match name:
            case "enable" | "disable":
                self.enabled = name == "enable"
                verb = "enabling" if self.enabled else "disabling"
                self._say(6, f"{verb} read failures on bad sectors")
                return ""
            case "quiet":
                self.quiet = not self.quiet
                return ""
            case "countbadblocks":
                return f"countbadblocks: {len(self.bad)} badblock(s) found"
            case "listbadblocks":
                listed = "".join(f"{block}\n" for block in sorted(self.bad))
                return listed or "No blocks in badblocklist"
            case "clearbadblocks":
                what = "badblocks cleared" if self.bad else "no badblocks found"
                self.bad.clear()
                return f"dust_clear_badblocks: {what}"
            case "addbadblock" | "removebadblock" | "queryblock":
                self._say(3, f"{written} requires an additional argument")
            case _:
                self._say(3, f"unrecognized message '{written}' received")
        return None

    def _block_message(self, name: str, written: str, block: int, count: list[int]) -> str | None:
        known = block in self.bad
        if name == "addbadblock" and not known:
            self.bad[block] = count[0] if count else 0
            self._tell(
                6,
                f"dust_add_block: badblock added at block {block} with write fail count"
                f" {self.bad[block]}",
            )
            return ""
        if name == "addbadblock":
            self._tell(3, f"dust_add_block: block {block} already in badblocklist")
            return None
        if name == "removebadblock" and not count:
            self._tell(
                *(6, f"dust_remove_block: badblock removed at block {block}")
                if known
                else (3, f"dust_remove_block: block {block} not found in badblocklist")
            )
            return "" if self.bad.pop(block, None) is not None else None
        if name == "queryblock" and not count:
            return f"dust_query_block: block {block} {'' if known else 'not '}found in badblocklist"
        self._say(3, f"unrecognized message '{written}' received")
        return None

    def _tell(self, level: int, text: str) -> None:
        if not self.quiet:
            self._say(level, text)

    def _say(self, level: int, text: str) -> None:
        self.kernel.log.emit(level, f"device-mapper: dust: {text}")
