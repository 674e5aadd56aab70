"""What futex(2) asks fail_futex for: the places of each operation, as a table.

Kernel: kernel/futex/core.c:get_futex_key(), pi.c:futex_lock_pi_atomic(), lock_pi_update_atomic(),
wake_futex_pi(), requeue.c:futex_proxy_trylock_atomic(), syscalls.c. By hand from these files.
"""

from dataclasses import dataclass

from faultrun.simkernel.process import Process
from faultrun.simkernel.sim_errno import SimErrno

_ENTRY = ("do_futex", "__x64_sys_futex", "do_syscall_64", "entry_SYSCALL_64_after_hwframe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One check. ``spared``: ignore-private spares it for a private futex; most sites say "shared".

    ``retried``: the kernel makes the page writable and starts again instead of returning EFAULT
    (kernel/futex/core.c:fault_in_user_writeable()), so that the caller sees nothing.
    """

    function: str
    caller: str = ""
    errno: str = "EFAULT"
    spared: bool = False
    retried: bool = False
    shared_only: bool = False

    def stack(self) -> tuple[str, ...]:
        """The call chain, innermost first."""
        named = (self.function, self.caller) if self.caller else (self.function,)
        return ("should_fail_futex", *named, *_ENTRY)


def _key(caller: str) -> tuple[Site, ...]:
    """Looking up one futex: a shared one is asked for again before its page is pinned.

    And a third time once the page is known to be anonymous, as that of every program here is.
    """
    return (
        Site(function="get_futex_key", caller=caller, spared=True),
        Site(function="get_futex_key", caller=caller, shared_only=True),
        Site(function="get_futex_key", caller=caller, shared_only=True),
    )


_TIMEOUT = Site(function="__do_sys_futex", spared=True)

OPERATIONS: dict[str, tuple[Site, ...]] = {
    "wait": _key("futex_wait_setup"),
    "wait-timeout": (_TIMEOUT, *_key("futex_wait_setup")),
    "wake": _key("futex_wake"),
    "cmp-requeue": (*_key("futex_requeue"), *_key("futex_requeue")),
    "cmp-requeue-pi": (
        *_key("futex_requeue"),
        *_key("futex_requeue"),
        Site(function="futex_proxy_trylock_atomic", caller="futex_requeue", retried=True),
    ),
    "lock-pi": (
        *_key("futex_lock_pi"),
        Site(function="futex_lock_pi_atomic", caller="futex_lock_pi", retried=True),
        Site(function="futex_lock_pi_atomic", caller="futex_lock_pi", errno="EDEADLK"),
        Site(function="lock_pi_update_atomic", caller="futex_lock_pi_atomic", retried=True),
    ),
    "unlock-pi": _key("futex_unlock_pi"),
    "unlock-pi-contended": (
        *_key("futex_unlock_pi"),
        Site(function="wake_futex_pi", caller="futex_unlock_pi", retried=True),
    ),
}
"""Operation to its places, in order."""


def futex(process: Process, operation: str, *, private: bool) -> None:
    """Pass the places of one operation. Raises SimErrno; TimedOut if it never gets through."""
    while True:
        site = _hit(process, OPERATIONS[operation], private=private)
        if site is None:
            return
        if not site.retried:
            raise SimErrno(site.errno)
        process.spend(_FAULT_NS)


_FAULT_NS = 2_000
"""Making a page writable that is: about as long as a minor fault."""


def _hit(process: Process, sites: tuple[Site, ...], *, private: bool) -> Site | None:
    kernel = process.machine.kernel
    for site in sites:
        if site.shared_only and private:
            continue
        if kernel.futex(process.task, site.stack(), private=private and site.spared):
            return site
    return None
