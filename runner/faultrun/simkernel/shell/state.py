"""A shell's memory: variables, functions, options; copied when a subshell starts."""

from dataclasses import dataclass, field, replace

from faultrun.simkernel.shell.nodes import Node


@dataclass(slots=True)
class Array:
    """``name=(a b)``: items by number. ``unset`` leaves holes."""

    items: dict[int, str] = field(default_factory=dict[int, str])

    def copy(self) -> "Array":
        """Another one with the same items."""
        return Array(dict(self.items))

    def values(self) -> list[str]:
        """The items in the order of their numbers."""
        return [self.items[at] for at in sorted(self.items)]

    def keys(self) -> list[str]:
        """The numbers, as text."""
        return [str(at) for at in sorted(self.items)]


@dataclass(slots=True)
class Table:
    """``declare -A name``: items by text, in the order in which they came.

    bash lists them in an order of its own; no script can rely on either.
    """

    items: dict[str, str] = field(default_factory=dict[str, str])

    def copy(self) -> "Table":
        """Another one with the same items."""
        return Table(dict(self.items))

    def values(self) -> list[str]:
        """The items."""
        return list(self.items.values())

    def keys(self) -> list[str]:
        """What they are found by."""
        return list(self.items)


Value = str | Array | Table


def array(items: list[str]) -> Array:
    """An array of these, from 0 on."""
    return Array(dict(enumerate(items)))


def values_of(value: Value | None) -> list[str]:
    """All items; a plain variable is its own only one."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value.values()


def copied(value: Value | None) -> Value | None:
    """A value that can be changed without changing this one."""
    return value if value is None or isinstance(value, str) else value.copy()


@dataclass(slots=True)
class Options:
    """What ``set`` and ``shopt`` switch."""

    errexit: bool = False
    nounset: bool = False
    pipefail: bool = False
    xtrace: bool = False
    noglob: bool = False
    noexec: bool = False
    noclobber: bool = False
    allexport: bool = False
    nullglob: bool = False


OPTION_LETTERS = {
    "e": "errexit", "u": "nounset", "x": "xtrace", "f": "noglob", "n": "noexec", "C": "noclobber",
    "a": "allexport",
}  # fmt: skip
OPTION_NAMES = frozenset((*OPTION_LETTERS.values(), "pipefail"))


@dataclass(slots=True)
class State:
    """Everything that a subshell inherits and cannot give back."""

    variables: dict[str, Value] = field(default_factory=dict[str, Value])
    exported: set[str] = field(default_factory=set[str])
    readonly: set[str] = field(default_factory=set[str])
    integers: set[str] = field(default_factory=set[str])
    functions: dict[str, Node] = field(default_factory=dict[str, Node])
    options: Options = field(default_factory=Options)
    args: list[str] = field(default_factory=list[str])
    name: str = "bash"
    pid: int = 0
    status: int = 0
    background: int = 0
    calls: list[str] = field(default_factory=list[str])
    traps: dict[str, str] = field(default_factory=dict[str, str])
    scopes: list[dict[str, Value | None]] = field(default_factory=list[dict[str, Value | None]])

    def copy(self) -> "State":
        """For a subshell: everything; of the traps only what is ignored."""
        return State(
            variables={
                name: value if isinstance(value, str) else value.copy()
                for name, value in self.variables.items()
            },
            exported=set(self.exported),
            readonly=set(self.readonly),
            integers=set(self.integers),
            functions=dict(self.functions),
            options=replace(self.options),
            args=list(self.args),
            name=self.name,
            pid=self.pid,
            status=self.status,
            background=self.background,
            calls=list(self.calls),
            traps={name: action for name, action in self.traps.items() if not action},
            scopes=[dict(scope) for scope in self.scopes],
        )

    def text(self, name: str) -> str | None:
        """A variable as text: of an array the item 0."""
        value = self.variables.get(name)
        if isinstance(value, Array):
            return value.items.get(0)
        if isinstance(value, Table):
            return value.items.get("0")
        return value

    def environment(self) -> dict[str, str]:
        """What a program that is started gets."""
        return {
            name: text for name in sorted(self.exported) if (text := self.text(name)) is not None
        }
