"""Plain data as JSON has it: what travels through records, schemas and parameters."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

Scalar: TypeAlias = bool | int | str
Json: TypeAlias = Union[bool, int, float, str, "Sequence[Json]", "Mapping[str, Json]", None]
