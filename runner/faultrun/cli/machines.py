"""From ``--target`` to machines: the one place where a target's name becomes an object."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from faultrun.cli.early import Early
from faultrun.cli.guest_kernel import Image, kernel_of
from faultrun.cli.target_name import TargetName, UnknownTarget, target_name
from faultrun.model.campaign import TargetSpec
from faultrun.model.target import Target
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.initramfs.named import named
from faultrun.targets.local import LocalTarget
from faultrun.targets.shared import SharedTarget
from faultrun.targets.simulated import SimulatedTarget
from faultrun.targets.spare import Spare
from faultrun.targets.ssh_address import Address
from faultrun.targets.this_machine import ThisMachine
from faultrun.targets.uml import UmlLife
from faultrun.targets.uml_guest import UmlBoot, UmlGuest

Machines = Callable[[str], Target]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFiles:
    """Files of the user's for a guest, besides its kernel, by the names that were typed."""

    initrd: str = ""
    drives: tuple[str, ...] = ()


_NONE = OwnFiles()


class UmlMachines:
    """Guests of User-mode Linux. The first one can boot while the plan is still being made."""

    def __init__(self, spec: TargetSpec, image: Image, begun: Early | None) -> None:
        boot = UmlBoot.of(image.path, spec)
        self._spec = spec
        self._image = image
        fits = begun is not None and begun.boot == boot
        self._spare = begun.spare if begun and fits else Spare(lambda: UmlGuest(boot))

    def __call__(self, _machine: str) -> Target:
        """A machine that is not up yet."""
        image = self._image
        life = UmlLife(
            image.path,
            self._spec,
            release=image.release,
            image=image.identity,
            spare=self._spare,
        )
        return RenewableTarget(life)

    def prepare(self) -> None:
        """One guest will be wanted soon."""
        self._spare.prepare()

    def drop(self) -> None:
        """None is wanted any more."""
        self._spare.drop()


@contextmanager
def prepared(open_machine: Machines) -> Iterator[None]:
    """While this holds, a first guest boots, where that can be."""
    if not isinstance(open_machine, UmlMachines):
        yield
        return
    open_machine.prepare()
    try:
        yield
    finally:
        open_machine.drop()


def machines(
    name: str,
    spec: TargetSpec,
    seed: int,
    kernel: str = "",
    scripts: Sequence[str] = (),
    *,
    sudo: bool = False,
    begun: Early | None = None,
    own: OwnFiles = _NONE,
) -> Machines:
    """A function that opens a machine of the target called ``name``, by machine name.

    ``simulated`` is the kernel in this process; ``local:DIR`` is a folder that mirrors a
    machine's file tree; ``uml`` and ``qemu`` are guests, with ``kernel`` as their kernel's file if
    that is given, and with the programs that ``scripts`` name; ``local`` is this machine itself,
    ``ssh`` another one, on which ``sudo`` asks to become root. ``begun`` is a guest that boots already,
    ``own`` what else of the user's a guest of QEMU is given.
    Raises UnknownTarget for what is no target, or none that can be opened.
    """
    target = target_name(name)
    if own != _NONE and target.kind != "qemu":
        raise UnknownTarget(f"--initrd and --drive are for --target qemu, not {name}")
    if target.kind == "simulated":
        return lambda machine: SimulatedTarget(spec, seed=seed, machine=machine)
    if target.kind == "local" and target.rest:
        root = Path(target.rest)
        return lambda _machine: LocalTarget(root)
    if target.kind == "uml":
        return UmlMachines(spec, kernel_of(spec, kernel), begun)
    if target.kind == "qemu":
        # It needs asyncio, which takes longer to import than all else together.
        from faultrun.targets.qemu import QemuLife  # noqa: PLC0415

        image = kernel_of(spec, kernel)
        wanted = named(scripts)
        initrd = _own_file("--initrd", own.initrd) if own.initrd else None
        drives = [_own_file("--drive", one) for one in own.drives]
        return lambda _machine: RenewableTarget(
            QemuLife(
                image.path,
                spec,
                release=image.release,
                image=image.identity,
                wanted=wanted,
                initrd=initrd,
                drives=drives,
            )
        )
    if target.kind == "local":
        here = ThisMachine()
        return lambda _machine: SharedTarget(here, spec.devices)
    if target.kind == "ssh":
        from faultrun.targets.ssh import RemoteMachine  # noqa: PLC0415  # asyncio, as above

        there = RemoteMachine(_address(target, spec), sudo=sudo)
        return lambda _machine: SharedTarget(there, spec.devices)
    raise UnknownTarget(f"target {name!r} cannot be opened: this faultrun has no such machines")


def _own_file(option: str, name: str) -> Path:
    """A file that can be read. Raises UnknownTarget."""
    path = Path(name).expanduser()
    try:
        with path.open("rb"):
            return path.resolve()
    except OSError as no:
        raise UnknownTarget(f"{option} {name}: {no.strerror}") from no


def _address(target: TargetName, spec: TargetSpec) -> Address:
    """Where to log in. Raises UnknownTarget."""
    host = target.host or spec.host
    if not host:
        raise UnknownTarget(
            "target 'ssh' needs a host: --target ssh:HOST, or `host:` under `ssh:` in the campaign"
        )
    return Address.parse(host)
