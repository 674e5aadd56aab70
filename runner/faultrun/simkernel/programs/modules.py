"""modprobe, insmod, rmmod, lsmod, modinfo: messages as kmod words them.

kmod: tools/modprobe.c, insmod.c, rmmod.c, lsmod.c, modinfo.c.
"""

from collections.abc import Callable, Mapping

from faultrun.kernel.errno import message_of
from faultrun.simkernel.module_table import BUILTIN, MODULES, ModuleSpec
from faultrun.simkernel.modules import Loaded, Modules
from faultrun.simkernel.points import check
from faultrun.simkernel.process import Process
from faultrun.simkernel.programs.options import parse
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.unmodelled import Unmodelled

_CONFIG = "/etc/modprobe.d"
_LOAD_NS = 2_000_000
_UNKNOWN_SYMBOL = "Unknown symbol in module, or unknown parameter (see dmesg)"
_INSMOD = {
    "ENOEXEC": "Invalid module format",
    "ENOENT": "Unknown symbol in module",
    "EINVAL": "Invalid parameters",
}
"""What insmod says instead of the errno's own message (tools/insmod.c:mod_strerror())."""


def _modprobe(process: Process) -> int:
    found = parse(
        process, "rqvaf", "", ("remove", "quiet", "verbose", "all", "first-time"), strict=False
    )
    words = found.operands
    if not words:
        process.err("modprobe: ERROR: missing parameters. See -h.\n")
        return 1
    every = found.has("a", "all", "r", "remove")
    wanted = words if every else words[:1]
    names = [_known(word) for word in wanted if word not in BUILTIN]
    if not names:
        return 0
    if found.has("r", "remove"):
        return max(_remove(process, name) for name in names)
    given = () if every else tuple(words[1:])
    first = found.has("first-time")
    return max(_insert(process, name, given, first=first) for name in names)


def _insert(process: Process, name: str, given: tuple[str, ...], *, first: bool) -> int:
    modules = _modules(process)
    if name in modules.loaded:
        if first:
            process.err(f"modprobe: ERROR: could not insert '{name}': Module already in kernel\n")
        return int(first)
    for needed in _needed(name):
        if needed not in modules.loaded and not _load(process, needed, _options(process, needed)):
            return 1
    return 0 if _load(process, name, (*_options(process, name), *given)) else 1


def _load(process: Process, name: str, words: tuple[str, ...]) -> bool:
    try:
        _finit(process, name, words)
    except SimErrno as refused:
        told = _UNKNOWN_SYMBOL if refused.name == "ENOENT" else message_of(refused.name)
        process.err(f"modprobe: ERROR: could not insert '{name}': {told}\n")
        return False
    return True


def _finit(process: Process, name: str, words: tuple[str, ...]) -> None:
    """open(2) and finit_module(2). Raises SimErrno."""
    machine = process.machine
    check(machine.kernel, process.task, "openat")
    check(machine.kernel, process.task, "finit_module")
    process.spend(_LOAD_NS)
    _modules(process).load(machine, process.task, name, words)


def _remove(process: Process, name: str) -> int:
    """The module, then what it needed and nobody needs any more."""
    modules = _modules(process)
    module = modules.loaded.get(name)
    if module is None:
        return 0
    if module.refcount:
        process.err(f"modprobe: FATAL: Module {name} is {_in_use(module)}.\n")
        return 1
    if not _delete(process, "modprobe", name):
        return 1
    for needed in reversed(module.spec.depends):
        left = modules.loaded.get(needed)
        if left is not None and not left.refcount and not left.spec.boot:
            _remove(process, needed)
    return 0


def _delete(process: Process, program: str, name: str) -> bool:
    machine = process.machine
    try:
        check(machine.kernel, process.task, "delete_module")
        process.spend(_LOAD_NS)
        _modules(process).unload(machine, process.task, name)
    except SimErrno as refused:
        told = message_of(refused.name)
        if program == "modprobe":
            process.err(f"modprobe: ERROR: could not remove '{name}': {told}\n")
        else:
            process.err(f"rmmod: ERROR: could not remove module {name}: {told}\n")
        return False
    return True


