"""Bugs in notifiers, modules, futexes, and what goes with them."""

from dataclasses import replace

from faultrun.simkernel import futexes
from faultrun.simkernel.memory_blocks import Memory
from faultrun.simkernel.module_table import MODULES
from faultrun.simkernel.modules import Modules
from faultrun.simkernel.net.stack import Net
from faultrun.simkernel.power import Power
from faultrun.simkernel.programs import perf_bench
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import TaskTable
from verdicts.planted.bug import around, bug, oops

OOPS = "NULL pointer dereference"


def after_refusal(patch, owner, name, then):
    """Do ``then(*arguments)`` after each call that is refused, and pass the refusal on."""

    def wrapped(original, *args, **named):
        try:
            return original(*args, **named)
        except SimErrno:
            then(*args)
            raise

    around(patch, owner, name, wrapped)


def instead(patch, owner, name, errno_name):
    """Refuse with another errno."""

    def wrapped(original, *args, **named):
        try:
            return original(*args, **named)
        except SimErrno:
            raise SimErrno(errno_name) from None

    around(patch, owner, name, wrapped)


@bug(
    "wrong errno", "notifier", "document-pm-suspend", symptom="'ENOMEM'; found it reported 'EBUSY'"
)
def suspend_is_always_busy(patch):
    """Whatever the notifier said, the writer of /sys/power/state gets EBUSY."""
    instead(patch, Power, "_suspend", "EBUSY")


@bug(
    "wrong errno",
    "notifier",
    "document-memory-offline",
    symptom="'ENOMEM'; found it reported 'EBUSY'",
)
def offlining_is_always_busy(patch):
    """Whatever the notifier said, the block is said to be in use."""
    instead(patch, Memory, "_offline", "EBUSY")


@bug("wrong errno", "futex", "deadlock", symptom="'EDEADLK'; found it reported 'EFAULT'")
def futex_calls_a_deadlock_a_bad_address(patch):
    """The second check of a PI lock returns the error of the first."""
    sites = tuple(replace(site, errno="EFAULT") for site in futexes.OPERATIONS["lock-pi"])
    patch.setitem(futexes.OPERATIONS, "lock-pi", sites)


@bug(
    "wrong errno",
    "modules",
    "init-fails[module=brd]",
    symptom="'ENOMEM'; found it reported 'EINVAL'",
)
def init_without_memory_is_an_invalid_argument(patch):
    """The module's init function returns its own idea of what went wrong."""
    instead(patch, Modules, "load", "EINVAL")


@bug("leak", "modules", "own-init-fails", symptom=r"it says '1\\n1")
def failed_init_keeps_its_dependencies_in_use(patch):
    """The modules that a failed one needed still count it as a user."""

    def then(modules, _machine, _task, name, *_rest):
        for needed in MODULES[name].depends:
            modules.loaded[needed].users.append(name)

    after_refusal(patch, Modules, "load", then)


@bug("state left behind", "modules", "init-fails[module=zram]", symptom="it is there")
def failed_init_leaves_the_module(patch):
    """The module stays in the list, live, although its init function failed."""

    def then(modules, _machine, _task, name, *_rest):
        if name not in modules.loaded:
            modules._add(name, MODULES[name], {})

    after_refusal(patch, Modules, "load", then)


@bug("state left behind", "notifier", "document-netdev-mtu", symptom="unchanged")
def refused_mtu_stays(patch):
    """The new MTU is not taken back when the notifier refuses it."""

    def then(_net, link, mtu, *_rest):
        link.mtu = mtu

    after_refusal(patch, Net, "set_mtu", then)


@bug("state left behind", "notifier", "document-memory-offline", symptom="online.*it says 'offline")
def refused_memory_block_is_offline(patch):
    """The block is marked offline before its notifiers are asked."""

    def then(_memory, block, *_rest):
        block.online = False

    after_refusal(patch, Memory, "_offline", then)


@bug("state left behind", "notifier", "suspend-again", symptom="exit: expected exit status 0")
def refused_suspend_keeps_its_lock(patch):
    """A suspend that is refused does not unlock: the next one is busy."""

    def suspend(original, power, *args):
        if getattr(power, "locked", False):
            raise SimErrno("EBUSY")
        power.locked = True
        original(power, *args)
        power.locked = False

    around(patch, Power, "_suspend", suspend)


@bug("state left behind", "notifier", "netdev-name", symptom="'other0' is in it")
def refused_name_stays(patch):
    """The device keeps the new name although the caller was refused."""

    def then(net, link, name, *_rest):
        net._move(link, name)

    after_refusal(patch, Net, "rename", then)


@bug("state left behind", "notifier", "netdev-master", symptom="'master br0' is in it")
def refused_port_stays_in_the_bridge(patch):
    """The link to the bridge is made before anybody is asked, and is not undone."""

    def then(_net, link, master, *_rest):
        link.master = master

    after_refusal(patch, Net, "link", then)


@bug("late crash", "notifier", "netdev-master", symptom=OOPS)
def device_that_was_refused_crashes_when_it_goes(patch):
    """The refused port's list entry was freed, and is walked when the device is removed."""

    def then(_net, link, *_rest):
        link.address = link.permanent = "00:00:00:00:00:00"

    def remove(original, net, link, task):
        original(net, link, task)
        if link.permanent == "00:00:00:00:00:00":
            oops(net.kernel, "netdev_master_upper_dev_get")

    after_refusal(patch, Net, "link", then)
    around(patch, Net, "remove", remove)


@bug("late crash", "modules", "init-fails[module=dummy]", symptom=OOPS)
def second_load_after_a_failed_init_crashes(patch):
    """The failed init function left its entry in a list that the second load walks."""

    def load(original, modules, machine, task, name, *words):
        left = getattr(modules, "left", None)
        try:
            original(modules, machine, task, name, *words)
        except SimErrno:
            modules.left = name
            raise
        if left == name:
            oops(machine.kernel, "rtnl_link_register")

    around(patch, Modules, "load", load)


@bug("late crash", "futex", "deadlock", symptom="kernel BUG at kernel/futex/pi.c")
def thread_that_met_a_deadlock_crashes_when_it_ends(patch):
    """The PI state of a refused lock is still on the task's list when it exits."""
    met = set()

    def futex(original, process, *args, **named):
        try:
            original(process, *args, **named)
        except SimErrno as refused:
            if refused.name == "EDEADLK":
                met.add(process.task.pid)
                process.machine.kernel.tasks.kernel = process.machine.kernel
            raise

    def end(original, tasks, task):
        original(tasks, task)
        if task.pid in met:
            tasks.kernel.log.emit(2, "kernel BUG at kernel/futex/pi.c:1102!")

    around(patch, perf_bench, "futex", futex)
    around(patch, TaskTable, "exit", end)
