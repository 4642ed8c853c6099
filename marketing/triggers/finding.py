"""Looking for occasions: what happened since the last look, one customer at most once in each answer.

Prices and stock are read from the ledger by their place in the chain, which is given when a transaction commits, so
nothing that ends late is missed. Carts and orders bear a time of their own and may come late: they are looked at from
an hour before the last look, and once an hour as far back as the trigger reaches (docs/adr/0107, 0118).

Who does not want to be followed takes no part, and nothing counts that was done before somebody had a profile
forgotten.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Max

from core.models import LedgerEntry
from marketing.models import Campaign, Trigger, TriggerMark
from marketing.triggers.kinds import kind_of, settings_of

LATE = timedelta(hours=1)
WHOLE_EVERY = timedelta(hours=1)
ENTRIES = 2_000
"""Entries of the ledger in one look; more are the next one's."""
LIKED_DAYS = 180
"""So long a favourite counts."""
CART_DAYS = 7
"""So far back a cart is put together."""
MOST_PRODUCTS = 20


@dataclass(frozen=True)
class Found:
    """Somebody's occasion. `facts` holds numbers only, never words about a person."""

    customer_id: int
    key: str
    at: datetime
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """What one look found, and where the next one begins. `is_whole`: nothing is left to look at now."""

    found: list[Found]
    mark: dict[str, Any]
    is_whole: bool = True


def look(campaign: Campaign, mark: TriggerMark, now: datetime) -> Look:
    """Occasions since the mark. Changes nothing."""
    return LOOKS[Trigger(campaign.trigger)](campaign, mark, now)


def first_mark(campaign: Campaign) -> dict[str, Any]:
    """Where a campaign begins: prices and stock of before its start are not looked at."""
    begun = campaign.started_at
    rows = LedgerEntry.objects.filter(index__isnull=False)
    before = rows.filter(at__lt=begun) if begun is not None else rows
    last = before.order_by("-id").values_list("index", flat=True).first()
    return {"ledger_index": last or 0}


# --- by the clock ---------------------------------------------------------------------------------------------------


def _by_clock(
    campaign: Campaign, mark: TriggerMark, now: datetime, behind: timedelta,
    find: Callable[[datetime, datetime], list[Found]],
) -> Look:  # fmt: skip
    """Occasions that came due: those of `behind` ago. A clock that was set back or forward leads to a whole look."""
    until = now - behind
    earliest = until - kind_of(campaign).reach
    last, whole = mark.looked_until, mark.whole_at
    is_whole = last is None or whole is None or not whole <= now <= whole + WHOLE_EVERY or last > until
    since = earliest if last is None or is_whole else max(earliest, last - LATE)
    moved: dict[str, Any] = {"looked_until": until}
    if is_whole:
        moved["whole_at"] = now
    return Look(find(since, until), moved)


CARTS = """
SELECT w.who, max(w.occurred_at) FROM (
    SELECT coalesce(i.customer_id, v.customer_id) AS who, i.occurred_at
    FROM catalog_interaction i LEFT JOIN catalog_visitor v ON v.id = i.visitor_id AND v.may_track
    WHERE i.kind = 'cart' AND i.occurred_at > %(since)s AND i.occurred_at <= %(until)s
) w WHERE w.who IS NOT NULL GROUP BY w.who
"""
ACTS = """
SELECT c.id, a.kind, a.product_id, a.occurred_at FROM catalog_customer c CROSS JOIN LATERAL (
    SELECT i.kind, i.product_id, i.occurred_at FROM catalog_interaction i
    WHERE i.customer_id = c.id AND i.occurred_at > %(since)s
    UNION ALL
    SELECT i.kind, i.product_id, i.occurred_at FROM catalog_visitor v JOIN catalog_interaction i ON i.visitor_id = v.id
    WHERE v.customer_id = c.id AND v.may_track AND i.customer_id IS NULL AND i.occurred_at > %(since)s
) a
WHERE c.id = ANY(%(ids)s) AND a.kind IN ('cart', 'remove_from_cart', 'purchase') AND a.product_id IS NOT NULL
    AND (c.profile_since IS NULL OR a.occurred_at >= c.profile_since)
ORDER BY c.id, a.occurred_at, a.kind
"""
LAST_ORDERS = """
SELECT w.who, max(w.placed_at) FROM (
    SELECT o.customer_id AS who, o.placed_at FROM catalog_order o
    WHERE o.customer_id = ANY(%(ids)s) AND o.status <> 'draft'
    UNION ALL
    SELECT v.customer_id, o.placed_at FROM catalog_visitor v JOIN catalog_order o ON o.visitor_id = v.id
    WHERE v.customer_id = ANY(%(ids)s) AND o.customer_id IS NULL AND o.status <> 'draft'
) w GROUP BY w.who
"""


