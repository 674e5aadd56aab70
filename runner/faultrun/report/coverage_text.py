"""Coverage as plain text: a line a capability, then everything that never fired, by name."""

from collections.abc import Iterator

from faultrun.gate.coverage import Cover, Coverage, Reach

WIDTH = 100


def render(found: Coverage) -> str:
    """The whole table."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Coverage) -> Iterator[str]:
    counts = found.counts()
    total = sum(counts.values())
    yield f"{len(found.campaigns)} campaigns: {', '.join(sorted(set(found.campaigns)))}"
    yield (
        f"{total} facets: {counts[Reach.FIRED]} fired, {counts[Reach.VACUOUS]} only in vain,"
        f" {counts[Reach.NEVER]} never"
    )
    yield ""
    width = max(len(name) for name in found.capabilities())
    yield f"{'capability':<{width}}  fired  vain  never  of"
    for name in found.capabilities():
        own = found.counts(name)
        yield (
            f"{name:<{width}}  {own[Reach.FIRED]:>5}  {own[Reach.VACUOUS]:>4}"
            f"  {own[Reach.NEVER]:>5}  {sum(own.values()):>2}"
        )
    for reach, title in ((Reach.VACUOUS, "only in vain"), (Reach.NEVER, "never")):
        yield from _list(found, reach, title)
    if found.absent:
        yield ""
        yield "real only, so never on the simulated kernel:"
        for name, why in found.absent.items():
            yield from _folded(f"  {name}: ", why)


def _list(found: Coverage, reach: Reach, title: str) -> Iterator[str]:
    rows = [cover for cover in found.covers if cover.reach is reach]
    if not rows:
        return
    yield ""
    yield f"{title}:"
    groups: dict[tuple[str, str], list[Cover]] = {}
    for cover in rows:
        if cover.facet.capability not in found.absent:
            groups.setdefault((cover.facet.capability, cover.facet.kind), []).append(cover)
    for (capability, kind), covers in groups.items():
        yield from _folded(
            f"  {capability}, {kind}: ", ", ".join(cover.facet.name for cover in covers)
        )


def _folded(head: str, text: str) -> Iterator[str]:
    line = head
    for word in text.split(" "):
        if len(line) + len(word) >= WIDTH:
            yield line.rstrip()
            line = "      "
        line += f"{word} "
    yield line.rstrip()
