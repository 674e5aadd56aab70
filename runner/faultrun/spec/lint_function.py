"""The rule about fail_function: what a function of a known type may be made to return."""

from collections.abc import Iterable

from faultrun.kernel.error_injection import accepts, type_of, wanted
from faultrun.spec.lint_rule import Facts, Remark


def wrong_retval(facts: Facts) -> Iterable[Remark]:
    """FR130. A function whose type is not known is left to the kernel's own list."""
    for armed in facts.armed:
        function = armed.injection.place().get("function", "")
        value = armed.given.get("retval")
        kind = type_of(function)
        if armed.name == "fail_function" and isinstance(value, int) and kind:
            if accepts(kind, value):
                continue
            mark, length = armed.place("retval")
            yield Remark(
                code="FR130",
                mark=mark,
                message=f"'{function}' is of type {kind} and cannot return {value}",
                hint=f"it takes {wanted(kind)}",
                length=length,
            )
