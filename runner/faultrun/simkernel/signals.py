"""Signals by number, and what the shell says when one ends a program."""

from faultrun.simkernel.digits import whole

SIGHUP, SIGINT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM, SIGCHLD = 1, 2, 9, 11, 13, 15, 17

SIGNAL_TEXT: dict[int, str] = {
    1: "Hangup", 2: "Interrupt", 3: "Quit", 4: "Illegal instruction", 5: "Trace/breakpoint trap",
    6: "Aborted", 7: "Bus error", 8: "Floating point exception", 9: "Killed",
    10: "User defined signal 1", 11: "Segmentation fault", 12: "User defined signal 2",
    13: "Broken pipe", 14: "Alarm clock", 15: "Terminated",
}  # fmt: skip

SIGNAL_NUMBERS: dict[str, int] = {
    "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8,
    "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15,
    "STKFLT": 16, "CHLD": 17, "CONT": 18, "STOP": 19, "TSTP": 20, "TTIN": 21, "TTOU": 22,
    "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26, "PROF": 27, "WINCH": 28, "IO": 29,
    "PWR": 30, "SYS": 31,
}  # fmt: skip


SIGNAL_NAMES: dict[int, str] = {number: name for name, number in SIGNAL_NUMBERS.items()}


class Killed(Exception):
    """A signal ends a process. ``number`` as in signal(7).

    ``pid`` says whose end it is if that is not simply the process that runs; -1 stands for the
    whole group, as a terminal's interrupt or ``timeout`` send it.
    """

    def __init__(self, number: int, pid: int = 0) -> None:
        super().__init__(number)
        self.number = number
        self.pid = pid

    def ends(self, pid: int) -> bool:
        """Whether it is this process that ends, and no shell around it."""
        return self.pid in (0, -1, pid)


def signal_of(text: str) -> int | None:
    """The number of ``INT``, ``SIGINT`` or ``2``; 0 is ``EXIT``; None if it is no signal."""
    number = whole(text)
    if number is not None:
        return number if number <= 64 else None
    bare = text.upper().removeprefix("SIG")
    return 0 if bare == "EXIT" else SIGNAL_NUMBERS.get(bare)
