"""The next best action for a customer, with its reason.

Rules in the order of what cannot wait: something went wrong first, then what is about to be lost, then what could be
won. Each looks at rows that show it and names what it is about (`occasion`), so that what staff said of a step holds
for exactly that. Nothing is guessed: without evidence there is no step.

Who is in the control group of a care programme, or of the follow-up of reviews, gets no step that would undo it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, QuerySet, Sum
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.customers import reasons
from analytics.models import CustomerScore
from catalog.models import Customer, Order, Refund
from core.components import figure, money
from core.components.words import day_text, money_about, run_on
from core.models import StaffUser
from crm.exceptions import BadInput
from crm.models import CareEnrolment, LoyaltyLot, LoyaltyProgramme, NextStepOutcome, Ticket
from crm.services import calendar
from reviews.models import FollowUp, Review

LATE_DAYS, LATE_UNTIL = 5, 60
REVIEW_DAYS, RETURN_DAYS, FIRST_DAYS = 30, 14, 14
POINTS_DAYS, BIRTHDAY_DAYS = 30, 7
LIKELY = 0.5
CONTROL_DAYS = 28
REST_DONE, REST_DISMISSED = timedelta(days=30), timedelta(days=90)
SCORE = "score"
"""The occasion of what a score says: it comes again after a rest."""
MOST = 3
LOOKED_AT = 5
May = Callable[[str], bool]


@dataclass(frozen=True)
class Step:
    """What to do (`title`), the evidence (`why`) and where it is done (`url`, may be empty)."""

    key: str
    occasion: str
    title: str
    why: str
    url: str = ""


@dataclass(frozen=True)
class _Rule:
    """`rows`: of a customer, or of the one of a query around it, what the rule looks at; None where that is no row."""

    key: str
    right: str
    find: Callable[[Customer, datetime], Iterable[Step]]
    rows: Callable[[Any, datetime], QuerySet[Any]] | None
    is_help: bool = False
    """Something went wrong: also for those in a control group of a programme."""


def steps(customer: Customer, may: May, *, now: datetime | None = None, limit: int = MOST) -> list[Step]:
    """The most urgent first, at most `limit`. One query tells which rules have anything to look at; then one for each
    of those until enough are found."""
    return list(islice(_proposed(customer, may, now or timezone.now()), limit))


def _proposed(customer: Customer, may: May, now: datetime) -> Iterator[Step]:
    of_customer = OuterRef("pk")
    control = CareEnrolment.objects.filter(
        customer=of_customer, state=CareEnrolment.State.CONTROL, enrolled_at__gt=now - timedelta(days=CONTROL_DAYS)
    )
    said_of = NextStepOutcome.objects.filter(customer=of_customer).order_by("-at")
    told = JSONObject(step="step", occasion="occasion", outcome="outcome", at="at")
    looked = {rule.key: Exists(rule.rows(of_customer, now)) for rule in RULES if rule.rows and may(rule.right)}
    rows: Any = Customer.objects.filter(pk=customer.pk).values(
        in_control=Exists(control), said=ArraySubquery(said_of.values(found=told)[:200]),
        **{f"rule_{key}": one for key, one in looked.items()},
    )  # fmt: skip
    there = rows.first()
    if there is None:
        return
    said = {
        (one["step"], one["occasion"]): NextStepOutcome(**one | {"at": datetime.fromisoformat(one["at"])})
        for one in there["said"]
    }
    for rule in RULES:
        if not may(rule.right) or (there["in_control"] and not rule.is_help) or not there.get(f"rule_{rule.key}", True):
            continue
        for step in rule.find(customer, now):
            if not _rests(said.get((step.key, step.occasion)), now):
                yield step
                break


def _rests(said: NextStepOutcome | None, now: datetime) -> bool:
    if said is None:
        return False
    if said.occasion != SCORE:
        return True
    rest = REST_DONE if said.outcome == NextStepOutcome.Outcome.DONE else REST_DISMISSED
    return said.at > now - rest


def record(
    customer: Customer, step: str, occasion: str, outcome: str, *, may: May, by: StaffUser | None = None
) -> NextStepOutcome | None:
    """What came of a step that is proposed now; an empty outcome takes it back. Raises BadInput."""
    if outcome == "":
        NextStepOutcome.objects.filter(customer=customer, step=step, occasion=occasion).delete()
        return None
    if outcome not in NextStepOutcome.Outcome.values:
        raise BadInput(_("A step is done or not wanted."))
    now = timezone.now()
    known = NextStepOutcome.objects.filter(customer=customer, step=step, occasion=occasion).first()
    open_ones = steps(customer, may, now=now, limit=len(RULES))
    if known is None and not any((one.key, one.occasion) == (step, occasion) for one in open_ones):
        raise BadInput(_("This step is not proposed any more."))
    row, _new = NextStepOutcome.objects.update_or_create(
        customer=customer, step=step, occasion=occasion, defaults={"outcome": outcome, "at": now, "by": by}
    )
    return row


# --- the rules --------------------------------------------------------------------------------------------------------


def _ago(since: datetime, now: datetime) -> str:
    days = max((now - since).days, 0)
    return ngettext("%(count)s day ago", "%(count)s days ago", days) % {"count": days} if days else _("today")


def _open_tickets(customer: Any, _now: datetime) -> QuerySet[Ticket]:
    return Ticket.objects.listed().filter(conversation__customer=customer, state=Ticket.State.OPEN)


def _ticket(customer: Customer, now: datetime) -> Iterator[Step]:
    rows = _open_tickets(customer, now).select_related("conversation")
    for row in rows.order_by(F("due_at").asc(nulls_last=True), "pk")[:LOOKED_AT]:
        waits = _("Waits since %(day)s") % {"day": day_text(row.awaiting_since or row.created_at)}
        late = _("its time is over") if row.due_at is not None and row.due_at < now else ""
        yield Step(
            "ticket", f"ticket:{row.pk}:{row.reopened}", _("Answer ticket #%(number)s") % {"number": row.pk},
            " · ".join(filter(None, [row.subject, waits, late])), f"{reverse('admin:crm_inbox')}?ticket={row.pk}",
        )  # fmt: skip


def _late_orders(customer: Any, now: datetime) -> QuerySet[Order]:
    return Order.objects.filter(
        customer=customer, status=Order.Status.PAID, paid_at__lt=now - timedelta(days=LATE_DAYS),
        paid_at__gt=now - timedelta(days=LATE_UNTIL), refunded_total__lt=F("paid_total"),
    )  # fmt: skip


def _late_order(customer: Customer, now: datetime) -> Iterator[Step]:
    for row in _late_orders(customer, now).order_by("paid_at")[:LOOKED_AT]:
        why = _("Order %(number)s was paid %(ago)s; nothing was sent.") % {
            "number": row.number, "ago": _ago(row.paid_at or now, now),
        }  # fmt: skip
        yield Step(
            "late_order", f"order:{row.pk}", _("Tell where the order is"), why,
            reverse("admin:catalog_order_change", args=[row.pk]),
        )  # fmt: skip


def _bad_reviews(customer: Any, now: datetime) -> QuerySet[Review]:
    settled = FollowUp.objects.filter(review=OuterRef("pk")).exclude(state=FollowUp.State.OPEN)
    rows = Review.objects.filter(customer=customer, rating__lte=2, written_at__gt=now - timedelta(days=REVIEW_DAYS))
    return rows.exclude(status=Review.Status.REJECTED).filter(~Exists(settled))


def _bad_review(customer: Customer, now: datetime) -> Iterator[Step]:
    for row in _bad_reviews(customer, now).select_related("product").order_by("-written_at")[:LOOKED_AT]:
        why = _("%(stars)s ★ for %(product)s, %(ago)s") % {
            "stars": row.rating, "product": row.product.localised("name"), "ago": _ago(row.written_at, now),
        }  # fmt: skip
        yield Step(
            "bad_review", f"review:{row.pk}", _("Make good for a bad review"), why,
            reverse("admin:reviews_review_change", args=[row.pk]),
        )  # fmt: skip


def _returns(customer: Any, now: datetime) -> QuerySet[Refund]:
    return Refund.objects.filter(order__customer=customer, refunded_at__gt=now - timedelta(days=RETURN_DAYS))


def _return(customer: Customer, now: datetime) -> Iterator[Step]:
    for row in _returns(customer, now).select_related("order").order_by("-refunded_at")[:LOOKED_AT]:
        why = _("%(money)s of order %(number)s went back %(ago)s.") % {
            "money": money(row.amount, row.currency), "number": row.order, "ago": _ago(row.refunded_at, now),
        }  # fmt: skip
        why = run_on([why, row.reason])
        yield Step(
            "return", f"refund:{row.pk}", _("Ask what was wrong"), why,
            reverse("admin:catalog_order_change", args=[row.order_id]),
        )  # fmt: skip


def _likely_to_leave(customer: Any, _now: datetime) -> QuerySet[CustomerScore]:
    return CustomerScore.objects.filter(customer=customer, churn_90__gte=LIKELY)


def _likely_to_buy(customer: Any, _now: datetime) -> QuerySet[CustomerScore]:
    return CustomerScore.objects.filter(customer=customer, propensity_30__gte=LIKELY)


def _score(customer: Customer) -> CustomerScore | None:
    return CustomerScore.objects.filter(customer=customer).first() if customer.is_personalised else None


def _win_back(customer: Customer, _now: datetime) -> Iterator[Step]:
    row = _score(customer)
    if row is None or row.churn_90 is None or row.churn_90 < LIKELY or not row.value:
        return
    why = _("%(chance)s. At stake: %(money)s within 12 months.") % {
        "chance": reasons.churn_sentence(row.churn_90, 90), "money": money_about(row.value),
    }  # fmt: skip
    yield Step("win_back", SCORE, _("Get in touch before they leave"), why)


def _ending_lots(customer: Any, now: datetime) -> QuerySet[LoyaltyLot]:
    return LoyaltyLot.objects.filter(
        account__customer=customer, account__closed_at=None, matured_at__isnull=False, left__gt=0, expires_at__gt=now,
        expires_at__lte=now + timedelta(days=POINTS_DAYS),
    )  # fmt: skip


def _points(customer: Customer, now: datetime) -> Iterator[Step]:
    programme = LoyaltyProgramme.current()
    if not programme.is_on:
        return
    lots = _ending_lots(customer, now)
    found = list(lots.values("expires_at").annotate(points=Sum("left")).order_by("expires_at"))
    points = sum(row["points"] for row in found)
    if not points or points < programme.least_redeemed:
        return
    first: datetime = found[0]["expires_at"]  # type: ignore[assignment]
    last = first - timedelta(seconds=1)
    why = _("%(points)s points (%(money)s) end within %(days)d days, the first on %(day)s.") % {
        "points": figure(points), "money": money(points * programme.point_value), "days": POINTS_DAYS,
        "day": day_text(last),
    }  # fmt: skip
    yield Step("points", f"points:{calendar.today(last):%Y-%m-%d}", _("Remind of points that end"), why)


def _birthday(customer: Customer, now: datetime) -> Iterator[Step]:
    if customer.birthday is None:
        return
    today = calendar.today(now)
    for number in range(BIRTHDAY_DAYS + 1):
        day = today + timedelta(days=number)
        if _is_birthday(customer.birthday, day):
            yield Step(
                "birthday", f"birthday:{day.year}", _("Wish a happy birthday"),
                _("Birthday on %(day)s") % {"day": day_text(day)},
            )  # fmt: skip


def _is_birthday(born: date, day: date) -> bool:
    if born >= day:
        return False
    is_leap_day = (born.month, born.day) == (2, 29)
    if is_leap_day and not _is_leap(day.year):
        return (day.month, day.day) == (2, 28)
    return (born.month, born.day) == (day.month, day.day)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _new_orders(customer: Any, now: datetime) -> QuerySet[Order]:
    return Order.objects.bought().filter(customer=customer, paid_at__gte=now - timedelta(days=FIRST_DAYS))


def _first_order(customer: Customer, now: datetime) -> Iterator[Step]:
    rows = list(Order.objects.bought().filter(customer=customer).order_by("-paid_at")[:2])
    if len(rows) != 1 or rows[0].paid_at is None or rows[0].paid_at < now - timedelta(days=FIRST_DAYS):
        return
    why = _("Order %(number)s, the first, was paid %(ago)s.") % {
        "number": rows[0].number, "ago": _ago(rows[0].paid_at, now),
    }  # fmt: skip
    yield Step(
        "first_order", f"order:{rows[0].pk}", _("Thank for the first order"), why,
        reverse("admin:catalog_order_change", args=[rows[0].pk]),
    )  # fmt: skip


def _likely_order(customer: Customer, _now: datetime) -> Iterator[Step]:
    row = _score(customer)
    if row is None or row.propensity_30 is None or row.propensity_30 < LIKELY:
        return
    yield Step("likely_order", SCORE, _("Show what fits"), reasons.order_sentence(row.propensity_30, 30))


RULES = (
    _Rule("ticket", "crm.view_ticket", _ticket, _open_tickets, is_help=True),
    _Rule("late_order", "catalog.view_order", _late_order, _late_orders, is_help=True),
    _Rule("bad_review", "reviews.view_review", _bad_review, _bad_reviews),
    _Rule("return", "catalog.view_order", _return, _returns, is_help=True),
    _Rule("win_back", "catalog.view_customertrait", _win_back, _likely_to_leave),
    _Rule("points", "crm.view_loyaltyaccount", _points, _ending_lots),
    _Rule("birthday", "catalog.view_personal_data", _birthday, None),
    _Rule("first_order", "catalog.view_order", _first_order, _new_orders),
    _Rule("likely_order", "catalog.view_customertrait", _likely_order, _likely_to_buy),
)
"""The order is the order of urgency. A rule is asked only for those who may see what it shows."""
