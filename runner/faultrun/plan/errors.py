"""What planning can refuse. The language refuses all of it earlier and with a place."""


class PlanError(Exception):
    """The campaign cannot be planned: it names a step or a capability that does not exist."""


class CycleError(PlanError):
    """Steps need each other in a circle. ``ids`` lists them in the order of their needs."""

    def __init__(self, ids: tuple[str, ...]) -> None:
        super().__init__("steps need each other: " + " -> ".join((*ids, *ids[:1])))
        self.ids = ids
