"""Names of categories for people; the data set has codes."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_KEPT = {"cds": "CDs", "dvds": "DVDs", "dvd": "DVD", "diy": "DIY", "tv": "TV", "pc": "PC"}


@dataclass(frozen=True)
class Node:
    """One category of the tree: `parent` is the id of the node above it, or empty."""

    id: str
    parent: str
    name: str
    portuguese: str


def readable(code: str) -> str:
    """`bed_bath_table` becomes `Bed bath table`."""
    words = re.sub(r"[_\s]+", " ", code).strip().lower().split(" ")
    text = " ".join(_KEPT.get(word, word) for word in words)
    return text[:1].upper() + text[1:]


def tree(categories: Iterable[tuple[str, str]]) -> list[Node]:
    """A tree from flat codes, given as (Portuguese, English): categories that begin with the same word stand under it.

    `fashion_shoes` and `fashion_sport` stand under “Fashion”; a word of one category alone makes no branch.
    """
    found = sorted(set(categories))
    first = Counter(_first(english) for _code, english in found)
    branches = {word for word, count in first.items() if count > 1}
    nodes = [Node(f"group:{word}", "", readable(word), "") for word in sorted(branches)]
    for code, english in found:
        word = _first(english)
        nodes.append(Node(code, f"group:{word}" if word in branches else "", readable(english), readable(code)))
    return nodes


def _first(code: str) -> str:
    return re.split(r"[_\s]+", code.strip().lower(), maxsplit=1)[0]
