"""The portrait: what the page of a customer says, for programs. Each part needs the right that its panel needs."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Avg, Count, F, Func, JSONField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from analytics.models import Segment
from analytics.segments import compiling, services
from analytics.segments.counting import TooSlow, time_limit
from analytics.segments.rules import BadRule
from catalog import selectors_admin as reads
from catalog.extensions import portrait_parts
from catalog.models import Customer, CustomerTrait
from core.shop import current_shop
from crm.care import next_step
from crm.models import CustomerNote, CustomerTagging, CustomFieldValue, LoyaltyAccount, LoyaltyTier, Ticket
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
    seen = [name for name, right in PARTS.items() if may(right)]
    parts: dict[str, Any] = dict.fromkeys(PARTS)
    parts |= {name: ALONE[name](customer) for name in seen if name in ALONE}
    if wanted := {name: TOGETHER[name][0]() for name in seen if name in TOGETHER}:
        person = Customer.objects.filter(pk=customer.pk)
        found: Any = person.values(**{f"part_{name}": one for name, one in wanted.items()}).get()
        parts |= {name: TOGETHER[name][1](found[f"part_{name}"]) for name in wanted}
    for one in portrait_parts:
        parts[one.key] = one.resolve()(customer) if may(one.meta["permission"]) else None
    parts["next_step"] = _next_step(customer, may)
    who = {"id": customer.public_id, "external_id": customer.external_id, "language": customer.language}
    return who | parts


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
    found = profile.interests(profile.of_customer(customer))
    return {
        "acts": found.acts,
        "categories": [{"id": one.public_id, "name": one.name, "share": one.share} for one in found.categories],
        "brands": [{"id": one.public_id, "name": one.name, "share": one.share} for one in found.brands],
        "colours": [{"name": name, "share": share} for name, share in found.colours],
        "price_from": found.prices[0] if found.prices else None,
        "price_to": found.prices[1] if found.prices else None,
    }


# --- small parts, read together -------------------------------------------------------------------------------------

OF = OuterRef("pk")


def _scores() -> Any:
    rows = CustomerTrait.objects.filter(customer=OF).order_by("kind")
    return ArraySubquery(rows.values(found=JSONObject(
        kind="kind", value="value", reasons="reasons", as_of="as_of", model_version="model_version__number"
    )))  # fmt: skip


def _told_scores(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        row | {"reasons": row["reasons"] if isinstance(row["reasons"], list) else [], "as_of": _moment(row["as_of"])}
        for row in rows
    ]


def _recommended() -> Any:
    """Of the newest list the first products, with their place in it."""
    lists = RecommendationList.objects.filter(customer=OF)
    products = Func(F("product_ids"), template=RECOMMENDED, newest=NEWEST, output_field=JSONField())
    return Subquery(lists.values(found=JSONObject(as_of="as_of", products=products))[:1])


RECOMMENDED = """(
    SELECT coalesce(json_agg(p.public_id ORDER BY one.place), '[]'::json)
    FROM unnest(%(expressions)s) WITH ORDINALITY AS one (pk, place) JOIN catalog_product p ON p.id = one.pk
    WHERE one.place <= %(newest)s
)"""


def _told_list(found: dict[str, Any] | None) -> dict[str, Any] | None:
    return found and found | {"as_of": _moment(found["as_of"])}


def _reviews() -> Any:
    said = {str(one): Count("pk", filter=Q(reading__sentiment=one)) for one in Sentiment}
    return Subquery(_counted(Review.objects.filter(customer=OF), "customer", JSONObject(
        count=Count("pk"), average_rating=Avg("rating"), one_or_two_stars=Count("pk", filter=Q(rating__lte=2)),
        sentiments=JSONObject(**said),
    )))  # fmt: skip


def _told_reviews(found: dict[str, Any] | None) -> dict[str, Any]:
    none = {"count": 0, "average_rating": None, "one_or_two_stars": 0}
    return found or none | {"sentiments": dict.fromkeys(Sentiment.values, 0)}


def _tickets() -> Any:
    open_states = [Ticket.State.OPEN, Ticket.State.PENDING]
    rows = Ticket.objects.filter(conversation__customer=OF)
    return Subquery(_counted(rows, "conversation__customer", JSONObject(
        count=Count("pk"), open=Count("pk", filter=Q(state__in=open_states))
    )))  # fmt: skip


def _told_tickets(found: dict[str, Any] | None) -> dict[str, Any]:
    return found or {"count": 0, "open": 0}


def _counted(rows: QuerySet[Any], by: str, what: Any) -> QuerySet[Any]:
    return rows.order_by().values(by).annotate(found=what).values("found")


def _loyalty() -> Any:
    rows = LoyaltyAccount.objects.filter(customer=OF, closed_at=None)
    return Subquery(rows.values(found=JSONObject(
        balance="balance", pending="pending", owed="owed", tier="tier", name_en="tier__name_en",
        name_zh="tier__name_zh",
    ))[:1])  # fmt: skip


def _told_loyalty(found: dict[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    tier = LoyaltyTier(name_en=found.pop("name_en") or "", name_zh=found.pop("name_zh") or "")
    return found | {"tier": titled(tier) if found["tier"] else None}


def _notes() -> Any:
    notes = CustomerNote.objects.filter(customer=OF, removed_at=None).order_by("-is_pinned", "-created_at")
    values = CustomFieldValue.objects.filter(customer=OF, field__is_on=True).order_by("pk")
    return JSONObject(
        tags=ArraySubquery(CustomerTagging.objects.filter(customer=OF).order_by("tag__name").values("tag__name")),
        fields=ArraySubquery(values.values(found=JSONObject(key="field__key", value="value"))),
        notes=ArraySubquery(notes.values(found=JSONObject(text="text", written_at="created_at"))[:NEWEST]),
    )


def _told_notes(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "tags": found["tags"],
        "fields": {one["key"]: one["value"] for one in found["fields"]},
        "notes": [one | {"written_at": _moment(one["written_at"])} for one in found["notes"]],
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


ALONE: dict[str, Callable[[Customer], Any]] = {
    "facts": _facts, "contact": _contact, "consent": _consent, "segments": _segments, "interests": _interests,
}  # fmt: skip
TOGETHER: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "scores": (_scores, _told_scores),
    "recommended": (_recommended, _told_list),
    "reviews": (_reviews, _told_reviews),
    "tickets": (_tickets, _told_tickets),
    "loyalty": (_loyalty, _told_loyalty),
    "staff_notes": (_notes, _told_notes),
}
"""Parts that one query reads: the expression for it, and what is told of its value."""
PARTS: dict[str, str] = {
    "facts": "catalog.view_order",
    "contact": "catalog.view_personal_data",
    "consent": "catalog.view_customer",
    "scores": "catalog.view_customertrait",
    "segments": "analytics.view_segment",
    "interests": "catalog.view_customer",
    "recommended": "catalog.view_customer",
    "reviews": "reviews.view_review",
    "tickets": "crm.view_ticket",
    "loyalty": "crm.view_loyaltyaccount",
    "staff_notes": "crm.view_customernote",
}
"""Name of a part → the right to see it. Apps above add theirs (catalog.extensions)."""
