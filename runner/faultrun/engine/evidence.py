"""What is collected after the fault is disarmed: exact counts, where each injection fell, files.

Nothing here judges. Every fact ends up in the record as it is, and in the ``Evidence`` value.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from faultrun.capabilities.errnos import right_errnos
from faultrun.capabilities.place import meant, path_of
from faultrun.capabilities.registry import known
from faultrun.engine.arming import Arming
from faultrun.engine.hits import hits_of
from faultrun.kernel.control_file import strip_newline
from faultrun.kernel.oops import first_oops
from faultrun.model.campaign import Injection
from faultrun.model.evidence import Count, Evidence, FileSeen, Hit
from faultrun.model.oracle import Oracle
from faultrun.model.plan import Counter, Task
from faultrun.model.target import AttrRefused, Finished, LogLine, Target

_DUMP = (" ", "FAULT_INJECTION: ", "CPU: ", "Call Trace:", "Hardware name:")
"""How the records of lib/dump_stack.c:dump_stack() begin, and of the injection before it."""

_SUPPRESSED = re.compile(r": \d+ callbacks suppressed$", re.MULTILINE)
"""What lib/ratelimit.c:___ratelimit() says of records that were not printed."""


def collect(
    task: Task,
    target: Target,
    oracles: Mapping[str, Oracle],
    *,
    finished: Finished,
    log: tuple[LogLine, ...],
    lost: int,
    arming: Arming,
    died: str,
    hung: bool = False,
    log_there: bool = False,
) -> Evidence:
    """Read counters, attributes and files, and locate every logged injection.

    ``log_there``: the target has a kernel log, so that what is not in it was not said.
    """
    names = [injection.capability for injection in task.step.injections]
    hits = hits_of(log, names, task.command, finished) if log else ()
    counts = tuple(
        _traced(counter, log if log or log_there else None)
        if counter.traces
        else _count(None if died or _remade(counter, arming) else target, counter, hits)
        for counter in task.counters
    )
    by_log = any(count.left is None for count in counts)
    if by_log and (lost or any(_SUPPRESSED.search(line.text) for line in log)):
        counts = tuple(
            replace(count, at_least=True) if count.left is None else count for count in counts
        )
    if not died and not lost and log_there:
        counts = tuple(_untold(count, hits, target) for count in counts)
    for count in counts:
        if count.left is not None:
            arming.saw(count.path, str(count.left))
    if task.command.fail_nth and finished.fail_nth_left == 0:
        counts = _without_fail_nth(counts, hits)
    named = _named(task, oracles)
    return Evidence(
        finished=finished,
        log=log,
        log_lost=lost,
        counts=counts,
        hits=hits,
        armed=bool(names),
        errnos=_errnos(task.step.injections, target.info.release),
        after=_attributes(named, counts, target, arming),
        named=named,
        files=_files(task, target, oracles),
        oops=oops_of(log) if log else "",
        died=died,
        hung=hung,
    )


def oops_of(log: Sequence[LogLine]) -> str:
    """The first line that says the kernel went wrong, or empty.

    The dump of an injection is most of such a log and cannot say so: it is passed over unread.
    """
    rest = [line for line in log if not line.text.startswith(_DUMP)]
    return first_oops(rest) if rest else ""


def _remade(counter: Counter, arming: Arming) -> bool:
    """Whether the counter's directory was made anew meanwhile, as a device that came back does."""
    return bool(arming.remade) and counter.path.rpartition("/")[0] in arming.remade


def _count(target: Target | None, counter: Counter, hits: tuple[Hit, ...]) -> Count:
    """Injections = budget - what ``times`` reads now: the only exact counter there is.

    ``target`` is None if what it had counted is lost: the machine died, or the device was made
    anew and its attributes with it.
    """
    left: int | None = None
    if target is not None:
        try:
            left = int(strip_newline(target.read(counter.path)), 0)
        except (AttrRefused, ValueError):
            left = None
    injected: int | None = None
    if left is not None and left <= counter.budget:
        injected = counter.budget - left
    elif left is None:
        # The counter went with its device; the log is all that is left, and may undercount.
        name = _log_name(counter.capability)
        # Attributes without a directory in debugfs have no name in the log since 7.3.
        names = (name, "") if name == "(null)" else (name,)
        logged = sum(1 for hit in hits if hit.name in names)
        injected = logged or None
    return Count(
        capability=counter.capability,
        path=counter.path,
        budget=counter.budget,
        left=left,
        injected=injected,
    )


