"""A runner that dies before its N-th act: a write to a control file, or an event that is recorded."""


class Fuse:
    """Burns down with every act; ``blow`` ends the runner, and whatever it tries afterwards."""

    def __init__(self, acts, blow):
        self.left = acts
        self.blow = blow

    def burn(self):
        self.left -= 1
        self.check()

    def check(self):
        if self.left <= 0:
            self.blow()


class Fused:
    """A target or a sink of that runner."""

    def __init__(self, inner, fuse):
        self.inner = inner
        self.fuse = fuse

    def __getattr__(self, name):
        self.fuse.check()
        return getattr(self.inner, name)

    def write(self, path, data):
        self.fuse.burn()
        self.inner.write(path, data)

    def emit(self, event):
        self.fuse.burn()
        self.inner.emit(event)

    def __enter__(self):
        return self

    def __exit__(self, *_ignored):
        if self.fuse.left > 0:
            self.inner.release()
