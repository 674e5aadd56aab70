"""What is left of a run when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass

from faultrun.model.gate import GateResult
from faultrun.model.undo import Undo
from faultrun.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """Counts by verdict, the gate's decision, and whether every kernel is as it was found.

    ``undos`` are the files that a person has to put back if ``restored`` is False; ``failure``
    says why the run ended early through a fault of ours (a full disk), empty if it did not.
    ``elapsed_ns`` is in the run's own time.
    """

    verdicts: Mapping[str, Verdict]
    counts: Mapping[Verdict, int]
    gate: GateResult
    interrupted: bool
    restored: bool
    not_run: tuple[str, ...]
    undos: tuple[Undo, ...]
    failure: str
    injected: int
    elapsed_ns: int

    def commands(self) -> tuple[str, ...]:
        """What to type as root on the machine to put back what could not be restored."""
        return tuple(undo.command() for undo in self.undos)
