"""How the simulated kernel says no."""


class SimErrno(Exception):
    """An operation failed with an errno; ``name`` is like ``ENOMEM``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
