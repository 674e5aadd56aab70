"""Kernel modules that come and go: their state, their files below /sys and /proc.

Kernel: kernel/module/main.c:load_module(), delete_module(), kernel/module/sysfs.c,
kernel/module/procfs.c:m_show().
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from faultrun.kernel.version import KernelVersion
from faultrun.simkernel import symbols
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.module_args import arguments, checked
from faultrun.simkernel.module_hooks import HOOKS, PLAIN
from faultrun.simkernel.module_table import MODULES, ModuleParam, ModuleSpec
from faultrun.simkernel.points import meet
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import ControlFile, TextFile

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

ROOT = "/sys/module"
RESTRICT = "/proc/sys/kernel/kptr_restrict"
HIDDEN = "2"
"""kernel/kallsyms.c:kallsyms_show_value(): from 2 on nobody sees an address, root included."""


@dataclass(slots=True, kw_only=True)
class Loaded:
    """A module that is there. ``users`` are modules that need it, ``refs`` everybody else."""

    name: str
    spec: ModuleSpec
    values: dict[str, str]
    users: list[str] = field(default_factory=list[str])
    refs: int = 0
    files: list[TextFile] = field(default_factory=list[TextFile])

    @property
    def refcount(self) -> int:
        """What lsmod shows."""
        return len(self.users) + self.refs


class Modules:
    """The modules of one machine, newest last."""

    def __init__(self, kernel: SimKernel) -> None:
        self._kernel = kernel
        self.loaded: dict[str, Loaded] = {}
        for name, spec in MODULES.items():
            if spec.boot:
                values = {param.name: param.default for param in spec.params}
                self._enter(name, spec, values, refs=1 if name == "nvme" else 0)

    def load(self, machine: "Machine", task: SimTask, name: str, words: Iterable[str]) -> None:
        """What finit_module(2) does once the file is read. Raises SimErrno; nothing is then left."""
        spec = MODULES[name]
        if name in self.loaded:
            raise SimErrno("EEXIST")
        for needed in spec.depends:
            if needed not in self.loaded:
                self._kernel.log.emit(4, f"{name}: Unknown symbol in module (needs {needed})")
                raise SimErrno("ENOENT")
        kernel = self._kernel
        values = arguments(kernel.log, name, spec, words, kernel.version)
        meet(self._kernel, task, spec.init)
        if spec.each:
            for _ in range(max(_count(values.get(spec.times, "1")), 0)):
                meet(self._kernel, task, spec.each)
        refused = HOOKS.get(name, PLAIN).on_load(machine, values)
        if refused:
            raise SimErrno(refused)
        self._add(name, spec, values)

    def unload(self, machine: "Machine", task: SimTask, name: str) -> None:
        """delete_module(2). Raises SimErrno ENOENT, or EAGAIN (which is EWOULDBLOCK) if it is in use."""
        module = self.loaded.get(name)
        if module is None:
            raise SimErrno("ENOENT")
        if module.refcount:
            raise SimErrno("EAGAIN")
        refused = HOOKS.get(name, PLAIN).on_unload(machine)
        if refused:
            raise SimErrno(refused)
        meet(self._kernel, task, module.spec.exit)
        del self.loaded[name]
        for needed in module.spec.depends:
            self.loaded[needed].users.remove(name)
        for file in module.files:
            file.gone = True
        self._kernel.tree.remove(f"{ROOT}/{name}")

    def request(self, machine: "Machine", name: str) -> bool:
        """What the kernel does when it wants a module: kernel/module/kmod.c:__request_module().

        modprobe is then started by a kernel thread, so that no mark of the asking task is on it.
        """
        task = self._kernel.tasks.spawn("modprobe")
        try:
            for needed in (*MODULES[name].depends, name):
                if needed not in self.loaded:
                    self.load(machine, task, needed, ())
        except SimErrno:
            return False
        finally:
            self._kernel.tasks.exit(task)
        return True

    def hold(self, name: str, change: int) -> None:
        """One user more or less of a module, such as a mounted file system."""
        module = self.loaded.get(name)
        if module is not None:
            module.refs = max(module.refs + change, 0)

    def shows_addresses(self) -> bool:
        """Whether /proc/kallsyms and the section files tell addresses."""
        return self._kernel.tree.read(RESTRICT, None).strip() != HIDDEN

    def proc_modules(self) -> str:
        """``/proc/modules``, newest first."""
        return "".join(
            f"{module.name} {symbols.size(module.name)} {module.refcount}"
            f" {''.join(f'{user},' for user in module.users) or '-'} Live"
            f" 0x{self._shown(symbols.sections(module.name)['.text'][0]):016x}\n"
            for module in reversed(self.loaded.values())
        )

    def section(self, name: str, section: str) -> str:
        """The address of a section, as its file says it."""
        return f"0x{self._shown(symbols.sections(name)[section][0]):016x}\n"

    def directories(self, name: str) -> dict[str, Mapping[str, ControlFile]]:
        """The directories below /sys/module of a module, with their files."""
        module = self.loaded[name]
        own: dict[str, TextFile] = {
            "refcnt": TextFile(lambda: f"{module.refcount}\n"),
            "initstate": TextFile(lambda: "live\n"),
            "coresize": TextFile(lambda: f"{symbols.size(name)}\n"),
            "taint": TextFile(lambda: "\n"),
        }
        addresses = {
            section: TextFile(partial(self.section, name, section))
            for section in symbols.sections(name)
        }
        params = {
            param.name: _parameter(module, param, self._kernel.version)
            for param in module.spec.params
            if param.mode
        }
        for files in (own, addresses, params):
            module.files.extend(files.values())
        found: dict[str, Mapping[str, ControlFile]] = {
            f"{ROOT}/{name}": own,
            f"{ROOT}/{name}/sections": addresses,
        }
        if params:
            found[f"{ROOT}/{name}/parameters"] = params
        return found

    def _add(self, name: str, spec: ModuleSpec, values: dict[str, str]) -> None:
        self._enter(name, spec, values)
        for path, files in self.directories(name).items():
            self._kernel.tree.provide(path, partial(_same, files))

    def _enter(self, name: str, spec: ModuleSpec, values: dict[str, str], refs: int = 0) -> None:
        self.loaded[name] = Loaded(name=name, spec=spec, values=values, refs=refs)
        for needed in spec.depends:
            self.loaded[needed].users.append(name)

    def _shown(self, address: int) -> int:
        return address if self.shows_addresses() else 0


def module_files(kernel: SimKernel) -> Mapping[str, ControlFile]:
    """The two files of ``/proc`` that tell of modules."""
    from faultrun.simkernel.kallsyms import text  # noqa: PLC0415  # a long table, seldom read

    modules = kernel.facility(Modules)
    return {
        "modules": TextFile(modules.proc_modules),
        "kallsyms": TextFile(partial(text, modules)),
    }


def boot_files(path: str, name: str, machine: "Machine") -> Mapping[str, ControlFile]:
    """A directory of a module that is there from the start."""
    return machine.kernel.facility(Modules).directories(name)[path]


BOOT_DIRECTORIES = tuple(
    (path, partial(boot_files, path, name))
    for name, spec in MODULES.items()
    if spec.boot
    for path in (
        f"{ROOT}/{name}",
        f"{ROOT}/{name}/sections",
        *((f"{ROOT}/{name}/parameters",) if spec.params else ()),
    )
)
"""For the table of directories that every machine has."""


def _same(files: Mapping[str, ControlFile]) -> Mapping[str, ControlFile]:
    return files


def _count(text: str) -> int:
    return int(text, 0)


def _parameter(module: Loaded, param: ModuleParam, version: KernelVersion) -> TextFile:
    def get() -> str:
        return f"{module.values[param.name]}\n"

    def put(text: str) -> None:
        module.values[param.name] = checked(param, text.strip(), version)

    return TextFile(get, put if param.mode & 0o200 else None)
