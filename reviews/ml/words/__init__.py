"""Word lists of the product's own, one file each: words between spaces, lines that begin with # are remarks."""

from functools import cache
from pathlib import Path


@cache
def listed(name: str) -> tuple[str, ...]:
    """The words of a list in order, each once. Raises OSError for a list that does not exist."""
    lines = Path(__file__).with_name(f"{name}.txt").read_text("utf-8").splitlines()
    return tuple(dict.fromkeys(word for line in lines if not line.startswith("#") for word in line.split()))
