"""Experiments on search: whether the personal order pays."""

from django.utils.translation import gettext_lazy as _

from catalog.extensions import personal_rankers
from catalog.models import Customer, Visitor
from core.experiments import ArmChoice, ExperimentKind, Placed, Subject, arm_for, expose, expose_to_models
from core.impact import Capability, Start

KIND, TARGET = "search", "results"

SEARCH = ExperimentKind(
    title=_("Search"),
    targets={TARGET: _("Order of results")},
    choices=[
        ArmChoice("personal", _("In the personal order"), {"personal": True}),
        ArmChoice("same", _("In the same order for everybody"), {"personal": False}),
    ],
    control="same",
    metrics=["search_success", "orders", "conversion", "revenue"],
    available=lambda: bool(personal_rankers.entries()),
)

IMPACT = Capability(
    title=_("Search"),
    control=_("the same order of results for everybody"),
    kind=KIND,
    ways=frozenset({"personal"}),
    measures=("search_success", "conversion", "revenue"),
    guardrails=("returns",),
    start=Start(name=_("Does the personal order of results help people find what they look for?"), target=TARGET,
                ways=("same", "personal"), metric="search_success"),
)  # fmt: skip


def subject_of(*, customer: Customer | None, visitor: Visitor | None, visitor_key: str | None) -> Subject | None:
    """The person as experiments know them. None for who does not want to be followed, or no personal answers."""
    if (customer is not None and not customer.is_personalised) or (visitor is not None and not visitor.may_track):
        return None
    return Subject(visitor=visitor_key, customer=customer.public_id if customer is not None else None)


def placed_in_search(subject: Subject | None) -> Placed | None:
    """The arm of this person."""
    return arm_for(kind=KIND, target=TARGET, subject=subject) if subject is not None else None


def note_shown(placed: Placed | None, subject: Subject | None) -> None:
    """Results were shown: in the experiment on search, and in the holdout's where something knows a taste."""
    if placed is not None and not placed.is_held_out:
        expose(placed)
    if subject is not None and SEARCH.available():
        expose_to_models(subject)


def is_personal(placed: Placed | None) -> bool:
    """The order is personal unless the arm says otherwise."""
    return placed is None or bool(placed.settings.get("personal", True))
