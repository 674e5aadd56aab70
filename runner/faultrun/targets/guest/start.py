"""The script that a guest's kernel starts as its first process; argument 1 as for ``main.py``."""

import os
import sys

if __name__ == "__main__":
    # Isolated mode knows no folder of ours: this file lies in faultrun/targets/guest.
    here = os.path.abspath(__file__)
    sys.path.insert(0, here.rsplit("/", 4)[0])
    from faultrun.targets.guest.init import init  # the path had to be set first

    init(sys.argv[1])
