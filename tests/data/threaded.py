"""Runs on the threaded driver: the real clock, and machines that tell what was done to them."""

import threading
import time
from dataclasses import dataclass, field

from data.engine_plans import Events, RenewableMachine, never
from faultrun.engine.drive_threads import drive
from faultrun.gate.policy import decide
from faultrun.oracles.registry import builtin


class RealClock:
    def now_ns(self):
        return time.monotonic_ns()

    def sleep_ns(self, duration_ns):
        time.sleep(duration_ns / 1e9)


def go(made, machines, *, sink=None, slots=4, stop=never):
    """A run that has to end by itself: a hang fails the test instead of holding up the suite."""
    events = sink if sink is not None else Events()
    found = []

    def body():
        found.append(
            drive(
                made, machines, events,
                oracles=builtin(), gate=decide, slots=slots, stop=stop, clock=RealClock(),
            )
        )  # fmt: skip

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    thread.join(timeout=120)
    assert not thread.is_alive(), "the run hangs"
    assert not [one for one in threading.enumerate() if one.name.startswith("slot ")]
    assert found, "the driver raised"
    return found[0], events


@dataclass
class Guest(RenewableMachine):
    """A machine that is opened and closed, and notices if two threads are in it at once."""

    name: str = ""
    opened: int = 0
    closed: int = 0
    threads: set = field(default_factory=set)
    history: list = field(default_factory=list)
    inside: threading.Lock = field(default_factory=threading.Lock)
    enter: object = None

    def __enter__(self):
        self.opened += 1
        self.threads.add(threading.current_thread().name)
        if self.enter is not None:
            self.enter(self)
        return self

    def __exit__(self, *_ignored):
        assert all(name in alive() for name in self.threads), "its opener has ended"
        self.closed += 1

    def renew(self, name):
        self.history.append(("renew", name))
        self.threads.add(threading.current_thread().name)
        super().renew(name)

    def run(self, command):
        assert self.inside.acquire(blocking=False), "two steps at once on one machine"
        try:
            self.history.append(("run", command.script))
            return super().run(command)
        finally:
            self.inside.release()


def alive():
    return {thread.name for thread in threading.enumerate()}


class Farm:
    """Makes guests, and keeps them to be looked at."""

    def __init__(self, make=Guest, **how):
        self.make = make
        self.how = how
        self.guests = []

    def __call__(self, name):
        guest = self.make(name=name, **self.how)
        self.guests.append(guest)
        return guest

    @property
    def used(self):
        return [guest for guest in self.guests if guest.opened]

    def check_ended(self):
        assert all(guest.opened == guest.closed == 1 for guest in self.used)
