"""fail_function's list of functions: what it takes, refuses and answers.

Kernel: kernel/fail_function.c:fei_write(), fei_retval_set(), lib/error-inject.c. The machine lists
the functions that it calls itself; a real one lists every system call.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from faultrun.kernel.error_injection import DEFAULTS, FUNCTIONS, SYSCALL, accepts, type_of
from faultrun.kernel.numbers import BLANKS, Refused, kstrtoull
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.points import POINTS
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import ControlFile, TextFile

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

DIRECTORY = "/sys/kernel/debug/fail_function"
_NAME_LEN = 512
"""include/linux/kallsyms.h:KSYM_NAME_LEN; of a longer text only so much is taken."""

_CALLS = frozenset(f"{SYSCALL}{call}" for call in POINTS if call != "load")
INJECTABLE = (*sorted({*FUNCTIONS, *_CALLS}),)
_KNOWN = frozenset(INJECTABLE) | {
    name for points in POINTS.values() for point in points for name in point.stack
}
"""Symbols that this kernel has: those that may be injected, and those in its call chains."""

_U64 = 2**64


def files(machine: "Machine") -> Mapping[str, ControlFile]:
    """``inject`` and ``injectable``; the attributes beside them are those of every capability."""
    functions = machine.kernel.facility(InjectedFunctions)
    return {
        "inject": TextFile(functions.read, functions.write),
        "injectable": TextFile(_list),
    }


def _list() -> str:
    return "".join(f"{name}\t{type_of(name)}\n" for name in INJECTABLE)


class InjectedFunctions:
    """The functions that are injected, in the order in which they were named."""

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel
        self._made: dict[str, RetvalFile] = {}

    def read(self) -> str:
        """One symbol a line; nothing at all if there is none."""
        return "".join(f"{name}\n" for name in self._kernel.injected)

    def write(self, text: str) -> None:
        """``name``, ``!name``, or nothing, which clears the list. Raises SimErrno."""
        name = text[:_NAME_LEN].strip(BLANKS)
        if not name:
            for symbol in tuple(self._kernel.injected):
                self._remove(symbol)
        elif name.startswith("!"):
            if name[1:] not in self._kernel.injected:
                raise SimErrno("ENOENT")
            self._remove(name[1:])
        else:
            self._add(name)

    def _add(self, name: str) -> None:
        if name not in _KNOWN:
            raise SimErrno("EINVAL")
        if name not in INJECTABLE:
            raise SimErrno("ERANGE")
        if name in self._kernel.injected:
            raise SimErrno("EBUSY")
        self._kernel.injected[name] = DEFAULTS[type_of(name)] % _U64
        self._made[name] = file = RetvalFile(self._kernel, name)
        self._kernel.tree.provide(f"{DIRECTORY}/{name}", lambda: {"retval": file})

    def _remove(self, name: str) -> None:
        del self._kernel.injected[name]
        self._made.pop(name).gone = True
        self._kernel.tree.remove(f"{DIRECTORY}/{name}")


class RetvalFile:
    """``<function>/retval``: hex without 0x to read, unsigned numbers only to write."""

    def __init__(self, kernel: SimKernel, name: str) -> None:
        self._kernel = kernel
        self._name = name
        self.gone = False

    def read(self, _task: SimTask | None) -> str:
        """The value now."""
        return f"{self._kernel.injected[self._name]:x}\n"

    def write(self, text: str, _task: SimTask | None) -> None:
        """Take a value that the function's type takes. Raises SimErrno EINVAL or ERANGE."""
        try:
            value = kstrtoull(text)
        except Refused as refused:
            raise SimErrno(refused.name) from None
        if not accepts(type_of(self._name), value):
            raise SimErrno("EINVAL")
        self._kernel.injected[self._name] = value
