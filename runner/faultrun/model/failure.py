"""A record that cannot be kept: the one failure of ours that stops arming at once."""


class RecordError(Exception):
    """The record could not be started or continued; nothing may be armed without one.

    ``before_start`` says that no machine had been touched when it was noticed.
    """

    def __init__(self, message: str, *, before_start: bool = False) -> None:
        super().__init__(message)
        self.before_start = before_start
