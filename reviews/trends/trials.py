"""Experiments on the follow-up of unhappy customers: whether it pays to answer them."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from catalog.models import Customer, Visitor
from core.experiments import ArmChoice, ExperimentKind, Placed, Subject, arm_for, expose, expose_to_models
from core.impact import Capability, Start

KIND, TARGET = "follow_up", "unhappy"
LISTED, LEFT = "listed", "left"

FOLLOW_UP = ExperimentKind(
    title=_("Follow-up of unhappy customers"),
    targets={TARGET: _("After a negative review")},
    choices=[
        ArmChoice(LISTED, _("On the list of unhappy customers"), {"listed": True}),
        ArmChoice(LEFT, _("No follow-up"), {"listed": False}),
    ],
    control=LEFT,
    metrics=["bought_again", "orders", "conversion", "revenue", "returns"],
)

IMPACT = Capability(
    title=_("Follow-up of unhappy customers"),
    control=_("reviews without a follow-up"),
    kind=KIND,
    ways=frozenset({LISTED}),
    measures=("bought_again", "revenue"),
    guardrails=("returns",),
    start=Start(name=_("Do unhappy customers buy again when somebody follows up?"), target=TARGET,
                ways=(LEFT, LISTED), metric="bought_again"),
)  # fmt: skip


def subjects_of(customers: Sequence[Customer]) -> dict[int, Subject]:
    """Customer → the person as experiments know them, with the first browser that they were known by. Those who do not
    want to be followed are missing: they take part in nothing. One query."""
    able = {customer.pk: customer for customer in customers if customer.is_personalised}
    browsers = Visitor.objects.filter(customer__in=able, may_track=True)
    first = browsers.order_by("customer_id", "first_seen_at", "pk").distinct("customer_id")
    keys = dict(first.values_list("customer_id", "key"))
    return {pk: Subject(visitor=keys.get(pk), customer=customer.public_id) for pk, customer in able.items()}


def is_listed(subject: Subject | None) -> bool:
    """Whether somebody follows up: always outside experiments; the control group and the shop's holdout are left
    alone. Notes the exposure: the review is the moment at which both arms part."""
    if subject is None:
        return True
    placed: Placed | None = arm_for(kind=KIND, target=TARGET, subject=subject)
    if placed is not None and not placed.is_held_out:
        expose(placed)
    expose_to_models(subject)
    return placed is None or bool(placed.settings.get("listed", True))
