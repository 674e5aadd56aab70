"""The way in: a path to a Campaign, or to everything that is wrong with it. Never raises."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faultrun.capabilities.registry import known
from faultrun.model.campaign import Campaign
from faultrun.model.data import Scalar
from faultrun.model.diagnostic import Diagnostic
from faultrun.model.mark import Mark
from faultrun.spec.build import Document, build
from faultrun.spec.choice import Choice, chosen
from faultrun.spec.context import Context
from faultrun.spec.findings import Findings
from faultrun.spec.library import Shelf
from faultrun.spec.nodes import Node, Table, is_broken
from faultrun.spec.scope import Reader
from faultrun.spec.source import read_source
from faultrun.spec.sources import Sources
from faultrun.spec.target import device_names, targets_of
from faultrun.spec.validate import CAMPAIGN, validate
from faultrun.spec.variables import variables_of
from faultrun.spec.yaml_tree import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What came of a file: a campaign unless an error was found; diagnostics sorted by place."""

    campaign: Campaign | None
    diagnostics: tuple[Diagnostic, ...]


ANY = Choice()
"""The campaign chooses its target."""


def load(path: Path, *, overrides: Mapping[str, Scalar], choice: Choice = ANY) -> Loaded:
    """Read a campaign file and its libraries. ``overrides`` replace variables by name.

    ``choice`` is the target that it is read for. Total: whatever the path or the file holds becomes a diagnostic.
    """
    name = str(path)
    findings = Findings()
    text = read_source(path, name, findings)
    campaign = None
    if text is not None:
        root = parse(text, name, findings)
        if root is not None:
            source = _Source(path, text, overrides, choice)
            campaign = _campaign(validate(root, CAMPAIGN, findings), source, findings)
    return Loaded(campaign=campaign, diagnostics=findings.sorted(name))


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a document is from, and what is asked of it."""

    path: Path
    text: str
    overrides: Mapping[str, Scalar]
    choice: Choice


def _campaign(root: Node, source: _Source, findings: Findings) -> Campaign | None:
    if not isinstance(root, Table):
        return None
    path = source.path
    sources = Sources({str(path): source.text})
    reader = Reader(findings, sources)
    shelf = Shelf(path, reader)
    shelf.take(root.leaves("use"))
    targets = targets_of(root.get("target"), findings)
    target = chosen(targets, source.choice, root, findings)
    context = Context(
        reader=reader,
        libraries=shelf.libraries,
        capabilities=known(),
        target=target,
        targets=targets,
        devices=device_names(target) if "target" in root.entries else None,
    )
    start = Mark(str(path), 1, 1)
    document = Document(
        root=root,
        variables=variables_of(root.table("vars"), source.overrides, start, findings),
        sources=tuple(sources.texts.items()),
        is_broken=is_broken(root),
    )
    return build(document, context)
