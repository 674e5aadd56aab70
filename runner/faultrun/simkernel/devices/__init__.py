"""The simulated machine's devices: what stands behind ``/dev`` and ``/sys/block``."""
