"""The kernel in this process: the same control files, the same decisions, virtual time."""
