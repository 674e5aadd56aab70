"""Where ``campaigns``, ``schemas`` and ``reports`` are: in the wheel, or in a checkout.

The only place that knows. It starts from this package, never from site-packages: an editable
install may leave a stale copy of the data there.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_TREES = frozenset({"campaigns", "schemas", "reports"})


def tree(name: str) -> Path:
    """The folder of that name.

    Raises ValueError for a name that is no data tree, FileNotFoundError if the installation is
    broken.
    """
    if name not in _TREES:
        message = f"no such data tree: {name!r}"
        raise ValueError(message)
    for root in (_PACKAGE / "_data", _PACKAGE.parent.parent):
        if (root / name).is_dir():
            return root / name
    message = f"the data tree {name!r} is missing from this installation of faultrun"
    raise FileNotFoundError(message)
