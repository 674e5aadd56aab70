"""A machine that others use as well: it has to be claimed, and has the devices that it has."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from faultrun.kernel.device_kinds.registry import KINDS
from faultrun.model.campaign import DeviceSpec
from faultrun.model.target import KernelFacts
from faultrun.targets.agent_target import AgentTarget
from faultrun.targets.life import Life

_PLACES = (
    "/sys/class/block/{}",
    "/sys/class/nvme/{}",
    "/sys/class/mmc_host/{}",
    "/sys/kernel/config/nullb/{}",
)
_MODEL = "/sys/class/block/{}/device/model"
_MADE_UP = "scsi_debug"
"""The kind whose disks are called like real ones; their model tells them apart (drivers/scsi/scsi_debug.c)."""


class SharedLife(Life, Protocol):
    """A machine that goes on when we are gone."""

    def claim(self, verb: str, run: str, since: str) -> AbstractContextManager[None]:
        """As ``model/claim.py`` says. Raises TargetBroken."""
        ...


class SharedTarget(AgentTarget):
    """What we run on, or another machine over SSH; ``devices`` are those that the campaign names."""

    def __init__(self, life: SharedLife, devices: Sequence[DeviceSpec] = ()) -> None:
        super().__init__(life)
        self._shared = life
        self._devices = tuple(devices)

    def claim(self, verb: str, run: str, since: str) -> AbstractContextManager[None]:
        """Have the machine until the context ends. Raises TargetBroken with the holder's name."""
        return self._shared.claim(verb, run, since)

    def probe(self) -> KernelFacts:
        """Look at every capability's files, the kernel's options and version, and for the devices."""
        facts = super().probe()
        if not self._devices:
            return facts
        wanted = [place.format(one.name) for one in self._devices for place in _PLACES]
        models = [_MODEL.format(one.name) for one in self._devices if one.kind == _MADE_UP]
        told = self._ask("look", patterns=wanted, texts=models)
        there = dict(zip(wanted, told["there"], strict=True))
        lacking: dict[str, str] = {}
        found: list[DeviceSpec] = []
        for one in self._devices:
            why = ""
            if not any(there[place.format(one.name)] for place in _PLACES):
                why = "this machine has no such device"
            elif one.kind == _MADE_UP:
                model = str(told["texts"][_MODEL.format(one.name)] or "").strip()
                if model != _MADE_UP:
                    why = f"it is no {_MADE_UP} disk here but {model or 'something else'}"
            if why:
                lacking.update(dict.fromkeys(KINDS[one.kind].names(one), why))
                lacking[one.name] = why
            else:
                found.append(one)
        return replace(facts, devices=tuple(found), lacking=lacking)
