"""The palette (Ctrl K): one line that leads to pages, products, orders, customers and whatever else is registered.

A source is a callable `(request, term) -> Iterable[Found]` in `core.extensions.palette_sources`: a few indexed
look-ups, nothing for people who may not see it, at most MOST of a kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from django.http import HttpRequest

from core.apart import apart
from core.extensions import palette_sources

log = structlog.get_logger(__name__)
MOST, SHORTEST, LONGEST = 6, 2, 100


@dataclass(frozen=True)
class Found:
    """One line: what it is called, what kind of thing it is, where it leads."""

    title: str
    hint: Any
    url: str
    icon: str = "arrow_forward"


def search(request: HttpRequest, term: str) -> list[Found]:
    """In the order of the sources. A source that fails is left out."""
    words = " ".join(term.replace("\x00", "").split())[:LONGEST]
    if len(words) < SHORTEST:
        return []
    found: list[Found] = []
    for entry in palette_sources.entries():
        try:
            with apart():
                found += list(entry.resolve()(request, words))[:MOST]
        except Exception:
            log.exception("palette.source_failed", source=entry.key)
    return found


def pages(request: HttpRequest, term: str) -> Iterator[Found]:
    """Pages of the menu whose name holds the words, in the reader's language. Asks the database nothing."""
    from django.contrib import admin

    site: Any = admin.site
    for group in site.get_sidebar_list(request):
        for item in group["items"]:
            if term.lower() in str(item["title"]).lower():
                yield Found(str(item["title"]), group["title"], str(item["link"]), str(item["icon"]))
