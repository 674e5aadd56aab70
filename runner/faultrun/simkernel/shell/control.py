"""How the flow of a script leaves its straight line."""


class ExitShell(Exception):
    """``exit``, or a failure under ``set -e``."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class ReturnNow(Exception):
    """``return`` from a function."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class LeaveLoop(Exception):
    """``break`` (``again`` false) or ``continue`` of the N-th loop around."""

    def __init__(self, levels: int, *, again: bool) -> None:
        super().__init__(levels)
        self.levels = levels
        self.again = again
