"""The words of the shop and the synonyms of staff, as a query needs them."""

import threading
import time
from collections.abc import Iterable, Sequence

from django.db import connection
from django.db.models import Count, Max

from catalog.models import SearchSynonym, SearchTerm
from catalog.search import parsing, spelling, strategy, tokens
from catalog.search.parsing import Group, Synonyms
from catalog.search.spelling import Word

SYNONYMS_SECONDS = 5.0
"""So long a process may not notice that staff changed a synonym."""
SIMILARITY = 0.2
MOST_WORDS = 60
UNKNOWN_TOTAL = 1_000
LIKE = """
SELECT set_config('pg_trgm.similarity_threshold', %s, true);
SELECT term, strong FROM catalog_searchterm WHERE is_word AND NOT is_han AND strong > 0
    AND term %% %s AND length(term) BETWEEN %s AND %s ORDER BY similarity(term, %s) DESC LIMIT %s
"""
# Statements that are sent together are one transaction: the threshold is that of the second one only.


class _SynonymCache:
    """The synonyms of this process; looks again when a row changed."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._known, self._version, self._look_at = Synonyms(), object(), 0.0

    def get(self) -> Synonyms:
        now = time.monotonic()
        if now < self._look_at:
            return self._known
        rows = SearchSynonym.objects.active()
        version = tuple(rows.aggregate(n=Count("id"), last=Max("updated_at")).values())
        if version != self._version:
            known = Synonyms.of(pair for row in rows for pair in parsing.pairs(row.direction, row.phrases()))
            with self._guard:
                self._known, self._version = known, version
        self._look_at = now + SYNONYMS_SECONDS
        return self._known

    def forget(self) -> None:
        """For this process, at once."""
        self._look_at = 0.0


synonyms = _SynonymCache()


def counts(groups: Iterable[Group]) -> tuple[dict[str, int], int]:
    """How many products hold each lexeme of these groups, and how many products there are. One query.

    A word that was learnt since the last count is known everywhere.
    """
    wanted = sorted({token for group in groups for way in group.alternatives for token in way.tokens})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NULL, reltuples::bigint, 0 FROM pg_class WHERE oid = 'catalog_searchdocument'::regclass UNION ALL"
            " SELECT token, max(products), max(strong) FROM catalog_searchterm WHERE token = ANY(%s) GROUP BY token",
            [wanted],
        )
        rows = {token: (everywhere, strong) for token, everywhere, strong in cursor.fetchall()}
    total, _none = rows.pop(None)
    found = {token: everywhere for token, (everywhere, _strong) in rows.items()}
    found |= {parsing.strong(token): n for token, (everywhere, n) in rows.items() if n or not everywhere}
    return found, max(total if total and total > 0 else UNKNOWN_TOTAL, *found.values(), 1)


# --- corrections --------------------------------------------------------------------------------------------------


def corrected(groups: Sequence[Group], known: dict[str, int], used: Synonyms) -> list[Group] | None:
    """The groups with unknown words replaced by likely ones; None when none could be. Not in the usual path.

    Costs one query for each unknown word, on indexes and with limits.
    """
    return strategy.corrected(groups, known, lambda text: parsing.parse(text, used), latin=_latin, han=_han)


def _latin(typed: str) -> str | None:
    if not spelling.may_be_corrected(typed):
        return None
    with connection.cursor() as cursor:
        cursor.execute(LIKE, [str(SIMILARITY), typed, len(typed) - 2, len(typed) + 2, typed, MOST_WORDS])
        words = [Word(*row) for row in cursor.fetchall()]
    return spelling.best_word(typed, words)


def _han(typed: str) -> str | None:
    patterns = spelling.han_patterns(typed)
    if not patterns or not tokens.SCRIPT.search(typed):
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT term, strong FROM catalog_searchterm WHERE is_word AND is_han AND strong > 0"
            " AND length(term) BETWEEN %s AND %s AND term LIKE ANY(%s) ORDER BY strong DESC LIMIT %s",
            [len(typed) - 1, len(typed) + 1, patterns, MOST_WORDS],
        )
        words = [Word(*row) for row in cursor.fetchall()]
    return spelling.best_han(typed, words)


def words_beginning(prefix: str, *, limit: int) -> list[tuple[str, int]]:
    """Words of the shop that begin so, the most common first."""
    plain = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    rows = SearchTerm.objects.extra(where=["is_word AND strong > 0 AND term LIKE %s"], params=[plain + "%"])
    return list(rows.order_by("-strong", "term").values_list("term", "strong")[:limit])
