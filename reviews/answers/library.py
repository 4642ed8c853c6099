"""What this process knows of intents and articles: made from the rows, at most a second behind them."""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError
from django.db.models import Count, Max, Sum
from django.utils import timezone

from core.shop import shop_zone
from reviews.ml.retrieval import ArticleIndex, Entry
from reviews.models import Article, Intent
from reviews.models.articles import LANGUAGES

log = structlog.get_logger(__name__)
CHECK_SECONDS = 1.0


@dataclass(frozen=True)
class Source:
    """Where an entry of the index comes from."""

    article_id: int
    key: str
    version: int
    category: str
    intent_id: int | None


@dataclass(frozen=True)
class Library:
    """Intents in use by key; articles that customers may read today, each in its languages. `sources` has one for each
    entry of the index."""

    intents: Mapping[str, Intent]
    index: ArticleIndex
    sources: Sequence[Source]
    entries_of_intent: Mapping[int, Sequence[int]]


class _Slot:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.checked_at = 0.0
        self.stamp: Any = None
        self.library: Library | None = None


_slot = _Slot()


def current() -> Library:
    """The library of this process; the last known one while the database is away."""
    slot = _slot
    if slot.library is not None and time.monotonic() - slot.checked_at < CHECK_SECONDS:
        return slot.library
    # Reading it takes a while; the others go on with the old one meanwhile.
    if not slot.lock.acquire(blocking=slot.library is None):
        assert slot.library is not None
        return slot.library
    try:
        if slot.library is None or time.monotonic() - slot.checked_at >= CHECK_SECONDS:
            stamp = _stamp()
            if slot.library is None or stamp != slot.stamp:
                slot.library, slot.stamp = _read(), stamp
    except (DatabaseError, InterfaceError):
        if slot.library is None:
            raise
        log.warning("answers.database_away")
    finally:
        slot.checked_at = time.monotonic()
        slot.lock.release()
    return slot.library


def forget() -> None:
    """For those who changed rows and must see them at once, and for tests."""
    _slot.checked_at, _slot.stamp, _slot.library = 0.0, None, None


def _stamp() -> tuple[Any, ...]:
    """Another one whenever intents or what customers may read are others. Two queries."""
    shown = Article.objects.shown().aggregate(Count("pk"), Sum("live_id"), Max("updated_at"))
    intents = Intent.objects.active().aggregate(Count("pk"), Max("updated_at"))
    return (*shown.values(), *intents.values(), timezone.localdate(timezone=shop_zone()))


def _read() -> Library:
    entries: list[Entry] = []
    sources: list[Source] = []
    of_intent: dict[int, list[int]] = defaultdict(list)
    for article in Article.objects.shown().select_related("live").order_by("pk"):
        assert article.live is not None
        texts = article.live.texts
        for language in LANGUAGES:
            title, body, questions = (texts[f"{part}_{language}"] for part in ("title", "body", "questions"))
            if not title or not body:
                continue
            if article.intent_id is not None:
                of_intent[article.intent_id].append(len(entries))
            lines = tuple(line.strip() for line in questions.splitlines() if line.strip())
            entries.append(Entry(language, title, body.replace("\r\n", "\n"), lines))
            sources.append(Source(article.pk, article.key, article.live.number, article.category, article.intent_id))
    intents = {intent.key: intent for intent in Intent.objects.active()}
    return Library(intents, ArticleIndex(entries), sources, of_intent)
