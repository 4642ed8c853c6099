"""Whether a service strategy does what it is for: each is an experiment of its own, in whose control customers are
served as before.

The arms part when a ticket of a customer opens, or, where the strategy enrols in a care programme, when it does.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Customer
from core.experiments import ArmChoice, ExperimentKind, OutcomeMetric, Placed, RowTargets, arm_for, placing, services
from core.experiments.exposures import Seen, write
from core.impact import Capability, Elsewhere
from core.models import Experiment, StaffUser
from crm.care.trials import exposures_of, subjects_of
from crm.models import ServiceStrategy

KIND = "service"
STRATEGY, BEFORE = "strategy", "before"
OUTCOME_DAYS = 28
PLANNED_PEOPLE = 1_000


TARGETS = RowTargets(
    "strategy", ServiceStrategy.objects.select_related("group"),
    lambda strategy: _("Group %(number)s") % {"number": strategy.group.number},
)  # fmt: skip
STRATEGIES = ExperimentKind(
    title=gettext_lazy("Service strategy"),
    targets=TARGETS,
    choices=[
        ArmChoice(STRATEGY, gettext_lazy("With the strategy"), {"strategy": True}),
        ArmChoice(BEFORE, gettext_lazy("Served as before"), {"strategy": False}),
    ],
    control=BEFORE,
    metrics=["service_response", "service_rating", "complaints", "bought_again", "revenue"],
)
IMPACT = Capability(
    title=gettext_lazy("Service strategies"),
    control=gettext_lazy("customers of the same group who are served as before"),
    kind=KIND,
    ways=frozenset({STRATEGY}),
    measures=("service_response", "service_rating", "complaints"),
    guardrails=("bought_again",),
    elsewhere=Elsewhere(
        gettext_lazy("A strategy that is in force for part of its group measures it."),
        gettext_lazy("Service strategy"),
        "crm_service_strategy",
        "crm.view_servicestrategy",
    ),
)


def target_of(strategy: ServiceStrategy) -> str:
    return TARGETS.key_of(strategy)


def begin(strategy: ServiceStrategy, *, by: StaffUser | None) -> Experiment | None:
    """The comparison of a strategy that comes into force; None without a control group."""
    if not strategy.control_percent:
        return None
    made = services.create(
        by=by, name=_("Service strategy: group %(number)s") % {"number": strategy.group.number}, kind=KIND,
        target=target_of(strategy), unit=Experiment.Unit.CUSTOMER, primary_metric="service_response",
        guardrails=["bought_again"], outcome_days=OUTCOME_DAYS, planned_people=PLANNED_PEOPLE,
        arms=[
            services.NewArm(
                name=_("Served as before"), weight=strategy.control_percent, settings={"strategy": False},
                is_control=True, key="control",
            ),
            services.NewArm(
                name=_("With the strategy"), weight=100 - strategy.control_percent, settings={"strategy": True},
                key=STRATEGY,
            ),
        ],
    )  # fmt: skip
    return services.start(made)


def end(strategy: ServiceStrategy) -> None:
    """What was counted stays; nobody is divided any more."""
    for running in Experiment.objects.running().filter(kind=KIND, target=target_of(strategy)):
        services.stop(running)


def divide(strategy: ServiceStrategy, customers: Sequence[Customer], now: datetime) -> tuple[set[int], list[Seen]]:
    """Customers for whom the strategy acts, and the exposures of both arms, to be written with what is done (`note`).
    Whoever refused personalisation since, and the shop's holdout, are served as before and counted nowhere."""
    subjects = subjects_of(customers)
    acts: set[int] = set()
    seen: list[Seen] = []
    for pk, subject in subjects.items():
        placed: Placed | None = arm_for(kind=KIND, target=target_of(strategy), subject=subject)
        if placed is None and strategy.experiment_id is not None:
            placing.forget()  # another process began it a moment ago
            placed = arm_for(kind=KIND, target=target_of(strategy), subject=subject)
        if placed is None and strategy.experiment_id is not None:
            continue  # stopped by hand, or left out by the shop's holdout of then: as before
        everything = placing.place_in_everything(subject)
        is_held_out = (placed is not None and placed.is_held_out) or (everything is not None and everything.is_held_out)
        if not is_held_out and (placed is None or placed.settings.get("strategy", False)):
            acts.add(pk)
        seen += exposures_of(placed, everything, now)
    return acts, seen


