"""``widgetctl spin [N]``: the program that meets the fault, on the simulated kernel."""

from faultrun.simkernel.process import Process

_STACK = ("widget_spin", "widget_ioctl", "__x64_sys_ioctl", "do_syscall_64")


def widgetctl(process: Process) -> int:
    """Spin N times, 1 by default; the exit status is 1 if a spin failed."""
    if process.argv[1:2] != ("spin",):
        process.complain("usage: widgetctl spin [N]")
        return 2
    count = int(process.argv[2]) if len(process.argv) > 2 else 1
    kernel = process.machine.kernel
    status = 0
    for number in range(1, count + 1):
        if kernel.should_fail(kernel.fault("fail_widget"), 1, process.task, _STACK):
            process.complain(f"spin {number}: Input/output error")
            status = 1
        else:
            process.out(f"spin {number}: ok\n")
    return status
