"""Real kernels: built from source with everything faultrun injects into, kept, and found again."""

from faultrun.kernels.finding import find
from faultrun.kernels.kernel import Kernel

__all__ = ["Kernel", "find"]
