"""Process 1 of a guest that outlives its runner: one agent after the other on one terminal.

Argument 1 as for ``faultrun.targets.guest.main``, with ``home``: the folder that has faultrun in it.
"""

import json
import os
import sys


def serve(argument):
    """One agent. What it leaves armed stays so."""
    pid = os.fork()
    if not pid:
        try:
            main(argument)
        finally:
            os._exit(0)
    while os.waitpid(-1, 0)[0] != pid:
        pass


if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    sys.path.insert(0, settings["home"])
    from faultrun.targets.guest import boot
    from faultrun.targets.guest.main import main

    boot.boot(overlay=True)
    # Held open, so that nothing that is sent between two agents is lost.
    terminal = os.open(settings["tty"], os.O_RDWR | os.O_NOCTTY)
    while True:
        serve(sys.argv[1])
