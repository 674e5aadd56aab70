"""From ``--target`` to machines: the one place where a target's name becomes an object."""

from collections.abc import Callable, Sequence
from pathlib import Path

from faultrun.cli.guest_kernel import kernel_of
from faultrun.cli.target_name import UnknownTarget, target_name
from faultrun.model.campaign import TargetSpec
from faultrun.model.target import Target
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.initramfs.named import named
from faultrun.targets.local import LocalTarget
from faultrun.targets.qemu import QemuLife
from faultrun.targets.simulated import SimulatedTarget
from faultrun.targets.uml import UmlLife

Machines = Callable[[str], Target]


def machines(
    name: str, spec: TargetSpec, seed: int, kernel: str = "", scripts: Sequence[str] = ()
) -> Machines:
    """A function that opens a machine of the target called ``name``, by machine name.

    ``simulated`` is the kernel in this process; ``local:DIR`` is a folder that mirrors a
    machine's file tree; ``uml`` and ``qemu`` are guests, with ``kernel`` as their kernel's file if
    that is given, and with the programs that ``scripts`` name.
    Raises UnknownTarget for what is no target, or none that can be opened.
    """
    target = target_name(name)
    if target.kind == "simulated":
        return lambda machine: SimulatedTarget(spec, seed=seed, machine=machine)
    if target.kind == "local" and target.rest:
        root = Path(target.rest)
        return lambda _machine: LocalTarget(root)
    if target.kind == "uml":
        image = kernel_of(spec, kernel)
        return lambda _machine: RenewableTarget(UmlLife(image.path, spec, release=image.release))
    if target.kind == "qemu":
        image = kernel_of(spec, kernel)
        wanted = named(scripts)
        return lambda _machine: RenewableTarget(
            QemuLife(image.path, spec, release=image.release, wanted=wanted)
        )
    if target.kind == "ssh" and not (target.rest or spec.host):
        raise UnknownTarget(
            "target 'ssh' needs a host: --target ssh:HOST, or `host:` under `ssh:` in the campaign"
        )
    raise UnknownTarget(f"target {name!r} cannot be opened: this faultrun has no such machines")
