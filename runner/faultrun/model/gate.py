"""What the release manager reads: one decision over the counts of a whole run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from faultrun.model.campaign import GatePolicy
from faultrun.model.verdict import Verdict

Counts = Mapping[Verdict, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """Whether the campaign passed, and every rule that it broke, one sentence each."""

    passed: bool
    violations: tuple[str, ...]


Gate = Callable[[GatePolicy, Counts, int], GateResult]
"""From a policy, the number of steps by verdict, and the number of planned steps not run."""
