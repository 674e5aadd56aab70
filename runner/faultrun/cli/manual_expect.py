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
    "outcome": """What the injected run did, whatever its verdict.
  outcome: tolerated                  no-fault, not-activated, tolerated, right-errno,
                                      wrong-errno, oops, hang, crash, latent; or a list""",
}
