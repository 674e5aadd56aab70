"""``attributes``: what control files read after the run, before they are restored."""

from faultrun.model.campaign import Expectation
from faultrun.model.data import Json
from faultrun.model.evidence import Evidence
from faultrun.model.oracle import Oracle
from faultrun.model.verdict import Finding
from faultrun.oracles.params import mapping, ruling


def judge(expectation: Expectation, evidence: Evidence) -> Finding:
    """Each ``capability.attribute`` reads the given value, wherever the step armed it."""
    held = True
    wanted: list[str] = []
    found: list[str] = []
    for name, value in mapping(expectation.params).items():
        wanted.append(f"{name} reads '{value}'")
        seen = _seen(name, evidence)
        if not seen:
            held = False
            found.append(f"{name} could not be read")
        for path, text in seen.items():
            held = held and _same(str(value), text)
            found.append(f"{path} reads '{text}'")
    return ruling(
        expectation, held=held, expected=" and ".join(wanted), found=", ".join(found) or "nothing"
    )


def reads_back(params: Json) -> tuple[str, ...]:
    """The attributes that the engine has to read."""
    return tuple(mapping(params))


def _seen(name: str, evidence: Evidence) -> dict[str, str]:
    paths = evidence.named.get(name, ())
    return {path: evidence.after[path] for path in paths if path in evidence.after}


def _same(wanted: str, text: str) -> bool:
    """Equal as text, or as numbers: 1, 0x1 and 0x0001 are one value."""
    if wanted == text:
        return True
    try:
        return int(wanted, 0) == int(text, 0)
    except ValueError:
        return {wanted.lower(), text.lower()} in ({"true", "y"}, {"false", "n"})


ORACLE = Oracle(
    name="attributes",
    summary="Attribute values after the run, before they are restored: `nvme.times: 0`.",
    judge=judge,
    reads_back=reads_back,
)
