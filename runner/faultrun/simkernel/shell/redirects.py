"""Redirections: which files the descriptors of a command are."""

from faultrun.kernel.errno import message_of
from faultrun.simkernel.digits import is_number
from faultrun.simkernel.file_values import APPEND, BOTH, READ, REPLACE, Flags, OpenFile
from faultrun.simkernel.pipes import Buffer, Duplicate
from faultrun.simkernel.process import Process
from faultrun.simkernel.shell.expand import Expander
from faultrun.simkernel.shell.nodes import Redirect
from faultrun.simkernel.sim_errno import SimErrno

_FILES: dict[str, tuple[int, Flags]] = {
    "<": (0, READ),
    ">": (1, REPLACE),
    ">|": (1, REPLACE),
    ">>": (1, APPEND),
    "<>": (0, BOTH),
}


class RedirectError(Exception):
    """A target that cannot be had; the text is bash's, without its prefix."""


def apply(
    process: Process, redirects: tuple[Redirect, ...], expander: Expander, *, keep: bool = False
) -> list[OpenFile]:
    """Change the process's descriptors; the files opened, for closing. Raises RedirectError.

    With ``keep`` (``set -C``) a plain ``>`` leaves a file alone that is there.
    """
    opened: list[OpenFile] = []
    try:
        for redirect in redirects:
            if keep and redirect.op in (">", "&>"):
                _spare(process, expander.text(redirect.target))
            _apply(process, redirect, expander, opened)
    except RedirectError:
        for file in opened:
            file.close()
        raise
    return opened


def _spare(process: Process, target: str) -> None:
    if process.exists(target) and process.stat(target).kind == "file":
        raise RedirectError(f"{target}: cannot overwrite existing file")


def _apply(
    process: Process, redirect: Redirect, expander: Expander, opened: list[OpenFile]
) -> None:
    op = redirect.op
    if op in ("<<", "<<<"):
        text = expander.text(redirect.target) + ("\n" if op == "<<<" else "")
        process.fds[max(redirect.fd, 0)] = Buffer(text.encode("utf-8", "surrogateescape"))
        return
    target = expander.text(redirect.target)
    if op in (">&", "<&") and (is_number(target) or target == "-"):
        fd = redirect.fd if redirect.fd >= 0 else int(op[0] == ">")
        _duplicate(process, fd, target)
        return
    if op == "<&" or (op == ">&" and redirect.fd not in (-1, 1)):
        raise RedirectError(f"{target}: ambiguous redirect")
    if op in ("&>", "&>>", ">&"):
        file = _open(process, target, APPEND if op == "&>>" else REPLACE)
        opened.append(file)
        process.fds[1] = file
        process.fds[2] = Duplicate(file)
        return
    fd, flags = _FILES[op]
    file = _open(process, target, flags)
    opened.append(file)
    process.fds[redirect.fd if redirect.fd >= 0 else fd] = file


def _duplicate(process: Process, fd: int, target: str) -> None:
    if target == "-":
        process.fds.pop(fd, None)
        return
    file = process.fds.get(int(target))
    if file is None:
        raise RedirectError(f"{target}: Bad file descriptor")
    process.fds[fd] = Duplicate(file)


def _open(process: Process, target: str, flags: Flags) -> OpenFile:
    try:
        return process.open(target, flags)
    except SimErrno as refused:
        raise RedirectError(f"{target}: {message_of(refused.name)}") from None
