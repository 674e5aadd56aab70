"""What this machine can run; a guest that shares its files can run the same."""

import os
from pathlib import Path


def programs() -> frozenset[str]:
    """The names in every folder of ``PATH``."""
    names: set[str] = set()
    for folder in os.get_exec_path():
        try:
            names.update(entry.name for entry in Path(folder).iterdir())
        except OSError:
            continue
    return frozenset(names)
