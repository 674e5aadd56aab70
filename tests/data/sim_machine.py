"""A simulated machine with one NVMe controller, and scripts on it."""

from faultrun.model.campaign import DeviceSpec, TargetSpec
from faultrun.model.mark import NOWHERE
from faultrun.model.target import AttrRefused, Command
from faultrun.targets.simulated import SimulatedTarget


def machine(kernel="6.12", seed=1, kind="nvme", name="nvme0", **options):
    given = {"namespaces": 1, "size_mib": 64, **options}
    device = DeviceSpec(name=name, kind=kind, options=tuple(given.items()), mark=NOWHERE)
    return SimulatedTarget(TargetSpec(kernel=kernel, devices=(device,)), seed=seed)


def run(target, script="", *, argv=(), timeout_ns=30_000_000_000, mark=False, nth=0, stdin=""):
    command = Command(
        script=script, argv=argv, timeout_ns=timeout_ns, make_it_fail=mark, fail_nth=nth,
        stdin=stdin,
    )  # fmt: skip
    done = target.run(command)
    assert not done.unmodelled, done.unmodelled
    return done


def write(target, path, text):
    """One write to a control file: the errno name with which it was refused, or empty."""
    try:
        target.write(path, text.encode())
    except AttrRefused as refused:
        return refused.errno_name
    return ""
