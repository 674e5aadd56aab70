"""Whether the kernel is tainted, and what it does when it goes wrong: the switches of kernel/panic.c."""

from faultrun.simkernel.kernel import SimKernel

DIE = 1 << 7
WARN = 1 << 9
_EXPLAINED = ((DIE, "[D]=DIE"), (WARN, "[W]=WARN"))
"""Kernel: kernel/panic.c:taint_flags; the other flags are never set here."""


class Taint:
    """The flags, which never clear, and the two sysctls that make a panic of less."""

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel
        self.flags = 0
        self.panic_on_oops = False
        self.panic_on_warn = False
        self.oopses = 0

    def words(self) -> str:
        """As in the header of a call trace: kernel/panic.c:print_tainted()."""
        if not self.flags:
            return "Not tainted"
        die = "D" if self.flags & DIE else " "
        warn = "W" if self.flags & WARN else " "
        # Between G and D stand six flags that are never set here, and one between D and W.
        return f"Tainted: G      {die} {warn}".rstrip()

    def explained(self) -> str:
        """The line that follows the header since 6.12, or empty."""
        if not self.flags or not self._kernel.version.has("6.12", None):
            return ""
        marks = [text for bit, text in _EXPLAINED if self.flags & bit]
        return f"Tainted: {', '.join(marks)}"
