"""Experiments on search: whether the personal order pays."""

from django.utils.translation import gettext_lazy as _

from catalog.extensions import personal_rankers
from catalog.models import Customer, Visitor
from core.experiments import ArmChoice, ExperimentKind, Placed, Subject, arm_for

KIND, TARGET = "search", "results"

SEARCH = ExperimentKind(
    title=_("Search"),
    targets={TARGET: _("Order of results")},
    choices=[
        ArmChoice("personal", _("In the personal order"), {"personal": True}),
        ArmChoice("same", _("In the same order for everybody"), {"personal": False}),
    ],
    control="same",
    metrics=["orders", "conversion", "revenue"],
    available=lambda: bool(personal_rankers.entries()),
)


def placed_in_search(*, customer: Customer | None, visitor: Visitor | None, visitor_key: str | None) -> Placed | None:
    """The arm of this person. Who does not want to be followed, or no personal answers, is left out."""
    if (customer is not None and not customer.is_personalised) or (visitor is not None and not visitor.may_track):
        return None
    subject = Subject(visitor=visitor_key, customer=customer.public_id if customer is not None else None)
    return arm_for(kind=KIND, target=TARGET, subject=subject)


def is_personal(placed: Placed | None) -> bool:
    """The order is personal unless the arm says otherwise."""
    return placed is None or bool(placed.settings.get("personal", True))
