"""Background jobs: several processes of one command that take turns on one virtual processor.

The rule, which makes every run the same: exactly one process runs at a time. It keeps the processor
until it sleeps, waits for another or ends; until somebody's sleep is over; or, if another one is
ready, for 10 ms of virtual time. Of those that are ready, the one goes on that became so first. A
new job is ready at once, so it starts when its parent first sleeps or waits, or after those 10 ms.
When the command's own process has ended, what is left in the background runs until it would sleep,
for 10 ms at most, and is then killed, as an engine kills the process group of a command.

Each job has a thread of Python only to have a stack of its own; the baton goes from hand to hand.
"""

from collections.abc import Callable
from threading import Semaphore, Thread
from typing import Protocol

from faultrun.simkernel.clock import SimClock
from faultrun.simkernel.process import Deadline, TimedOut
from faultrun.simkernel.signals import Killed
from faultrun.simkernel.unmodelled import Unmodelled

_SLICE_NS = 10_000_000


class Ended(TimedOut):
    """The whole command is over: every process that is left unwinds."""


class Listener(Protocol):
    """A shell that may have something to say about a signal."""

    @property
    def pid(self) -> int:
        """Whose signals these are."""
        ...

    def accept(self, number: int) -> bool:
        """Take note of a signal; False if it kills."""
        ...


class Job:
    """One process that takes turns, with everything that it started and waits for."""

    def __init__(self, pid: int, deadline: "Deadline") -> None:
        self.pid = pid
        self.deadline = deadline
        self.status: int | None = None
        self.listeners: list[Listener] = []
        self.sleeping = False
        self.wake_ns: int | None = None
        self.awaits: Job | None = None
        self.killed: Killed | None = None
        self.baton = Semaphore(0)


class Jobs:
    """The processes of one command that take turns. The first is the command's own."""

    def __init__(self, clock: SimClock, pid: int, deadline: "Deadline") -> None:
        self._clock = clock
        self.current = Job(pid, deadline)
        self._first = self.current
        self._others: list[Job] = []
        self._failure: BaseException | None = None
        self._slice_ns = 0
        self._over = False

    def start(self, pid: int, body: Callable[[], int]) -> Job:
        """A new job. It does not run yet."""
        job = Job(pid, self.current.deadline)
        job.wake_ns = self._clock.now_ns()
        self._others.append(job)
        Thread(target=self._live, args=(job, body), daemon=True).start()
        return job

    def breathe(self) -> None:
        """Time has passed: hand over if somebody else's turn has come."""
        if not self._others:
            return
        now = self._clock.now_ns()
        expired = now - self._slice_ns >= _SLICE_NS
        if any(
            job.wake_ns is not None and job.wake_ns <= now and (job.sleeping or expired)
            for job in self._all()
            if job is not self.current
        ):
            self.current.sleeping = False
            self.current.wake_ns = now
            self._hand_over()

    def sleep(self, until_ns: int) -> bool:
        """Let others run until then. False if nobody else is there: the caller has to wait."""
        if not self._others:
            return False
        me = self.current
        while self._clock.now_ns() < until_ns:
            me.sleeping, me.wake_ns = True, until_ns
            self._hand_over()
        return True

    def wait(self, job: Job, interrupted: Callable[[], bool]) -> bool:
        """Let others run until this job has ended. False if ``interrupted()`` came first."""
        me = self.current
        while job.status is None:
            if interrupted():
                return False
            me.wake_ns, me.awaits = None, job
            self._hand_over()
            if interrupted():
                return False
        return True

    def send(self, pid: int, number: int) -> bool:
        """Send a signal. False if there is no such process. Raises Killed if it hits the sender."""
        for job in self._all():
            found = next((one for one in job.listeners if one.pid == pid), None)
            if found is None and job.pid != pid:
                continue
            if number and (found is None or not found.accept(number)):
                if job is self.current:
                    raise Killed(number, pid)
                job.killed = Killed(number, pid)
            if number and job is not self.current and (job.killed or job.awaits):
                job.sleeping, job.wake_ns, job.awaits = False, self._clock.now_ns(), None
            return True
        return False

    def close(self) -> None:
        """The command's own process has ended: let the others come to rest, then end them."""
        if not self._others:
            return
        begin = self._clock.now_ns()
        while self._failure is None and self._clock.now_ns() - begin < _SLICE_NS:
            ready = [job for job in self._others if job.wake_ns is not None and not job.sleeping]
            if not ready:
                break
            self._first.sleeping, self._first.wake_ns = True, begin + _SLICE_NS
            self._hand_over()
        self.end()

    def end(self) -> None:
        """End every job, whatever it does."""
        self._over = True
        while self._others:
            self._pass_to(self._others[0])
            self._take_up(self._first)

    def _all(self) -> list[Job]:
        return [self._first, *self._others]

    def _live(self, job: Job, body: Callable[[], int]) -> None:
        job.baton.acquire()
        status = 255
        try:
            if job.killed is not None:
                status = 128 + job.killed.number
            elif not self._over:
                status = body()
        except Killed as signal:
            status = 128 + signal.number
        except Ended:
            pass
        except BaseException as failure:  # noqa: BLE001  # whatever it is, the command meets it
            self._failure = failure
        job.status = status
        self._others.remove(job)
        now = self._clock.now_ns()
        for other in self._all():
            if other.awaits is job:
                other.awaits, other.sleeping, other.wake_ns = None, False, now
        over = self._over or self._failure is not None
        self._pass_to(self._first if over else self._next())

    def _hand_over(self) -> None:
        me = self.current
        if self._over and me is not self._first:
            raise Ended
        chosen = self._next()
        if chosen is me:
            self._slice_ns = self._clock.now_ns()
        else:
            self._pass_to(chosen)
            self._take_up(me)
        if self._over and me is not self._first:
            raise Ended
        if me.killed is not None:
            killed, me.killed = me.killed, None
            raise killed
        if me is self._first and self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _pass_to(self, job: Job) -> None:
        self.current = job
        self._slice_ns = self._clock.now_ns()
        job.baton.release()

    @staticmethod
    def _take_up(me: Job) -> None:
        me.baton.acquire()

    def _next(self) -> Job:
        """Who goes on: the longest ready; else the one that wakes first, and it is then."""
        able = [job for job in self._all() if job.wake_ns is not None]
        if not able:
            raise Unmodelled("processes that wait for each other")
        chosen = min(able, key=lambda job: job.wake_ns or 0)
        self._clock.advance(max(0, (chosen.wake_ns or 0) - self._clock.now_ns()))
        return chosen
