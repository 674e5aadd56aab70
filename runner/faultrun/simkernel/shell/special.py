"""Variables that the shell itself answers for, and bash's own way of quoting."""

import re
from typing import TYPE_CHECKING

from faultrun.simkernel.shell.state import Array, Value, array

if TYPE_CHECKING:
    from faultrun.simkernel.shell.interpreter import Shell

_PLAIN = re.compile(r"[\w@%+=:,./-]+\Z", re.ASCII)
_VERSION = ("5", "2", "15", "1", "release", "x86_64-pc-linux-gnu")


def special(shell: "Shell", name: str) -> Value | None:
    """The value of ``$UID``, ``$RANDOM`` and their kin; None for any other name."""
    machine = shell.process.machine
    match name:
        case "UID" | "EUID":
            return "0"
        case "PIPESTATUS":
            return array([str(status) for status in shell.statuses])
        case "FUNCNAME":
            return Array(dict(enumerate(shell.state.calls))) if shell.state.calls else None
        case "LINENO":
            return str(shell.line)
        case "SECONDS":
            return str((machine.kernel.clock.now_ns() - shell.began_ns) // 1_000_000_000)
        case "RANDOM":
            if shell.random is None:
                shell.random = machine.kernel.stream(f"RANDOM:{shell.pid}")
            return str(shell.random.below(32768))
        case "BASHPID":
            return str(shell.pid)
        case "PPID":
            parent = shell.process.task.parent
            return str(parent.pid if parent is not None else 1)
        case "BASH_VERSION":
            return "5.2.15(1)-release"
        case "BASH_VERSINFO":
            return array(list(_VERSION))
        case "BASH" | "SHELL":
            return "/bin/bash"
        case "HOSTNAME":
            return "simulated"
        case "HOSTTYPE" | "MACHTYPE":
            return "x86_64"
        case "OSTYPE":
            return "linux-gnu"
        case "PWD":
            return shell.process.cwd
        case "SHLVL":
            return "1"
        case "OPTIND":
            return "1"
        case _:
            return None


def in_quotes(text: str) -> str:
    """``${name@Q}`` and ``trap -p``: always in single quotes."""
    inner = text.replace("'", "'\\''")
    return f"'{inner}'"


def as_traced(text: str) -> str:
    """A word as ``set -x`` shows it: quoted only if it has to be."""
    return text if _PLAIN.match(text) else in_quotes(text)
