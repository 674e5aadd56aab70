"""Reading an expectation's parameters: total, whatever they are."""

from collections.abc import Mapping, Sequence

from faultrun.model.campaign import Expectation
from faultrun.model.data import Json
from faultrun.model.verdict import Finding, Verdict


def mapping(params: Json) -> Mapping[str, Json]:
    """The parameters as a mapping; empty if they are something else."""
    return params if isinstance(params, dict | Mapping) else {}


def texts(params: Mapping[str, Json], key: str) -> tuple[str, ...]:
    """The strings under a key, one or many."""
    value = params.get(key)
    if not value:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Sequence):
        return tuple(str(item) for item in value)
    return ()


def whole(params: Mapping[str, Json], key: str) -> int | None:
    """The integer under a key, or None."""
    value = params.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def ruling(expectation: Expectation, *, held: bool, expected: str, found: str) -> Finding:
    """PASS or FAIL with both sides in words."""
    return Finding(
        oracle=expectation.oracle,
        verdict=Verdict.PASS if held else Verdict.FAIL,
        expected=expected,
        found=found,
        place=str(expectation.mark),
    )


def mistake(expectation: Expectation, why: str) -> Finding:
    """The parameters say nothing that can be judged: ours or the campaign's fault, never FAIL."""
    return Finding(
        oracle=expectation.oracle,
        verdict=Verdict.ERROR,
        expected=str(expectation.params),
        found=why,
        place=str(expectation.mark),
    )


def listed(items: Sequence[str], word: str = "and") -> str:
    """``a, b and c``, each in single quotes."""
    quoted = [f"'{item}'" for item in items]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"
