"""What an expression of a template is, whoever evaluates it; and the limits of all of them."""

from collections.abc import Mapping
from typing import Protocol

from faultrun.model.data import Scalar

MAX_EXPRESSION = 1000
"""Characters between ``{{`` and ``}}``."""
MAX_TEXT = 65_536
"""Characters of a rendered value."""
MAX_BITS = 4096
"""Bits of a computed number."""


class ExpressionError(Exception):
    """An expression that is not well formed, reaches too far, or fails for these values."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


class Expression(Protocol):
    """What stands between ``{{`` and ``}}``."""

    @property
    def names(self) -> frozenset[str]:
        """The variables that it uses."""
        ...

    def evaluate(self, env: Mapping[str, Scalar]) -> Scalar:
        """The value for these variables, all of them given. Raises ExpressionError."""
        ...