def _untold(count: Count, hits: tuple[Hit, ...], target: Target) -> Count:
    """No injection at all if the counter went down and not one record tells of it.

    `times` is a file like any other: a workload that writes it looks like one that was hit.
    """
    table = known().get(count.capability)
    if not count.injected or table is None or not table.always_told:
        return count
    if any(hit.name == table.log_name for hit in hits):
        return count
    try:
        verbose = strip_newline(target.read(f"{count.path.rpartition('/')[0]}/verbose"))
    except AttrRefused:
        return count
    return count if verbose == "0" else replace(count, injected=0)


def _traced(counter: Counter, log: Sequence[LogLine] | None) -> Count:
    """A capability without a counter of its own: every line that tells of it is an injection.

    ``log`` is None if the target has none: then nothing is known.
    """
    patterns = [re.compile(trace) for trace in counter.traces]
    found: int | None = None
    if log is not None:
        found = sum(
            1
            for record in log
            for line in record.text.splitlines()
            if any(pattern.search(line) for pattern in patterns)
        )
    return Count(
        capability=counter.capability, path=counter.path, budget=0, left=None, injected=found
    )


def _without_fail_nth(counts: tuple[Count, ...], hits: tuple[Hit, ...]) -> tuple[Count, ...]:
    """Take out the hit of fail-nth, which has counted one of ``times`` down as well.

    lib/fault-inject.c:should_fail_ex() lowers times for a fail-nth hit too. Whether it fell on
    an armed capability shows in the log: it then has no more injections than the counters.
    """
    counted = sum(count.injected or 0 for count in counts if count.left is not None)
    if not counted or len(hits) > counted:
        return counts
    fixed: list[Count] = []
    taken = False
    for count in counts:
        injected = count.injected
        if injected and not taken and count.left is not None:
            injected, taken = injected - 1, True
        fixed.append(replace(count, injected=injected))
    return tuple(fixed)


def _attributes(
    named: Mapping[str, tuple[str, ...]],
    counts: tuple[Count, ...],
    target: Target,
    arming: Arming,
) -> dict[str, str]:
    """Attributes by path, as read back before restore: the counters, and what was asked for."""
    after = {count.path: str(count.left) for count in counts if count.left is not None}
    for path in (path for paths in named.values() for path in paths):
        if path not in after:
            after.update(_read_attribute(target, path, arming))
    return after


def _files(task: Task, target: Target, oracles: Mapping[str, Oracle]) -> dict[str, FileSeen]:
    """The files that oracles ask for."""
    files: dict[str, FileSeen] = {}
    for expectation in task.step.expectations:
        oracle = oracles.get(expectation.oracle)
        for path in oracle.looks_at(expectation.params) if oracle is not None else ():
            if path not in files:
                files[path] = _see(target, path)
    return files


def _named(task: Task, oracles: Mapping[str, Oracle]) -> dict[str, tuple[str, ...]]:
    """The files of every ``capability.attribute`` asked for, wherever the step injects."""
    found: dict[str, tuple[str, ...]] = {}
    for expectation in task.step.expectations:
        oracle = oracles.get(expectation.oracle)
        for name in oracle.reads_back(expectation.params) if oracle is not None else ():
            found[name] = tuple(dict.fromkeys(paths_of(name, task.step.injections)))
    return found


def paths_of(name: str, injections: Sequence[Injection]) -> Iterator[str]:
    """Where the injections of a capability have an attribute: ``capability.attribute``."""
    capability, _, attribute = name.partition(".")
    table = known().get(capability)
    spec = table.attr(attribute) if table is not None else None
    if table is None or spec is None:
        return
    for injection in injections:
        if injection.capability == capability:
            yield path_of(table, spec, meant(table, injection.place()))


def _read_attribute(target: Target, path: str, arming: Arming) -> dict[str, str]:
    for item in arming.saved:
        if item.write.path == path and item.write.trigger:
            # The trigger is off by now; what it was while armed is what was meant.
            return {path: item.write.value}
    try:
        return {path: strip_newline(target.read(path))}
    except AttrRefused:
        return {}


def _see(target: Target, path: str) -> FileSeen:
    try:
        return FileSeen(content=target.read(path), errno_name="")
    except AttrRefused as refused:
        return FileSeen(content=None, errno_name=refused.errno_name)


def _errnos(injections: Sequence[Injection], release: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for injection in injections:
        found.update(dict.fromkeys(right_errnos(injection, release)))
    return tuple(found)


def _log_name(name: str) -> str:
    capability = known().get(name)
    return capability.log_name if capability is not None else name
