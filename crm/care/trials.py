"""Whether care pays: each programme is an experiment of its own, its control group gets nothing."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Customer, Visitor
from core.experiments import ArmChoice, ExperimentKind, Placed, RowTargets, Subject, arm_for, placing, services
from core.experiments.exposures import Seen, write
from core.impact import Capability, Elsewhere
from core.models import Experiment, StaffUser
from core.shipped import told
from crm.models import CareProgramme

KIND = "care"
CARE, POINTS, NOTHING = "care", "points", "nothing"
OUTCOME_DAYS = 28
PLANNED_PEOPLE = 2_000


TARGETS = RowTargets("programme", CareProgramme.objects.only("name"), lambda programme: told(programme.name))
PROGRAMMES = ExperimentKind(
    title=gettext_lazy("Care programme"),
    targets=TARGETS,
    choices=[
        ArmChoice(CARE, gettext_lazy("With the programme"), {"care": True}),
        ArmChoice(
            POINTS,
            gettext_lazy("With the programme, which gives points"),
            {"care": True, "points": True},
            by_hand=False,
        ),
        ArmChoice(NOTHING, gettext_lazy("No programme"), {"care": False}),
    ],
    control=NOTHING,
    metrics=["bought_again", "orders", "conversion", "revenue", "returns"],
)
IMPACT = Capability(
    title=gettext_lazy("Care programmes"),
    control=gettext_lazy("customers without care"),
    kind=KIND,
    ways=frozenset({CARE, POINTS}),
    measures=("bought_again", "revenue"),
    guardrails=("returns",),
    elsewhere=Elsewhere(
        gettext_lazy("A care programme with a control group measures it."),
        gettext_lazy("Add care programme"),
        "crm_careprogramme_add",
        "crm.add_careprogramme",
    ),
)


def target_of(programme: CareProgramme) -> str:
    return TARGETS.key_of(programme)


@transaction.atomic
def begin(programme: CareProgramme, *, by: StaffUser | None = None) -> Experiment | None:
    """The comparison of a programme that is switched on; the one that runs with the same share goes on, unless only one
    of both gives points. None without a control group. Raises DomainError where somebody runs another experiment on
    it."""
    way = POINTS if programme.action == CareProgramme.Action.POINTS else CARE
    does = next(dict(choice.settings) for choice in PROGRAMMES.choices if choice.key == way)
    running = Experiment.objects.running().filter(kind=KIND, target=target_of(programme)).first()
    if running is not None:
        arms = {arm.key: arm for arm in running.arms.all()}
        is_same = CARE in arms and arms[CARE].settings == does
        if is_same and "control" in arms and arms["control"].weight == programme.control_percent:
            return running
        services.stop(running)
    if not programme.control_percent:
        return None
    made = services.create(
        by=by, name=_("Care programme: %(name)s") % {"name": programme.name}, kind=KIND, target=target_of(programme),
        unit=Experiment.Unit.CUSTOMER, primary_metric="bought_again", guardrails=["returns"],
        outcome_days=OUTCOME_DAYS, planned_people=PLANNED_PEOPLE,
        arms=[
            services.NewArm(
                name=_("No programme"), weight=programme.control_percent, settings={"care": False}, is_control=True,
                key="control",
            ),
            services.NewArm(
                name=_("With the programme"), weight=100 - programme.control_percent, settings=does, key=CARE
            ),
        ],
    )  # fmt: skip
    return services.start(made)


def end(programme: CareProgramme) -> None:
    """What was counted stays; nobody is divided any more."""
    for running in Experiment.objects.running().filter(kind=KIND, target=target_of(programme)):
        services.stop(running)


def subjects_of(customers: Sequence[Customer]) -> dict[int, Subject]:
    """Customer → the person as experiments know them, with the first browser that they were known by. Who refused to be
    followed is missing and takes part in nothing. One query."""
    able = {customer.pk: customer for customer in customers if customer.is_personalised}
    browsers = Visitor.objects.filter(customer__in=able, may_track=True)
    first = browsers.order_by("customer_id", "first_seen_at", "pk").distinct("customer_id")
    keys = dict(first.values_list("customer_id", "key"))
    return {pk: Subject(visitor=keys.get(pk), customer=customer.public_id) for pk, customer in able.items()}


def exposures_of(placed: Placed | None, everything: Placed | None, now: datetime) -> list[Seen]:
    """What is written about somebody who was divided: the arm, unless the shop's holdout keeps them out of it, and
    their side of the holdout."""
    arms = (placed if placed is not None and not placed.is_held_out else None, everything)
    return [(one.experiment_id, one.arm_id, one.subject, now.timestamp()) for one in arms if one is not None]


def divide(
    programme: CareProgramme, customers: Sequence[Customer], now: datetime
) -> tuple[dict[int, bool], list[Seen]]:
    """Customer → whether the programme acts for them, and the exposures of both arms, to be written with the enrolments
    (`note`): the occasion is the moment at which the arms part. The shop's holdout is left alone and counts in its own
    experiment only."""
    subjects = subjects_of(customers)
    acts: dict[int, bool] = {}
    seen: list[Seen] = []
    for customer in customers:
        subject = subjects.get(customer.pk)
        if subject is None:
            acts[customer.pk] = True
            continue
        placed: Placed | None = arm_for(kind=KIND, target=target_of(programme), subject=subject)
        acts[customer.pk] = placed is None or bool(placed.settings.get("care", True))
        everything = placing.place_in_everything(subject)
        seen += exposures_of(placed, everything, now)
    return acts, seen


def note(seen: Sequence[Seen]) -> None:
    """In the caller's transaction: an enrolment without its exposure, or the other way round, cannot be."""
    write(seen)
