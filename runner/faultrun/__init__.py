"""faultrun: a declarative fault-injection campaign runner for the Linux kernel."""

__version__ = "0.1.0"
