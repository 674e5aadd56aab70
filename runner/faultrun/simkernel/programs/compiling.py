"""``cc`` and ``gcc``: a compiler that knows a few programs, by their text.

A C program is recognised by its source, white space aside, and becomes a file that the machine can
run (``compiled``). Any other program is named as not modelled: nothing is guessed from a source.
"""

import hashlib
from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.simkernel.file_values import REPLACE
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.compiled import MAGIC
from faultrun.simkernel.programs.options import parse
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

SOURCES: Mapping[str, str] = {
    "31bb955aeca6037aae83ebd1e5905752c3c0bc14a6a60fbd2ef08931cd2f68f2": "checks",
    "fe2b768394391f0f86a24bdc9c4852e8340afb3f12928e250454f3338dbc0cbc": "document-sweep",
    "a9fb4ce503eabdebb2ff33fbc85ef5343c16475e118e9b73f6a729b809a5c5e8": "right-sweep",
    "51c964be6d0a8beb3b814aa920c38518d78c18d5e5f614de189313d147955ecb": "read-again-sweep",
    "f604f66416f7ef313176ed3538526a19ee23803cc1fa6afb670446dd3dbc0321": "threads",
}
"""SHA-256 of the folded source to the program's name in ``compiled``."""


def folded(source: str) -> str:
    """The digest by which a source is recognised."""
    return hashlib.sha256(" ".join(source.split()).encode()).hexdigest()


def _cc(process: Process) -> int:
    process.argv = tuple(word for word in process.argv if word != "-pthread")
    found = parse(process, "gc", "oOWlDfm")
    if len(found.operands) != 1 or found.has("c"):
        raise Unmodelled(f"{process.name} with anything but one source file to a program")
    name = found.operands[0]
    try:
        source = process.read_all(name).decode("utf-8", "surrogateescape")
    except SimErrno as refused:
        process.err(
            f"cc1: fatal error: {name}: {message_of(refused.name)}\ncompilation terminated.\n"
        )
        return 1
    digest = folded(source)
    if digest not in SOURCES:
        raise Unmodelled(f"the C program '{name}' (sha256:{digest[:16]})")
    file = process.open(found.value("o", default="a.out"), REPLACE)
    process.write_all(file, MAGIC + SOURCES[digest].encode() + b"\n")
    process.close(file)
    return 0


PROGRAMS: Mapping[str, Callable[[Process], int]] = {"cc": _cc, "gcc": _cc}
