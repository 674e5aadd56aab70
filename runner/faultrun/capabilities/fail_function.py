"""fail_function: a function that allows it returns an error without having been run."""

from collections.abc import Mapping

from faultrun.capabilities.common import COMMON_ATTRS, CREATE_REF, DECIDE_REF, arm_order
from faultrun.kernel.errno import name_of
from faultrun.kernel.error_injection import DEFAULTS, type_of, types_for
from faultrun.model.capability import (
    AttrKind,
    AttrSpec,
    Capability,
    LookFor,
    Parameter,
    Switch,
    WriteRule,
)
from faultrun.model.data import Scalar

DIRECTORY = "/sys/kernel/debug/fail_function"
_INJECT = f"{DIRECTORY}/inject"
_REF = "kernel/fail_function.c:fei_write()"
_RETVAL_REF = "kernel/fail_function.c:fei_retval_set()"

_CALLERS = ("EIO", "ENOMEM")
"""block/blk-core.c:should_fail_bio() becomes EIO; mm/ makes ENOMEM of a failed allocation."""

_OF_MODULE = r"\[[^]]+\]"
"""What %ps prints behind the name of a module's function (kernel/fail_function.c:fei_seq_show(),
lib/error-inject.c:ei_seq_show())."""

_RETVAL = AttrSpec(
    name="retval",
    summary=(
        "What the function returns instead of being run: by its type 0 (NULL), an errno (ERRNO),"
        " either (ERRNO_NULL) or 1 (TRUE). Left out, the kernel's default for the type."
    ),
    kind=AttrKind.RETVAL,
    default=DEFAULTS["ERRNO"],
    unit="return value, an errno as a negative number",
    minimum=-4095,
    maximum=1,
    examples=(-12, -5),
    path="{function}/retval",
    rule=WriteRule(made=True),
    kernel_ref=_RETVAL_REF,
)


def look_for(where: Mapping[str, str], values: Mapping[str, Scalar]) -> tuple[LookFor, ...]:
    """The function has to be in the kernel's list, with a type that takes the return value."""
    function = where["function"]
    listed = LookFor(
        path=f"{DIRECTORY}/injectable",
        words=(function,),
        ending="",
        why=f"'{function}' may not be failed: it is not in the kernel's list of functions",
    )
    value = values.get("retval")
    if not isinstance(value, int):
        return (listed,)
    types = types_for(value)
    typed = LookFor(
        path=f"{DIRECTORY}/injectable",
        words=(function,),
        ending=f"({_OF_MODULE} )?({'|'.join(types)})" if types else "(?!)",
        why=f"'{function}' does not take the return value {value}"
        + (f", which only functions of type {' or '.join(types)} do" if types else ""),
    )
    return listed, typed


def _errnos(
    where: Mapping[str, str], values: Mapping[str, Scalar], _release: str
) -> tuple[str, ...]:
    """What it returns, and what callers commonly make of it."""
    default = DEFAULTS.get(type_of(where["function"]), DEFAULTS["ERRNO"])
    returned = int(values.get("retval", default))
    return (name_of(-returned) if returned < 0 else "", *_CALLERS)


FAIL_FUNCTION = Capability(
    name="fail_function",
    summary="A function that allows it returns an error instead of being run.",
    description=(
        "Functions are those marked ALLOW_ERROR_INJECTION(), listed in `injectable` with their"
        " type. All injected functions share one set of attributes: probability, times, space and"
        " task-filter are the same for every function of a step. System calls in the list fail for"
        " every process if the task filter is off. What a caller makes of the error is its own"
        " affair: should_fail_bio returning -12 is EIO to user space."
    ),
    directory=DIRECTORY,
    attrs=(_RETVAL, *COMMON_ATTRS),
    arm_order=arm_order((_RETVAL,)),
    kernel_refs=(
        _REF,
        "kernel/fail_function.c:fei_kprobe_handler()",
        "lib/error-inject.c:get_injectable_error_type()",
        DECIDE_REF,
        CREATE_REF,
    ),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_FAIL_FUNCTION"),
    errnos=_CALLERS,
    errnos_of=_errnos,
    size_unit="calls",
    log_name="fail_function",
    always_told=True,
    parameters=(
        Parameter(
            name="function",
            summary="The function, as `injectable` lists it. A step may arm several.",
            example="open_ctree",
            pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,510}$",
            device=False,
        ),
    ),
    switches=(
        Switch(
            path=_INJECT,
            value="{function}",
            kind=AttrKind.TEXT,
            first=True,
            rule=WriteRule(
                undo="!{function}", seen_in=_INJECT, seen_as=f"{{function}}( {_OF_MODULE})?"
            ),
            kernel_ref=_REF,
        ),
    ),
    look_for=look_for,
    modelled="the list, open_ctree's messages and the log from a booted 6.12; the rest by hand",
)

CAPABILITIES = (FAIL_FUNCTION,)
