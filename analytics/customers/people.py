"""Lists of customers by their scores: the people behind each bar, and the file of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import ExpressionWrapper, F, FloatField, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.customers import reasons
from analytics.models import CustomerScore, ScoreKind
from catalog.models import CustomerTrait
from core.components.words import money_about, money_cell

SHOWN = 20
LONGEST = 90
CHUNK = 2_000


@dataclass(frozen=True)
class Listing:
    """One order of the customers. `field` is the score that sorts; `kind` whose reasons are shown; whoever lacks one of
    the scores in `asked` is not on it. `days` is the horizon of the churn risk that it shows."""

    key: str
    title: Any
    field: str
    kind: ScoreKind
    asked: tuple[str, ...]
    days: int = LONGEST

    @property
    def churn(self) -> str:
        """The score that says the churn risk."""
        return f"churn_{self.days}"


def listings(days: int = LONGEST) -> dict[str, Listing]:
    """All lists, with the churn risk of one horizon."""
    churn = f"churn_{days}"
    return {
        one.key: one
        for one in (
            Listing("loss", gettext_lazy("Most to lose"), "loss", ScoreKind.CHURN, ("value", churn), days),
            Listing("value", gettext_lazy("Highest value"), "value", ScoreKind.VALUE, ("value",), days),
            Listing("churn", gettext_lazy("Highest churn risk"), churn, ScoreKind.CHURN, (churn,), days),
            Listing(
                "order", gettext_lazy("Most likely to order"), "propensity_30", ScoreKind.PROPENSITY,
                ("propensity_30",), days,
            ),
        )
    }  # fmt: skip


LISTINGS = listings()


@dataclass(frozen=True)
class Person:
    """One customer with scores and reasons, ready to be written."""

    pk: int
    name: str
    url: str
    orders: int | None
    last_day: Any
    value: Decimal | None
    churn: float | None
    order: float | None
    why: str

    @property
    def worth(self) -> str:
        """The value for people: an estimate, without decimals that nobody knows."""
        return money_about(self.value)


def found(listing: Listing, low: float | None, high: float | None, *, field: str = "") -> QuerySet[CustomerScore]:
    """Customers whose score lies in [low, high), or at 1 too when that is the end, the highest first. `field` narrows
    by another score than the one that sorts."""
    rows = CustomerScore.objects.filter(customer__erased_at=None, customer__merged_into=None)
    rows = rows.filter(**{f"{score}__isnull": False for score in listing.asked})
    if listing.field == "loss":
        rows = rows.annotate(loss=ExpressionWrapper(F("value") * F(listing.churn), output_field=FloatField()))
    narrowed = field or listing.field
    if low is not None:
        rows = rows.filter(**{f"{narrowed}__gte": low})
    if high is not None and not (high >= 1 and narrowed.startswith(("churn", "propensity", "alive"))):
        rows = rows.filter(**{f"{narrowed}__lt": high})
    return rows.select_related("customer", "customer__stats").order_by(f"-{listing.field}", "-customer_id")


def people(listing: Listing, rows: Sequence[CustomerScore]) -> list[Person]:
    """With their reasons: one query."""
    traits = CustomerTrait.objects.filter(kind=listing.kind, customer__in=[row.customer_id for row in rows])
    why = dict(traits.values_list("customer_id", "reasons"))
    return [_person(row, listing, why.get(row.customer_id, [])) for row in rows]


def _person(row: CustomerScore, listing: Listing, why: list[dict[str, Any]]) -> Person:
    stats = getattr(row.customer, "stats", None)
    return Person(
        pk=row.customer_id,
        name=str(row.customer),
        url=reverse("admin:catalog_customer_change", args=[row.customer_id]),
        orders=stats.orders if stats is not None else None,
        last_day=stats.last_day if stats is not None else None,
        value=row.value,
        churn=getattr(row, listing.churn),
        order=row.propensity_30,
        why=reasons.line(why),
    )


def heads(listing: Listing) -> list[str]:
    """Columns of the file."""
    return [
        _("Customer"), _("Customer ID"), _("Paid orders"), _("Last order"), _("Lifetime value, 12 months"),
        churn_title(listing), _("Chance of an order within 30 days"), _("Reasons"),
    ]  # fmt: skip


def churn_title(listing: Listing) -> str:
    return _("Churn risk, %(days)d days") % {"days": listing.days}


def in_file(listing: Listing, low: float | None, high: float | None, *, field: str = "") -> Iterator[list[Any]]:
    """Rows of the file, read and put into words a few thousand at a time."""
    rows = found(listing, low, high, field=field).iterator(chunk_size=CHUNK)
    while some := list(islice(rows, CHUNK)):
        yield from map(cells, some, people(listing, some))


def cells(row: CustomerScore, person: Person) -> list[Any]:
    return [
        person.name, row.customer.public_id, person.orders, person.last_day, money_cell(person.value), person.churn,
        person.order, person.why,
    ]  # fmt: skip
