"""What judges one expectation: a pure, total function of the evidence, and what it must see."""

from collections.abc import Callable
from dataclasses import dataclass

from faultrun.model.campaign import Expectation
from faultrun.model.data import Json
from faultrun.model.evidence import Evidence
from faultrun.model.verdict import Finding

Judge = Callable[[Expectation, Evidence], Finding]
"""Never raises for any parameters or evidence; PASS, VACUOUS, FAIL or ERROR with both sides."""


def _nothing(_params: Json) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """An entry of the registry.

    ``looks_at`` gives the files to read after the run, before cleanup; ``reads_back`` the
    attributes (``capability.attribute``) to read before they are restored.
    """

    name: str
    summary: str
    judge: Judge
    looks_at: Callable[[Json], tuple[str, ...]] = _nothing
    reads_back: Callable[[Json], tuple[str, ...]] = _nothing
