"""Signals by number, and what the shell says when one ends a program."""

SIGHUP, SIGINT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM = 1, 2, 9, 11, 13, 15

SIGNAL_TEXT: dict[int, str] = {
    1: "Hangup", 2: "Interrupt", 3: "Quit", 4: "Illegal instruction", 5: "Trace/breakpoint trap",
    6: "Aborted", 7: "Bus error", 8: "Floating point exception", 9: "Killed",
    10: "User defined signal 1", 11: "Segmentation fault", 12: "User defined signal 2",
    13: "Broken pipe", 14: "Alarm clock", 15: "Terminated",
}  # fmt: skip

SIGNAL_NUMBERS: dict[str, int] = {
    "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8,
    "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15,
}  # fmt: skip


class Killed(Exception):
    """A signal ends the process. ``number`` as in signal(7)."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
