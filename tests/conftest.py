"""What all tests share: how property tests explore, and which real kernels are there.

Property tests have no deadline on machines that others share. A developer's run explores, and
prints how to reproduce what it found; CI judges a change, and must not fail because of an example
that another run would not have tried.

Tests marked ``real`` boot kernels that ``faultrun kernel build`` made. Where there is none they
are left out, and the end of the run says so; with FAULTRUN_REQUIRE_KERNELS=1, as in CI, they fail.
"""

import os

import pytest
from hypothesis import settings

from faultrun.kernels.finding import build_command, find

settings.register_profile("explore", deadline=None, print_blob=True)
settings.register_profile("judge", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("judge" if os.environ.get("CI") else "explore")

LEFT_OUT = pytest.StashKey[set]()


def pytest_configure(config):
    config.stash[LEFT_OUT] = set()


@pytest.fixture(scope="session")
def uml_kernel(request):
    return _kernel(request.config, "uml")


@pytest.fixture(scope="session")
def qemu_kernel(request):
    return _kernel(request.config, "qemu")


def pytest_terminal_summary(terminalreporter, config):
    for command in sorted(config.stash[LEFT_OUT]):
        terminalreporter.write_line(
            f"tests on a real kernel were left out (see above); to have them: {command}"
        )


def _kernel(config, kind):
    kernel = find(kind)
    if kernel is not None:
        return kernel
    command = build_command(kind, None)
    why = f"no {kind} kernel is built; build one with: {command}"
    if os.environ.get("FAULTRUN_REQUIRE_KERNELS") == "1":
        pytest.fail(why)
    config.stash[LEFT_OUT].add(command)
    pytest.skip(why)
