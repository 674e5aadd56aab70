"""A machine that is reached over SSH, as a campaign or the command line names it."""

import re

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


def wrong_host(text: str) -> str:
    """What is wrong with a host; empty if nothing is."""
    if not re.fullmatch(FORM, text):
        return f"the host is {text!r}, must be {SAID}"
    return wrong_port(text)


def wrong_port(text: str) -> str:
    """What is wrong with the port of a host of the right form; empty if nothing is."""
    found = re.search(r":([0-9]{1,5})$", text)
    if found is None or text.endswith("]") or 1 <= int(found[1]) <= _MAX_PORT:
        return ""
    return f"the port of the host is {found[1]}, must be 1 to {_MAX_PORT} (TCP port)"
