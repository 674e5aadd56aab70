"""Fragments of library files: which files, which names, which parameters."""

import os.path
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from faultrun.model.diagnostic import Related
from faultrun.model.mark import Mark
from faultrun.spec.findings import Findings
from faultrun.spec.nodes import Leaf, Node, Table, scalars
from faultrun.spec.parameter import Parameter, parameters
from faultrun.spec.scope import Reader
from faultrun.spec.source import read_source
from faultrun.spec.validate import LIBRARY, validate
from faultrun.spec.words import listed, nearest, quoted
from faultrun.spec.yaml_tree import parse

BODIES = {"faults": "inject", "workloads": "run", "expectations": "expect"}
"""The kinds of fragments, and the key that holds what they are."""
_MAX_FILES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A named part of a library. ``kind`` is a key of ``BODIES``."""

    kind: str
    name: str
    library: str
    parameters: dict[str, Parameter]
    body: Node
    mark: Mark


@dataclass(slots=True)
class Libraries:
    """All libraries of a campaign."""

    fragments: dict[str, Fragment] = field(default_factory=dict[str, Fragment])
    names: dict[str, Mark] = field(default_factory=dict[str, Mark])
    used: set[str] = field(default_factory=set[str])
    """Libraries of which a fragment was taken."""
    broken: bool = False
    """Some library could not be read, so that unknown fragments prove nothing."""

    def find(self, kind: str, leaf: Leaf, findings: Findings) -> Fragment | None:
        """The fragment that a ``use:`` names, or None after a finding."""
        name = str(leaf.value)
        library = name.partition(".")[0]
        found = self.fragments.get(name)
        if library in self.names:
            self.used.add(library)
        if found is not None and found.kind == kind:
            return found
        if self.broken and library not in self.names:
            return None
        here = [other for other, fragment in self.fragments.items() if fragment.kind == kind]
        related: list[Related] = []
        if found is not None:
            body = BODIES[kind]
            message = f"'{name}' is one of {found.kind}, `{body}:` takes one of {kind}"
            related.append(Related(mark=found.mark, message="it is declared here"))
        elif library not in self.names:
            known = listed(sorted(self.names)) or "none: list files in the campaign's `use:`"
            message = f"unknown library '{library}' in '{name}' (libraries: {known})"
        else:
            message = f"library '{library}' has no {kind.removesuffix('s')} '{name}'"
        findings.add(
            "FR043",
            leaf.mark,
            message,
            hint=nearest(name, here),
            related=related,
            length=leaf.length,
        )
        return None


class Shelf:
    """Reads library files for one campaign."""

    def __init__(self, campaign: Path, reader: Reader) -> None:
        self._folder = campaign.parent
        self._root = os.path.realpath(campaign.parent)
        self._reader = reader
        self._read: set[str] = set()
        self.libraries = Libraries()

    def take(self, items: Iterable[Leaf], folder: str = "", chain: tuple[str, ...] = ()) -> None:
        """Read the files that a ``use:`` lists, and what those use.

        ``folder`` is where the listing file is, relative to the campaign's folder; ``chain`` are
        the files on the way to it.
        """
        for leaf in items:
            relative = os.path.normpath(Path(folder, str(leaf.value)))
            real = self._inside(leaf, relative)
            if real is None:
                self.libraries.broken = True
            elif real in chain:
                message = f"library {quoted(str(leaf.value))} uses itself"
                self._reader.findings.add("FR042", leaf.mark, message, length=leaf.length)
            elif real not in self._read and len(self._read) < _MAX_FILES:
                self._read.add(real)
                self._file(leaf, relative, (*chain, real))

    def _inside(self, leaf: Leaf, relative: str) -> str | None:
        """The real path of a library if it lies in the campaign's folder, else None."""
        path = str(leaf.value)
        leaves = Path(path).is_absolute() or relative.split(os.sep, 1)[0] == os.pardir
        real = ""
        if not leaves and "\0" not in path:
            real = os.path.realpath(Path(self._root, relative))
            leaves = not Path(real).is_relative_to(self._root)
        if leaves:
            message = f"library {quoted(path)} is outside the campaign's folder"
            hint = "copy it into the folder of the campaign, and give a path relative to the file"
            self._reader.findings.add("FR041", leaf.mark, message, hint=hint, length=leaf.length)
            return None
        return real

    def _file(self, leaf: Leaf, relative: str, chain: tuple[str, ...]) -> None:
        findings = self._reader.findings
        name = os.path.normpath(self._folder / relative)
        text = read_source(
            Path(self._root, relative), name, findings, blame=leaf.mark, length=leaf.length
        )
        root = None
        if text is not None:
            self._reader.sources.texts[name] = text
            root = parse(text, name, findings)
        document = None if root is None else validate(root, LIBRARY, findings)
        if not isinstance(document, Table):
            self.libraries.broken = True
            return
        self.take(document.leaves("use"), str(Path(relative).parent), chain)
        self._declare(document)

    def _declare(self, document: Table) -> None:
        name_leaf = document.leaf("library")
        if name_leaf is None:
            self.libraries.broken = True
            return
        name = str(name_leaf.value)
        first = self.libraries.names.get(name)
        if first is not None:
            self._reader.findings.add(
                "FR046",
                name_leaf.mark,
                f"there is another library '{name}'",
                related=[Related(mark=first, message="the first one is here")],
                length=name_leaf.length,
            )
            return
        self.libraries.names[name] = name_leaf.mark
        for kind in BODIES:
            table = document.table(kind)
            for entry in (table.entries if table is not None else {}).values():
                if isinstance(entry.node, Table):
                    self._fragment(name, kind, entry.name, entry.mark, entry.node)

    def _fragment(self, library: str, kind: str, short: str, mark: Mark, table: Table) -> None:
        name = f"{library}.{short}"
        twin = self.libraries.fragments.get(name)
        if twin is not None:
            self._reader.findings.add(
                "FR046",
                mark,
                f"'{name}' is a fragment of {twin.kind} as well",
                related=[Related(mark=twin.mark, message="the first one is here")],
                length=len(short),
            )
            return
        declared = parameters(table.table("parameters"), self._reader.findings)
        body = table.get(BODIES[kind])
        if body is None:
            self.libraries.broken = True
            return
        known = frozenset(declared)
        used: set[str] = set()
        for leaf in scalars(body):
            text = self._reader.compiled(leaf, known, f"fragment '{name}'")
            used |= frozenset() if text is None else text.names
        self.libraries.fragments[name] = Fragment(
            kind=kind, name=name, library=library, parameters=declared, body=body, mark=mark
        )
        self._unused(declared, used, name)

    def _unused(self, declared: dict[str, Parameter], used: set[str], name: str) -> None:
        for parameter in declared.values():
            if parameter.name not in used:
                message = f"parameter '{parameter.name}' of '{name}' is never used"
                length = len(parameter.name)
                self._reader.findings.add("FR111", parameter.mark, message, length=length)
