"""Experiments on placements: what an arm may show, and who is in which arm."""

from collections.abc import Sequence

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from catalog.models import Customer, Visitor
from catalog.recent import Browser
from core.experiments import ArmChoice, ExperimentKind, Placed, Subject, arm_for, expose, expose_to_models
from core.impact import Capability, Start
from core.models import Experiment, ExperimentArm
from recommender.answers import AFFINITY, CATEGORY, RISING, TOGETHER, TRENDING
from recommender.models import Placement

KIND = "recommendations"
LIVE, POPULAR, NEWEST, SIMILAR = "live", "popularity", "newest", "similar"
ALONE = (
    Placement.Strategy.ITEM_KNN, Placement.Strategy.IALS, Placement.Strategy.EASE, Placement.Strategy.RP3BETA,
    Placement.Strategy.SEQUENCE_RULES, Placement.Strategy.CONTENT, Placement.Strategy.TWO_TOWER,
)  # fmt: skip
"""Strategies that are one method of the model by itself. They are called as the method is everywhere."""
STRATEGIES: dict[str, str] = {
    Placement.Strategy.AUTOMATIC: LIVE,
    Placement.Strategy.SIMILAR: SIMILAR,
    Placement.Strategy.TOGETHER: TOGETHER,
    Placement.Strategy.CATEGORY: CATEGORY,
    Placement.Strategy.TRENDING: TRENDING,
    Placement.Strategy.RISING: RISING,
    Placement.Strategy.POPULAR: POPULAR,
    Placement.Strategy.NEWEST: NEWEST,
    Placement.Strategy.AFFINITY: AFFINITY,
    **{one: str(one) for one in ALONE},
}
"""What staff choose for a placement, in the words of answers and of arms: an arm may show each of them."""

MODELLED = frozenset(
    {
        Placement.Strategy.AUTOMATIC, Placement.Strategy.SIMILAR, Placement.Strategy.TOGETHER,
        Placement.Strategy.AFFINITY, *ALONE,
    }
)  # fmt: skip
"""Strategies that look at what a person did or at the page, which the holdout goes without: all others are plain lists,
the same for everybody."""

RECOMMENDATIONS = ExperimentKind(
    title=_("Recommendations"),
    targets={
        "home": _("Home page"),
        "product": _("Product page"),
        "cart": _("Basket"),
        "category": _("Category page"),
        "search": _("Search page"),
    },
    open_targets=True,
    choices=[
        ArmChoice(LIVE, _("The live model"), {"strategy": LIVE}),
        ArmChoice(POPULAR, _("The popularity list"), {"strategy": POPULAR}),
        ArmChoice(NEWEST, _("The newest products"), {"strategy": NEWEST}),
        ArmChoice(SIMILAR, _("Products like the one on the page"), {"strategy": SIMILAR}),
        ArmChoice(TOGETHER, _("What is bought together with the product or basket"), {"strategy": TOGETHER}),
        ArmChoice(CATEGORY, _("What is popular in the category"), {"strategy": CATEGORY}),
        ArmChoice(TRENDING, _("What is popular right now"), {"strategy": TRENDING}),
        ArmChoice(RISING, _("What is rising fast"), {"strategy": RISING}),
        ArmChoice(AFFINITY, _("What is popular in the categories a person likes"), {"strategy": AFFINITY}),
        *(
            ArmChoice(str(one), format_lazy(_("One method alone: {method}"), method=one.label), {"strategy": str(one)})
            for one in ALONE
        ),
    ],
    control=POPULAR,
    metrics=["orders", "conversion", "revenue", "clicks", "revenue_per_view", "bought_again", "returns"],
    stand_in="recommender.alone.why_something_else",
)

IMPACT = Capability(
    title=_("Recommendations"),
    control=_("the popularity list"),
    kind=KIND,
    ways=frozenset({LIVE, SIMILAR, TOGETHER, AFFINITY, *map(str, ALONE)}),
    measures=("conversion", "revenue", "clicks"),
    guardrails=("returns",),
    start=Start(name=_("Do recommendations on the home page sell more than the popularity list?"), target="home",
                ways=(POPULAR, LIVE), metric="conversion"),
)  # fmt: skip


def subject_of(*, customer: Customer | None, browser: Browser | None) -> Subject | None:
    """The person as experiments know them. None for who does not want to be followed, or no personal answers.

    A browser that has sent no event yet has a key and no row; it takes part.
    """
    if (customer is not None and not customer.is_personalised) or (browser is not None and not browser.may_track):
        return None
    return Subject(
        visitor=browser.key if browser else None, customer=customer.public_id if customer is not None else None
    )


def placed_at(
    placement: str, subject: Subject | None, *, strategy: str = Placement.Strategy.AUTOMATIC
) -> Placed | None:
    """The arm of this person at this placement, which shows `strategy` (of staff) outside experiments.

    A list that no model makes is the same for the holdout as for everybody.
    """
    placed = arm_for(kind=KIND, target=placement, subject=subject) if subject is not None else None
    if placed is not None and placed.is_held_out and strategy not in MODELLED:
        return None
    return placed


def held_out(
    customers: Sequence[Customer], placement: str, *, strategy: str = Placement.Strategy.AUTOMATIC
) -> dict[int, Placed]:
    """Those of the customers who are in the shop's holdout, with the control that they get where no browser asks, in a
    list written ahead. The holdout is one of browsers: a customer belongs where the first browser belongs that they
    were known by and that may be followed; without one, to nobody. One query."""
    browsers = Visitor.objects.filter(customer__in=[customer.pk for customer in customers], may_track=True)
    first = browsers.order_by("customer_id", "first_seen_at", "pk").distinct("customer_id")
    keys = dict(first.values_list("customer_id", "key"))
    found = {}
    for customer in customers:
        if not customer.is_personalised or customer.pk not in keys:
            continue
        subject = Subject(visitor=keys[customer.pk], customer=customer.public_id)
        placed = placed_at(placement, subject, strategy=strategy)
        if placed is not None and placed.is_held_out:
            found[customer.pk] = placed
    return found


def note_shown(placed: Placed | None, subject: Subject | None, *, strategy: str) -> None:
    """A list was shown: in the experiment of the placement, and, where a model makes it, in the holdout's."""
    if placed is not None and not placed.is_held_out:
        expose(placed)
    if subject is not None and strategy in MODELLED:
        expose_to_models(subject)


def against_control(strategy: str) -> str:
    """The arm that asks whether a placement with this strategy (of staff) beats the control: what it shows now, or the
    live model where that is the control itself."""
    own = STRATEGIES.get(strategy, LIVE)
    return LIVE if own == POPULAR else own


def wanted_alone() -> frozenset[str]:
    """Methods that a placement, or an arm of an experiment that runs or is being drawn up, shows by themselves: a
    training keeps them, whatever they are worth among the others. Two queries."""
    placements = set(Placement.objects.on().values_list("strategy", flat=True))
    arms = ExperimentArm.objects.filter(
        experiment__kind=KIND, experiment__state__in=(Experiment.State.DRAFT, Experiment.State.RUNNING)
    )
    return frozenset(map(str, ALONE)) & (placements | set(arms.values_list("settings__strategy", flat=True)))


def strategy_of(placed: Placed | None) -> str:
    """What to show: the live model unless the arm says otherwise."""
    return str(placed.settings.get("strategy", LIVE)) if placed is not None else LIVE
