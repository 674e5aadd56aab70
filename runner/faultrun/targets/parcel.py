"""The agent as one parcel that is sent over a stream: nothing of it touches the other machine's disk."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import faultrun
from faultrun.model.data import Json

_HOME = Path(faultrun.__file__).parent
_AGENT = "targets/guest"
_OLDEST = "(3,9)"

_UNPACK = (
    "import io,os,sys;"
    f"sys.version_info[:2]<{_OLDEST} and sys.exit("
    '"faultrun needs python3 of version 3.9 or later here, this is "+sys.version.split()[0]);'
    'h=os.memfd_create("faultrun",1);'
    'os.write(h,io.BufferedReader(io.FileIO(0,"rb",closefd=False),1).read(int(sys.argv[1])));'
    'sys.path.insert(0,"/proc/self/fd/%d"%h);'
    "from faultrun.targets.guest.main import main;"
    "main(bytes.fromhex(sys.argv[2]).decode())"
)
"""Runs in the python3 over there. No quote, dollar or exclamation mark in it means anything to any
shell between single quotes, and the buffer of one byte takes no more of the stream than the parcel."""


def parcel() -> bytes:
    """An archive of the agent's modules, which Python imports as it is."""
    packed = io.BytesIO()
    names = ["__init__.py", "targets/__init__.py"]
    names += [f"{_AGENT}/{path.name}" for path in sorted((_HOME / _AGENT).glob("*.py"))]
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(f"faultrun/{name}", (_HOME / name).read_bytes())
    return packed.getvalue()


def unpacking(size: int, settings: Mapping[str, Json], *, sudo: bool) -> str:
    """The command for the other machine's shell: it reads so many bytes, and serves."""
    words = json.dumps(settings).encode().hex()
    root = "sudo -n " if sudo else ""
    return f"exec {root}python3 -I -S -c '{_UNPACK}' {size} {words}"
