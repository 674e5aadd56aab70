"""The rules of ``/sys/kernel/debug/scsi_debug/<h:c:t:l>/error``, and ``fail_reset`` of a target.

Kernel: drivers/scsi/scsi_debug.c:sdebug_error_write(), sdebug_error_show(), sdebug_err_remove().
"""

import re
from dataclasses import dataclass, replace

from faultrun.simkernel.sim_errno import SimErrno

TIMEOUT, QUEUE, COMMAND, ABORT, LUN_RESET = range(5)
"""enum sdebug_err_type."""

ANY = 0xFF
_ANSWERS = {TIMEOUT: 0, QUEUE: 1, COMMAND: 6, ABORT: 0, LUN_RESET: 0}
_HEADER = "Type\tCount\tCommand\n"
_REMOVE = re.compile(r"- *(\d+) +(?:0[xX])?([0-9a-fA-F]+)")
_HEX = re.compile(r"(?:0[xX])?[0-9a-fA-F]+")
_BYTE = 0xFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One injected error. ``count`` above 0 is without end, below 0 that many times, 0 off."""

    kind: int
    count: int
    command: int
    answer: tuple[int, ...] = ()

    def line(self) -> str:
        """As the list shows it."""
        head = f"{self.kind}\t{self.count}\t0x{self.command:x}"
        return (
            f"{head}\t{' '.join(f'0x{value:x}' for value in self.answer)}" if self.answer else head
        )


class ErrorRules:
    """The rules of one logical unit, in their order."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self.gone = False

    def read(self, _task: object) -> str:
        """The list."""
        return _HEADER + "".join(f"{rule.line()}\n" for rule in self._rules)

    def write(self, text: str, _task: object) -> None:
        """Add a rule, which replaces that of the same type and command; or remove one."""
        if text.startswith("-"):
            self._remove(text)
            return
        rule = _parsed(text.split())
        self._rules = [
            old for old in self._rules if (old.kind, old.command) != (rule.kind, rule.command)
        ]
        self._rules.append(rule)

    def hit(self, kind: int, opcode: int) -> Rule | None:
        """The first rule of a kind for a command, if it is on; one that counts is counted."""
        for at, rule in enumerate(self._rules):
            if rule.kind == kind and rule.command in (opcode, ANY):
                if rule.count < 0:
                    self._rules[at] = replace(rule, count=rule.count + 1)
                return rule if rule.count else None
        return None

    def _remove(self, text: str) -> None:
        found = _REMOVE.match(text)
        if found is None:
            raise SimErrno("EINVAL")
        key = (int(found[1]), int(found[2], 16) & _BYTE)
        rest = [rule for rule in self._rules if (rule.kind, rule.command) != key]
        if len(rest) == len(self._rules):
            raise SimErrno("EINVAL")
        self._rules = rest


def _parsed(words: list[str]) -> Rule:
    try:
        kind, count = int(words[0]), int(words[1])
    except (ValueError, IndexError):
        raise SimErrno("EINVAL") from None
    wanted = _ANSWERS.get(kind)
    numbers = words[2 : 3 + (wanted or 0)]
    if wanted is None or len(numbers) != wanted + 1 or not all(map(_HEX.fullmatch, numbers)):
        raise SimErrno("EINVAL")
    command, *answer = (int(word, 16) for word in numbers)
    if kind == COMMAND:
        answer = [value & _BYTE for value in answer]
    return Rule(kind=kind, count=count, command=command & _BYTE, answer=tuple(answer))