def _carts(campaign: Campaign, mark: TriggerMark, now: datetime) -> Look:
    def find(since: datetime, until: datetime) -> list[Found]:
        due = dict(_rows(CARTS, since=since, until=until))
        acts: dict[int, list[tuple[str, int, datetime]]] = defaultdict(list)
        for who, kind, product, at in _rows(ACTS, ids=list(due), since=until - timedelta(days=CART_DAYS)):
            acts[who].append((kind, product, at))
        ordered = dict(_rows(LAST_ORDERS, ids=list(due)))
        found = []
        for who in sorted(acts):
            held = _cart(acts[who], ordered.get(who))
            last = max(held.values(), default=None)
            if last is not None and since < last <= until:
                products = sorted(held, key=lambda pk: held[pk], reverse=True)[:MOST_PRODUCTS]
                found.append(Found(who, f"cart:{last.isoformat()}", last, {"products": products}))
        return found

    wait = timedelta(hours=settings_of(campaign)["wait_hours"])
    return _by_clock(campaign, mark, now, wait, find)


def _cart(acts: Iterable[tuple[str, int, datetime]], ordered: datetime | None) -> dict[int, datetime]:
    """What lies in the cart since when, by what was put in, taken out and bought, in the order of time."""
    held: dict[int, datetime] = {}
    for kind, product, at in acts:
        if ordered is not None and at <= ordered:
            continue
        if kind == "cart":
            held[product] = at
        else:
            held.pop(product, None)
    return held


FIRST = """
SELECT o.customer_id, o.id, o.paid_at,
    (SELECT array_agg(l.product_id ORDER BY l.id) FROM catalog_orderline l WHERE l.order_id = o.id
        AND l.product_id IS NOT NULL)
FROM catalog_order o
WHERE o.paid_at > %(since)s AND o.paid_at <= %(until)s AND o.customer_id IS NOT NULL
    AND o.status IN ('paid', 'partly_shipped', 'shipped', 'delivered', 'closed')
    AND NOT EXISTS (SELECT FROM catalog_order e WHERE e.customer_id = o.customer_id AND e.paid_at IS NOT NULL
        AND (e.paid_at, e.id) < (o.paid_at, o.id))
ORDER BY o.customer_id
"""


def _first_orders(campaign: Campaign, mark: TriggerMark, now: datetime) -> Look:
    def find(since: datetime, until: datetime) -> list[Found]:
        return [
            Found(who, f"order:{order}", at, {"order": order, "products": (products or [])[:MOST_PRODUCTS]})
            for who, order, at, products in _rows(FIRST, since=since, until=until)
        ]

    wait = timedelta(hours=settings_of(campaign)["wait_hours"])
    return _by_clock(campaign, mark, now, wait, find)


LAPSED = """
SELECT o.customer_id, o.id, o.placed_at, s.churn_90, s.scored_at
FROM catalog_order o LEFT JOIN analytics_customerscore s ON s.customer_id = o.customer_id
WHERE o.placed_at > %(since)s AND o.placed_at <= %(until)s AND o.customer_id IS NOT NULL
    AND o.status IN ('paid', 'partly_shipped', 'shipped', 'delivered', 'closed')
    AND NOT EXISTS (SELECT FROM catalog_order n WHERE n.customer_id = o.customer_id
        AND n.status NOT IN ('draft', 'cancelled') AND (n.placed_at, n.id) > (o.placed_at, o.id))
    AND (s.churn_90 IS NULL OR s.churn_90 >= %(risk)s)
ORDER BY o.customer_id
"""


