"""``needs:`` of all steps: every name known, and no circle. Iterative: a circle may be long."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from faultrun.model.campaign import Need
from faultrun.model.diagnostic import Related
from faultrun.spec.findings import Findings
from faultrun.spec.nodes import Leaf
from faultrun.spec.words import nearest, quoted

_SHOWN = 6
"""Steps of a circle that its message names."""


def needs_of(
    origin: str, leaves: Iterable[Leaf], known: Mapping[str, object], findings: Findings
) -> tuple[Need, ...]:
    """The needs of one step, with findings for unknown names and for the step itself."""
    made: dict[str, Need] = {}
    for leaf in leaves:
        name = str(leaf.value)
        if name == origin:
            findings.add("FR051", leaf.mark, f"step '{name}' needs itself", length=leaf.length)
        elif name not in known:
            bare = name.partition("[")[0].partition("#")[0]
            hint = nearest(name, known)
            if bare in known:
                hint = f"write '{bare}': needing a step means needing all its cells and repeats"
            message = f"unknown step {quoted(name)} in the needs of '{origin}'"
            findings.add("FR050", leaf.mark, message, hint=hint, length=leaf.length)
        elif name in made:
            message = f"'{name}' stands twice in the needs of '{origin}'"
            findings.add("FR113", leaf.mark, message, length=leaf.length)
        else:
            made[name] = Need(id=name, mark=leaf.mark)
    return tuple(made.values())


def tell_circles(steps: Mapping[str, Sequence[Need]], findings: Findings) -> None:
    """One finding for each circle; all needs of the circle are its related places."""
    for circle in _circles(steps):
        names = [name for name, _ in circle]
        told = names if len(names) <= _SHOWN else [*names[: _SHOWN - 1], "...", names[-1]]
        count = f" ({len(names):,} steps)" if len(names) > _SHOWN else ""
        related = [
            Related(mark=need.mark, message=f"'{name}' needs '{need.id}'") for name, need in circle
        ]
        findings.add(
            "FR052",
            related[0].mark,
            f"steps need each other in a cycle{count}: {' -> '.join((*told, names[0]))}",
            hint=f"take one `needs` out, for example '{circle[0][1].id}' of '{names[0]}'",
            related=related[1:],
            length=len(circle[0][1].id),
        )


def _circles(steps: Mapping[str, Sequence[Need]]) -> Iterator[list[tuple[str, Need]]]:
    """Depth first; when a need leads back onto the path, the end of the path is a circle.

    After a circle its steps are left alone, so that one knot of steps gives one finding.
    """
    done: set[str] = set()
    for start in steps:
        if start in done:
            continue
        path: list[tuple[str, Iterator[Need]]] = [(start, iter(steps[start]))]
        on_path: dict[str, int] = {start: 0}
        via: list[Need] = []
        while path:
            name, rest = path[-1]
            need = next(rest, None)
            if need is None:
                done.add(name)
                del on_path[name]
                path.pop()
                if via:
                    via.pop()
            elif need.id in on_path:
                first = on_path[need.id]
                members = [member for member, _ in path[first:]]
                yield _turned(list(zip(members, [*via[first:], need], strict=True)))
                done.update(on_path)
                break
            elif need.id in steps and need.id not in done:
                on_path[need.id] = len(path)
                via.append(need)
                path.append((need.id, iter(steps[need.id])))


def _turned(circle: list[tuple[str, Need]]) -> list[tuple[str, Need]]:
    """The circle from its first place in the document on."""
    first = min(range(len(circle)), key=lambda at: circle[at][1].mark)
    return circle[first:] + circle[:first]
