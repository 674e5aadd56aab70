"""One QEMU process: powered on, saved, put back, with its lines of control and to the agent."""

import os
import shutil
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import faultrun
from faultrun.model.target import TargetBroken
from faultrun.targets.clock import MonotonicClock
from faultrun.targets.console import HANGS
from faultrun.targets.emulator import hardware as hw
from faultrun.targets.emulator import qcow2
from faultrun.targets.emulator.hardware import Disk, Hardware
from faultrun.targets.emulator.qmp import Monitor
from faultrun.targets.guest.wire import Wire
from faultrun.targets.guest_process import GuestProcess

SNAPSHOT = "clean"
_MIB = 1 << 20
_ARCHIVE_ALIGN = 4
_LISTENER = "agent"
_PANIC_IS_OVER = b"---[ end Kernel panic"
"""The last line of a panic (kernel/panic.c:panic()); the machine then stands still for ever."""
_LONGEST = 256
"""Bytes that are looked at again, since a line may have been read in two pieces."""
_PATIENCE_NS = 20 * 1_000_000_000
_PAUSE_NS = 1_000_000


class Machine:
    """A guest's hardware. It stands still until ``go``. Raises TargetBroken."""

    def __init__(self, program: str, hardware: Hardware, accelerator: str) -> None:
        self._program = program
        self._hardware = hardware
        self._accelerator = accelerator
        self.guest = GuestProcess("qemu")
        self.folder = self.guest.folder
        self._monitor: Monitor | None = None
        self._line: socket.socket | None = None
        self._ended = ""
        self._looked = 0
        self._stuck_ns = 0

    def start(self, initrds: Sequence[Path], images: Sequence[Path] = ()) -> None:
        """Start QEMU, standing still. ``images`` are the drives' files, if there are any yet."""
        hardware = self._hardware
        initrd = _joined(initrds, self.folder / "initrd")
        if hardware.shares_files:
            # A kernel's command line is cut at spaces, wherever this package may lie.
            (self.folder / "lib").symlink_to(Path(faultrun.__file__).parents[1])
        for one in images:
            shutil.copyfile(one, self.folder / one.name)
        if not images:
            if hardware.keeps_snapshots:
                qcow2.create(hw.image(hw.VMSTATE, self.folder), _MIB)
            for disk in hardware.disks:
                self._create(disk)
        ours, theirs = socket.socketpair()
        listener = socket.socket(socket.AF_UNIX)
        with theirs, listener:
            self._at(listener.bind)
            listener.listen(1)
            line = hw.words(
                self._program,
                hardware,
                accelerator=self._accelerator,
                folder=self.folder,
                initrd=initrd,
                monitor=theirs.fileno(),
                agent=listener.fileno(),
            )
            self.guest.start(line, (theirs.fileno(), listener.fileno()))
        try:
            self._monitor = Monitor(ours)
        except TargetBroken as broken:
            said = self.guest.last_words()
            raise TargetBroken(f"{broken}; {said}" if said else str(broken)) from broken

    def go(self) -> Wire:
        """Let it run; the stream to its agent."""
        line = self._line = socket.socket(socket.AF_UNIX)
        self._at(line.connect)
        self._qmp.ask("cont")
        return Wire(line.fileno(), line.fileno())

    def plug(self) -> None:
        """Give it the devices that no snapshot can hold, each with a new drive."""
        for disk in self._hardware.plugged:
            hw.image(disk.node, self.folder).unlink(missing_ok=True)
            self._create(disk)
            self._qmp.ask("blockdev-add", **hw.blockdev(disk.node, self.folder))
            for device in disk.devices:
                self._qmp.ask("device_add", **device)

    def save(self) -> None:
        """Keep its state; it stands still then."""
        self._qmp.ask("stop")
        self._hang_up()
        self._qmp.job("snapshot-save", **self._snapshot())

    def load(self) -> None:
        """Put the state back into a process that was just started."""
        self._qmp.job("snapshot-load", **self._snapshot())

    def rewind(self) -> None:
        """Put the state back, whatever became of the guest since."""
        self._qmp.ask("stop")
        self._hang_up()
        self._unplug()
        self._qmp.job("snapshot-load", **self._snapshot())
        # Both writers append, so that the next guest's console starts at the file's beginning.
        os.truncate(self.folder / "console", 0)
        self._looked = 0
        self._stuck_ns = 0
        self._ended = ""

    def images(self) -> tuple[Path, ...]:
        """The files of all drives that were there at power on."""
        nodes = (hw.VMSTATE, *(disk.node for disk in self._hardware.disks))
        return tuple(hw.image(node, self.folder) for node in nodes)

    def ended(self) -> str:
        """Why the machine does not run any more, by QEMU or by its console; empty if it does."""
        if not self._ended and self._monitor is not None:
            for event in self._monitor.tick():
                if event["event"] == "SHUTDOWN":
                    self._ended = str(event.get("data", {}).get("reason", "shutdown"))
        if not self._ended and self._panicked():
            self._ended = "kernel panic"
        return self._ended

    def stuck_for_ns(self) -> int:
        """How long ago the console said that a processor or a task hangs; 0 if it did not."""
        return MonotonicClock().now_ns() - self._stuck_ns if self._stuck_ns else 0

    def quit(self) -> None:
        """End it in good order, with its drives' files complete; the folder stays."""
        self._hang_up()
        self._qmp.ask("quit")
        self.guest.wait(_PATIENCE_NS / 1_000_000_000)
        self._qmp.close()

    def end(self) -> None:
        """Kill it, and remove all that it had; never raises."""
        if self._line is not None:
            self._line.close()
            self._line = None
        self.guest.end()
        if self._monitor is not None:
            self._monitor.close()
            self._monitor = None

    @property
    def _qmp(self) -> Monitor:
        if self._monitor is None:
            raise TargetBroken("QEMU is not running")
        return self._monitor

    def _create(self, disk: Disk) -> None:
        path = hw.image(disk.node, self.folder)
        qcow2.create(path, disk.size_bytes, backing=disk.backing, form=disk.form)

    def _snapshot(self) -> dict[str, object]:
        nodes = [hw.VMSTATE, *(disk.node for disk in self._hardware.disks)]
        return {"tag": SNAPSHOT, "vmstate": hw.VMSTATE, "devices": nodes}

    def _hang_up(self) -> None:
        """Close the line to the agent, and see it closed: no byte of it may reach the next guest."""
        if self._line is None:
            return
        self._line.close()
        self._line = None
        clock = MonotonicClock()
        give_up = clock.now_ns() + _PATIENCE_NS
        while clock.now_ns() < give_up:
            lines = {one["label"]: one["filename"] for one in self._qmp.ask("query-chardev")}
            if lines[_LISTENER].startswith("disconnected:"):
                return
            clock.sleep_ns(_PAUSE_NS)
        raise TargetBroken("QEMU does not let go of the line to the agent")

    def _unplug(self) -> None:
        """Take the plugged devices out by a reset: a guest that is gone cannot agree to it."""
        ids = [str(one["id"]) for disk in self._hardware.plugged for one in disk.devices]
        for name in reversed(ids):
            self._qmp.ask("device_del", id=name)
        self._qmp.ask("set-action", reboot="reset")
        self._qmp.ask("system_reset")
        self._qmp.await_event("RESET", guest=False)
        self._qmp.ask("set-action", reboot="shutdown")
        for disk in self._hardware.plugged:
            self._qmp.ask("blockdev-del", node_name=disk.node)

    def _panicked(self) -> bool:
        """Whether the end of a panic stands on the console; what was looked at is not read again."""
        try:
            with (self.folder / "console").open("rb") as file:
                file.seek(max(self._looked - _LONGEST, 0))
                new = file.read()
                self._looked = file.tell()
        except OSError:
            return False
        if not self._stuck_ns and HANGS.search(new):
            self._stuck_ns = MonotonicClock().now_ns()
        return _PANIC_IS_OVER in new

    def _at(self, act: Callable[[str], object]) -> None:
        """Bind or connect in the guest's folder, however long its path is."""
        handle = os.open(self.folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            act(f"/proc/self/fd/{handle}/{_LISTENER}")
        except OSError as no:
            raise TargetBroken(f"no line to the guest's agent: {no.strerror}") from no
        finally:
            os.close(handle)


def _joined(archives: Sequence[Path], to: Path) -> Path | None:
    """One file of all: the kernel unpacks one archive after the other (init/initramfs.c)."""
    if len(archives) < 2:
        return archives[0] if archives else None
    with to.open("xb") as new:
        for one in archives:
            with one.open("rb") as file:
                shutil.copyfileobj(file, new)
            new.write(bytes(-new.tell() % _ARCHIVE_ALIGN))
    return to
