"""What each expectation means, for ``faultrun explain``."""

EXPECTATIONS: dict[str, str] = {
    "exit": """The workload's exit status.
  exit: 0            exactly this number, 0 to 255
  exit: nonzero      any failure;  exit: zero is 0
Without it a step that injects nothing has to end with 0.""",
    "signal": """The signal that ended the workload.
  signal: SIGSEGV    by name or number""",
    "stdout": """What the workload printed on standard output (stderr: likewise).
  stdout: live                        contains this text
  stdout: {contains: [a, b], lacks: c, matches: 'regex', equals: 'whole text'}""",
    "stderr": """What the workload printed on standard error; see stdout.""",
    "errno": """The error that the workload reported, by the C library's text for it.
  errno: EIO         or a list, any of which will do""",
    "injected": """How many faults fired, by the kernel's own counter (times).
  injected: none | some | exactly 2 | at least 1 | at most 3 | between 1 and 3
  injected: {at_least: 1}""",
    "kernel_log": """What the kernel logged while the fault was armed.
  kernel_log: no-oops                 no oops, BUG, WARNING, lockdep, hung task ... (the default)
  kernel_log: {has: [a, b], lacks: c, matches: 'regex', no_oops: true}""",
    "attributes": """Attributes as read after the workload, before they are restored.
  attributes: {nvme.times: 0, nvme.space: 1}""",
    "file": """A file on the target after the workload: lost data hides behind exit status 0.
  file: {/mnt/a.file: {equals: 'hello', contains: ell, lacks: x, sha256: ..., exists: true}}""",
    "device": """The state of a device after the workload.
  device: {nvme0: live}               live, dead, resetting, connecting ... or gone""",
    "duration": """How long the workload took, by the target's clock.
  duration: {under: 5s, over: 10ms}""",
    "fate": """What became of the machine under the workload. It replaces what is otherwise implied:
no oops, a kernel that stays alive, a workload that ends by itself.
  fate: survives     the workload was not killed; a warning in the log is no death
  fate: task-killed  the kernel oopsed and killed a task, and went on
  fate: panic        the kernel stopped: the record keeps its last lines, the machine comes back
  fate: hang         nothing answered, or the workload did not come back, until the timeout""",
    "outcome": """What the injected run did, whatever its verdict.
  outcome: tolerated                  no-fault, not-activated, tolerated, right-errno,
                                      wrong-errno, oops, hang, crash, latent; or a list""",
}
