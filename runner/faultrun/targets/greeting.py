"""The agent's first word: it is there, and what its machine is."""

from collections.abc import Callable

from faultrun.model.target import Clock
from faultrun.targets.guest.wire import Message, Wire

_SLICE_S = 0.1


def greeting(
    wire: Wire, clock: Clock, patience_ns: int, alive: Callable[[], bool]
) -> Message | None:
    """What the agent says of itself; None if it says nothing, in that time or ever."""
    give_up = clock.now_ns() + patience_ns
    try:
        while clock.now_ns() < give_up:
            said = wire.receive(_SLICE_S)
            if said is not None and "ready" in said:
                return said
            if said is None and not alive():
                return None
    except EOFError:
        pass
    return None
