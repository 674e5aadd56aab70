"""A place in a YAML file, carried by every node of a campaign."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """File, line and column of a YAML node; line and column count from 1."""

    file: str
    line: int
    column: int

    @property
    def folder(self) -> str:
        """Everything before the file's own name, the slash included."""
        return self.file[: len(self.file) - len(self.file.rpartition("/")[2])]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Mark("<built in>", 1, 1)
