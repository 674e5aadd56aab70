"""Runs beside a guest and outlives the runner by a moment: nothing of a guest is ever left over.

Standard input is the runner's life line: once it closes, also because the runner was killed, the
guest and all its processes are killed and its folder is removed. If the guest ends by itself, a file
``ended`` appears in the folder that says how. This file is started as a script
and uses the standard library only. Arguments: the guest's folder, then the guest's command.
"""

import ctypes
import os
import select
import shutil
import signal
import sys
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def keep(folder: str, command: list[str]) -> int:
    """Run the guest; come back when the runner lets go."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ours = os.getpid()
    pid = os.fork()
    if not pid:
        _become(command, libc, ours)
    # The guest's ends of its lines are its own: once it is gone, they are closed.
    _close_all_but({0, 1, 2, woken, wake})
    ended = ""
    while True:
        ready = select.select((0, woken), (), ())[0]
        if 0 in ready and not os.read(0, 1):
            break
        if woken in ready:
            os.read(woken, 64)
        if not ended and (ended := _reap(pid)):
            # The console stays until the runner has read it.
            _kill_all()
            _note(folder, ended)
    _kill_all()
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _close_all_but(kept: set[int]) -> None:
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            with suppress(OSError):
                os.close(int(name))


def _become(command: list[str], libc: ctypes.CDLL, parent: int) -> None:
    try:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() == parent:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.execv(command[0], command)  # noqa: S606  # becoming the guest is the purpose
    except OSError as failed:
        sys.stderr.write(f"{command[0]}: {failed.strerror}\n")
        sys.stderr.flush()
    finally:
        os._exit(127)


def _reap(pid: int) -> str:
    """Take what ended; how the guest did, as waitstatus_to_exitcode() says it, if it is among it."""
    found = ""
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if not ended:
            return found
        if ended == pid:
            found = str(os.waitstatus_to_exitcode(status))


def _note(folder: str, how: str) -> None:
    """Whole or not at all: whoever sees the file may read it."""
    with suppress(OSError):
        handle = os.open(f"{folder}/ending", os.O_CREAT | os.O_WRONLY, 0o600)
        os.write(handle, how.encode())
        os.close(handle)
        os.rename(f"{folder}/ending", f"{folder}/ended")


def _kill_all() -> None:
    """Every descendant: orphans come to us, so that rounds over our children find all of them."""
    while True:
        children = _children()
        if not children:
            return
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)


def _children() -> list[int]:
    """Our children (fs/proc/array.c:proc_tid_children_ops needs CONFIG_PROC_CHILDREN; stat does not)."""
    found: list[int] = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                words = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(words[1]) == os.getpid():
            found.append(int(name))
    return found


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1], sys.argv[2:]))
