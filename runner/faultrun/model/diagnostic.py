"""The one way in which the front end says no: always a list, never the first only."""

from dataclasses import dataclass
from enum import Enum

from faultrun.model.mark import Mark


class Severity(Enum):
    """How bad it is: an error stops before anything is run, a warning is printed and counted."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A second place that takes part in the same mistake (the other key, a step of a cycle)."""

    mark: Mark
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding about a document.

    ``code`` is stable and explained by ``faultrun explain CODE``. ``message`` is one sentence
    with the name in single quotes, the bad value, and the bound with its unit. ``hint`` is a
    command to type or a word to use instead. ``length`` is the number of columns to underline.
    """

    code: str
    severity: Severity
    mark: Mark
    message: str
    hint: str = ""
    related: tuple[Related, ...] = ()
    length: int = 1
