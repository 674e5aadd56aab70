"""Programs that change the tree of files: cp, mv, rm, ls, mkdir, touch, stat, sync and their kin."""

from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.simkernel.file_values import Flags, OpenFile, Stat
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.options import parse
from faultrun.simkernel.programs.sizes import size_of
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_TEMPLATE = "/tmp/tmp.XXXXXXXXXX"  # noqa: S108  # the simulated machine's, not this one's
_CREATE = Flags(write=True, create=True, exclusive=True)
_OVER = Flags(write=True, truncate=True)
_MAKE = Flags(write=True, create=True)


def _say(process: Process, what: str, name: str, refused: SimErrno) -> int:
    process.complain(f"{what} '{name}': {message_of(refused.name)}")
    return 1


def _maybe(process: Process, name: str) -> Stat | None:
    """stat(2), None if there is nothing. Raises SimErrno for every other refusal."""
    try:
        return process.stat(name)
    except SimErrno as refused:
        if refused.name == "ENOENT":
            return None
        raise


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _cp(process: Process) -> int:
    found = parse(process, "rRafpvTd", "t", ("recursive", "force", "archive", "verbose"))
    names = found.operands
    into, names = (names[-1], names[:-1]) if len(names) > 1 else ("", names)
    if not names:
        process.complain("missing file operand")
        process.err("Try 'cp --help' for more information.\n")
        return 1
    if not into:
        process.complain(f"missing destination file operand after '{names[0]}'")
        process.err("Try 'cp --help' for more information.\n")
        return 1
    try:
        there = _maybe(process, into)
    except SimErrno as refused:
        return _say(process, "cannot stat", into, refused)
    folder = there is not None and there.kind == "dir"
    if len(names) > 1 and not folder:
        process.complain(
            f"target '{into}': {'Not a directory' if there else 'No such file or directory'}"
        )
        return 1
    recursive = found.has("r", "R", "a", "recursive", "archive")
    status = 0
    for name in names:
        target = f"{into.rstrip('/')}/{_last(name)}" if folder else into
        status |= _copy(process, name, target, recursive=recursive)
    return status


def _copy(process: Process, source: str, target: str, *, recursive: bool) -> int:
    try:
        stat = process.stat(source)
    except SimErrno as refused:
        return _say(process, "cannot stat", source, refused)
    try:
        there = _maybe(process, target)
    except SimErrno as refused:
        return _say(process, "cannot stat", target, refused)
    if stat.kind == "dir":
        if not recursive:
            process.complain(f"-r not specified; omitting directory '{source}'")
            return 1
        return _copy_tree(process, source, target, there)
    try:
        opened = process.open(source)
    except SimErrno as refused:
        process.complain(f"cannot open '{source}' for reading: {message_of(refused.name)}")
        return 1
    try:
        made = process.open(target, _CREATE if there is None else _OVER)
    except SimErrno as refused:
        process.close(opened)
        return _say(process, "cannot create regular file", target, refused)
    return _copy_data(process, (source, opened), (target, made))


def _copy_data(process: Process, source: tuple[str, OpenFile], target: tuple[str, OpenFile]) -> int:
    status = 0
    while True:
        try:
            data = process.read(source[1])
        except SimErrno as refused:
            status = _say(process, "error reading", source[0], refused)
            break
        if not data:
            break
        try:
            process.write_all(target[1], data)
        except SimErrno as refused:
            status = _say(process, "error writing", target[0], refused)
            break
    process.close(source[1])
    process.close(target[1])
    return status


def _copy_tree(process: Process, source: str, target: str, there: Stat | None) -> int:
    if there is None:
        try:
            process.mkdir(target)
        except SimErrno as refused:
            return _say(process, "cannot create directory", target, refused)
    try:
        names = process.list(source)
    except SimErrno as refused:
        return _say(process, "cannot access", source, refused)
    status = 0
    for name in names:
        status |= _copy(process, f"{source}/{name}", f"{target}/{name}", recursive=True)
    return status


def _mv(process: Process) -> int:
    found = parse(process, "fvnT", "", ("force",))
    if len(found.operands) < 2:
        process.complain("missing file operand")
        return 1
    *names, into = found.operands
    status = 0
    for name in names:
        try:
            process.stat(name)
            there = _maybe(process, into)
        except SimErrno as refused:
            status = _say(process, "cannot stat", name, refused)
            continue
        folder = there is not None and there.kind == "dir"
        target = f"{into.rstrip('/')}/{_last(name)}" if folder else into
        try:
            process.rename(name, target)
        except SimErrno as refused:
            if refused.name == "EXDEV":
                moved = _copy(process, name, target, recursive=True)
                status |= moved or _delete(process, name, recursive=True, force=False)
                continue
            process.complain(f"cannot move '{name}' to '{target}': {message_of(refused.name)}")
            status = 1
    return status


