"""The script that serves on a machine which nobody boots for it; argument 1 as for ``main.py``."""

import os
import sys

if __name__ == "__main__":
    # Isolated mode knows no folder of ours: this file lies in faultrun/targets/guest.
    here = os.path.abspath(__file__)
    sys.path.insert(0, here.rsplit("/", 4)[0])
    from faultrun.targets.guest.main import main  # the path had to be set first

    main(sys.argv[1])
