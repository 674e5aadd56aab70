"""How an expansion ends the shell that makes it."""


class ExpandError(Exception):
    """What bash says of an expansion that ends the shell; without its prefix.

    ``unset`` marks a missing parameter, for which ``bash -c`` has a status of its own.
    """

    def __init__(self, text: str, *, unset: bool = False) -> None:
        super().__init__(text)
        self.unset = unset
