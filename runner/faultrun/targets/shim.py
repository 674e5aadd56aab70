"""Runs in the child: arm this very task, then become the workload.

``fail-nth`` belongs to a task and fork zeroes it (kernel/fork.c:dup_task_struct()), so that only
the task that will make the calls can set it; exec keeps it (nothing in fs/exec.c touches it). It
is therefore the last thing written before exec. This file uses the standard library only and
nothing of faultrun: it is started as a script, and later sent to other machines as it is.

Arguments: status descriptor, directory of the task's own files, make-it-fail (0 or 1), fail-nth
(0: leave alone), then the command. If arming fails, the descriptor gets ``errno path`` and the
command is never started.
"""

import os
import sys

ARMING_FAILED = 125


def put(path: str, text: bytes) -> None:
    """One write(2) to a file that exists."""
    handle = os.open(path, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(handle, text)
    finally:
        os.close(handle)


def arm_and_exec(words: list[str]) -> int:
    """Arm, then exec; returns only if one of the two failed."""
    status, folder, make_it_fail, fail_nth = int(words[0]), words[1], words[2], words[3]
    command = words[4:]
    os.set_inheritable(status, False)
    path = ""
    try:
        if make_it_fail == "1":
            path = f"{folder}/make-it-fail"
            put(path, b"1")
        if fail_nth != "0":
            path = f"{folder}/fail-nth"
            put(path, fail_nth.encode())
    except OSError as refused:
        os.write(status, f"{refused.errno} {path}".encode())
        return ARMING_FAILED
    try:
        os.execvp(command[0], command)  # noqa: S606  # becoming the workload is the purpose
    except OSError as refused:
        sys.stderr.write(f"{command[0]}: {refused.strerror}\n")
    return 127


if __name__ == "__main__":
    sys.exit(arm_and_exec(sys.argv[1:]))
