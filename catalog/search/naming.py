"""Whether products are what was asked for, or only kept beside it: in a category "Shoes and bags" shoes are no bags."""

import re
from collections.abc import Sequence

from catalog.models import Category, SearchDocument
from catalog.search import documents, strategy
from catalog.search.documents import FIELDS, Source
from catalog.search.parsing import Group

_OWN = [n for n, field in enumerate(FIELDS) if field not in ("category", "description")]
_SEVERAL = re.compile(r"[&/+,，、;；]|\b(?:and|or|et|und|y)\b|[与和及]", re.IGNORECASE)
"""In the name of a category: it keeps things of more than one kind."""


def are_called(groups: Sequence[Group], public_ids: Sequence[str]) -> set[str]:
    """Those that hold every word themselves (name, code, brand, tags, attributes), or stand in a category that has the
    word and is of one kind. Two queries at most."""
    rows = list(
        SearchDocument.objects.filter(product__public_id__in=public_ids).values_list(
            "product__public_id", "fields", "product__category__path"
        )
    )
    called, open_words = set(), {}
    for public_id, text, path in rows:
        fields = documents.read_fields(text)
        missing = [one for one in groups if not any(strategy.holds(one, fields[n]) for n in _OWN)]
        if not missing:
            called.add(public_id)
        elif path:
            open_words[public_id] = (missing, path)
    if not open_words:
        return called
    kinds = _of_one_kind({path for _, path in open_words.values()})
    for public_id, (missing, path) in open_words.items():
        above = [kinds[one] for one in _branch(path) if one in kinds]
        if all(any(strategy.holds(group, text) for text in above) for group in missing):
            called.add(public_id)
    return called


def _branch(path: str) -> list[str]:
    """Its own path and those above it."""
    return [path[:end] for end in range(Category.steplen, len(path) + 1, Category.steplen)]


def _of_one_kind(paths: set[str]) -> dict[str, str]:
    """Path → tokens of the names of each category on the way that no language calls by several kinds."""
    wanted = {one for path in paths for one in _branch(path)}
    found = {}
    for path, name, translations in Category.objects.filter(path__in=wanted).values_list(
        "path", "name", "name_translations"
    ):
        names = [one for one in (name, *(translations or {}).values()) if isinstance(one, str) and one]
        if not any(_SEVERAL.search(one) for one in names):
            found[path] = documents.make(Source(name=names)).fields[0]
    return found
