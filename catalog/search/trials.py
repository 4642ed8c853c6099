"""Experiments on search: whether the personal order pays, and whether tags do."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from catalog.extensions import personal_rankers
from catalog.models import Customer, ProductTag, Visitor
from core.experiments import ArmChoice, ExperimentKind, Placed, Subject, arm_for, expose, expose_to_models
from core.impact import Capability, Start

KIND, TAGS_KIND, TARGET = "search", "search_tags", "results"

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

TAGS = ExperimentKind(
    title=_("Tags in search"),
    targets={TARGET: _("Order of results")},
    choices=[
        ArmChoice("counted", _("Tags count in the order"), {"tags": True}),
        ArmChoice("left_out", _("Tags do not count"), {"tags": False}),
    ],
    control="left_out",
    metrics=["search_success", "orders", "conversion", "revenue"],
    available=lambda: ProductTag.objects.exists(),
)

TAGS_IMPACT = Capability(
    title=_("Tags in search"),
    control=_("an order of results in which tags do not count"),
    kind=TAGS_KIND,
    ways=frozenset({"counted"}),
    measures=("search_success", "conversion", "revenue"),
    guardrails=("returns",),
    start=Start(name=_("Do tags help people find what they look for?"), target=TARGET, ways=("left_out", "counted"),
                metric="search_success"),
)  # fmt: skip


def subject_of(*, customer: Customer | None, visitor: Visitor | None, visitor_key: str | None) -> Subject | None:
    """The person as experiments know them. None for who does not want to be followed, or no personal answers."""
    if (customer is not None and not customer.is_personalised) or (visitor is not None and not visitor.may_track):
        return None
    return Subject(visitor=visitor_key, customer=customer.public_id if customer is not None else None)


@dataclass(frozen=True)
class Arms:
    """This person's places in what may run on search: on the personal order and on tags."""

    order: Placed | None = None
    tags: Placed | None = None

    @property
    def is_personal(self) -> bool:
        """The order is personal unless the arm says otherwise."""
        return self.order is None or bool(self.order.settings.get("personal", True))

    @property
    def counts_tags(self) -> bool:
        """Tags count unless the arm says otherwise."""
        return self.tags is None or bool(self.tags.settings.get("tags", True))

    @property
    def told(self) -> Placed | None:
        """The one that the answer names; that on the order where both run."""
        return self.order or self.tags


def placed_in_search(subject: Subject | None) -> Arms:
    """The arms of this person."""
    if subject is None:
        return Arms()
    return Arms(
        order=arm_for(kind=KIND, target=TARGET, subject=subject),
        tags=arm_for(kind=TAGS_KIND, target=TARGET, subject=subject),
    )


def note_shown(arms: Arms, subject: Subject | None, *, has_tags: bool) -> None:
    """Results were shown: in the experiment on the order; in that on tags when something that was found has any; in
    the holdout's where something knows a taste or has a tag."""
    if arms.order is not None and not arms.order.is_held_out:
        expose(arms.order)
    if arms.tags is not None and not arms.tags.is_held_out and has_tags:
        expose(arms.tags)
    if subject is not None and (has_tags or SEARCH.available()):
        expose_to_models(subject)
