"""Becomes a command that ends when the process that started it does, however that ends.

Arguments: the starter's process id, then the command. make hands SIGTERM on to everything that it
started. The standard library only: it is started as a script.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def become(words: list[str]) -> int:
    """Exec the command; returns only if that failed."""
    starter, command = int(words[0]), words[1:]
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != starter:
        return 128 + signal.SIGTERM
    try:
        os.execvp(command[0], command)  # noqa: S606  # becoming the command is the purpose
    except OSError as refused:
        sys.stderr.write(f"{command[0]}: {refused.strerror}\n")
    return 127


if __name__ == "__main__":
    sys.exit(become(sys.argv[1:]))
