"""What a task meets and what it leaves: a machine, the run around it, a result."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from faultrun.model.oracle import Oracle
from faultrun.model.target import Clock, KernelFacts, Sink, Target
from faultrun.model.undo import Undo
from faultrun.model.verdict import Verdict


@dataclass(slots=True, eq=False)
class Machine:
    """An open target, what its probe found, its optional powers, and how far its log was read.

    ``serves``: the machine name whose tasks it has now; ``clean``: nothing has happened on it.
    """

    target: Target
    facts: KernelFacts
    renew: Callable[[str], None] | None
    stop_when: Callable[[Callable[[], bool]], None] | None = None
    cursor: int = 0
    serves: str = ""
    clean: bool = False
    closing: ExitStack = field(default_factory=ExitStack)


def _by_user() -> str:
    return "the user stopped the run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all tasks of a run share; ``home`` is the campaign's folder as places name it.

    ``clock`` is the run's own; without one, the time of each machine is taken. ``stopped`` says in
    words who made ``stop`` true.
    """

    sink: Sink
    oracles: Mapping[str, Oracle]
    stop: Callable[[], bool]
    home: str = ""
    clock: Clock | None = None
    stopped: Callable[[], str] = _by_user


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """How a task ended. ``verdict`` is None if the run was stopped before there was one.

    ``usable`` is False if no other step should run on the machine as it is; ``touched`` is False
    if it is as clean as before: nothing was done there, or it died and was brought back. ``lost``:
    the ``failure`` is that of the record.
    """

    verdict: Verdict | None
    elapsed_ns: int
    injected: int = 0
    restored: bool = True
    undos: tuple[Undo, ...] = ()
    failure: str = ""
    usable: bool = True
    touched: bool = True
    lost: bool = False


def bug_words(bug: BaseException) -> str:
    """An error of this program in one line, with the place where it happened."""
    trace = bug.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        file = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
        place = f" ({file}:{trace.tb_lineno})"
    return f"a bug of faultrun or of its target: {type(bug).__name__}: {bug}{place}"
