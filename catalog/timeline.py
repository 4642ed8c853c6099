"""Everything that happened between a customer and the shop, newest first, told by the apps that know it.

An app registers a callable `(customer, before, limit) -> list[Moment]` in `catalog.extensions.customer_timeline` with
the right that its reader needs. Each is asked for its newest moments before a time; they are merged here. So a page
costs one question for each app, however long the story is.
"""

import heapq
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.extensions import customer_timeline
from catalog.models import Customer, CustomerMerge, OrderEvent
from core.components import money
from core.models import LedgerEntry
from core.shop import current_shop

log = structlog.get_logger(__name__)
MAY = Callable[[str], bool]


@dataclass(frozen=True)
class Moment:
    """One thing that happened. `kind` is the key of its source; `icon` a Material Symbol; `detail` one line. `needs` is
    the right that its address asks for where that is another than its source's: without it there is no link."""

    at: datetime
    kind: str
    icon: str
    title: Any
    detail: Any = ""
    url: str = ""
    needs: str = ""


FOLDED = 3
"""From so many of the same kind in a row they are one line that unfolds."""


@dataclass(frozen=True)
class Run:
    """Moments of the same kind and title that follow each other, the newest first."""

    moments: Sequence[Moment]

    @property
    def first(self) -> Moment:
        return self.moments[0]

    @property
    def count(self) -> int:
        return len(self.moments)


@dataclass(frozen=True)
class Story:
    """`older` is where the next page begins; None at the beginning of the story."""

    moments: Sequence[Moment]
    older: datetime | None
    failed: Sequence[Any] = ()

    @property
    def runs(self) -> list[Run]:
        """All moments as lines: three or more of the same kind in a row are one."""
        lines: list[Run] = []
        for _key, group in groupby(self.moments, key=lambda one: (one.kind, str(one.title))):
            same = list(group)
            lines += [Run(same)] if len(same) >= FOLDED else [Run([one]) for one in same]
        return lines


def sources(may: MAY) -> list[tuple[str, Any]]:
    """Keys and titles of the sources that this reader may see."""
    return [(one.key, one.meta["title"]) for one in customer_timeline if may(one.meta["permission"])]


def story(customer: Customer, *, may: MAY, before: datetime | None = None, kind: str = "", limit: int = 20) -> Story:
    """The newest `limit` moments before a time. A source that fails is named and the others are told."""
    before = before or timezone.now() + timedelta(seconds=1)
    found: list[list[Moment]] = []
    failed = []
    for entry in customer_timeline:
        if not may(entry.meta["permission"]) or (kind and entry.key != kind):
            continue
        try:
            with transaction.atomic():
                found.append(entry.resolve()(customer, before, limit + 1))
        except (Exception, DatabaseError):
            log.exception("timeline.failed", source=entry.key)
            failed.append(entry.meta["title"])
    moments = heapq.nlargest(limit + 1, (one for part in found for one in part), key=lambda one: one.at)
    older = moments[limit - 1].at if len(moments) > limit else None
    told = [replace(one, url="") if one.needs and not may(one.needs) else one for one in moments[:limit]]
    return Story(told, older, failed)


# --- what the shop's facts tell -------------------------------------------------------------------------------------

ICONS = {
    OrderEvent.Kind.PLACED: "shopping_bag", OrderEvent.Kind.PAID: "payments", OrderEvent.Kind.SHIPPED: "local_shipping",
    OrderEvent.Kind.DELIVERED: "inventory_2", OrderEvent.Kind.CANCELLED: "cancel", OrderEvent.Kind.REFUNDED: "undo",
    OrderEvent.Kind.CLOSED: "done_all", OrderEvent.Kind.NOTE: "sticky_note_2",
}  # fmt: skip
VISITS = """
SELECT max(occurred_at), (occurred_at AT TIME ZONE %(zone)s)::date AS day,
    count(*) FILTER (WHERE kind = 'view'), count(*) FILTER (WHERE kind = 'search'),
    count(*) FILTER (WHERE kind = 'cart'), count(*) FILTER (WHERE kind = 'favourite')
FROM (
    SELECT occurred_at, kind FROM catalog_interaction
    WHERE customer_id = %(customer)s AND occurred_at < %(before)s AND kind IN ('view', 'search', 'cart', 'favourite')
    ORDER BY occurred_at DESC LIMIT %(most)s
) newest
GROUP BY day ORDER BY day DESC LIMIT %(limit)s
"""
MOST_ACTS = 2_000
"""Acts that one page of visits looks at."""


def orders(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    rows = OrderEvent.objects.filter(order__customer=customer, occurred_at__lt=before).select_related("order")
    return [
        Moment(
            row.occurred_at, "orders", ICONS[OrderEvent.Kind(row.kind)],
            _("Order %(number)s %(event)s") % {"number": row.order.number, "event": row.get_kind_display()},
            money(row.order.total, row.order.currency) if row.kind == OrderEvent.Kind.PLACED else row.note,
            reverse("admin:catalog_order_change", args=[row.order_id]),
        )
        for row in rows.order_by("-occurred_at", "-id")[:limit]
    ]  # fmt: skip


def visits(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    """One moment for each day in the shop."""
    values: dict[str, Any] = {
        "zone": current_shop().time_zone, "customer": customer.pk, "before": before, "most": MOST_ACTS, "limit": limit,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(VISITS, values)
        found = cursor.fetchall()
    return [Moment(at, "visits", "visibility", _("In the shop"), _acts(*counts)) for at, _day, *counts in found]


def _acts(views: int, searches: int, carts: int, favourites: int) -> str:
    parts = [
        ngettext("%(count)d product viewed", "%(count)d products viewed", views) % {"count": views} if views else "",
        ngettext("%(count)d search", "%(count)d searches", searches) % {"count": searches} if searches else "",
        ngettext("%(count)d put into the cart", "%(count)d put into the cart", carts) % {"count": carts}
        if carts else "",
        ngettext("%(count)d favourite", "%(count)d favourites", favourites) % {"count": favourites}
        if favourites else "",
    ]  # fmt: skip
    return " · ".join(filter(None, parts))


def consent(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    """To personalisation, given and withdrawn, as the ledger has it. Older consents to messages stand under it, too."""
    rows = LedgerEntry.objects.filter(
        subject=f"catalog.customer:{customer.pk}", kind=LedgerEntry.Kind.CONSENT, at__lt=before,
        body__contains='"is_personalised"',
    )  # fmt: skip
    found = []
    for row in rows.order_by("-id")[:limit]:
        is_off = json.loads(row.body).get("after", {}).get("is_personalised") in (False, "false")
        title = _("Personalisation refused") if is_off else _("Personalisation allowed")
        found.append(Moment(row.at, "consent", "privacy_tip", title))
    return found


def record(customer: Customer, before: datetime, limit: int) -> list[Moment]:
    """When the customer came, and merges of records."""
    found = []
    if customer.joined_at < before:
        found.append(Moment(customer.joined_at, "record", "person_add", _("Became a customer")))
    for row in CustomerMerge.objects.filter(kept=customer, merged_at__lt=before).select_related("gone")[:limit]:
        found.append(Moment(row.merged_at, "record", "merge", _("Record merged"), str(row.gone)))
        if row.undone_at is not None and row.undone_at < before:
            found.append(Moment(row.undone_at, "record", "undo", _("Merge taken back"), str(row.gone)))
    return found
