"""The short and long forms in which an author states an expectation, as one normal form each.

Oracles see the normal form only. Everything that could be wrong with it is told here, at load.
"""

import re
from collections.abc import Callable, Mapping
from signal import Signals

from faultrun.kernel.errno import ALIASES, BY_NAME
from faultrun.model.data import Json
from faultrun.model.verdict import OutcomeClass
from faultrun.spec.nodes import Broken, Leaf, Node, Row, Table
from faultrun.spec.text import spelled
from faultrun.spec.values import DAY_NS, Problem, duration
from faultrun.spec.words import leaf_kind, nearest, quoted, shown

Params = Mapping[str, Json]
Tell = Callable[[Leaf | Table | Row | Broken, Problem], None]
"""Takes one problem and the node that it is about."""

_COUNT = re.compile(
    r"(?P<word>none|some)|(?P<how>exactly|at least|at most) +(?P<n>[0-9]+)"
    r"|between +(?P<low>[0-9]+) +and +(?P<high>[0-9]+)"
)
_MAX_COUNT = 2**32 - 1
_LAST_SIGNAL = 31
"""Numbers above are realtime signals, which the kernel never sends for a fault."""
_OUTCOMES = tuple(outcome.value for outcome in OutcomeClass)
FATES = ("survives", "task-killed", "panic", "hang")
_STATES = ("live", "dead", "gone", "new", "resetting", "connecting", "deleting", "deleting (no IO)")


def normal(oracle: str, node: Node, tell: Tell) -> Params | None:
    """The normal form of an expectation without templates; None after a problem was told."""
    form = _FORMS.get(oracle)
    return None if form is None else form(node, tell)


def _exit(node: Node, tell: Tell) -> Params | None:
    if not isinstance(node, Leaf):
        return None
    value = node.value
    if type(value) is int and 0 <= value <= 255:
        return {"code": value}
    if value in ("zero", "nonzero"):
        return {str(value): True}
    wanted = "must be a number from 0 to 255, nonzero, or zero"
    code = "FR021" if type(value) is int else "FR014"
    tell(node, Problem(code, f"exit is {leaf_kind(node)}, {wanted}"))
    return None


def _signal(node: Node, tell: Tell) -> Params | None:
    if not isinstance(node, Leaf):
        return None
    value = node.value
    if type(value) is int:
        if 1 <= value <= _LAST_SIGNAL:
            return {"name": Signals(value).name}
        tell(node, Problem("FR021", f"signal is {value}, must be 1 to {_LAST_SIGNAL}"))
        return None
    name = str(value).upper()
    name = name if name.startswith("SIG") else f"SIG{name}"
    if isinstance(value, str) and name in Signals.__members__:
        return {"name": Signals[name].name}
    hint = nearest(name, Signals.__members__)
    tell(node, Problem("FR026", f"there is no signal {shown(value)}", _only_near(hint)))
    return None


def _output(node: Node, tell: Tell) -> Params | None:
    if isinstance(node, Leaf):
        return {"contains": _list(node), "lacks": [], "matches": [], "equals": None}
    if not isinstance(node, Table):
        return None
    texts = {name: _list(node.get(name)) for name in ("contains", "lacks", "matches")}
    if not _compiles(node, tell) or not _possible(node, "contains", texts, tell):
        return None
    equals = node.leaf("equals")
    whole = None if equals is None else _str(equals)
    return {**texts, "equals": whole}


def _kernel_log(node: Node, tell: Tell) -> Params | None:
    if isinstance(node, Leaf):
        if node.value == "no-oops":
            return {"has": [], "lacks": [], "matches": [], "no_oops": True}
        wanted = "must be no-oops, or a mapping of has, lacks, matches, no_oops"
        tell(node, Problem("FR015", f"kernel_log is {leaf_kind(node)}, {wanted}"))
        return None
    if not isinstance(node, Table):
        return None
    texts = {name: _list(node.get(name)) for name in ("has", "lacks", "matches")}
    if not _compiles(node, tell) or not _possible(node, "has", texts, tell):
        return None
    leaf = node.leaf("no_oops")
    return {**texts, "no_oops": leaf is None or leaf.value is not False}


