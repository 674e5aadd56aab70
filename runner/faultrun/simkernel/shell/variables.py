"""Assignments and the commands that declare variables."""

from typing import TYPE_CHECKING

from faultrun.simkernel.shell.nodes import Assign, Declare
from faultrun.simkernel.unmodelled import Unmodelled

if TYPE_CHECKING:
    from faultrun.simkernel.shell.interpreter import Shell


def assign(shell: "Shell", item: Assign) -> bool:
    """``name=value`` and its kin; False if the variable is read-only."""
    state = shell.state
    if item.name in state.readonly:
        shell.say(f"{item.name}: readonly variable")
        return False
    old = state.variables.get(item.name)
    if item.items is not None:
        items = shell.expander.fields(item.items)
        before = list(old) if isinstance(old, list) else []
        state.variables[item.name] = [*before, *items] if item.append else items
        return True
    value = shell.expander.text(item.value)
    if item.index:
        items = list(old) if isinstance(old, list) else [old] if old is not None else []
        at = shell.expander.calculate(item.index)
        if at > len(items):
            raise Unmodelled(f"array '{item.name}' with holes", shell.line)
        items.extend([""] * (at + 1 - len(items)))
        items[at] = items[at] + value if item.append else value
        state.variables[item.name] = items
        return True
    state.variables[item.name] = (state.text(item.name) or "") + value if item.append else value
    return True


def declare(shell: "Shell", node: Declare) -> int:
    """``export``, ``local``, ``readonly``, ``declare``, ``typeset`` and ``unset``."""
    flags = ""
    status = 0
    for item in node.items:
        if isinstance(item, Assign):
            name = item.name
            _scope(shell, node.kind, name, flags)
            status = status if assign(shell, item) else 1
            _mark(shell, node.kind, name, flags)
            continue
        for text in shell.expander.fields((item,)):
            if text.startswith("-") and len(text) > 1:
                flags += text[1:]
            else:
                status = max(status, _bare(shell, node.kind, text, flags))
    return status


def _bare(shell: "Shell", kind: str, text: str, flags: str) -> int:
    """A name without a value, or a whole ``name=value`` that came out of an expansion."""
    state = shell.state
    name, equals, value = text.partition("=")
    if kind in ("unset", "unsetenv"):
        if name in state.readonly:
            shell.say(f"unset: {name}: cannot unset: readonly variable")
            return 1
        if "f" in flags:
            state.functions.pop(name, None)
        else:
            state.variables.pop(name, None)
            state.exported.discard(name)
        return 0
    _scope(shell, kind, name, flags)
    if equals:
        state.variables[name] = value
    elif kind in ("local", "declare", "typeset") and name not in state.variables:
        state.variables[name] = [] if "a" in flags or "A" in flags else ""
    _mark(shell, kind, name, flags)
    return 0


def _scope(shell: "Shell", kind: str, name: str, flags: str) -> None:
    state = shell.state
    if kind not in ("local", "declare", "typeset") or not state.scopes or "g" in flags:
        return
    scope = state.scopes[-1]
    if name not in scope:
        scope[name] = state.variables.get(name)
        state.variables.pop(name, None)


def _mark(shell: "Shell", kind: str, name: str, flags: str) -> None:
    if kind == "export" or "x" in flags:
        shell.state.exported.add(name)
    if kind == "readonly" or "r" in flags:
        shell.state.readonly.add(name)