def _rm(process: Process) -> int:
    found = parse(process, "rRfvdi", "", ("recursive", "force"))
    force = found.has("f", "force")
    if not found.operands and not force:
        process.complain("missing operand")
        return 1
    status = 0
    for name in found.operands:
        recursive = found.has("r", "R", "recursive")
        status |= _delete(process, name, recursive=recursive, force=force)
    return status


def _delete(process: Process, name: str, *, recursive: bool, force: bool) -> int:
    try:
        stat = process.stat(name)
        if stat.kind == "dir":
            if not recursive:
                return _say(process, "cannot remove", name, SimErrno("EISDIR"))
            status = 0
            for inner in process.list(name):
                status |= _delete(
                    process, f"{name.rstrip('/')}/{inner}", recursive=True, force=force
                )
            if status:
                return status
        process.remove(name, directory=stat.kind == "dir")
    except SimErrno as refused:
        if refused.name == "ENOENT" and force:
            return 0
        return _say(process, "cannot remove", name, refused)
    return 0


def _mkdir(process: Process) -> int:
    found = parse(process, "pv", "m", ("parents", "mode="))
    if not found.operands:
        process.complain("missing operand")
        return 1
    status = 0
    for name in found.operands:
        parents = found.has("p", "parents")
        steps = _ancestors(name) if parents else [name]
        for step in steps:
            try:
                process.mkdir(step)
            except SimErrno as refused:
                if parents and refused.name == "EEXIST":
                    continue
                status = _say(process, "cannot create directory", name, refused)
                break
    return status


def _ancestors(name: str) -> list[str]:
    parts = name.rstrip("/").split("/")
    found = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return [step for step in found if step]


def _rmdir(process: Process) -> int:
    status = 0
    for name in parse(process, "v").operands:
        try:
            process.remove(name, directory=True)
        except SimErrno as refused:
            status = _say(process, "failed to remove", name, refused)
    return status


def _touch(process: Process) -> int:
    found = parse(process, "acm", "", ("no-create",))
    status = 0
    for name in found.operands:
        try:
            if _maybe(process, name) is None:
                if not found.has("c", "no-create"):
                    process.close(process.open(name, _MAKE))
            else:
                process.touch(name)
        except SimErrno as refused:
            status = _say(process, "cannot touch", name, refused)
    return status


def _truncate(process: Process) -> int:
    found = parse(process, "c", "s", ("size=", "no-create"))
    size = size_of(found.value("s", "size"))
    if size is None:
        raise Unmodelled(f"truncate to '{found.value('s', 'size')}'")
    status = 0
    for name in found.operands:
        try:
            file = process.open(name, _MAKE)
            file.truncate(size)
            process.close(file)
        except SimErrno as refused:
            process.complain(f"cannot open '{name}' for writing: {message_of(refused.name)}")
            status = 1
    return status


def _sync(process: Process) -> int:
    found = parse(process, "df", "", ("data", "file-system"))
    if not found.operands:
        process.machine.files.sync(process.task)
        return 0
    status = 0
    for name in found.operands:
        try:
            file = process.open(name)
            try:
                file.sync()
            except SimErrno as refused:
                status = _say(process, "error syncing", name, refused)
            process.close(file)
        except SimErrno as refused:
            status = _say(process, "error opening", name, refused)
    return status


def _chmod(process: Process) -> int:
    status = 0
    for name in process.argv[2:]:
        try:
            process.stat(name)
        except SimErrno as refused:
            status = _say(process, "cannot access", name, refused)
    return status


def _mktemp(process: Process) -> int:
    found = parse(process, "dqu", "p", ("directory", "tmpdir="))
    form = found.operands[0] if found.operands else _TEMPLATE
    count = len(form) - len(form.rstrip("X"))
    kernel = process.machine.kernel
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    stream = kernel.stream(f"mktemp:{process.task.pid}")
    name = form.rstrip("X") + "".join(letters[stream.below(len(letters))] for _ in range(count))
    try:
        if found.has("d", "directory"):
            process.mkdir(name)
        else:
            process.close(process.open(name, _CREATE))
    except SimErrno as refused:
        kind = "directory" if found.has("d", "directory") else "file"
        process.complain(
            f"failed to create {kind} via template '{form}': {message_of(refused.name)}"
        )
        return 1
    process.out(name + "\n")
    return 0


PROGRAMS: Mapping[str, Callable[[Process], int]] = {
    "cp": _cp, "mv": _mv, "rm": _rm, "mkdir": _mkdir, "rmdir": _rmdir, "touch": _touch,
    "truncate": _truncate, "sync": _sync, "chmod": _chmod, "chown": _chmod, "mktemp": _mktemp,
}  # fmt: skip