def _lapsed(campaign: Campaign, mark: TriggerMark, now: datetime) -> Look:
    said = settings_of(campaign)

    def find(since: datetime, until: datetime) -> list[Found]:
        rows = _rows(LAPSED, since=since, until=until, risk=said["least_churn"] / 100)
        return [
            Found(
                who, f"lapsed:{order}", at,
                {"order": order, "days": said["days"]}
                | ({"churn": round(churn, 3), "as_of": scored.isoformat()} if churn is not None and scored else {}),
            )
            for who, order, at, churn, scored in rows
        ]  # fmt: skip

    return _by_clock(campaign, mark, now, timedelta(days=said["days"]), find)


# --- by the ledger --------------------------------------------------------------------------------------------------

ENTRIES_SINCE = """
SELECT e.index, e.subject, e.body, e.at FROM core_ledgerentry e
WHERE e.index > %(since)s AND e.kind = %(kind)s ORDER BY e.index LIMIT %(most)s
"""
LIKED = """
SELECT DISTINCT ON (f.who, f.product_id) f.who, f.product_id FROM (
    SELECT coalesce(i.customer_id, v.customer_id) AS who, i.product_id, i.occurred_at
    FROM catalog_interaction i LEFT JOIN catalog_visitor v ON v.id = i.visitor_id AND v.may_track
    WHERE i.product_id = ANY(%(products)s) AND i.kind = 'favourite' AND i.occurred_at > %(since)s
) f JOIN catalog_customer c ON c.id = f.who
WHERE (c.profile_since IS NULL OR f.occurred_at >= c.profile_since) AND NOT EXISTS (
    SELECT FROM catalog_order o JOIN catalog_orderline l ON l.order_id = o.id
    WHERE o.customer_id = f.who AND o.placed_at >= f.occurred_at AND o.status NOT IN ('draft', 'cancelled')
        AND l.product_id = f.product_id)
ORDER BY f.who, f.product_id
"""
PRICES = """
SELECT p.id, p.price, v.id, v.price FROM catalog_product p LEFT JOIN catalog_variant v ON v.product_id = p.id
WHERE p.status = 'live' AND p.deleted_at IS NULL AND p.is_in_stock
    AND (p.id = ANY(%(products)s) OR v.id = ANY(%(variants)s))
"""
STOCK = """
SELECT p.id, array_agg(v.id) FROM catalog_product p JOIN catalog_variant v ON v.product_id = p.id
WHERE p.status = 'live' AND p.deleted_at IS NULL AND p.is_in_stock AND (v.stock > 0 OR NOT v.track_stock)
    AND p.id IN (SELECT product_id FROM catalog_variant WHERE id = ANY(%(variants)s))
GROUP BY p.id
"""


@dataclass(frozen=True)
class _Change:
    """One entry: of the product or variant with this number, in the order in which they were committed."""

    index: int
    is_variant: bool
    number: int
    before: Any
    after: Any
    at: datetime


def _entries(mark: TriggerMark, kind: str) -> tuple[list[_Change], dict[str, Any], bool]:
    """Changes behind the mark, where the next look begins, and whether none are left."""
    head = LedgerEntry.objects.aggregate(head=Max("index"))["head"] or 0
    rows = _rows(ENTRIES_SINCE, since=mark.ledger_index, kind=kind, most=ENTRIES)
    is_whole = len(rows) < ENTRIES
    # Where all was read, what was committed behind it was of another kind, up to the head that was read before.
    until = max(head, mark.ledger_index) if is_whole else rows[-1][0]
    if rows:
        until = max(until, rows[-1][0])
    found = []
    for index, subject, body, at in rows:
        label, _colon, number = subject.partition(":")
        said = json.loads(body)
        before, after = said.get("before", {}).get(kind), said.get("after", {}).get(kind)
        if label in ("catalog.product", "catalog.variant") and number.isdecimal():
            found.append(_Change(index, label == "catalog.variant", int(number), before, after, at))
    return found, {"ledger_index": until}, is_whole


