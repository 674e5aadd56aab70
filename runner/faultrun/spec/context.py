"""What compiling a step needs besides the step: one value, handed down."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from faultrun.model.campaign import TargetSpec
from faultrun.model.capability import Capability
from faultrun.model.diagnostic import Related
from faultrun.spec.findings import Findings
from faultrun.spec.library import Fragment, Libraries
from faultrun.spec.nodes import Leaf, Table
from faultrun.spec.parameter import FragmentScope, arguments
from faultrun.spec.scope import Reader, Scope
from faultrun.spec.target import device_names

MAX_NESTED = 16
MAX_ENTERED = 1_000
"""Fragments that a step may take, those of fragments included."""

Chain = tuple[str, ...]
"""Names of the fragments on the way to where we are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The surroundings of all steps.

    ``target`` is the chosen one of ``targets``. ``devices`` are the names that faults can be armed
    on; None if the campaign has no target.
    """

    reader: Reader
    libraries: Libraries
    capabilities: Mapping[str, Capability]
    target: TargetSpec
    targets: tuple[TargetSpec, ...]
    devices: frozenset[str] | None

    @property
    def findings(self) -> Findings:
        """Where findings go."""
        return self.reader.findings

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of target on which the campaign runs."""
        return tuple(spec.kind for spec in self.targets) or (TargetSpec().kind,)

    def facing(self, kinds: tuple[str, ...]) -> "Context":
        """The surroundings of a step that runs on these kinds of target only.

        On the chosen target it may be skipped: then its devices and attributes are those of the
        first of its own.
        """
        if not kinds or self.target.kind in kinds:
            return self
        found = next((spec for spec in self.targets if spec.kind in kinds), None)
        if found is None:
            return self
        return replace(self, target=found, devices=device_names(found))

    def enter(
        self, kind: str, use: Leaf, given: Table | None, outer: Scope, chain: Chain
    ) -> tuple[Fragment, FragmentScope] | None:
        """The fragment that ``use`` names and the scope of its body; None after a finding."""
        fragment = self.libraries.find(kind, use, self.findings)
        if fragment is None:
            return None
        self.reader.entered += 1
        if len(chain) >= MAX_NESTED or self.reader.entered > MAX_ENTERED:
            limit = f"{MAX_NESTED} levels, {MAX_ENTERED:,} in a step"
            message = f"too many fragments within fragments (at most {limit})"
            blame = outer.blame(use)
            self.findings.add(
                "FR006", blame.mark, message, related=blame.related, length=blame.length
            )
            return None
        if fragment.name in chain:
            circle = " -> ".join((*chain[chain.index(fragment.name) :], fragment.name))
            self.findings.add(
                "FR042", use.mark, f"fragments use each other: {circle}", length=use.length
            )
            return None
        slots = arguments(given, fragment.parameters, outer, self.reader, fragment.name)
        written = given.entries if given is not None else {}
        for parameter in fragment.parameters.values():
            if parameter.default is None and parameter.name not in written:
                blame = outer.blame(use)
                declared = Related(mark=parameter.mark, message="it is declared here")
                self.findings.add(
                    "FR044",
                    blame.mark,
                    f"fragment '{fragment.name}' needs parameter '{parameter.name}'",
                    hint=f"with: {{{parameter.name}: ...}}",
                    related=(*blame.related, declared),
                    length=blame.length,
                )
        scope = FragmentScope(
            name=fragment.name,
            declared=fragment.parameters,
            given=slots,
            outer=outer,
            use=use,
            reader=self.reader,
        )
        return fragment, scope
