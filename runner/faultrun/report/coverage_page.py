"""Coverage as one page: a square for each facet, by capability, and the same as tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from faultrun.gate.coverage import Cover, Coverage, Reach
from faultrun.gate.facets import ATTRIBUTE, CAPABILITY
from faultrun.report.hostile import clean
from faultrun.report.html import page

WORDS: Mapping[Reach, str] = {
    Reach.FIRED: "a fault fired",
    Reach.VACUOUS: "only in vain",
    Reach.NEVER: "never",
}
REAL_ONLY = "real only"


@dataclass(frozen=True, slots=True, kw_only=True)
class SquareView:
    """One facet: its name, how far it got, in words, and the step that shows it."""

    name: str
    reach: str
    words: str
    shown_by: str
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BandView:
    """Facets of one kind."""

    title: str
    squares: tuple[SquareView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityView:
    """A capability with its bands; ``absent`` says why the simulated kernel cannot have it."""

    name: str
    fired: int
    total: int
    reach: str
    absent: str
    bands: tuple[BandView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageView:
    """The whole page."""

    counts: tuple[tuple[str, str, int], ...]
    total: int
    campaigns: tuple[str, ...]
    capabilities: tuple[CapabilityView, ...]


def render(found: Coverage) -> bytes:
    """The page in UTF-8."""
    return page(
        "coverage.html.j2",
        styles=("base.css", "coverage.css"),
        scripts=("dom.js", "theme.js", "coverage.js"),
        values={"view": view(found)},
    )


def view(found: Coverage) -> CoverageView:
    """What the page says."""
    counts = found.counts()
    return CoverageView(
        counts=tuple((reach.value, WORDS[reach], counts[reach]) for reach in Reach),
        total=sum(counts.values()),
        campaigns=tuple(clean(name) for name in sorted(set(found.campaigns))),
        capabilities=tuple(_capability(found, name) for name in found.capabilities()),
    )


def _capability(found: Coverage, name: str) -> CapabilityView:
    covers = found.of(name)
    kinds = dict.fromkeys(
        cover.facet.kind for cover in covers if cover.facet.kind not in (CAPABILITY, ATTRIBUTE)
    )
    bands = [("attributes", [cover for cover in covers if cover.facet.kind == ATTRIBUTE])]
    bands += [(kind, [cover for cover in covers if cover.facet.kind == kind]) for kind in kinds]
    whole = next(cover for cover in covers if cover.facet.kind == CAPABILITY)
    own = found.counts(name)
    return CapabilityView(
        name=clean(name),
        fired=own[Reach.FIRED],
        total=sum(own.values()),
        reach=whole.reach.value,
        absent=clean(found.absent.get(name, "")),
        bands=tuple(
            BandView(title=clean(title), squares=tuple(_square(cover) for cover in rows))
            for title, rows in bands
            if rows
        ),
    )


def _square(cover: Cover) -> SquareView:
    return SquareView(
        name=clean(cover.facet.name),
        reach=cover.reach.value,
        words=WORDS[cover.reach],
        shown_by=clean(cover.shown_by),
        steps=cover.steps,
    )
