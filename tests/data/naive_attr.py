"""A second reading of the rules by which a call fails, written from their prose and for clarity.

It shares no line with the product: each rule says for itself whether it lets the call through and
what it takes, and the rules stand in a list in the order of either kernel generation.
"""

ALWAYS_OK = {"require": (0, 2**64 - 1), "reject": (0, 0), "depth": 32}


class Naive:
    """``settings`` as the control files name them, with ``stack`` like ALWAYS_OK."""

    def __init__(self, new, **settings):
        self.new = new
        self.state = {"probability": 0, "interval": 1, "times": 1, "space": 0, "count": 0}
        self.state |= {"task_filter": False, "stack": ALWAYS_OK} | settings

    def call(self, size, task, draw, frames=()):
        """``task`` is a dictionary with make_it_fail and fail_nth, or None in interrupt context."""
        if task is not None and task["fail_nth"] > 0:
            if self.new and not self.caller_ok(frames):
                return False
            task["fail_nth"] -= 1
            if task["fail_nth"] > 0:
                return False
            return self.hit()
        caller = ("caller", lambda: self.caller_ok(frames))
        rules = [
            ("armed", lambda: self.state["probability"] != 0),
            ("task", lambda: not self.state["task_filter"] or bool(task and task["make_it_fail"])),
            ("budget", lambda: self.state["times"] != 0),
            ("space", lambda: self.space_ok(size)),
            ("interval", self.interval_ok),
            ("luck", lambda: draw() < self.state["probability"]),
        ]
        rules.insert(3 if self.new else len(rules), caller)
        return all(rule() for _, rule in rules) and self.hit()

    def caller_ok(self, frames):
        low, high = self.state["stack"]["require"]
        found = (low, high) == (0, 2**64 - 1)
        for frame in list(frames)[: self.state["stack"]["depth"]]:
            bad = self.state["stack"]["reject"]
            if frame in range(*bad):
                return False
            if frame in range(low, high):
                found = True
        return found

    def space_ok(self, size):
        if self.state["space"] <= size:
            return True
        self.state["space"] -= size
        return False

    def interval_ok(self):
        if self.state["interval"] <= 1:
            return True
        self.state["count"] += 1
        return self.state["count"] % self.state["interval"] == 0

    def hit(self):
        if self.state["times"] not in (0, -1):
            self.state["times"] = (self.state["times"] - 1 + 2**31) % 2**32 - 2**31
        return True
