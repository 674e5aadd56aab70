"""A controller's life: reset, removal, rescan. The steps are rows of ``nvme_table``.

Kernel: drivers/nvme/host/pci.c:nvme_reset_work(), core.c:nvme_reset_ctrl_sync()
"""

from collections.abc import Callable
from dataclasses import dataclass

from faultrun.kernel.nvme_status import CODE
from faultrun.simkernel.devices.nvme import Controller
from faultrun.simkernel.devices.nvme_table import (
    AdminStep,
    Cost,
    Phase,
    given_up,
    queues_lost,
    reset_sequence,
)
from faultrun.simkernel.sim_errno import SimErrno

RESET_NS = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a reset does to the rest of the machine."""

    remove_disk: Callable[[str], None]
    remove_controller: Callable[[Controller], None]


@dataclass(slots=True)
class _Progress:
    queues: int = 0
    lost: bool = False
    scan: bool = True


def reset(controller: Controller, around: Surroundings, *, said: bool = True) -> None:
    """Reset and wait. Raises SimErrno: EBUSY while one runs, ENETRESET if it ends not live.

    ``said``: a reset that a user asked for is logged as such, that of a timeout is not.
    """
    if controller.state != "live":
        raise SimErrno("EBUSY")
    controller.state = "resetting"
    if said:
        controller.log(4, "resetting controller")
    controller.kernel.clock.advance(RESET_NS)
    identity = controller.identity
    steps = reset_sequence(identity.transport, identity.queues, len(controller.namespaces))
    progress = _Progress(queues=identity.queues)
    phase = Phase.DISABLE
    for step in steps:
        if step.phase is not phase:
            _enter(controller, progress, phase, step.phase, around)
            phase = step.phase
        if not _sent(step, progress):
            continue
        if not _run(controller, step, progress, around):
            raise SimErrno("ENETRESET")
    if identity.transport == "pcie" and progress.scan and not progress.lost:
        controller.log(4, "Ignoring bogus Namespace Identifiers")
    controller.state = "live"


def _sent(step: AdminStep, progress: _Progress) -> bool:
    if step.phase is Phase.QUEUES:
        return not progress.lost
    if step.phase is Phase.SCAN:
        return not progress.lost and progress.scan
    return True


def _enter(
    controller: Controller, progress: _Progress, old: Phase, new: Phase, around: Surroundings
) -> None:
    if old is Phase.INIT:
        controller.state = "connecting"
    if new is not Phase.START or controller.identity.transport == "loop":
        return
    if progress.lost:
        controller.log(4, queues_lost(controller.kernel.version))
        for name in list(controller.namespaces):
            around.remove_disk(name)
    else:
        controller.log(6, f"{progress.queues}/0/0 default/read/poll queues")


def _run(
    controller: Controller, step: AdminStep, progress: _Progress, around: Surroundings
) -> bool:
    if _went_well(controller, step):
        return True
    match step.cost:
        case Cost.GIVE_UP:
            text, goes = given_up(controller.kernel.version, controller.identity.transport)
            controller.log(4, text)
            controller.state = "deleting" if goes else "dead"
            if goes:
                around.remove_controller(controller)
            else:
                _bury(controller)
            return False
        case Cost.NO_IO:
            progress.lost = True
        case Cost.ONE_QUEUE:
            progress.queues -= 1
        case Cost.LOSE_DISK:
            for name in list(controller.namespaces)[:1]:
                around.remove_disk(name)
        case Cost.SKIP_SCAN:
            progress.scan = False
        case Cost.NOTHING:
            pass
    return True


def probe(controller: Controller) -> frozenset[int] | None:
    """The numbers of the namespaces that probing finds; None if the driver gives up.

    The commands of a reset without its deletions (drivers/nvme/host/pci.c:nvme_probe()). Only
    attributes that a boot option armed can make one fail.
    """
    identity = controller.identity
    found = set(range(1, len(controller.media) + 1))
    progress = _Progress(queues=identity.queues)
    at = 0
    for step in reset_sequence(identity.transport, identity.queues, len(found)):
        if step.phase is Phase.DISABLE or not _sent(step, progress):
            continue
        at += step.cost is Cost.LOSE_DISK
        if _went_well(controller, step):
            continue
        match step.cost:
            case Cost.GIVE_UP:
                return None
            case Cost.LOSE_DISK:
                found.discard(at)
            case Cost.NO_IO:
                progress.lost = True
                controller.log(4, "IO queues not created")
            case Cost.SKIP_SCAN:
                progress.scan = False
            case Cost.ONE_QUEUE | Cost.NOTHING:
                pass
    return frozenset(found) if progress.scan and not progress.lost else frozenset()


def _went_well(controller: Controller, step: AdminStep) -> bool:
    """Send an admin command; say what its failure makes the driver say."""
    status = controller.admin(step.opcode)
    if not status & CODE:
        return True
    if step.said:
        said = step.said.format(status=status, code=status & CODE, hex=f"0x{status:x}")
        controller.log(3 if step.cost is not Cost.NOTHING else 4, said)
    return False


def _bury(controller: Controller) -> None:
    """A dead controller keeps its disks, with nothing on them (block/genhd.c:blk_mark_disk_dead())."""
    for namespace in controller.namespaces.values():
        namespace.disk.dead = True
