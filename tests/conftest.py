"""Property tests: no deadline on machines that others share, and in CI the same examples each time.

A developer's run explores, and prints how to reproduce what it found; CI judges a change, and must
not fail because of an example that another run would not have tried.
"""

import os

from hypothesis import settings

settings.register_profile("explore", deadline=None, print_blob=True)
settings.register_profile("judge", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("judge" if os.environ.get("CI") else "explore")
