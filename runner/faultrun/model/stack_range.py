"""A range of callers named by symbols: addresses are known on a running kernel only."""

from dataclasses import dataclass
from enum import Enum

from faultrun.model.mark import Mark


class Edge(Enum):
    """One of the two files of a range."""

    START = "start"
    END = "end"


class Side(Enum):
    """Whether a caller has to lie in the range, or may not."""

    REQUIRE = "require"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRange:
    """What a campaign says: a symbol, or sections of a module.

    ``symbol`` runs up to the next symbol; ``function``: it has to be code; ``module`` then only
    tells which of several symbols of that name is meant. Without a symbol the range is of the
    module's sections: from the start of ``begin`` to its end, or to the start of ``until``.
    """

    side: Side
    mark: Mark
    symbol: str = ""
    function: bool = False
    module: str = ""
    begin: str = ""
    until: str = ""

    def words(self, edge: Edge) -> str:
        """What is looked up for one of the two files, as a plan says it."""
        owner = f" of module {self.module}" if self.module else ""
        if self.symbol:
            kind = "function" if self.function else "symbol"
            return f"{edge.value} of {kind} {self.symbol}{owner}"
        if edge is Edge.END and self.until:
            return f"start of {self.until}{owner}"
        return f"{edge.value} of {self.begin}{owner}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """The value of a write that is looked up on the target just before arming."""

    range: StackRange
    edge: Edge

    def words(self) -> str:
        """What is looked up."""
        return self.range.words(self.edge)