def note(seen: Sequence[Seen]) -> None:
    """In the caller's transaction: an act without its exposure, or the other way round, cannot be."""
    write(seen)


# --- what is measured -------------------------------------------------------------------------------------------------

_CUSTOMER = "JOIN catalog_customer c ON c.public_id = e.subject"
# A ticket is written an instant after the customer is exposed, or before in the same transaction.
_SINCE = "e.exposed_at - interval '1 minute'"
_TICKETS = f"""
    FROM exposed e {_CUSTOMER} JOIN crm_conversation k ON k.customer_id = c.id AND k.channel <> 'care'
    JOIN crm_ticket t ON t.conversation_id = k.id AND t.merged_into_id IS NULL
        AND t.clock_started_at >= {_SINCE} AND t.clock_started_at < e.until"""
_RESPONSE = f"""
    SELECT e.subject, sum(extract(epoch FROM
            least(coalesce(t.first_responded_at, e.until), e.until) - t.clock_started_at)) / 60 AS y,
        count(*) AS d, 0 AS x
    {_TICKETS} GROUP BY e.subject"""  # noqa: S608 (our own words only)
_RATING = f"""
    SELECT e.subject, sum(s.score) AS y, count(*) AS d, 0 AS x
    FROM exposed e {_CUSTOMER} JOIN crm_conversation k ON k.customer_id = c.id
    JOIN crm_satisfactionscore s ON s.conversation_id = k.id
    WHERE s.at >= e.exposed_at AND s.at < e.until GROUP BY e.subject"""  # noqa: S608 (our own words only)
_COMPLAINTS = f"""
    SELECT subject, sum((at >= since)::int) AS y, 1 AS d, sum((at < since)::int) AS x
    FROM (
        SELECT e.subject, {_SINCE} AS since, r.written_at AS at
        FROM exposed e {_CUSTOMER} JOIN reviews_review r ON r.customer_id = c.id AND r.rating <= 2
            AND r.status <> 'rejected' AND r.written_at >= e.before AND r.written_at < e.until
        UNION ALL
        SELECT e.subject, {_SINCE}, k.handed_over_at
        FROM exposed e {_CUSTOMER} JOIN crm_conversation k ON k.customer_id = c.id AND k.handover_reason = 'rule'
            AND k.channel NOT IN ('care', 'review') AND k.handed_over_at >= e.before AND k.handed_over_at < e.until
    ) complained GROUP BY subject"""  # noqa: S608 (our own words only)

RESPONSE = OutcomeMetric(
    title=gettext_lazy("Minutes until a person's first answer"),
    more=gettext_lazy("%(range)s longer until a person answers"),
    fewer=gettext_lazy("%(range)s less time until a person answers"),
    is_ratio=True, is_good=False, sql={"customer": _RESPONSE},
    help=gettext_lazy("A ratio: minutes by the clock on the wall from the ticket to the first answer, over tickets; "
                      "whoever got none waited until the days counted are over."),
)  # fmt: skip
RATING = OutcomeMetric(
    title=gettext_lazy("Stars per rated conversation"),
    more=gettext_lazy("%(range)s more stars per rated conversation"),
    fewer=gettext_lazy("%(range)s fewer stars per rated conversation"), is_ratio=True, sql={"customer": _RATING},
    help=gettext_lazy("A ratio: stars from 1 to 5 over conversations that were rated; who rates nothing is left out."),
)  # fmt: skip
COMPLAINTS = OutcomeMetric(
    title=gettext_lazy("Complaints per customer"), more=gettext_lazy("%(range)s more complaints"),
    fewer=gettext_lazy("%(range)s fewer complaints"), is_good=False, sql={"customer": _COMPLAINTS},
    help=gettext_lazy("Reviews with one or two stars, and tickets that a rule about risks sent to a person."),
)  # fmt: skip
