"""What the simulation cannot do, said by name: a step that meets it is skipped, never passed."""


class Unmodelled(Exception):
    """A construct, program or device that is not simulated. ``str()`` names it and its line."""

    def __init__(self, what: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {what}" if line else what)
        self.what = what
        self.line = line
