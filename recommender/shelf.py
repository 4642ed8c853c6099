"""What can be shown while the database is away: popular, pinned and new products as they were a moment before.

Renewed beside the requests, in a thread of its own, so that nobody waits for it. Only the web process keeps one.
"""

import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils.translation import get_language

from catalog.models import Product
from catalog.selectors import sellable_among
from catalog.showcase import Card, showcase
from catalog.wares import Facts, Wares
from core import model_registry as registry
from core import spare_memory
from core.api.ids import EXTERNAL
from recommender import lists, wishes
from recommender.choices import RECOMMENDER
from recommender.ml.serving import build
from recommender.models import ServedList

log = structlog.get_logger(__name__)
MOST = 1_000
"""Products on the shelf: about 3 MB in each process."""
RENEW_SECONDS = 30.0
STALE_SECONDS = 600.0
"""A shelf that could not be renewed for longer shows nothing: prices and stock would be too far from the truth."""


@dataclass(frozen=True)
class Goods:
    """One look at the shop: cards by language and primary key. `popular` names the best selling of them, best first;
    empty without a model."""

    popular: list[int]
    cards: dict[str, dict[int, Card]]
    wares: Wares
    keys: dict[str, int]
    """Primary keys by the ids that the outside knows."""
    seen_at: float

    def in_language(self, language: str | None) -> dict[int, Card]:
        """The cards as this reader reads them; None for the language of the thread."""
        return self.cards.get(language or get_language() or "") or self.cards[settings.LANGUAGE_CODE]

    def facts_among(self, product_ids: Collection[int]) -> dict[int, Facts]:
        return self.wares.facts(product_ids)


class Shelf:
    """The goods of this process. Safe to share between threads."""

    def __init__(self) -> None:
        self._goods: Goods | None = None
        self._gone: dict[int, float] = {}
        self._guard = threading.Lock()
        self._renew_at = 0.0
        self._renewing = threading.Lock()

    def goods(self) -> Goods | None:
        """None when there are none, or they are too old."""
        found = self._goods
        return found if found is not None and time.monotonic() - found.seen_at < STALE_SECONDS else None

    def forget(self, product_ids: Iterable[int]) -> None:
        """These may not be shown any more; an answer just saw it."""
        if settings.WEB_PROCESS and (gone := dict.fromkeys(product_ids, time.monotonic())):
            with self._guard:
                self._gone.update(gone)

    def gone(self) -> set[int]:
        """What turned out not to be for sale since the last look began."""
        with self._guard:
            return set(self._gone)

    def keep_fresh(self) -> None:
        """Start a renewal when one is due, and return at once."""
        if settings.WEB_PROCESS and time.monotonic() >= self._renew_at and self._renewing.acquire(blocking=False):
            self._renew_at = time.monotonic() + RENEW_SECONDS
            threading.Thread(target=self._renew_and_leave, daemon=True, name="shelf").start()

    def renew(self) -> None:
        """Look at the shop: a handful of queries, however large it is."""
        started = time.monotonic()
        loaded = registry.active(RECOMMENDER)
        best = [one.product_id for one in loaded.built(build).recommend([], k=2 * MOST)] if loaded else []
        wanted = [*wishes.remembered_pins(), *lists.of(ServedList.Kind.TRENDING), *best]
        sellable = sellable_among(wanted)
        order = [pk for pk in dict.fromkeys(wanted) if pk in sellable][:MOST]
        if len(order) < MOST:
            newest = Product.objects.sellable().order_by("-published_at", "-id").values_list("pk", flat=True)[:MOST]
            order += [pk for pk in newest if pk not in sellable][: MOST - len(order)]
        cards = {code: showcase.cards(order, language=code) for code, _name in settings.LANGUAGES}
        keys: dict[str, int] = {}
        for pk, card in cards[settings.LANGUAGE_CODE].items():
            keys[str(card["id"])] = pk
            if card["external_id"]:
                keys[f"{EXTERNAL}{card['external_id']}"] = pk
        there = set(order)
        popular = [pk for pk in best if pk in there]
        self._goods = Goods(popular, cards, showcase.wares(order).only(order), keys, started)
        with self._guard:
            self._gone = {product_id: at for product_id, at in self._gone.items() if at >= started}

    def empty(self) -> None:
        """For tests."""
        self._goods, self._renew_at, self._gone = None, 0.0, {}

    def _renew_and_leave(self) -> None:
        try:
            self.renew()
        except (DatabaseError, InterfaceError) as error:
            log.warning("shelf.not_renewed", error=str(error).splitlines()[0])
        except Exception:  # what is on the shelf stays
            log.exception("shelf.not_renewed")
        finally:
            connection.close()
            spare_memory.give_back()  # of this look, and of loading a model and 50,000 products at the first
            self._renewing.release()


shelf = Shelf()


def keys_of(idents: Collection[str]) -> list[int]:
    """Primary keys of those that stand on the shelf."""
    goods = shelf.goods()
    return [goods.keys[ident] for ident in idents if ident in goods.keys] if goods else []
