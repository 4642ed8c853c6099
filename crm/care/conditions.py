"""Conditions of a care programme: a fixed list, so that whoever edits a programme can ask for nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.models import CustomerScore
from catalog.models import Customer, Order
from crm.models import CustomerTagging, Ticket

MOST_ORDERS = 1_000
LANGUAGES = {"zh": gettext_lazy("Chinese"), "en": gettext_lazy("English")}
Rows = QuerySet[Customer]


@dataclass(frozen=True)
class Condition:
    """`accepts` says whether a value may stand there; `narrow` keeps the customers that it is true of."""

    title: Any
    accepts: Callable[[Any], bool]
    narrow: Callable[[Rows, Any], Rows]


def _orders_of_customer() -> Coalesce:
    counted = (
        Order.objects.bought().filter(customer=OuterRef("pk")).order_by().values("customer").annotate(n=Count("pk"))
    )
    return Coalesce(Subquery(counted.values("n")), Value(0))


def _least_orders(rows: Rows, value: int) -> Rows:
    return rows.alias(bought=_orders_of_customer()).filter(bought__gte=value)


def _most_orders(rows: Rows, value: int) -> Rows:
    return rows.alias(bought_most=_orders_of_customer()).filter(bought_most__lte=value)


def _in_groups(rows: Rows, value: list[str]) -> Rows:
    return rows.filter(pk__in=CustomerScore.objects.filter(rfm_segment__in=value).values("customer"))


def _has_tag(rows: Rows, value: int) -> Rows:
    return rows.filter(Exists(CustomerTagging.objects.filter(customer=OuterRef("pk"), tag=value)))


def _no_ticket(rows: Rows, _value: bool) -> Rows:
    unfinished = Ticket.objects.unfinished().filter(merged_into=None, conversation__customer=OuterRef("pk"))
    return rows.filter(~Exists(unfinished))


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MOST_ORDERS


def _are_groups(value: Any) -> bool:
    from analytics.segments.named import RFM

    return isinstance(value, list) and 0 < len(value) <= len(RFM) and all(one in RFM for one in value)


CONDITIONS: dict[str, Condition] = {
    "least_orders": Condition(gettext_lazy("paid orders, at least"), _is_count, _least_orders),
    "most_orders": Condition(gettext_lazy("paid orders, at most"), _is_count, _most_orders),
    "language": Condition(
        gettext_lazy("language"), lambda value: value in LANGUAGES,
        lambda rows, value: rows.filter(language__startswith=value),
    ),
    "groups": Condition(gettext_lazy("RFM segments"), _are_groups, _in_groups),
    "tag": Condition(gettext_lazy("tag"), lambda value: type(value) is int and value > 0, _has_tag),
    "no_ticket": Condition(gettext_lazy("no unfinished ticket"), lambda value: value is True, _no_ticket),
}  # fmt: skip
"""Key in `CareProgramme.conditions` → what it means. Nothing else is accepted there."""


def refused(chosen: Any) -> str:
    """What is wrong with these conditions, in words; empty when nothing is."""
    if not isinstance(chosen, dict):
        return _("Conditions are a list of names and values.")
    for key, value in chosen.items():
        if key not in CONDITIONS:
            return _("There is no condition called %(name)s.") % {"name": str(key)[:40]}
        if not CONDITIONS[key].accepts(value):
            return _("This value does not fit: %(name)s.") % {"name": CONDITIONS[key].title}
    least, most = chosen.get("least_orders"), chosen.get("most_orders")
    if least is not None and most is not None and least > most:
        return _("At least more orders than at most: nobody fits.")
    return ""


def narrowed(rows: Rows, chosen: Mapping[str, Any]) -> Rows:
    """Customers of whom all conditions are true. What is not in the list narrows to nobody, never to everybody."""
    for key, value in chosen.items():
        condition = CONDITIONS.get(key)
        if condition is None or not condition.accepts(value):
            return rows.none()
        rows = condition.narrow(rows, value)
    return rows
