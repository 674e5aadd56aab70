"""A machine that is reached over SSH, as a campaign or the command line names it."""

import re

from faultrun.spec.values import Problem
from faultrun.spec.words import shown

FORM = (
    r"^([A-Za-z_][A-Za-z0-9_.-]*@)?"
    r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(:[0-9]{1,5})?$"
)
"""``HOST``, ``USER@HOST``, either with ``:PORT``. The campaign's schema has the same pattern.

No name can begin with a dash, which a command would take for an option, and there is no place for a
password: it would stand in the record and in the list of processes.
"""

SAID = "HOST or USER@HOST, with or without :PORT, and no password"
_MAX_PORT = 65_535


def wrong_host(text: str) -> Problem | None:
    """What is wrong with a host, if anything is."""
    # Not the schema's search, for which a line's end behind the name is no part of it.
    if not re.fullmatch(FORM, text):
        return Problem("FR015", f"the host is {shown(text)}, must be {SAID}")
    port = re.search(r":([0-9]{1,5})$", text)
    if port is None or 1 <= int(port[1]) <= _MAX_PORT:
        return None
    told = f"the port of the host is {port[1]}, must be 1 to {_MAX_PORT} (TCP port)"
    return Problem("FR021", told)
