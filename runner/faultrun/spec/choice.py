"""Which of its targets a campaign is read for: the plan and every check depend on it.

A kernel's version decides which attributes exist, so that the choice comes before the steps are
looked at, not behind the plan.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from faultrun.model.campaign import TargetSpec
from faultrun.spec.findings import Findings
from faultrun.spec.nodes import Table


def as_planned(_spec: TargetSpec) -> str:
    """The kernel of a machine that nobody has looked at."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the command line asks for.

    ``kind`` is empty if the campaign may choose. ``host`` is in place of the campaign's own.
    ``version_of`` tells the version of the kernel that the target will have; empty if unknown.
    """

    kind: str = ""
    host: str = ""
    version_of: Callable[[TargetSpec], str] = as_planned


def chosen(
    targets: Sequence[TargetSpec], choice: Choice, root: Table, findings: Findings
) -> TargetSpec:
    """The target to read for; with a warning if the campaign does not list it."""
    kind = choice.kind or _own(targets)
    spec = next((spec for spec in targets if spec.kind == kind), None)
    if spec is None:
        spec = _borrowed(kind, targets)
        if choice.kind and not (kind == "simulated" and "target" not in root.entries):
            _tell(kind, root, findings)
    if choice.host:
        spec = replace(spec, host=choice.host)
    version = choice.version_of(spec)
    return replace(spec, kernel=version, any_kernel=False) if version else spec


def _own(targets: Sequence[TargetSpec]) -> str:
    kinds = [spec.kind for spec in targets]
    return kinds[0] if kinds and "simulated" not in kinds else "simulated"


def _borrowed(kind: str, targets: Sequence[TargetSpec]) -> TargetSpec:
    """A target that the campaign does not list: the devices and the version of its first one."""
    first = targets[0] if targets else TargetSpec()
    open_version = kind != "simulated"
    return TargetSpec(
        kind=kind, kernel=first.kernel, any_kernel=open_version, devices=first.devices
    )


def _tell(kind: str, root: Table, findings: Findings) -> None:
    entry = root.entries.get("target") or root.entries.get("campaign")
    mark, length = (root.mark, 1) if entry is None else (entry.mark, len(entry.name))
    message = f"this campaign does not say that it runs on {kind}"
    hint = f"write `{kind}:` under `target:` once it does"
    findings.add("FR172", mark, message, hint=hint, length=length)
