"""What the kernel of a guest starts: argument 1 as for ``main.py``."""

from __future__ import annotations  # python 3.9 may be all the machine has

import json
import sys
import traceback

from faultrun.targets.guest import boot
from faultrun.targets.guest.main import main


def init(argument: str) -> None:
    """Boot, serve, power off: process 1 must never simply end (kernel/exit.c:do_exit() panics)."""
    try:
        settings = json.loads(argument)
        boot.boot(overlay=settings["overlay"], root=settings.get("root", ""))
        main(argument)
    except SystemExit:
        pass
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        boot.power_off()
