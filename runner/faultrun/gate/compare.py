"""Where two records of one campaign differ: in verdicts, injections, decisions and values.

What no chance is left to is compared exactly. Where a probability lies strictly between 1 and 99
percent, numbers of injections are compared by distribution, and what follows from them is compared
only as long as it is equal: a difference is then "cannot tell", which is an answer of its own.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from faultrun.gate import same_chance
from faultrun.gate.seen import DECISIONS, DRAWN, Ended, Injected, RunSeen, StepSeen


class Agreement(Enum):
    """What a comparison says; the worst of its parts stands for a whole."""

    AGREE = "agree"
    CANNOT_TELL = "cannot tell"
    DIFFER = "differ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing that was looked at in both records; ``why`` says how, or why it cannot be told."""

    what: str
    agreement: Agreement
    a: str = ""
    b: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCompared:
    """One step: every point that was looked at, and what its plan asks differently."""

    id: str
    points: tuple[Point, ...]
    asked: tuple[str, ...] = ()

    @property
    def agreement(self) -> Agreement:
        """It differs if anything does; it agrees if anything was compared and nothing differs."""
        found = {point.agreement for point in self.points}
        if Agreement.DIFFER in found:
            return Agreement.DIFFER
        return Agreement.AGREE if Agreement.AGREE in found else Agreement.CANNOT_TELL

    def of(self, agreement: Agreement) -> tuple[Point, ...]:
        """The points that say so."""
        return tuple(point for point in self.points if point.agreement is agreement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two records, step by step."""

    a: RunSeen
    b: RunSeen
    steps: tuple[StepCompared, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    @property
    def agreement(self) -> Agreement:
        """DIFFER if a step does or is in one only, CANNOT_TELL if no step could be compared."""
        counts = self.counts()
        if counts[Agreement.DIFFER] or self.only_a or self.only_b:
            return Agreement.DIFFER
        return Agreement.AGREE if counts[Agreement.AGREE] else Agreement.CANNOT_TELL

    def counts(self) -> Mapping[Agreement, int]:
        """Steps by what their comparison says."""
        return Counter(step.agreement for step in self.steps)


def obstacle(a: RunSeen, b: RunSeen) -> str:
    """Why these two are no records of one plan; empty if they are.

    Another target gives another plan of the same files and seed: that is what is to be compared.
    """
    if a.plan and a.plan == b.plan:
        return ""
    if a.campaign != b.campaign:
        return f"A is of campaign '{a.campaign}', B of '{b.campaign}'"
    if a.sources != b.sources:
        return f"the campaign was edited between them: plan {a.plan}, and {b.plan}"
    if a.seed != b.seed:
        return f"they have different seeds, {a.seed} and {b.seed}: plan {a.plan}, and {b.plan}"
    if a.target == b.target:
        return f"one campaign gave two plans on '{a.target}': {a.plan}, and {b.plan}"
    return ""


def compare(a: RunSeen, b: RunSeen) -> Comparison:
    """Every step that both have."""
    both = [name for name in a.steps if name in b.steps]
    chancy: dict[str, str] = {}
    compared: list[StepCompared] = []
    for name in both:
        one, other = a.steps[name], b.steps[name]
        before = chancy.get(one.machine, "")
        compared.append(
            StepCompared(
                id=name,
                points=tuple(_points(one, other, before)),
                asked=tuple(
                    key for key, asked in one.asked.items() if asked != other.asked.get(key)
                ),
            )
        )
        if one.chance or other.chance:
            chancy.setdefault(one.machine, name)
    return Comparison(
        a=a,
        b=b,
        steps=tuple(compared),
        only_a=tuple(name for name in a.steps if name not in b.steps),
        only_b=tuple(name for name in b.steps if name not in a.steps),
    )


def _points(a: StepSeen, b: StepSeen, before: str) -> Iterator[Point]:
    """``before`` is an earlier step on the same machine that was left to chance."""
    untold = _untold(a, b)
    if untold:
        yield Point(what="the step", agreement=Agreement.CANNOT_TELL, why=untold)
        return
    doubt = ""
    if a.chance or b.chance:
        percent = ", ".join(f"{name} {share} %" for name, share in a.chance or b.chance)
        doubt = f"it follows from what was left to chance ({percent})"
    elif before:
        doubt = f"step '{before}' on the same machine was left to chance"
    yield _exact("verdict", a.verdict, b.verdict, doubt)
    yield _exact("outcome", a.outcome, b.outcome, doubt)
    yield from _counted(a, b, before)
    yield from _values("armed", a.backs, b.backs, "")
    yield from _values("after", a.after, b.after, doubt)
    if a.ended is not None and b.ended is not None:
        yield from _endings(a.ended, b.ended, a.chance or b.chance, doubt)


def _untold(a: StepSeen, b: StepSeen) -> str:
    """Why nothing of a step can be compared; empty if something can."""
    reasons: list[str] = []
    for side, step in (("A", a), ("B", b)):
        if not step.verdict:
            reasons.append(f"{side} has no verdict of it: the record ends before it")
        elif step.verdict == "SKIP":
            reasons.append(f"{side} skipped it: {'; '.join(step.reasons) or 'no reason given'}")
        elif step.ended is not None and step.ended.unmodelled:
            reasons.append(f"{side} does not model {step.ended.unmodelled}")
    if not reasons and a.verdict == b.verdict == "ERROR":
        reasons.append("the harness broke in both")
    return "; ".join(reasons)


def _exact(what: str, a: str, b: str, doubt: str) -> Point:
    if a == b:
        return Point(what=what, agreement=Agreement.AGREE, a=a, b=b)
    if doubt:
        return Point(what=what, agreement=Agreement.CANNOT_TELL, a=a, b=b, why=doubt)
    return Point(what=what, agreement=Agreement.DIFFER, a=a, b=b)


def _counted(a: StepSeen, b: StepSeen, before: str) -> Iterator[Point]:
    rows_a, rows_b = _rows(a.injected), _rows(b.injected)
    for key in dict.fromkeys([*rows_a, *rows_b]):
        what = f"injected by {key[0]}" + (f" ({key[1] + 1})" if key[1] else "")
        one, other = rows_a.get(key), rows_b.get(key)
        if one is None or other is None:
            yield _exact(what, _number(one), _number(other), before)
        else:
            yield _count(what, one, other, (a, b), before)


def _rows(injected: tuple[Injected, ...]) -> dict[tuple[str, int], Injected]:
    """By capability and its place among its like: a device may have another name elsewhere."""
    found: dict[tuple[str, int], Injected] = {}
    for row in injected:
        place = sum(name == row.capability for name, _ in found)
        found[row.capability, place] = row
    return found


def _count(
    what: str, a: Injected, b: Injected, steps: tuple[StepSeen, StepSeen], before: str
) -> Point:
    told = (_number(a), _number(b))
    if a.number is None or b.number is None:
        return _cannot(what, told, "a counter was lost")
    if a.at_least or b.at_least:
        beyond = (a.at_least and not b.at_least and a.number > b.number) or (
            b.at_least and not a.at_least and b.number > a.number
        )
        if beyond:
            return Point(what=what, agreement=Agreement.DIFFER, a=told[0], b=told[1])
        return _cannot(what, told, "lines of the kernel log that count were lost")
    if not any(name == a.capability for name, _ in (*steps[0].chance, *steps[1].chance)):
        doubt = "" if not before else f"step '{before}' on the same machine was left to chance"
        if steps[0].chance or steps[1].chance:
            doubt = "another fault of the step is left to chance"
        return _exact(what, told[0], told[1], doubt)
    one, other = steps[0].forecast, steps[1].forecast
    if one is None or other is None:
        return _cannot(what, told, "left to chance, and the plan has no forecast of it")
    same = same_chance.same_forecast(a.number, one.spread, b.number, other.spread)
    return Point(
        what=what,
        agreement=Agreement.AGREE if same else Agreement.DIFFER,
        a=told[0],
        b=told[1],
        why=f"by distribution: {same_chance.FORECAST_TEST}",
    )


def _number(row: Injected | None) -> str:
    if row is None:
        return "nothing armed"
    if row.number is None:
        return "unknown"
    return f"at least {row.number}" if row.at_least else str(row.number)


def _cannot(what: str, told: tuple[str, str], why: str) -> Point:
    return Point(what=what, agreement=Agreement.CANNOT_TELL, a=told[0], b=told[1], why=why)


def _values(word: str, a: Mapping[str, str], b: Mapping[str, str], doubt: str) -> Iterator[Point]:
    for path in dict.fromkeys([*a, *b]):
        yield _exact(f"{word} {path}", a.get(path, "not there"), b.get(path, "not there"), doubt)


def _endings(
    a: Ended, b: Ended, chance: tuple[tuple[str, int], ...], doubt: str
) -> Iterator[Point]:
    yield _exact("end", a.words, b.words, doubt)
    yield _exact("errno", ", ".join(a.errnos) or "none", ", ".join(b.errnos) or "none", doubt)
    if a.nth_injected is not None or b.nth_injected is not None:
        yield _exact("fail-nth", _nth(a.nth_injected), _nth(b.nth_injected), doubt)
    if a.cut or b.cut:
        yield _cannot("what it printed", (a.cut, b.cut), a.cut or b.cut)
        return
    rest = list(b.said)
    for place, (name, said) in enumerate(a.said):
        other = rest[place][1] if place < len(rest) and rest[place][0] == name else "nothing"
        if (name == DRAWN or (name == DECISIONS and chance)) and other != "nothing":
            yield _drawn(name, said, other)
        else:
            yield _exact(f"seen {name}", said, other, doubt)
    for name, said in rest[len(a.said) :]:
        yield _exact(f"seen {name}", "nothing", said, doubt)


def _drawn(name: str, a: str, b: str) -> Point:
    """Decisions of which each was left to chance, or not decided by it in both."""
    same = same_chance.same_share(a.count("x"), len(a), b.count("x"), len(b))
    return Point(
        what=f"seen {name}",
        agreement=Agreement.AGREE if same else Agreement.DIFFER,
        a=f"{a.count('x')} of {len(a)}",
        b=f"{b.count('x')} of {len(b)}",
        why=f"by distribution: {same_chance.TEST}",
    )


def _nth(injected: bool | None) -> str:
    return "not armed" if injected is None else "injected" if injected else "not reached"