def _price_drops(campaign: Campaign, mark: TriggerMark, now: datetime) -> Look:
    """The first price before and the one that holds now decide: what went down and up again is no occasion."""
    changes, moved, is_whole = _entries(mark, "price")
    earliest = now - kind_of(campaign).reach
    first: dict[tuple[bool, int], _Change] = {}
    last: dict[tuple[bool, int], _Change] = {}
    for one in changes:
        if one.at >= earliest and one.before is not None:
            first.setdefault((one.is_variant, one.number), one)
            last[one.is_variant, one.number] = one
    products = [number for is_variant, number in first if not is_variant]
    variants = [number for is_variant, number in first if is_variant]
    share = Decimal(100 - settings_of(campaign)["least_percent"]) / 100
    drops: dict[int, tuple[Decimal, Decimal, _Change]] = {}
    for product, price, variant, own in _rows(PRICES, products=products, variants=variants):
        for key, current in (((False, product), price), ((True, variant), own)):
            if key not in first or current is None:
                continue
            before = Decimal(first[key].before)
            if current <= before * share and (product not in drops or current < drops[product][1]):
                drops[product] = (before, current, last[key])
    return Look(_to_those_who_liked(drops, now, _price_facts), moved, is_whole)


def _price_facts(drop: tuple[Decimal, Decimal, _Change]) -> dict[str, Any]:
    before, current, change = drop
    return {"before": str(before), "now": str(current)} | ({"variant": change.number} if change.is_variant else {})


def _restocked(campaign: Campaign, mark: TriggerMark, now: datetime) -> Look:
    """Products of which nothing was left: every variant that can be bought now came back in this look, or comes back
    in one after it."""
    changes, moved, is_whole = _entries(mark, "stock")
    earliest = now - kind_of(campaign).reach
    back = {
        one.number: one for one in changes if one.is_variant and one.before == 0 and one.after and one.at >= earliest
    }
    products: dict[int, _Change] = {}
    found = _rows(STOCK, variants=list(back))
    others = {variant for _product, available in found for variant in available} - back.keys()
    missing = others - _out_of_stock_until_later(others, moved["ledger_index"])
    for product, available in found:
        here = [back[variant] for variant in available if variant in back]
        if here and missing.isdisjoint(available):
            products[product] = max(here, key=lambda one: one.index)
    return Look(_to_those_who_liked(products, now, lambda change: {}), moved, is_whole)


LATER = """
SELECT DISTINCT ON (e.subject) e.subject, e.body FROM core_ledgerentry e
WHERE e.subject = ANY(%(subjects)s) AND e.kind = 'stock' AND e.index > %(since)s
ORDER BY e.subject, e.index
"""


def _out_of_stock_until_later(variants: Iterable[int], until: int) -> set[int]:
    """Which of these had nothing left where this look ends: the table is read as it is now, with what is only the next
    look's to find."""
    subjects = [f"catalog.variant:{pk}" for pk in variants]
    rows = _rows(LATER, subjects=subjects, since=until) if subjects else []
    return {
        int(subject.partition(":")[2]) for subject, body in rows if json.loads(body).get("before", {}).get("stock") == 0
    }


def _to_those_who_liked(products: dict[int, Any], now: datetime, facts: Callable[[Any], dict[str, Any]]) -> list[Found]:
    """One occasion for each customer, with all of these products that they marked. The facts are of the first one."""
    liked: dict[int, list[int]] = defaultdict(list)
    for who, product in _rows(LIKED, products=list(products), since=now - timedelta(days=LIKED_DAYS)):
        liked[who].append(product)

    def change(product: int) -> _Change:
        said = products[product]
        return said[2] if isinstance(said, tuple) else said

    found = []
    for who, theirs in liked.items():
        newest = sorted(theirs, key=lambda product: change(product).index, reverse=True)[:MOST_PRODUCTS]
        first = change(newest[0])
        found.append(
            Found(who, f"ledger:{first.index}", first.at, {"products": newest, **facts(products[newest[0]])})
        )  # fmt: skip
    return found


LOOKS: dict[Trigger, Callable[[Campaign, TriggerMark, datetime], Look]] = {
    Trigger.ABANDONED_CART: _carts, Trigger.PRICE_DROP: _price_drops, Trigger.BACK_IN_STOCK: _restocked,
    Trigger.FIRST_ORDER: _first_orders, Trigger.WIN_BACK: _lapsed,
}  # fmt: skip


def _rows(statement: str, **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