def _compiles(table: Table, tell: Tell) -> bool:
    sound = True
    for leaf in table.leaves("matches"):
        try:
            re.compile(_str(leaf), re.MULTILINE)
        except (re.error, RecursionError, OverflowError) as error:
            told = f"{quoted(_str(leaf))} is no regular expression: {error}"
            tell(leaf, Problem("FR026", told))
            sound = False
    return sound


def _possible(table: Table, has: str, texts: Mapping[str, list[Json]], tell: Tell) -> bool:
    for leaf in table.leaves("lacks"):
        for text in texts[has]:
            if isinstance(text, str) and _str(leaf) in text:
                told = f"{quoted(text)} cannot be there while {quoted(_str(leaf))} is lacking"
                tell(leaf, Problem("FR026", told))
                return False
    return True


def _errno(node: Node, tell: Tell) -> Params | None:
    names: list[Json] = []
    sound = True
    for leaf in _leaves(node):
        name = ALIASES.get(_str(leaf), _str(leaf))
        if name in BY_NAME:
            names.append(name)
            continue
        hint = nearest(name.upper(), BY_NAME)
        tell(leaf, Problem("FR026", f"there is no errno {quoted(_str(leaf))}", _only_near(hint)))
        sound = False
    return {"names": names} if sound and names else None


def _injected(node: Node, tell: Tell) -> Params | None:
    if isinstance(node, Leaf):
        return _counted(node, tell)
    if not isinstance(node, Table):
        return None
    numbers: dict[str, int] = {}
    for name in ("exactly", "at_least", "at_most"):
        leaf = node.leaf(name)
        if leaf is None:
            continue
        if type(leaf.value) is not int or not 0 <= leaf.value <= _MAX_COUNT:
            told = f"{name} is {leaf_kind(leaf)}, must be 0 to {_MAX_COUNT} (injections)"
            tell(leaf, Problem("FR021", told))
            return None
        numbers[name] = leaf.value
    if "exactly" in numbers and len(numbers) > 1:
        tell(node, Problem("FR026", "`exactly` leaves nothing to `at_least` and `at_most`"))
        return None
    if "exactly" in numbers:
        return {"min": numbers["exactly"], "max": numbers["exactly"]}
    return _range(node, numbers.get("at_least", 0), numbers.get("at_most"), tell)


def _counted(leaf: Leaf, tell: Tell) -> Params | None:
    found = _COUNT.fullmatch(leaf.value) if isinstance(leaf.value, str) else None
    if found is None:
        wanted = "must be none, some, exactly N, at least N, at most N, or between N and M"
        tell(leaf, Problem("FR015", f"injected is {leaf_kind(leaf)}, {wanted}"))
        return None
    if found["word"] is not None:
        return {"min": 0, "max": 0} if found["word"] == "none" else {"min": 1, "max": None}
    digits = [text for text in (found["n"], found["low"], found["high"]) if text is not None]
    if any(len(text) > 10 or int(text) > _MAX_COUNT for text in digits):
        told = f"injected is {leaf_kind(leaf)}, at most {_MAX_COUNT} (injections)"
        tell(leaf, Problem("FR021", told))
        return None
    if found["how"] is None:
        return _range(leaf, int(found["low"]), int(found["high"]), tell)
    number = int(found["n"])
    low = 0 if found["how"] == "at most" else number
    high = None if found["how"] == "at least" else number
    return {"min": low, "max": high}


def _range(node: Node, low: int, high: int | None, tell: Tell) -> Params | None:
    if high is not None and high < low:
        tell(node, Problem("FR026", f"no number is at least {low} and at most {high}"))
        return None
    return {"min": low, "max": high}


def _attributes(node: Node, tell: Tell) -> Params | None:
    made: dict[str, Json] = {}
    for name, leaf in _pairs(node):
        value = leaf.value
        if isinstance(value, bool):
            made[name] = "Y" if value else "N"
        elif isinstance(value, (int, str)):
            made[name] = spelled(value)
        else:
            told = f"{name} is {leaf_kind(leaf)}, must be a whole number, a text, true or false"
            tell(leaf, Problem("FR014", told))
            return None
    return made


