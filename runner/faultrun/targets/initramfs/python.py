"""The interpreter of a guest: the one that runs us, with the modules that the agent imports."""

import importlib.util
import marshal
import os
import subprocess  # noqa: TID251  # targets are the one place that starts processes
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import faultrun
from faultrun.model.target import TargetBroken
from faultrun.targets.guest_process import PYTHON

HOME = "/usr/lib/faultrun-guest"
"""Where our package lies in a guest."""
START = f"{HOME}/faultrun/targets/guest/start.py"

_UNCHECKED = (0b01).to_bytes(4, "little")
"""A cache file that is taken without a look at its source (PEP 552)."""
_LIST = """
import sys
sys.path.insert(0, sys.argv[1])
import faultrun.targets.guest.init
import encodings.latin_1, encodings.ascii
for module in list(sys.modules.values()):
    print(getattr(module, "__file__", None) or "")
"""
_LEFT_OUT = """
    test tests idlelib tkinter ensurepip lib2to3 turtledemo pydoc_data site-packages distutils
    dist-packages __pycache__
"""
_TIME_S = 30


def imported() -> tuple[Path, ...]:
    """Every file that the agent imports. Raises TargetBroken."""
    home = str(Path(faultrun.__file__).parents[1])
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter and text
            (PYTHON, "-I", "-S", "-c", _LIST, home),
            capture_output=True,
            timeout=_TIME_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as no:
        raise TargetBroken(f"the guest's modules cannot be listed: {no}") from no
    guest = Path(faultrun.__file__).parent / "targets" / "guest"
    found = {Path(line) for line in done.stdout.decode().split("\n") if line}
    return tuple(sorted(found | set(guest.glob("*.py"))))


def whole_library() -> Iterator[Path]:
    """The standard library, for workloads in Python."""
    root = Path(sysconfig.get_path("stdlib"))
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - {*_LEFT_OUT.split()})
        yield from (Path(folder, name) for name in sorted(files) if name.endswith((".py", ".so")))


def compiled(source: bytes, place: str) -> tuple[str, bytes]:
    """The cache file of a module at ``place``: its path and its bytes."""
    code = compile(source, place, "exec", dont_inherit=True)
    head = importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source)
    return importlib.util.cache_from_source(place), head + marshal.dumps(code)


def place_of(path: Path) -> str:
    """Where a module lies in the guest: our own in its own home, all else where it is here."""
    ours = Path(faultrun.__file__).parent
    if path.is_relative_to(ours):
        return f"{HOME}/faultrun/{path.relative_to(ours)}"
    return str(path)