def _insmod(process: Process) -> int:
    found = parse(process, "fsv", "", ("force", "syslog", "verbose"), strict=True)
    if not found.operands:
        process.err("insmod: ERROR: missing filename.\n")
        return 1
    path, *words = found.operands
    name = path.rpartition("/")[2].removesuffix(".ko").replace("-", "_")
    if process.path(path) != _path(process, name):
        process.err(f"insmod: ERROR: could not load module {path}: No such file or directory\n")
        return 1
    try:
        _finit(process, name, tuple(words))
    except SimErrno as refused:
        told = _INSMOD.get(refused.name, message_of(refused.name))
        process.err(f"insmod: ERROR: could not insert module {path}: {told}\n")
        return 1
    return 0


def _rmmod(process: Process) -> int:
    found = parse(process, "fsv", "", ("force", "syslog", "verbose"))
    if not found.operands:
        process.err("rmmod: ERROR: missing module name.\n")
        return 1
    status = 0
    for word in found.operands:
        name = _known(word)
        module = _modules(process).loaded.get(name)
        if module is None:
            process.err(f"rmmod: ERROR: Module {name} is not currently loaded\n")
            status = 1
        elif module.refcount:
            users = f" by: {' '.join(module.users)}" if module.users else ""
            process.err(f"rmmod: ERROR: Module {name} is in use{users}\n")
            status = 1
        elif not _delete(process, "rmmod", name):
            status = 1
    return status


def _lsmod(process: Process) -> int:
    rows = ["Module                  Size  Used by\n"]
    for line in process.read_all("/proc/modules").decode().splitlines():
        name, size, count, users = line.split()[:4]
        used = "" if users == "-" else f" {users.rstrip(',')}"
        rows.append(f"{name:<19} {size:>8}  {count}{used}\n")
    process.out("".join(rows))
    return 0


def _modinfo(process: Process) -> int:
    found = parse(process, "n0", "F", ("filename", "field="))
    for word in found.operands:
        name = _known(word)
        rows = _facts(process, name, MODULES[name])
        if found.has("n", "filename"):
            process.out(f"{rows[0][1]}\n")
        elif found.has("F", "field"):
            field = found.value("F", "field")
            process.out("".join(f"{text}\n" for key, text in rows if key == field))
        else:
            process.out("".join(f"{key + ':':<15} {text}\n" for key, text in rows))
    return 0


def _facts(process: Process, name: str, spec: ModuleSpec) -> list[tuple[str, str]]:
    return [
        ("filename", _path(process, name)),
        ("description", spec.summary),
        ("license", "GPL"),
        ("depends", ",".join(spec.depends)),
        ("intree", "Y"),
        ("name", name),
        ("vermagic", f"{process.machine.kernel.version} SMP preempt mod_unload "),
        *(("parm", f"{param.name}:{param.kind}") for param in spec.params),
    ]


def _options(process: Process, name: str) -> tuple[str, ...]:
    """``options NAME ...`` of the configuration."""
    words: list[str] = []
    if not process.exists(_CONFIG):
        return ()
    for file in process.list(_CONFIG):
        if not file.endswith(".conf"):
            continue
        for line in process.read_all(f"{_CONFIG}/{file}").decode("utf-8", "replace").splitlines():
            parts = line.split()
            if parts[:1] == ["options"] and parts[1:2] and parts[1].replace("-", "_") == name:
                words += parts[2:]
    return tuple(words)


def _needed(name: str) -> list[str]:
    """What it depends on, deepest first."""
    found: list[str] = []
    for needed in MODULES[name].depends:
        found += [one for one in (*_needed(needed), needed) if one not in found]
    return found


def _known(word: str) -> str:
    name = word.replace("-", "_")
    if name not in MODULES:
        raise Unmodelled(f"module '{word}' is not modelled on the simulated target")
    return name


def _in_use(module: Loaded) -> str:
    return f"in use by: {' '.join(module.users)}" if module.users else "in use"


def _path(process: Process, name: str) -> str:
    spec = MODULES.get(name)
    folder = "" if spec is None else f"kernel/{spec.place}"
    return f"/lib/modules/{process.machine.kernel.version}/{folder}/{name}.ko"


def _modules(process: Process) -> Modules:
    return process.machine.kernel.facility(Modules)


PROGRAMS: Mapping[str, Callable[[Process], int]] = {
    "modprobe": _modprobe, "insmod": _insmod, "rmmod": _rmmod, "lsmod": _lsmod, "modinfo": _modinfo,
}  # fmt: skip
