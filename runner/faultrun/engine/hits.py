"""Where each logged injection fell: on the workload's own path, or on somebody else's.

A fault that fires is not yet a fault that hits: with kmemleak in the kernel, probability 100 and
interval 2 injected thousands of failures of which not one reached the workload. The task and the
call chain in the kernel log tell, where it has them; where it has not, that is said.
"""

import re
from collections.abc import Sequence

from faultrun.capabilities.registry import known
from faultrun.kernel.bystanders import bystander
from faultrun.kernel.log import Injection, injections
from faultrun.model.capability import Context
from faultrun.model.evidence import Hit
from faultrun.model.target import Command, Finished, LogLine

_KERNEL_THREADS = re.compile(
    r"(kworker|nfsd|ksoftirqd|migration|rcu_|jbd2|kcompactd|kswapd|swapper)"
)
"""Threads that work for others: whose work it was, their name does not tell."""


_WORD = re.compile(r"[A-Za-z0-9_.+-]+")
_COMM_LEN = 15
"""Characters of a task's name that the kernel keeps (include/linux/sched.h:TASK_COMM_LEN)."""


def hits_of(
    log: Sequence[LogLine], capabilities: Sequence[str], command: Command, finished: Finished
) -> tuple[Hit, ...]:
    """Every injection that the log tells of, in its order, each with where it fell and why so."""
    interrupt = _interrupt_names(capabilities)
    words = frozenset[str]() if finished.pids else _words(command)
    found: list[Hit] = []
    for injection in injections(log):
        on_path, why = _place(injection, injection.name in interrupt, finished, words)
        found.append(
            Hit(
                t_ns=injection.t_ns,
                name=injection.name,
                comm=injection.comm,
                pid=injection.pid,
                chain=injection.chain,
                on_path=on_path,
                why=why,
            )
        )
    return tuple(found)


def _interrupt_names(capabilities: Sequence[str]) -> frozenset[str]:
    tables = known()
    return frozenset(
        tables[name].log_name
        for name in capabilities
        if name in tables and tables[name].context is Context.INTERRUPT
    )


def _in_call(chain: Sequence[str]) -> bool:
    """Whether a completion ran in the submitter's own system call, as some drivers' do."""
    return "do_syscall_64" in chain and not any("interrupt" in name for name in chain)


def _words(command: Command) -> frozenset[str]:
    """Names of programs that the command may start, as the kernel would cut them."""
    said = _WORD.findall(command.script) if command.script else list(command.argv[:1])
    return frozenset(word.rpartition("/")[2][:_COMM_LEN] for word in said)


def _place(
    injection: Injection, interrupt: bool, finished: Finished, words: frozenset[str]
) -> tuple[bool | None, str]:
    who = f"{injection.comm}[{injection.pid}]" if injection.comm else ""
    stranger = bystander(injection.chain)
    if stranger:
        return False, f"in {stranger} of {who or 'an unknown task'}, which only looks on"
    if interrupt and not _in_call(injection.chain):
        return None, "in interrupt context, where the log names whatever task was interrupted"
    if not who:
        return None, "in an unknown task: the log names none below verbose 2"
    if injection.pid in finished.pids:
        return True, f"in the workload's task {who}"
    if _KERNEL_THREADS.match(injection.comm):
        return None, f"in kernel thread {who}, which may have worked for the workload"
    if finished.pids:
        return False, f"in task {who}, which is not the workload's"
    if injection.comm in words:
        return True, f"in task {who}, which has the name of a program of the workload"
    return None, f"in task {who}; the target does not know which tasks were the workload's"
