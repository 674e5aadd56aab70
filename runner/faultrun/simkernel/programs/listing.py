"""Programs that look at the tree of files: ls, stat, which, df, du."""

from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.simkernel.file_values import Stat
from faultrun.simkernel.process import ExitNow, Process
from faultrun.simkernel.programs.options import Parsed, parse
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_LETTERS = {"file": "-", "dir": "d", "block": "b", "char": "c", "fifo": "p"}
_KINDS = {
    "dir": "directory", "block": "block special file", "char": "character special file",
    "fifo": "fifo",
}  # fmt: skip


def _ls(process: Process) -> int:
    found = parse(process, "1aAldRrthiFs", "", ("all", "almost-all", "color", "color="))
    status = 0
    plain: list[tuple[str, Stat]] = []
    folders: list[str] = []
    for name in found.operands or ["."]:
        try:
            stat = process.stat(name)
        except SimErrno as refused:
            process.complain(f"cannot access '{name}': {message_of(refused.name)}")
            status = 2
            continue
        if stat.kind == "dir" and not found.has("d"):
            folders.append(name)
        else:
            plain.append((name, stat))
    _show(process, found, sorted(plain))
    titled = len(folders) + len(plain) > 1 or len(found.operands) > 1 or found.has("R")
    shown = bool(plain)
    for name in sorted(folders):
        status = max(status, _folder(process, found, name, titled=titled, shown=shown))
        shown = True
    return status


def _folder(process: Process, found: Parsed, name: str, *, titled: bool, shown: bool) -> int:
    try:
        names = list(process.list(name))
    except SimErrno as refused:
        opened = refused.name in ("ENOMEM", "EACCES", "ENFILE")
        what = "cannot open directory" if opened else "reading directory"
        process.complain(f"{what} '{name}': {message_of(refused.name)}")
        return 2
    if titled:
        process.out(f"{chr(10) if shown else ''}{name}:\n")
    if not found.has("a", "all"):
        names = [inner for inner in names if found.has("A", "almost-all") or inner[0] != "."]
    else:
        names = [".", "..", *names]
    entries: list[tuple[str, Stat]] = []
    status = 0
    for inner in names:
        path = f"{name.rstrip('/')}/{inner}"
        if not (found.has("l") or found.has("R") or found.has("F") or found.has("t")):
            entries.append((inner, Stat(kind="file")))
            continue
        try:
            entries.append((inner, process.stat(path)))
        except SimErrno as refused:
            process.complain(f"cannot access '{path}': {message_of(refused.name)}")
            status = 1
    if found.has("l"):
        process.out(f"total {sum(stat.blocks for _, stat in entries) // 2}\n")
    _show(process, found, entries)
    if found.has("R"):
        for inner, stat in entries:
            if stat.kind == "dir" and inner not in (".", ".."):
                path = f"{name.rstrip('/')}/{inner}"
                status = max(status, _folder(process, found, path, titled=True, shown=True))
    return status


def _show(process: Process, found: Parsed, entries: list[tuple[str, Stat]]) -> None:
    if found.has("t"):
        entries = sorted(entries, key=lambda entry: (-entry[1].mtime_ns, entry[0]))
    if found.has("r"):
        entries = entries[::-1]
    width = max((len(_size(stat)) for _, stat in entries), default=0)
    out: list[str] = []
    for name, stat in entries:
        mark = "/" if found.has("F") and stat.kind == "dir" else ""
        if found.has("l"):
            mode = _LETTERS[stat.kind] + permissions(stat.mode)
            out.append(
                f"{mode} {stat.nlink} root root {_size(stat):>{width}} Nov 14 22:13 {name}{mark}\n"
            )
        else:
            out.append(f"{name}{mark}\n")
    process.out("".join(out))


def _size(stat: Stat) -> str:
    if stat.kind in ("block", "char"):
        return f"{stat.device[0]}, {stat.device[1]:3d}"
    return str(stat.size)


def permissions(mode: int) -> str:
    """``0o644`` -> ``rw-r--r--``."""
    letters = "rwxrwxrwx"
    return "".join(char if mode >> (8 - at) & 1 else "-" for at, char in enumerate(letters))


def _stat(process: Process) -> int:
    found = parse(process, "Lf", "c", ("format=", "printf="))
    form = found.value("c", "format", "printf")
    newline = "" if found.has("printf") else "\n"
    if not form:
        raise Unmodelled("stat without -c FORMAT")
    status = 0
    for name in found.operands:
        try:
            stat = process.stat(name)
        except SimErrno as refused:
            process.complain(f"cannot statx '{name}': {message_of(refused.name)}")
            status = 1
            continue
        process.out(_formatted(process, form, name, stat) + newline)
    return status


def _formatted(process: Process, form: str, name: str, stat: Stat) -> str:
    kind = _KINDS.get(stat.kind, "regular file" if stat.size else "regular empty file")
    values = {
        "s": str(stat.size), "n": name, "F": kind, "a": f"{stat.mode:o}", "i": str(stat.ino),
        "h": str(stat.nlink), "u": "0", "g": "0", "U": "root", "G": "root", "b": str(stat.blocks),
        "B": "512", "o": "4096", "A": _LETTERS[stat.kind] + permissions(stat.mode),
        "Y": str(1_700_000_000 + stat.mtime_ns // 1_000_000_000), "%": "%",
        "t": f"{stat.device[0]:x}", "T": f"{stat.device[1]:x}",
    }  # fmt: skip
    out: list[str] = []
    here = 0
    while here < len(form):
        if form[here] == "%" and here + 1 < len(form):
            letter = form[here + 1]
            if letter not in values:
                raise Unmodelled(f"stat format '%{letter}'")
            out.append(values[letter])
            here += 2
        elif form.startswith("\\n", here) and process.argv[1].startswith("--printf"):
            out.append("\n")
            here += 2
        else:
            out.append(form[here])
            here += 1
    return "".join(out)


def which(known: Callable[[str], bool]) -> Callable[[Process], int]:
    """``which`` over the table of programs."""

    def run(process: Process) -> int:
        status = 0
        for name in process.argv[1:]:
            if known(name):
                process.out(f"/usr/bin/{name}\n")
            else:
                status = 1
        return status

    return run


def _readlink(process: Process) -> int:
    found = parse(process, "femnq")
    if not found.operands:
        process.complain("missing operand")
        return 1
    if not found.has("f", "e", "m"):
        raise ExitNow(1)
    for name in found.operands:
        process.out(process.path(name) + "\n")
    return 0


PROGRAMS: Mapping[str, Callable[[Process], int]] = {
    "ls": _ls, "stat": _stat, "readlink": _readlink, "realpath": _readlink,
}  # fmt: skip
