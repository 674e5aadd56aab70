"""Functions that may be made to return an error, and which errors each type of them takes.

Kernel: lib/error-inject.c:error_type_string(), kernel/fail_function.c:adjust_error_retval(),
include/asm-generic/error-injection.h.
"""

from collections.abc import Mapping

MAX_ERRNO = 4095
"""include/linux/err.h. The kernel document says -4096; the code refuses it."""

_U64 = 2**64
_FIRST_ERRNO = _U64 - MAX_ERRNO

DEFAULTS: Mapping[str, int] = {"NULL": 0, "ERRNO": -22, "ERRNO_NULL": 0, "TRUE": 1}
"""Type as `injectable` prints it (the document says ERR_NULL) to what `retval` holds at first."""

FUNCTIONS: Mapping[str, str] = {
    "__do_sys_ni_syscall": "ERRNO",
    "__do_sys_rt_sigreturn": "ERRNO",
    "__x64_sys_arch_prctl": "ERRNO",
    "open_ctree": "ERRNO",
    "should_fail_alloc_page": "TRUE",
    "should_fail_bio": "ERRNO",
    "should_failslab": "ERRNO",
}
"""Functions with their types, as a booted 6.12 listed them; it lists 333, most of them system calls."""

SYSCALL = "__x64_sys_"
"""arch/x86/include/asm/syscall_wrapper.h:__X64_SYS_STUBx() allows every system call, as ERRNO."""


def type_of(function: str) -> str:
    """The type of a function that is known to be injectable, or empty."""
    known = FUNCTIONS.get(function, "")
    return known or ("ERRNO" if function.startswith(SYSCALL) else "")


def accepts(kind: str, value: int) -> bool:
    """Whether a function of that type takes the return value, signed or as 64 unsigned bits."""
    bits = value % _U64
    errno = bits >= _FIRST_ERRNO
    return {
        "NULL": bits == 0,
        "ERRNO": errno,
        "ERRNO_NULL": errno or bits == 0,
        "TRUE": bits == 1,
    }.get(kind, False)


def types_for(value: int) -> tuple[str, ...]:
    """The types that take this return value."""
    return tuple(kind for kind in DEFAULTS if accepts(kind, value))


def wanted(kind: str) -> str:
    """What a type takes, in words."""
    return {
        "NULL": "0",
        "ERRNO": f"-1 to -{MAX_ERRNO}",
        "ERRNO_NULL": f"0 or -1 to -{MAX_ERRNO}",
        "TRUE": "1",
    }.get(kind, "")
