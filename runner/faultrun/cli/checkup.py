"""What one target can inject: asked of the machine, or of a guest's kernel configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from faultrun.capabilities.registry import known
from faultrun.cli.guest_kernel import kernel_of
from faultrun.cli.machines import machines
from faultrun.cli.target_name import UnknownTarget, target_name
from faultrun.kernel.device_kinds.registry import KINDS
from faultrun.kernels.errors import KernelError
from faultrun.kernels.finding import build_command
from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.model.data import Json
from faultrun.model.mark import NOWHERE
from faultrun.model.target import KernelFacts, TargetBroken, TargetInfo
from faultrun.targets.recipes import qemu, uml
from faultrun.targets.recipes.outfit import outfit
from faultrun.targets.recipes.recipe import Recipe
from faultrun.targets.why import Machine, config_of, fix, reasons

GUESTS = ("uml", "qemu")
RECIPES: Mapping[str, Mapping[str, Recipe]] = {"uml": uml.RECIPES, "qemu": qemu.RECIPES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """A target: what it can inject, and all reasons why not; ``broken`` if it could not be had.

    ``by_config``: judged by its kernel's configuration, without a machine.
    """

    target: str
    release: str = ""
    broken: str = ""
    fix: str = ""
    by_config: bool = False
    usable: frozenset[str] = frozenset()
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    fixes: Mapping[str, str] = field(default_factory=dict[str, str])

    def document(self) -> dict[str, Json]:
        """As JSON."""
        rows: dict[str, Json] = {}
        for name in sorted(known()):
            usable = name in self.usable
            why: list[Json] = list(self.missing.get(name, ()))
            rows[name] = {
                "usable": usable,
                **({} if usable else {"reasons": why, "fix": self.fixes.get(name, "")}),
            }
        return {
            "target": self.target,
            "release": self.release,
            "broken": self.broken,
            "fix": self.fix,
            "by_config": self.by_config,
            "capabilities": {} if self.broken else rows,
        }


def examined(name: str, *, kernel: str = "", sudo: bool = False) -> Checkup:
    """Bring a machine up and look. Raises UnknownTarget only for a name that is none."""
    target = target_name(name)
    spec = _spec(target.kind, target.host)
    try:
        with machines(name, spec, 0, kernel, sudo=sudo)("doctor") as machine:
            facts = machine.probe()
            release = facts.release
    except (UnknownTarget, KernelError, TargetBroken) as no:
        return _broken(name, str(no))
    return _checkup(name, release, facts)


def by_config(kind: str) -> Checkup:
    """A guest by what its kernel was built with: no guest is booted."""
    try:
        image = kernel_of(_spec(kind, ""), "")
        raw = image.config.read_bytes() if image.config is not None else b""
    except (UnknownTarget, KernelError, OSError) as no:
        return _broken(kind, str(no))
    info = TargetInfo(name=kind, kind=kind, release=image.release, disposable=True, durable=False)
    machine = Machine.of(info, {}, config_of(raw))
    clothes = outfit(_spec(kind, "").devices, RECIPES[kind])
    lacks = {one.name: clothes.lacking.get(one.example) for one in KINDS.values()}
    usable: set[str] = set()
    missing: dict[str, tuple[str, ...]] = {}
    fixes: dict[str, str] = {}
    for name, capability in known().items():
        why = reasons(capability, "", machine)
        lacking = lacks.get(capability.needs_device)
        why = (*why, lacking) if lacking else why
        if why:
            missing[name], fixes[name] = why, fix(capability, "", machine)
        else:
            usable.add(name)
    return Checkup(
        target=kind, release=image.release, by_config=True,
        usable=frozenset(usable), missing=missing, fixes=fixes,
    )  # fmt: skip


def _spec(kind: str, host: str) -> TargetSpec:
    """A machine with one device of every kind, where faultrun makes them."""
    devices = tuple(
        DeviceSpec(name=one.example, kind=one.name, mark=NOWHERE) for one in KINDS.values()
    )
    made = devices if kind in (*GUESTS, "simulated") else ()
    return TargetSpec(kind=kind, any_kernel=kind != "simulated", host=host, devices=made)


def _checkup(name: str, release: str, facts: KernelFacts) -> Checkup:
    return Checkup(
        target=name,
        release=release,
        usable=facts.capabilities,
        missing=facts.missing,
        fixes=facts.fixes,
    )


def _broken(name: str, why: str) -> Checkup:
    kind = target_name(name).kind
    lead = f"build one with: {build_command(kind, None)}"
    fix_ = build_command(kind, None) if lead in why else ""
    if "pip install" in why:
        fix_ = why[why.index("pip install") :]
    return Checkup(target=name, broken=why, fix=fix_)