def _file(node: Node, tell: Tell) -> Params | None:
    if not isinstance(node, Table):
        return None
    made: dict[str, Json] = {}
    for path, entry in node.entries.items():
        table = entry.node
        if not isinstance(table, Table):
            return None
        claims: dict[str, Json] = {}
        for name in ("contains", "lacks"):
            if name in table.entries:
                claims[name] = _list(table.get(name))
        for name in ("equals", "sha256"):
            leaf = table.leaf(name)
            if leaf is not None:
                claims[name] = _str(leaf)
        exists = table.leaf("exists")
        if exists is not None:
            claims["exists"] = exists.value is True
        if claims.get("exists") is False and len(claims) > 1:
            tell(table, Problem("FR026", f"{quoted(path)} cannot be absent and have a content"))
            return None
        sha = table.leaf("sha256")
        if sha is not None and not re.fullmatch("[0-9a-f]{64}", _str(sha)):
            told = f"sha256 is {leaf_kind(sha)}, must be 64 hex digits in small letters"
            tell(sha, Problem("FR015", told))
            return None
        made[path] = claims
    return made


def _device(node: Node, tell: Tell) -> Params | None:
    made: dict[str, Json] = {}
    for name, leaf in _pairs(node):
        if leaf.value not in _STATES:
            hint = _only_near(nearest(_str(leaf), _STATES))
            wanted = f"must be {', '.join(_STATES[:-2])}, or deleting"
            tell(leaf, Problem("FR015", f"{name} is {leaf_kind(leaf)}, {wanted}", hint))
            return None
        made[name] = _str(leaf)
    return made


def _duration(node: Node, tell: Tell) -> Params | None:
    made: dict[str, Json] = {}
    numbers: dict[str, int] = {}
    for name, leaf in _pairs(node):
        value = duration(leaf.value, name, 0, DAY_NS)
        if isinstance(value, Problem):
            tell(leaf, value)
            return None
        numbers[name] = value
        made[f"{name}_ns"] = value
    if numbers.get("under", DAY_NS + 1) <= numbers.get("over", -1):
        tell(node, Problem("FR026", "no duration is over the one and under the other"))
        return None
    return made


def _outcome(node: Node, tell: Tell) -> Params | None:
    classes: list[Json] = []
    for leaf in _leaves(node):
        if leaf.value not in _OUTCOMES:
            hint = _only_near(nearest(_str(leaf), _OUTCOMES))
            wanted = f"must be one of {', '.join(_OUTCOMES)}"
            tell(leaf, Problem("FR015", f"outcome is {leaf_kind(leaf)}, {wanted}", hint))
            return None
        classes.append(_str(leaf))
    return {"classes": classes} if classes else None


def _fate(node: Node, tell: Tell) -> Params | None:
    if not isinstance(node, Leaf):
        return None
    if node.value in FATES:
        return {"fate": _str(node)}
    hint = _only_near(nearest(_str(node), FATES))
    wanted = f"must be one of {', '.join(FATES)}"
    tell(node, Problem("FR015", f"fate is {leaf_kind(node)}, {wanted}", hint))
    return None


def _only_near(hint: str) -> str:
    return hint if hint.startswith("did you") else ""


def _str(leaf: Leaf) -> str:
    return leaf.value if isinstance(leaf.value, str) else leaf.raw


def _leaves(node: Node | None) -> list[Leaf]:
    if isinstance(node, Leaf):
        return [node]
    return [item for item in node.items if isinstance(item, Leaf)] if isinstance(node, Row) else []


def _list(node: Node | None) -> list[Json]:
    return [_str(leaf) for leaf in _leaves(node)]


def _pairs(node: Node) -> list[tuple[str, Leaf]]:
    entries = node.entries.values() if isinstance(node, Table) else ()
    return [(entry.name, entry.node) for entry in entries if isinstance(entry.node, Leaf)]


_FORMS: dict[str, Callable[[Node, Tell], Params | None]] = {
    "exit": _exit,
    "signal": _signal,
    "stdout": _output,
    "stderr": _output,
    "errno": _errno,
    "injected": _injected,
    "kernel_log": _kernel_log,
    "attributes": _attributes,
    "file": _file,
    "device": _device,
    "duration": _duration,
    "fate": _fate,
    "outcome": _outcome,
}
"""By oracle, in the order in which `faultrun explain` lists them."""

ORACLES = tuple(_FORMS)
