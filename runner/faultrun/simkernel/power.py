"""``/sys/power``: suspend and hibernation, as far as their notifiers, their log and their errnos go.

Kernel: kernel/power/main.c:state_store(), kernel/power/suspend.c:pm_suspend(), enter_state(),
suspend_prepare(); kernel/power/hibernate.c:hibernate(); kernel/power/user.c:snapshot_open().

The machine has S3 and no swap. Nothing wakes it but its alarm clock (``rtc0/wakealarm``) and whoever
ends the command that sent it to sleep. Device and platform callbacks never fail. Log lines of ACPI,
of processors on the way down, and those that tell sizes and speeds of an image are left out;
restoring an image is not modelled, nor is autosleep: the only transition that can be in progress is
that of somebody who has /dev/snapshot open.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from faultrun.kernel.errno import number_of
from faultrun.simkernel.devices.nvme_files import number
from faultrun.simkernel.kernel import SimKernel
from faultrun.simkernel.notifiers import Notifiers
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tasks import SimTask
from faultrun.simkernel.tree import ControlFile, TaskText, TextFile
from faultrun.simkernel.unmodelled import Unmodelled

if TYPE_CHECKING:
    from faultrun.simkernel.machine import Machine

ROOT = "/sys/power"
CLOCK = "/sys/class/rtc/rtc0"

_LABELS = {"freeze": "s2idle", "mem": "deep"}
"""What `state` takes, and the name of the state in the log (kernel/power/suspend.c)."""
_MEM_SLEEP = ("s2idle", "deep")
_TESTS = ("none", "core", "processors", "platform", "devices", "freezer")
"""kernel/power/main.c:pm_tests; a test stops the way down where its name stands."""
_S2IDLE_TESTS = ("none", "platform", "devices", "freezer")
_DISK_MODES = ("platform", "shutdown", "reboot", "suspend", "test_resume")
_COUNTS = (
    "success", "fail", "failed_freeze", "failed_prepare", "failed_suspend", "failed_suspend_late",
    "failed_suspend_noirq", "failed_resume", "failed_resume_early", "failed_resume_noirq",
)  # fmt: skip
_SECOND = 1_000_000_000
_FREEZE_NS = 1_000_000
_DEVICES_NS = 20_000_000
_TEST_DELAY_S = 5
"""kernel/power/suspend.c:pm_test_delay, a parameter of the module suspend."""
_EPOCH_S = 1_700_000_000
_NEVER_NS = 1 << 61
_WARN, _ERR, _INFO = 4, 3, 6


class Power:
    """What the files of ``/sys/power`` hold, and how far down the machine goes."""

    def __init__(self, kernel: SimKernel) -> None:
        self.kernel = kernel
        self.mem_sleep = "deep"
        self.test = "none"
        self.disk = "platform"
        self.alarm_ns: int | None = None
        self.snapshot_open = False
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.last_errno = 0
        self.settings = {"pm_async": "1", "sync_on_suspend": "1", "image_size": "404742144"}

    def state(self, machine: "Machine", text: str, task: SimTask | None) -> None:
        """A write to ``/sys/power/state``. Raises SimErrno."""
        word = text.partition("\n")[0]
        if word == "disk":
            self._hibernate(machine, task)
        elif word in _LABELS:
            name = self.mem_sleep if word == "mem" else _LABELS[word]
            self._say(f"PM: suspend entry ({name})")
            try:
                self._suspend(machine, name, task)
            except SimErrno as refused:
                self.counts["fail"] += 1
                self.last_errno = -number_of(refused.name)
                raise
            else:
                self.counts["success"] += 1
            finally:
                self._say("PM: suspend exit")
        else:
            raise SimErrno("EINVAL")

    def snapshot(self, task: SimTask | None, *, writing: bool) -> None:
        """``/dev/snapshot`` is opened by a user-space tool, to save an image or to restore one."""
        if self.snapshot_open:
            raise SimErrno("EBUSY")
        event = "PM_RESTORE_PREPARE" if writing else "PM_HIBERNATION_PREPARE"
        self.kernel.facility(Notifiers).call(event, task)
        self.snapshot_open = True

    def _suspend(self, machine: "Machine", name: str, task: SimTask | None) -> None:
        if name == "s2idle" and self.test not in _S2IDLE_TESTS:
            text = (
                "PM: Unsupported test mode for suspend to idle, please choose"
                " none/freezer/devices/platform."
            )
            self.kernel.log.emit(_WARN, text)
            raise SimErrno("EAGAIN")
        if self.settings["sync_on_suspend"] == "1":
            self._sync(machine, task)
        self.kernel.facility(Notifiers).call("PM_SUSPEND_PREPARE", task)
        self._freeze(machine)
        try:
            if self.test == "freezer":
                self._wait(machine)
                return
            machine.spend(_DEVICES_NS)
            if self.test == "none":
                self._sleep(machine)
            else:
                self._wait(machine)
        finally:
            self._thaw()

    def _hibernate(self, machine: "Machine", task: SimTask | None) -> None:
        """Without swap the image is made, and then has nowhere to go."""
        if self.snapshot_open:
            raise SimErrno("EBUSY")
        self._say("PM: hibernation: hibernation entry")
        try:
            self.kernel.facility(Notifiers).call("PM_HIBERNATION_PREPARE", task)
            self._sync(machine, task)
            self._freeze_users(machine)
            if self.test == "freezer":
                self._wait(machine, "PM: hibernation: hibernation debug")
                self._thaw()
                return
            self._say("PM: hibernation: Basic memory bitmaps created")
            self._freeze_threads(machine)
            machine.spend(_DEVICES_NS)
            if self.test != "none":
                self._wait(machine, "PM: hibernation: hibernation debug")
            else:
                self._say("PM: hibernation: Creating image:")
                self.kernel.log.emit(_ERR, "PM: Cannot find swap device, try swapon -a")
                self.kernel.log.emit(_ERR, "PM: Cannot get swap writer")
            self._say("PM: hibernation: Basic memory bitmaps freed")
            self._thaw()
            if self.test == "none":
                raise SimErrno("ENODEV")
        finally:
            self._say("PM: hibernation: hibernation exit")

    def _sync(self, machine: "Machine", task: SimTask | None) -> None:
        """kernel/power/main.c:ksys_sync_helper()."""
        before = self.kernel.clock.now_ns()
        if task is not None:
            machine.files.sync(task)
        millis = (self.kernel.clock.now_ns() - before) // 1_000_000
        self._say(f"Filesystems sync: {millis // 1000}.{millis % 1000:03d} seconds")

    def _freeze(self, machine: "Machine") -> None:
        self._freeze_users(machine)
        self._freeze_threads(machine)

    def _freeze_users(self, machine: "Machine") -> None:
        self._frozen(machine, "user space processes")
        self._say("OOM killer disabled.")

    def _freeze_threads(self, machine: "Machine") -> None:
        self._frozen(machine, "remaining freezable tasks")

    def _frozen(self, machine: "Machine", whom: str) -> None:
        """kernel/power/process.c:try_to_freeze_tasks(); 6.1 writes it all on one line."""
        if self.kernel.version.has("6.8", None):
            self._say(f"Freezing {whom}")
            machine.spend(_FREEZE_NS)
            self._say(f"Freezing {whom} completed (elapsed 0.001 seconds)")
        else:
            machine.spend(_FREEZE_NS)
            self._say(f"Freezing {whom} ... (elapsed 0.001 seconds) done.")

    def _thaw(self) -> None:
        self._say("OOM killer enabled.")
        if self.kernel.version.has("6.19", None):
            self._say("Restarting tasks: Starting")
            self._say("Restarting tasks: Done")
        else:
            self._say("Restarting tasks ... done.")

    def _wait(self, machine: "Machine", who: str = "PM: suspend debug") -> None:
        """kernel/power/suspend.c:suspend_test()."""
        self._say(f"{who}: Waiting for {_TEST_DELAY_S} second(s).")
        machine.spend(_TEST_DELAY_S * _SECOND)

    def _sleep(self, machine: "Machine") -> None:
        """Until the alarm clock rings; raises TimedOut if nothing rings before the deadline."""
        now = self.kernel.clock.now_ns()
        ring, self.alarm_ns = self.alarm_ns, None
        machine.spend(_NEVER_NS - now if ring is None else max(0, ring - now))

    def _say(self, text: str) -> None:
        self.kernel.log.emit(_INFO, text)


def files(machine: "Machine") -> Mapping[str, ControlFile]:
    """``/sys/power``."""
    power = machine.kernel.facility(Power)
    machine.kernel.tree.provide(f"{ROOT}/suspend_stats", partial(_statistics, power))
    return {
        "state": TaskText(lambda: "freeze mem disk\n", partial(power.state, machine)),
        "mem_sleep": _choice(power, "mem_sleep", _MEM_SLEEP),
        "pm_test": _choice(power, "test", _TESTS),
        "disk": _choice(power, "disk", _DISK_MODES),
        "resume": TextFile(lambda: "0:0\n", _restore),
        "wakeup_count": TextFile(lambda: "0\n", _keep_count),
        **{name: _setting(power, name) for name in power.settings},
    }


def clock_files(machine: "Machine") -> Mapping[str, ControlFile]:
    """``/sys/class/rtc/rtc0``: the alarm clock, the only thing that wakes the machine."""
    power = machine.kernel.facility(Power)

    def now_s() -> int:
        return _EPOCH_S + power.kernel.clock.now_ns() // _SECOND

    def alarm() -> str:
        ring = power.alarm_ns
        return "" if ring is None else f"{_EPOCH_S + ring // _SECOND}\n"

    def set_alarm(text: str) -> None:
        # drivers/rtc/sysfs.c:wakealarm_store(): +N is from now, 0 or the past clears it.
        word = text.strip()
        relative = word.startswith("+")
        ring = number(word.lstrip("+")) + (now_s() if relative else 0)
        if ring > now_s():
            if power.alarm_ns is not None:
                raise SimErrno("EBUSY")
            power.alarm_ns = (ring - _EPOCH_S) * _SECOND
        else:
            power.alarm_ns = None

    return {
        "wakealarm": TextFile(alarm, set_alarm),
        "since_epoch": TextFile(lambda: f"{now_s()}\n"),
        "name": TextFile(lambda: "rtc_cmos rtc_cmos\n"),
    }


def _statistics(power: Power) -> Mapping[str, ControlFile]:
    def count(name: str) -> Callable[[], str]:
        return lambda: f"{power.counts[name]}\n"

    return {
        **{name: TextFile(count(name)) for name in _COUNTS},
        "last_failed_errno": TextFile(lambda: f"{power.last_errno}\n"),
        "last_failed_dev": TextFile(lambda: "\n"),
        "last_failed_step": TextFile(lambda: "\n"),
    }


def _choice(power: Power, field: str, known: tuple[str, ...]) -> TextFile:
    """A list of words with the chosen one in brackets."""

    def get() -> str:
        chosen = getattr(power, field)
        return " ".join(f"[{word}]" if word == chosen else word for word in known) + "\n"

    def put(text: str) -> None:
        word = text.partition("\n")[0]
        if word not in known:
            raise SimErrno("EINVAL")
        setattr(power, field, word)

    return TextFile(get, put)


def _setting(power: Power, name: str) -> TextFile:
    def put(text: str) -> None:
        value = number(text)
        if name != "image_size" and value > 1:
            raise SimErrno("EINVAL")
        power.settings[name] = str(value)

    return TextFile(lambda: f"{power.settings[name]}\n", put)


def _restore(_text: str) -> None:
    raise Unmodelled("restoring a hibernation image through /sys/power/resume")


def _keep_count(text: str) -> None:
    # kernel/power/main.c:wakeup_count_store(): no wakeup event is ever counted here.
    if text.strip() != "0":
        raise SimErrno("EINVAL")
