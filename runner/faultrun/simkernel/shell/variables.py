"""Assignments and the commands that declare variables."""

from typing import TYPE_CHECKING

from faultrun.simkernel.shell.nodes import Assign, Declare
from faultrun.simkernel.shell.state import Array, Table, copied
from faultrun.simkernel.unmodelled import Unmodelled

if TYPE_CHECKING:
    from faultrun.simkernel.shell.interpreter import Shell

_FLAGS = frozenset("aAxrigfpn")
_LOCAL = ("local", "declare", "typeset")


def assign(shell: "Shell", item: Assign) -> bool:
    """``name=value`` and its kin; False if the variable is read-only."""
    state, expander = shell.state, shell.expander
    if item.name in state.readonly:
        shell.say(f"{item.name}: readonly variable")
        return False
    if item.items is not None:
        _assign_items(shell, item)
    elif item.subscript:
        put_item(shell, item.name, expander.text(item.subscript), expander.text(item.value), item)
    else:
        put(shell, item.name, expander.text(item.value), append=item.append)
    return True


def put(shell: "Shell", name: str, value: str, *, append: bool = False) -> None:
    """Set a plain variable, or the item 0 of an array."""
    state = shell.state
    if name in state.integers:
        number = shell.expander.calculate(value)
        before = shell.expander.calculate(state.text(name) or "0") if append else 0
        value = str(before + number)
    elif append:
        value = (state.text(name) or "") + value
    held = state.variables.get(name)
    if isinstance(held, Array):
        held.items[0] = value
    elif isinstance(held, Table):
        held.items["0"] = value
    else:
        state.variables[name] = value
    if state.options.allexport:
        state.exported.add(name)


def put_item(
    shell: "Shell", name: str, subscript: str, value: str, item: Assign | None = None
) -> None:
    """Set one item; a plain variable becomes an array."""
    state = shell.state
    append = item is not None and item.append
    held = state.variables.get(name)
    if isinstance(held, Table):
        held.items[subscript] = (held.items.get(subscript, "") if append else "") + value
        return
    if not isinstance(held, Array):
        held = Array({} if held is None else {0: held})
        state.variables[name] = held
    at = place(shell, held, subscript)
    if name in state.integers:
        value = str(shell.expander.calculate(value))
    held.items[at] = (held.items.get(at, "") if append else "") + value


def place(shell: "Shell", held: Array, subscript: str) -> int:
    """The number of an item; negative ones count from behind the last."""
    at = shell.expander.calculate(subscript)
    if at < 0:
        at += max(held.items, default=-1) + 1
    if at < 0 or at > 1 << 40:
        raise Unmodelled(f"array subscript '{subscript}'", shell.line)
    return at


def _assign_items(shell: "Shell", item: Assign) -> None:
    state, expander = shell.state, shell.expander
    old = state.variables.get(item.name)
    table = isinstance(old, Table)
    made: list[tuple[str, str]] = []
    for one in item.items or ():
        if one.subscript:
            made.append((expander.text(one.subscript), expander.text(one.value)))
        else:
            made.extend(("", value) for value in expander.fields((one.value,)))
    kept = copied(old) if item.append else None
    if isinstance(kept, str):
        kept = Array({0: kept})
    state.variables[item.name] = kept if kept is not None else Table() if table else Array()
    held = state.variables[item.name]
    for subscript, value in made:
        if not subscript and isinstance(held, Array):
            held.items[max(held.items, default=-1) + 1] = value
        elif not subscript:
            raise Unmodelled(f"list of keys for the table '{item.name}'", shell.line)
        else:
            put_item(shell, item.name, subscript, value)


