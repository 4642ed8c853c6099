"""The portrait: what the page of a customer says, for programs. Each part needs the right that its panel needs."""

from collections.abc import Callable
from typing import Any

from django.db.models import Avg, Count, Q

from analytics.models import Segment
from analytics.segments import compiling, services
from analytics.segments.counting import TooSlow, time_limit
from analytics.segments.rules import BadRule
from catalog import selectors_admin as reads
from catalog.extensions import portrait_parts
from catalog.models import Customer, CustomerTrait
from core.shop import current_shop
from crm.care import next_step
from crm.models import CustomerNote, CustomerTagging, CustomFieldValue, LoyaltyAccount, Ticket
from crm.models.programme import titled
from recommender import profile
from recommender.models import RecommendationList
from reviews.models import Review, Sentiment

MOST_SEGMENTS = 60
SEGMENTS_MS = 1_000
NEWEST = 10
May = Callable[[str], bool]


def portrait(customer: Customer, may: May) -> dict[str, Any]:
    """All parts in order, then those of the apps above; a part that the reader may not see is None. How many queries
    it takes does not grow with the story."""
    parts = {name: build(customer) if may(right) else None for name, (right, build) in PARTS.items()}
    for one in portrait_parts:
        parts[one.key] = one.resolve()(customer) if may(one.meta["permission"]) else None
    parts["next_step"] = _next_step(customer, may)
    person = {"id": customer.public_id, "external_id": customer.external_id, "language": customer.language}
    return person | parts


def _next_step(customer: Customer, may: May) -> dict[str, Any] | None:
    """Each of its rules has the right that its evidence needs."""
    found = next_step.steps(customer, may, limit=1)
    if not found:
        return None
    return {"step": found[0].key, "occasion": found[0].occasion, "title": found[0].title, "reason": found[0].why}


def _facts(customer: Customer) -> dict[str, Any]:
    base = current_shop().base_currency
    bought = reads.customer_purchases([customer.pk], base).get(customer.pk, reads.Purchases())
    return {
        "joined_at": customer.joined_at,
        "country": customer.country,
        "city": customer.city,
        "currency": base,
        "paid_orders": bought.orders,
        "revenue": bought.revenue,
        "last_order_at": bought.last_at,
        "orders_with_refund": bought.returned,
        "given_back": bought.given_back,
    }


def _contact(customer: Customer) -> dict[str, Any]:
    return {
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "birthday": customer.birthday,
    }


def _consent(customer: Customer) -> dict[str, Any]:
    return {"personalised": customer.is_personalised, "profile_since": customer.profile_since}


def _scores(customer: Customer) -> list[dict[str, Any]]:
    rows = CustomerTrait.objects.filter(customer=customer).select_related("model_version").order_by("kind")
    return [
        {
            "kind": row.kind, "value": row.value, "reasons": row.reasons if isinstance(row.reasons, list) else [],
            "as_of": row.as_of, "model_version": row.model_version.number if row.model_version else None,
        }
        for row in rows
    ]  # fmt: skip


def _segments(customer: Customer) -> list[dict[str, Any]] | None:
    """Shared ones. None while they take too long to find."""
    rows = []
    for row in (
        Segment.objects.alive().filter(is_shared=True).select_related("current").order_by("size")[:MOST_SEGMENTS]
    ):
        try:
            compiling.of_segment(row)
        except BadRule:
            continue
        rows.append(row)
    try:
        with time_limit(SEGMENTS_MS):
            return [{"id": row.public_id, "name": str(row)} for row in services.segments_of(customer, rows)]
    except TooSlow:
        return None


def _interests(customer: Customer) -> dict[str, Any]:
    who = profile.of_customer(customer)
    found = profile.interests(who)
    return {
        "acts": found.acts,
        "categories": [{"id": one.public_id, "name": one.name, "share": one.share} for one in found.categories],
        "brands": [{"id": one.public_id, "name": one.name, "share": one.share} for one in found.brands],
        "colours": [{"name": name, "share": share} for name, share in profile.colours(who)] if found.acts else [],
        "price_from": found.prices[0] if found.prices else None,
        "price_to": found.prices[1] if found.prices else None,
    }


def _recommended(customer: Customer) -> dict[str, Any] | None:
    from catalog.models import Product

    row = RecommendationList.objects.filter(customer=customer).first()
    if row is None:
        return None
    chosen = list(row.product_ids)[:NEWEST]
    ids = dict(Product.objects.filter(pk__in=chosen).values_list("pk", "public_id"))
    return {"as_of": row.as_of, "products": [ids[pk] for pk in chosen if pk in ids]}


def _reviews(customer: Customer) -> dict[str, Any]:
    rows = Review.objects.filter(customer=customer)
    said = {str(one): Count("pk", filter=Q(reading__sentiment=one)) for one in Sentiment}
    found = rows.aggregate(count=Count("pk"), average=Avg("rating"), last=Count("pk", filter=Q(rating__lte=2)), **said)
    return {
        "count": found["count"],
        "average_rating": found["average"],
        "one_or_two_stars": found["last"],
        "sentiments": {value: found[value] for value in Sentiment.values},
    }


def _tickets(customer: Customer) -> dict[str, Any]:
    rows = Ticket.objects.filter(conversation__customer=customer)
    open_states = [Ticket.State.OPEN, Ticket.State.PENDING]
    found = rows.aggregate(count=Count("pk"), open=Count("pk", filter=Q(state__in=open_states)))
    return {"count": found["count"], "open": found["open"]}


def _loyalty(customer: Customer) -> dict[str, Any] | None:
    account = LoyaltyAccount.objects.filter(customer=customer, closed_at=None).select_related("tier").first()
    if account is None:
        return None
    return {
        "balance": account.balance,
        "pending": account.pending,
        "owed": account.owed,
        "tier": titled(account.tier) if account.tier else None,
    }


def _notes(customer: Customer) -> dict[str, Any]:
    rows = CustomerNote.objects.filter(customer=customer, removed_at=None).order_by("-is_pinned", "-created_at")
    values = CustomFieldValue.objects.filter(customer=customer, field__is_on=True).select_related("field")
    return {
        "tags": list(
            CustomerTagging.objects.filter(customer=customer).order_by("tag__name").values_list("tag__name", flat=True)
        ),
        "fields": {row.field.key: row.value for row in values},
        "notes": [{"text": row.text, "written_at": row.created_at} for row in rows[:NEWEST]],
    }


PARTS: dict[str, tuple[str, Callable[[Customer], Any]]] = {
    "facts": ("catalog.view_order", _facts),
    "contact": ("catalog.view_personal_data", _contact),
    "consent": ("catalog.view_customer", _consent),
    "scores": ("catalog.view_customertrait", _scores),
    "segments": ("analytics.view_segment", _segments),
    "interests": ("catalog.view_customer", _interests),
    "recommended": ("catalog.view_customer", _recommended),
    "reviews": ("reviews.view_review", _reviews),
    "tickets": ("crm.view_ticket", _tickets),
    "loyalty": ("crm.view_loyaltyaccount", _loyalty),
    "staff_notes": ("crm.view_customernote", _notes),
}
"""Name of a part → the right to see it, and how it is read. Apps above add theirs (catalog.extensions)."""
