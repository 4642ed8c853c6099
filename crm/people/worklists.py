"""Worklists: customers by a score, worked through one by one, and what came of it.

A part of each list is drawn by chance and left alone. What the worked and the compared customers ordered in the days
after the list was made is counted in the same way, whoever was reached; so the difference is what the list did
(intention to treat), not what was picked.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.customers.people import LISTINGS, found
from catalog.models import CustomerTrait, Order
from core.ml.experiments.differences import difference as difference_of
from core.ml.experiments.moments import Estimate
from core.models import StaffUser
from crm.exceptions import BadInput, NotFound
from crm.models import Worklist, WorklistItem

MOST = 500
MOST_COMPARED = 50
LONGEST = 90
LONGEST_NAME = 120
NOTE_LENGTH = 200
Outcome = WorklistItem.Outcome


@transaction.atomic
def make(
    *, name: str, source: str, size: int, compared_percent: int = 10, follow_days: int = 30,
    by: StaffUser | None = None, seed: int | None = None,
) -> Worklist:  # fmt: skip
    """Take the highest `size` customers of a score now. Left out: who stands in an open worklist, who refused
    personalisation, who said in the last 90 days that they want no contact. Raises BadInput."""
    name = name.replace("\x00", "").strip()
    if not name or len(name) > LONGEST_NAME or source not in LISTINGS or source not in Worklist.Source.values:
        raise BadInput(_("Give the list a name and a score to take it from."))
    if not (1 <= size <= MOST and 0 <= compared_percent <= MOST_COMPARED and 1 <= follow_days <= LONGEST):
        raise BadInput(
            _("1 to %(most)d customers, 0 to %(share)d %% left alone, 1 to %(days)d days.")
            % {"most": MOST, "share": MOST_COMPARED, "days": LONGEST}
        )
    listing, now = LISTINGS[source], timezone.now()
    taken = WorklistItem.objects.filter(
        Q(worklist__closed_at=None) | Q(outcome=Outcome.REFUSED, done_at__gte=now - timedelta(days=LONGEST))
    )
    rows = list(
        found(listing, None, None)
        .filter(customer__is_personalised=True)
        .exclude(customer__in=taken.values("customer"))[:size]
    )
    if not rows:
        raise BadInput(_("No customer has this score, or all of them stand in a list already."))
    made = Worklist.objects.create(
        name=name, source=source, compared_percent=compared_percent, follow_days=follow_days, created_by=by,
        created_at=now,
    )  # fmt: skip
    alone = set(random.Random(seed).sample(range(len(rows)), round(len(rows) * compared_percent / 100)))  # noqa: S311
    why = dict(
        CustomerTrait.objects.filter(
            kind=listing.kind, customer__in=[row.customer_id for row in rows]
        ).values_list("customer_id", "reasons")
    )  # fmt: skip
    WorklistItem.objects.bulk_create(
        WorklistItem(
            worklist=made, customer_id=row.customer_id, position=place, score=float(getattr(row, listing.field)),
            reasons=why.get(row.customer_id, []), is_compared=place in alone,
        )
        for place, row in enumerate(rows)
    )  # fmt: skip
    return made


def decide(item_id: int, outcome: str, *, note: str = "", by: StaffUser | None = None) -> WorklistItem:
    """Note what came of one customer; an empty outcome takes it back. Raises NotFound, BadInput."""
    item = WorklistItem.objects.filter(pk=item_id, is_compared=False).first()
    if item is None:
        raise NotFound(_("This customer is not in the list."))
    note = note.replace("\x00", "").strip()
    if outcome not in Outcome.values or len(note) > NOTE_LENGTH:
        raise BadInput(_("Choose an outcome; a note has at most %(most)d characters.") % {"most": NOTE_LENGTH})
    item.outcome, item.note = outcome, note
    item.done_at, item.done_by = (timezone.now(), by) if outcome else (None, None)
    item.save(update_fields=["outcome", "note", "done_at", "done_by"])
    return item


def close(worklist_id: int, *, back: bool = False) -> None:
    """Its customers may stand in other lists again. Raises NotFound."""
    if not Worklist.objects.filter(pk=worklist_id).update(closed_at=None if back else timezone.now()):
        raise NotFound(_("This list is not there any more."))


@dataclass(frozen=True)
class Side:
    """One of the two groups: how many customers, how many of them ordered, for how much."""

    customers: int = 0
    ordered: int = 0
    revenue: Decimal = Decimal(0)

    @property
    def rate(self) -> float | None:
        return self.ordered / self.customers if self.customers else None


@dataclass(frozen=True)
class Result:
    """`difference` of the share who ordered, with its 95% range (Newcombe's hybrid score interval, 1998); None while
    there is nobody to compare with. `is_over`: all days that count are past."""

    worked: Side
    compared: Side
    difference: tuple[float, float, float] | None
    until: datetime
    is_over: bool


def result(worklist: Worklist) -> Result:
    """Two queries."""
    until = worklist.created_at + timedelta(days=worklist.follow_days)
    sides = dict(worklist.items.values_list("is_compared").annotate(n=Count("id")).order_by())
    orders = Order.objects.bought().filter(
        customer__worklist_items__worklist=worklist, paid_at__gte=worklist.created_at, paid_at__lt=until
    )
    money = Sum((F("paid_total") - F("refunded_total")) * F("base_rate"))
    bought: dict[bool, dict[str, Any]] = {
        row["customer__worklist_items__is_compared"]: dict(row)
        for row in orders.values("customer__worklist_items__is_compared")
        .annotate(people=Count("customer", distinct=True), money=money).order_by()
    }  # fmt: skip

    def side(is_compared: bool) -> Side:
        found = bought.get(is_compared, {})
        return Side(sides.get(is_compared, 0), found.get("people", 0), found.get("money") or Decimal(0))

    worked, compared = side(False), side(True)
    return Result(worked, compared, difference(worked, compared), until, timezone.now() >= until)


def difference(worked: Side, compared: Side) -> tuple[float, float, float] | None:
    """Difference of two shares and its 95% range."""
    if not worked.customers or not compared.customers:
        return None
    one, two = (_share(side) for side in (worked, compared))
    found = difference_of(one, two)
    return found.value, *found.interval


def _share(side: Side) -> Estimate:
    share = side.ordered / side.customers
    return Estimate(share, share * (1 - share) / side.customers, side.customers, side.ordered)