def declare(shell: "Shell", node: Declare) -> int:
    """``export``, ``local``, ``readonly``, ``declare``, ``typeset`` and ``unset``."""
    flags, off = "", ""
    status = 0
    if node.kind == "local" and not shell.state.scopes:
        shell.say("local: can only be used in a function")
        return 1
    for item in node.items:
        if isinstance(item, Assign):
            _scope(shell, node.kind, item.name, flags)
            _prepare(shell, item.name, flags)
            status = status if assign(shell, item) else 1
            _mark(shell, node.kind, item.name, flags)
            continue
        for text in shell.expander.fields((item,)):
            if text[:1] in ("-", "+") and len(text) > 1 and text != "--":
                unknown = set(text[1:]) - (_FLAGS | {"v"} if node.kind == "unset" else _FLAGS)
                if unknown or "p" in text[1:] or (node.kind == "declare" and "f" in text[1:]):
                    raise Unmodelled(f"'{node.kind} {text}'", shell.line)
                flags, off = (flags + text[1:], off) if text[0] == "-" else (flags, off + text[1:])
            elif text != "--":
                status = max(status, _bare(shell, node.kind, text, flags))
    _unmark(shell, node, off)
    if not node.items and node.kind != "local":
        raise Unmodelled(f"'{node.kind}' without a name", shell.line)
    return status


def _unmark(shell: "Shell", node: Declare, off: str) -> None:
    for item in node.items:
        if off and isinstance(item, Assign):
            raise Unmodelled(f"'{node.kind} +{off}' with a value", shell.line)
    if "n" in off:
        raise Unmodelled(f"'{node.kind} +{off}'", shell.line)


def _bare(shell: "Shell", kind: str, text: str, flags: str) -> int:
    """A name without a value, or a whole ``name=value`` that came out of an expansion."""
    state = shell.state
    if kind == "unset":
        return _unset(shell, text, flags)
    name, equals, value = text.partition("=")
    if not name.isidentifier() or not name.isascii():
        shell.say(f"{kind}: `{text}': not a valid identifier")
        return 1
    _scope(shell, kind, name, flags)
    _prepare(shell, name, flags)
    if equals:
        if name in state.readonly:
            shell.say(f"{name}: readonly variable")
            return 1
        put(shell, name, value)
    if kind == "export" and "n" in flags:
        state.exported.discard(name)
        return 0
    _mark(shell, kind, name, flags)
    return 0


def _unset(shell: "Shell", text: str, flags: str) -> int:
    state = shell.state
    name, bracket, subscript = text.removesuffix("]").partition("[")
    if name in state.readonly:
        shell.say(f"unset: {name}: cannot unset: readonly variable")
        return 1
    held = state.variables.get(name)
    if bracket:
        if isinstance(held, Table):
            held.items.pop(subscript, None)
        elif isinstance(held, Array):
            held.items.pop(place(shell, held, subscript), None)
        return 0
    if "f" in flags or (held is None and "v" not in flags):
        state.functions.pop(name, None)
    if "f" not in flags:
        state.variables.pop(name, None)
        state.exported.discard(name)
        state.integers.discard(name)
    return 0


def _scope(shell: "Shell", kind: str, name: str, flags: str) -> None:
    state = shell.state
    if kind not in _LOCAL or not state.scopes or "g" in flags:
        return
    scope = state.scopes[-1]
    if name not in scope:
        scope[name] = state.variables.get(name)
        state.variables.pop(name, None)


def _prepare(shell: "Shell", name: str, flags: str) -> None:
    """What has to be known of a variable before its value is assigned."""
    state = shell.state
    if "n" in flags:
        raise Unmodelled("name references ('declare -n')", shell.line)
    if "i" in flags:
        state.integers.add(name)
    if "A" in flags and not isinstance(state.variables.get(name), Table):
        state.variables[name] = Table()
    elif "a" in flags and not isinstance(state.variables.get(name), Array):
        held = state.text(name)
        state.variables[name] = Array({} if held is None else {0: held})


def _mark(shell: "Shell", kind: str, name: str, flags: str) -> None:
    if kind == "export" or "x" in flags:
        shell.state.exported.add(name)
    if kind == "readonly" or "r" in flags:
        shell.state.readonly.add(name)
