"""An injection becomes writes: the campaign's values, and what the engine adds, each with a reason.

What is added and what is left alone, and why: ``runner/decisions/0006-what-is-written.md``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faultrun.kernel.control_file import reads_back
from faultrun.kernel.version import KernelVersion
from faultrun.model.campaign import Injection
from faultrun.model.capability import Arming, AttrKind, AttrSpec, Capability, Context
from faultrun.model.data import Scalar
from faultrun.model.mark import Mark
from faultrun.model.plan import Counter, Write
from faultrun.plan.errors import PlanError
from faultrun.plan.locks import directory_of
from faultrun.plan.values import number, text_of

BUDGET = 2_000_000_000
"""Stands for "no limit". `times` counts down only if it is not -1 (lib/fault-inject.c:
should_fail_ex()), so that a number can be counted; it fits the 32 bits of an atomic_t."""

_FILTERED = "faultrun: so that only the workload's own tasks are hit"
_COUNTED = "faultrun: the kernel's default, written because `times` is the counter of injections"
_SWITCHED = "faultrun: the device's own switch, without which nothing is injected"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSet:
    """All that arms one step: the engine's writes, its counters, and what the child arms itself."""

    writes: tuple[Write, ...] = ()
    counters: tuple[Counter, ...] = ()
    make_it_fail: bool = False
    fail_nth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A capability at one place: its attributes in the order of arming, with their paths."""

    capability: Capability
    attributes: tuple[tuple[str, AttrSpec, str], ...]
    added: dict[str, Write]
    switches: tuple[Write, ...]
    times: str


class Arsenal:
    """Turns injections into writes for one kernel version; equal writes are one value."""

    def __init__(self, capabilities: Mapping[str, Capability], version: KernelVersion) -> None:
        self._capabilities = capabilities
        self._version = version
        self._places: dict[tuple[object, ...], _Place] = {}
        self._made: dict[tuple[object, ...], Write] = {}

    def arm(self, injections: Sequence[Injection]) -> WriteSet:
        """Everything that arms these injections, in order: all triggers come last.

        A file that two injections name is written once, with the value of the later one.
        """
        early: dict[str, Write] = {}
        triggers: dict[str, Write] = {}
        counters: dict[str, Counter] = {}
        nth = 0
        for injection in injections:
            place = self._place(injection)
            if place.capability.arming is Arming.TASK:
                nth = _nth(place.capability, injection)
                continue
            for write in self._writes(place, injection):
                (triggers if write.trigger else early)[write.path] = write
            if place.times:
                counters[place.times] = _counter(place, injection)
        writes = (*early.values(), *triggers.values())
        return WriteSet(
            writes=writes,
            counters=tuple(counters.values()),
            make_it_fail=any(
                write.value == "Y" and write.path.endswith("/task-filter") for write in writes
            ),
            fail_nth=nth,
        )

    def _place(self, injection: Injection) -> _Place:
        key = (injection.capability, *[(item.name, item.value) for item in injection.where])
        found = self._places.get(key)
        if found is None:
            capability = self._capabilities.get(injection.capability)
            if capability is None:
                raise PlanError(
                    f"{injection.mark}: there is no capability '{injection.capability}'"
                )
            found = self._places[key] = self._open(capability, injection.place())
        return found

    def _open(self, capability: Capability, where: Mapping[str, str]) -> _Place:
        directory = directory_of(capability, where)
        attributes = tuple(
            (name, spec, f"{directory}/{name}")
            for name in capability.arm_order
            if (spec := capability.attr(name)) is not None
        )
        added: dict[str, Write] = {}
        for name, spec, path in attributes:
            if name == "times":
                added[name] = self._write(
                    spec, path, spec.default, _COUNTED, optional=spec.optional
                )
            elif name == "task-filter" and capability.context is Context.TASK:
                added[name] = self._write(spec, path, "Y", _FILTERED, optional=spec.optional)
        return _Place(
            capability=capability,
            attributes=attributes,
            added=added,
            switches=tuple(
                self._switch(switch.path.format_map(where), switch.value)
                for switch in capability.switches
            ),
            times=f"{directory}/times" if "times" in added else "",
        )

    def _writes(self, place: _Place, injection: Injection) -> list[Write]:
        """One injection in the order of its capability, then the switches.

        The caller moves triggers behind all of it, so that a switch is thrown while the
        probability is still 0 (block/blk-core.c:should_fail_request() asks the switch first).
        """
        given = {setting.name: setting for setting in injection.settings}
        trigger = place.capability.trigger
        writes: list[Write] = []
        for name, spec, path in place.attributes:
            setting = given.get(name)
            if setting is not None:
                writes.append(self._given(spec, path, setting.value, setting.mark, name == trigger))
            elif name in place.added:
                writes.append(place.added[name])
        writes.extend(place.switches)
        return writes

    def _given(self, spec: AttrSpec, path: str, value: Scalar, mark: Mark, trigger: bool) -> Write:
        key = (path, value, type(value), mark.line, mark.file)
        write = self._made.get(key)
        if write is None:
            where = f"{mark.file.rpartition('/')[2]}:{mark.line}"
            origin = f"campaign, {where}"
            if spec.name == "times" and number(value) == -1:
                value = BUDGET
                origin = f"faultrun: stands for -1 (no limit, {where}), but can be counted"
            write = self._made[key] = self._write(spec, path, value, origin, trigger=trigger)
        return write

    def _write(
        self,
        spec: AttrSpec,
        path: str,
        value: Scalar,
        origin: str,
        *,
        trigger: bool = False,
        optional: bool = False,
    ) -> Write:
        text = text_of(spec.kind, value)
        return Write(
            path=path,
            value=text,
            kind=spec.kind,
            reads_back=reads_back(spec.kind, text, self._version, ""),
            origin=origin,
            volatile=spec.volatile,
            trigger=trigger,
            optional=optional,
        )

    def _switch(self, path: str, value: str) -> Write:
        return Write(
            path=path,
            value=value,
            kind=AttrKind.FLAG,
            reads_back=reads_back(AttrKind.FLAG, value, self._version, ""),
            origin=_SWITCHED,
        )


def _counter(place: _Place, injection: Injection) -> Counter:
    spec = next(spec for name, spec, _ in place.attributes if name == "times")
    setting = injection.setting("times")
    asked = number(spec.default if setting is None else setting.value)
    unlimited = asked == -1
    return Counter(
        capability=place.capability.name,
        path=place.times,
        budget=BUDGET if unlimited or asked is None else asked,
        unlimited=unlimited,
    )


def _nth(capability: Capability, injection: Injection) -> int:
    """What the child writes for itself (fs/proc/base.c:proc_fail_nth_write())."""
    setting = injection.setting(capability.trigger)
    return 0 if setting is None else number(setting.value) or 0
