"""What starts a care programme: for each trigger the customers and occasions whose time came.

An occasion is due `wait_days` after it happened, and counts while that is at most `reach_days` ago. Days are days of
the shop for birthdays, spans of 24 hours otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from catalog.models import Customer, Order
from crm.care import conditions
from crm.models import CareEnrolment, CareProgramme, ServiceStrategy, WorklistItem
from crm.services import calendar
from reviews.models import Review

Trigger = CareProgramme.Trigger
BAD_STARS = 2
RECOVERY = frozenset({Trigger.BAD_REVIEW, Trigger.LATE_ORDER})
"""Something went wrong: help for everybody, also for who refused to be followed."""
NO_CONTACT = timedelta(days=90)
"""So long nobody calls who said that they want no contact."""
NOT_SENT = (Order.Status.PAID,)
SERVICE = "service"
"""The occasion of whoever is enrolled by a service strategy, not by the programme's own trigger."""


@dataclass(frozen=True)
class Occasion:
    """Somebody's turn. `key` is what `CareEnrolment.occasion` holds; `facts` what its sentence needs."""

    customer_id: int
    key: str
    at: datetime
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Rows:
    """`rows` of any table with where the customer's key, the number of the occasion and its time stand in them."""

    rows: QuerySet[Any]
    customer: str
    at: str
    prefix: str = ""
    constant: str = ""

    def of(self, programme: CareProgramme) -> QuerySet[Any]:
        """Those whose customer fits and who are not enrolled for this occasion."""
        people: QuerySet[Customer] = Customer.objects.existing()
        if programme.trigger not in RECOVERY:
            people = people.filter(is_personalised=True)
        if programme.action == CareProgramme.Action.WORKLIST:
            said_no = WorklistItem.objects.filter(
                outcome=WorklistItem.Outcome.REFUSED, done_at__gte=timezone.now() - NO_CONTACT
            )
            people = people.exclude(pk__in=said_no.values("customer"))
        people = conditions.narrowed(people, programme.conditions)
        key: Any = Value(self.constant, output_field=CharField())
        if not self.constant:
            key = Concat(Value(self.prefix), Cast(F("pk"), CharField()), output_field=CharField())
        rows = self.rows.filter(**{f"{self.customer}__in": people.values("pk")}).annotate(occasion_key=key)
        if programme.pk is None:
            return rows
        there = CareEnrolment.objects.filter(
            programme=programme.pk, customer=OuterRef(self.customer), occasion=OuterRef("occasion_key")
        )
        return rows.filter(~Exists(there))

    def occasions(self, programme: CareProgramme, limit: int) -> Iterator[Occasion]:
        rows = self.of(programme).order_by(self.at, "pk").values_list(self.customer, "occasion_key", self.at, "pk")
        for customer, key, at, pk in rows[:limit]:
            facts = {} if self.constant else {self.prefix.rstrip(":"): pk}
            yield Occasion(customer, key, at, facts)


def count(programme: CareProgramme, now: datetime) -> int:
    """How many would be enrolled at this moment. One query, for birthdays one for each day."""
    return sum(part.of(programme).count() for part in _parts(programme, now))


def due(programme: CareProgramme, now: datetime, limit: int) -> list[Occasion]:
    """The oldest first, at most `limit`."""
    found: list[Occasion] = []
    for part in _parts(programme, now):
        if len(found) >= limit:
            break
        found += part.occasions(programme, limit - len(found))
    return found


def still_holds(enrolment: CareEnrolment) -> bool:
    """Whether what it was for is still so: the customer is there, the order was not sent meanwhile, nobody came back by
    themselves."""
    kind, _colon, number = enrolment.occasion.partition(":")
    if not Customer.objects.existing().filter(pk=enrolment.customer_id).exists():
        return False
    if kind == SERVICE:
        return ServiceStrategy.objects.in_force().filter(pk=int(number)).exists()
    trigger = enrolment.programme.trigger
    if trigger == Trigger.LATE_ORDER:
        return Order.objects.filter(pk=int(number), status__in=NOT_SENT).exists()
    if trigger == Trigger.WIN_BACK and kind == "lapsed":
        newer = Order.objects.bought().filter(customer=enrolment.customer_id, paid_at__gt=enrolment.occurred_at)
        return not newer.exists()
    if trigger == Trigger.POST_PURCHASE:
        return Order.objects.bought().filter(pk=int(number)).exists()
    return True


def _parts(programme: CareProgramme, now: datetime) -> list[_Rows]:
    until = now - timedelta(days=programme.wait_days)
    since = until - timedelta(days=programme.reach_days)
    return PARTS[Trigger(programme.trigger)](programme, since, until)


def _welcome(_programme: CareProgramme, since: datetime, until: datetime) -> list[_Rows]:
    rows = Customer.objects.filter(joined_at__gt=since, joined_at__lte=until)
    return [_Rows(rows, "pk", "joined_at", constant="joined")]


def _post_purchase(_programme: CareProgramme, since: datetime, until: datetime) -> list[_Rows]:
    rows = Order.objects.bought().filter(customer__isnull=False, paid_at__gt=since, paid_at__lte=until)
    return [_Rows(rows, "customer", "paid_at", prefix="order:")]


def _birthday(_programme: CareProgramme, since: datetime, until: datetime) -> list[_Rows]:
    first, last = calendar.today(since) + timedelta(days=1), calendar.today(until)
    parts = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        rows = Customer.objects.filter(calendar.born_on(day), birthday__lt=day).annotate(
            birthday_at=Value(calendar.start_of(day))
        )
        parts.append(_Rows(rows, "pk", "birthday_at", constant=f"birthday:{day.year}"))
    return parts


def _win_back(_programme: CareProgramme, since: datetime, until: datetime) -> list[_Rows]:
    """The last paid order of a customer is that long ago. A later order that is not paid yet counts."""
    live = (*Order.BOUGHT, Order.Status.PLACED)
    later = Order.objects.filter(customer=OuterRef("customer"), status__in=live, placed_at__gt=OuterRef("paid_at"))
    rows = Order.objects.bought().filter(customer__isnull=False, paid_at__gt=since, paid_at__lte=until)
    return [_Rows(rows.filter(~Exists(later.exclude(pk=OuterRef("pk")))), "customer", "paid_at", prefix="lapsed:")]


def _bad_review(_programme: CareProgramme, since: datetime, until: datetime) -> list[_Rows]:
    rows = Review.objects.filter(
        customer__isnull=False, rating__lte=BAD_STARS, written_at__gt=since, written_at__lte=until
    ).exclude(status=Review.Status.REJECTED)
    return [_Rows(rows, "customer", "written_at", prefix="review:")]


def _late_order(_programme: CareProgramme, since: datetime, until: datetime) -> list[_Rows]:
    rows = Order.objects.filter(
        customer__isnull=False, status__in=NOT_SENT, paid_at__gt=since, paid_at__lte=until,
        refunded_total__lt=F("paid_total"),
    )  # fmt: skip
    return [_Rows(rows, "customer", "paid_at", prefix="order:")]


PARTS: dict[Any, Any] = {
    Trigger.WELCOME: _welcome, Trigger.POST_PURCHASE: _post_purchase, Trigger.BIRTHDAY: _birthday,
    Trigger.WIN_BACK: _win_back, Trigger.BAD_REVIEW: _bad_review, Trigger.LATE_ORDER: _late_order,
}  # fmt: skip
