"""Write the control files of a step, and put every one of them back.

The order is the whole point: old values are read and announced before the first write, the
trigger is written last and disarmed first, and nothing counts until it was read back.
"""

from dataclasses import dataclass, field

from faultrun.engine import ahead
from faultrun.engine.requirements import not_listed
from faultrun.kernel.control_file import seen, strip_newline
from faultrun.model.data import Json
from faultrun.model.foreseeing import foresee
from faultrun.model.plan import Task, Write
from faultrun.model.target import AttrRefused, Target
from faultrun.model.undo import Undo

_TRIES = 200
_PAUSE_NS = 1_000_000
_GONE = frozenset({"ENOENT", "ENODEV", "ENXIO"})
_GONE_WORDS = "gone with its directory, so nothing of it is armed"

Rows = list[Json]


@dataclass(slots=True)
class Saved:
    """One file that the step will write: its value before, and what it read back when armed."""

    write: Write
    old: str
    armed: str | None = None
    touched: bool = False

    @property
    def changed(self) -> bool:
        """Whether it has to be written to be what it was."""
        return self.touched and self.armed != self.old


@dataclass(slots=True)
class Arming:
    """The control files of one task on one target, from first read to last verification."""

    target: Target
    task: Task
    saved: list[Saved] = field(default_factory=list[Saved])
    absent: list[str] = field(default_factory=list[str])
    announced: bool = False
    complete: bool = True
    remade: set[str] = field(default_factory=set[str])
    """Directories that vanished while armed and came back: with defaults, their counts lost."""

    def read_old(self) -> str:
        """Read every file before anything is changed; what stands in the way, or empty.

        A file that a kernel may lack is left out, and listed in ``absent``.
        """
        unlisted = not_listed(self.task.look_for, self.target)
        if unlisted:
            return unlisted
        foresee(self.target, ahead.old_values(self.task.writes))
        for write in self.task.writes:
            if write.rule.made:
                self.saved.append(Saved(write, ""))
                continue
            try:
                old = strip_newline(self.target.read(write.path))
            except AttrRefused as refused:
                if write.optional and refused.errno_name in _GONE:
                    self.absent.append(write.path)
                    continue
                return f"{refused.path} cannot be read before arming: {refused.errno_name}"
            if write.rule.seen_in and (why := self._in_the_way(write)):
                return why
            # A file that is undone by the very text that arms it does not tell what it was before.
            tells = write.rule.undo != write.value
            self.saved.append(Saved(write, old if tells else ""))
        return ""

    def _in_the_way(self, write: Write) -> str:
        """Why a file that shows elsewhere whether it is armed may not be written; or empty.

        Without the file that tells, nothing could be undone: an undo is only sent while it shows.
        """
        try:
            text = strip_newline(self.target.read(write.rule.seen_in))
        except AttrRefused as refused:
            return (
                f"{refused.path} cannot be read before arming: {refused.errno_name}; it is where"
                f" one can see whether {write.path} is armed"
            )
        if seen(write.rule.seen_as, text):
            return f"{write.path} is armed with '{write.value}' already, and not by this step"
        return ""

    def hold(self) -> str:
        """Open what disarming needs, before the fault can hit the open; the problem, or empty."""
        try:
            self.target.hold(
                [
                    item.write.path
                    for item in self.saved
                    if item.write.trigger and not item.write.rule.made
                ]
            )
        except AttrRefused as refused:
            return f"{refused.path} cannot be held open for disarming: {refused.errno_name}"
        return ""

    def intent(self) -> dict[str, Json]:
        """The announcement: every file with its old and its new value. Emit it before ``arm``."""
        self.announced = True
        rows: Rows = [
            {"new": item.write.value, "old": item.old, "path": item.write.path, **_special(item)}
            for item in self.saved
        ]
        return {"writes": rows}

    def arm(self) -> tuple[dict[str, Json], str]:
        """Write and read back in order; the event's data, and the first problem or empty.

        Stops at the first file that the kernel refused or understood differently.
        """
        rows: Rows = []
        problem = self._disarm_what_was_armed()
        if not problem:
            foresee(self.target, ahead.first_writes(item.write for item in self.saved))
        for item in self.saved:
            if problem:
                break
            back, why = self._arm_one(item)
            item.armed = back
            rows.append({"back": back or "", "ok": not why, "path": item.write.path, "why": why})
            if why and (back is None or not _acceptable(item.write, back)):
                problem = f"{item.write.path}: {why}"
        return {"writes": rows}, problem

    def disarm(self) -> dict[str, Json]:
        """Turn every trigger off through its held descriptor; the event's data."""
        rows: Rows = []
        for item in reversed(self.saved):
            if item.write.trigger and item.touched:
                if item.write.rule.seen_in:
                    rows.append(self._undo(item))
                    continue
                value = item.write.disarm
                back, why = self._put(item.write.path, value)
                ok = back == value or why == _GONE_WORDS
                item.armed = back if back is not None else item.armed
                rows.append({"ok": ok, "path": item.write.path, "value": value, "why": why})
        return {"writes": rows}

    def saw(self, path: str, text: str) -> None:
        """A file was read after the run: what it holds now decides how it is restored."""
        for item in self.saved:
            if item.write.path == path:
                item.armed = text

    def restore(self) -> dict[str, Json]:
        """Write old values back in reverse, triggers last; verify each. The event's data."""
        rows: Rows = []
        self.complete = True
        quiet = [item for item in reversed(self.saved) if not item.write.trigger]
        foresee(self.target, ahead.put_back((item.write, item.old, item.changed) for item in quiet))
        for item in quiet + [item for item in reversed(self.saved) if item.write.trigger]:
            if item.write.rule.made:
                # It goes with what made it, which is undone as an item of its own.
                continue
            if item.write.rule.seen_in:
                row = self._undo(item)
                self.complete = self.complete and row["ok"] is True
                rows.append(row)
                continue
            back, why = self._restore_one(item)
            ok = back == item.old or why == _GONE_WORDS
            self.complete = self.complete and ok
            rows.append(
                {"back": back, "ok": ok, "path": item.write.path, "value": item.old, "why": why}
            )
        self.target.release()
        return {"complete": self.complete, "writes": rows}

    def give_up(self, why: str) -> dict[str, Json]:
        """The data of a restore that could not even be tried, because the machine is out of reach."""
        self.complete = not self.announced
        rows: Rows = [
            {
                "back": None,
                "ok": False,
                "path": item.write.path,
                "value": item.write.rule.undo or item.old,
                "why": why,
            }
            for item in self.saved
            if not item.write.rule.made
        ]
        return {"complete": self.complete, "writes": rows}

    def undos(self) -> tuple[Undo, ...]:
        """What a person has to put back if the restore was not complete."""
        return tuple(
            Undo(
                step=self.task.id,
                path=item.write.path,
                value=item.old,
                trigger=item.write.trigger,
                armed=item.write.value,
                undo=item.write.rule.undo,
                undone_by=item.write.rule.undone_by,
                seen_in=item.write.rule.seen_in,
                seen_as=item.write.rule.seen_as,
                disarm=item.write.disarm,
            )
            for item in reversed(self.saved)
            if not item.write.rule.made
        )

    def _disarm_what_was_armed(self) -> str:
        """A boot option or an earlier crash may have left the trigger on; attributes change after."""
        for item in self.saved:
            if item.write.trigger and not item.write.rule.seen_in and not item.write.rule.made:
                value = item.write.disarm
                if item.old != value:
                    item.touched = True
                    back, why = self._put(item.write.path, value)
                    if back != value:
                        return f"{item.write.path} was armed before the step, and stays so: {why}"
        return ""

    def _arm_one(self, item: Saved) -> tuple[str | None, str]:
        """(what the file reads now, what is odd about it)."""
        write = item.write
        item.touched = True
        if write.trigger and ahead.plain(write):
            foresee(self.target, ahead.written(write.path, write.value))
        try:
            self.target.write(write.path, f"{write.value}\n".encode())
        except AttrRefused as refused:
            return None, f"the kernel refused '{write.value}' with {refused.errno_name}"
        if write.rule.seen_in:
            try:
                shows = self._seen(write)
            except AttrRefused as refused:
                return None, f"whether it is armed cannot be told: {refused}"
            if shows:
                return write.value, ""
            return None, f"does not show in {write.rule.seen_in} after writing '{write.value}'"
        try:
            back = strip_newline(self.target.read(write.path))
        except AttrRefused as refused:
            if write.trigger:
                # Armed without a task filter, the fault may hit our own read.
                return write.value, f"could not be read back: {refused.errno_name}"
            return None, f"could not be read back: {refused.errno_name}"
        if write.reads_back is None or back == write.reads_back:
            return back, ""
        if _acceptable(write, back):
            return back, f"counted down from {write.reads_back} already"
        return back, f"reads '{back}' after writing '{write.value}', not '{write.reads_back}'"

    def _restore_one(self, item: Saved) -> tuple[str | None, str]:
        if item.changed:
            return self._put(item.write.path, item.old)
        try:
            back = strip_newline(self.target.read(item.write.path))
        except AttrRefused as refused:
            why = self._why_refused(item.write.path, refused)
            # A stale descriptor has been let go; the file may be there again behind its path.
            return (None, why) if why == _GONE_WORDS else self._put(item.write.path, item.old)
        # Unchanged by us: but the kernel counts some down, and a workload may have written.
        return (back, "") if back == item.old else self._put(item.write.path, item.old)

    def _seen(self, write: Write) -> bool:
        """Whether the file that tells says that it is armed; one that is gone says it is not."""
        try:
            text = strip_newline(self.target.read(write.rule.seen_in))
        except AttrRefused as refused:
            if refused.errno_name in _GONE:
                return False
            raise
        return seen(write.rule.seen_as, text)

    def _undo(self, item: Saved) -> dict[str, Json]:
        """Undo a write that no old value undoes, unless it is undone already; the event's row."""
        write, rule = item.write, item.write.rule
        why = ""
        try:
            armed = item.touched and self._seen(write)
            for attempt in range(_TRIES if armed else 0):
                if attempt:
                    self.target.clock.sleep_ns(_PAUSE_NS)
                why = self._send_undo(write)
                armed = self._seen(write)
                if not armed:
                    break
        except AttrRefused as refused:
            armed, why = True, f"whether it is armed cannot be told: {refused}"
        return {
            "back": "armed" if armed else item.old,
            "ok": not armed,
            "path": write.path,
            "value": rule.undo,
            "why": why if armed else "",
        }

    def _send_undo(self, write: Write) -> str:
        try:
            for line in write.rule.undo.splitlines():
                self.target.write(write.path, f"{line}\n".encode())
        except AttrRefused as refused:
            if refused.errno_name != write.rule.undone_by:
                return self._why_refused(write.path, refused)
        return f"still shows in {write.rule.seen_in} after writing '{write.rule.undo}'"

    def _put(self, path: str, value: str) -> tuple[str | None, str]:
        """Write until the file reads that value; (what it reads, why it does not).

        The write that disarms can itself be a victim of the fault
        (lib/fault-inject-usercopy.c:should_fail_usercopy()), so it is tried again, boundedly.
        """
        data = f"{value}\n".encode()
        back: str | None = None
        why = ""
        foresee(self.target, ahead.written(path, value))
        for attempt in range(_TRIES):
            if attempt:
                self.target.clock.sleep_ns(_PAUSE_NS)
            why = ""
            try:
                self.target.write(path, data)
            except AttrRefused as refused:
                why = self._why_refused(path, refused)
                if why == _GONE_WORDS:
                    return None, why
            try:
                back = strip_newline(self.target.read(path))
            except AttrRefused as refused:
                why = why or self._why_refused(path, refused)
                if why == _GONE_WORDS:
                    return None, why
                continue
            if back == value:
                # A file that refuses every write but reads as it should is as it should be.
                return back, ""
            why = why or f"reads '{back}' after writing '{value}'"
        return back, why

    def _why_refused(self, path: str, refused: AttrRefused) -> str:
        """Tell a file that vanished from one that refuses; a stale descriptor is let go."""
        # fs/debugfs/file.c:debugfs_file_get(): EIO if the file behind the descriptor was removed.
        if refused.errno_name in _GONE or refused.errno_name == "EIO":
            self.target.release()
            if not self._exists(path):
                return _GONE_WORDS
            self.remade.add(path.rpartition("/")[0])
        return f"{refused.action} refused with {refused.errno_name}"

    def _exists(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        try:
            return name in self.target.list(folder)
        except AttrRefused as refused:
            return refused.errno_name not in _GONE


def _special(item: Saved) -> dict[str, Json]:
    """What restoring from the record alone has to know of a file that is not simply a value."""
    write = item.write
    rule = write.rule
    if rule.made:
        return {"made": True}
    # Every other trigger has the name that a restore knows without the plan.
    odd = write.trigger and not write.path.endswith("/probability")
    named: dict[str, Json] = {"trigger": True} if odd else {}
    if not rule.seen_in:
        return {"disarm": write.disarm, **named} if write.disarm != "0" else named
    return {
        "seen_as": rule.seen_as,
        "seen_in": rule.seen_in,
        **named,
        "undo": rule.undo,
        "undone_by": rule.undone_by,
    }


def _acceptable(write: Write, back: str) -> bool:
    """Whether a value that differs from the prediction is one the kernel may have made of it."""
    if write.reads_back is None or back == write.reads_back:
        return True
    if write.trigger and back == write.value:
        return True
    if not write.volatile:
        return False
    try:
        return 0 <= int(back, 0) <= int(write.reads_back, 0)
    except ValueError:
        return False
