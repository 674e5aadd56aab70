"""``python -m faultrun``."""

import sys

from faultrun.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
