"""Numbers as evaluators write them."""

import math
from typing import Any


def rounded(value: Any, digits: int = 6) -> Any:
    """The same structure with floats cut to `digits` places after the point; NaN and infinities, which
    JSON does not know, become None."""
    if isinstance(value, float):
        return round(value, digits) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: rounded(part, digits) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part, digits) for part in value]
    return value
