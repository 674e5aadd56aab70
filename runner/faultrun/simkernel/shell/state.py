"""A shell's memory: variables, functions, options; copied when a subshell starts."""

from dataclasses import dataclass, field

from faultrun.simkernel.shell.nodes import Node

Value = str | list[str]


@dataclass(slots=True)
class Options:
    """What ``set`` switches."""

    errexit: bool = False
    nounset: bool = False
    pipefail: bool = False
    xtrace: bool = False
    noglob: bool = False
    noexec: bool = False

    def copy(self) -> "Options":
        """The same switches for a subshell."""
        return Options(
            self.errexit, self.nounset, self.pipefail, self.xtrace, self.noglob, self.noexec
        )


OPTION_LETTERS = {"e": "errexit", "u": "nounset", "x": "xtrace", "f": "noglob", "n": "noexec"}


@dataclass(slots=True)
class State:
    """Everything that a subshell inherits and cannot give back."""

    variables: dict[str, Value] = field(default_factory=dict[str, Value])
    exported: set[str] = field(default_factory=set[str])
    readonly: set[str] = field(default_factory=set[str])
    functions: dict[str, Node] = field(default_factory=dict[str, Node])
    options: Options = field(default_factory=Options)
    args: list[str] = field(default_factory=list[str])
    name: str = "bash"
    pid: int = 0
    status: int = 0
    exit_trap: str = ""
    scopes: list[dict[str, Value | None]] = field(default_factory=list[dict[str, Value | None]])

    def copy(self) -> "State":
        """For a subshell: everything but the exit trap."""
        return State(
            variables={
                name: value if isinstance(value, str) else list(value)
                for name, value in self.variables.items()
            },
            exported=set(self.exported),
            readonly=set(self.readonly),
            functions=dict(self.functions),
            options=self.options.copy(),
            args=list(self.args),
            name=self.name,
            pid=self.pid,
            status=self.status,
            scopes=[dict(scope) for scope in self.scopes],
        )

    def text(self, name: str) -> str | None:
        """A variable as text: an array's first item."""
        value = self.variables.get(name)
        if isinstance(value, list):
            return value[0] if value else None
        return value

    def environment(self) -> dict[str, str]:
        """What a program that is started gets."""
        return {
            name: text for name in sorted(self.exported) if (text := self.text(name)) is not None
        }
