"""A shop whose campaigns moved one segment by a planted amount."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from analytics.models import Segment, SegmentMembership
from catalog.models import Customer, Order
from core.models import Experiment, ExperimentArm, Exposure
from marketing.models import Campaign
from tests.analytics.customers.conftest import noon, place
from tests.core.admin.conftest import boss, client, client_of, shop  # noqa: F401 (fixtures)
from tests.factories import CampaignFactory, CampaignStepFactory, RecipientFactory
from tests.planner import analysed

PEOPLE = 4_560
USUAL = 0.2
PLANNED_DAYS_AGO = 20


def made_of(
    customers, moved, *, name="Spring", seed=0, cost="0.05", weights=(50, 50), days_ago=PLANNED_DAYS_AGO, spent=30
) -> Campaign:  # fmt: skip
    """A campaign to these customers that is over: half were left out by chance; `moved` is by how much the message
    lifts the chance of an order of each."""
    rng = np.random.default_rng(seed)
    begin = timezone.now() - timedelta(days=days_ago)
    experiment = Experiment.objects.create(
        name=name, key=f"campaign-{name.lower()}", kind="campaign", target=f"campaign-{name}", unit="customer",
        primary_metric="conversion", guardrails=["revenue", "returns"], outcome_days=7, planned_people=5_000,
    )  # fmt: skip
    arms = [
        ExperimentArm.objects.create(
            experiment=experiment, key=key, weight=weight, is_control=key == "control",
            settings={"message": key != "control"},
        )
        for key, weight in zip(("control", "a", "b"), weights, strict=False)
    ]  # fmt: skip
    started(experiment, begin)
    treated = rng.random(len(customers)) < 0.5
    shown = [arms[1 + at % (len(arms) - 1)] if got else arms[0] for at, got in enumerate(treated)]
    Exposure.objects.bulk_create(
        Exposure(experiment=experiment, arm=arm, subject=customer.public_id, exposed_at=begin)
        for customer, arm in zip(customers, shown, strict=True)
    )
    chance = USUAL + np.asarray(moved) * treated
    Order.objects.bulk_create(
        place(customer, noon(days_ago - 2), spent, f"{name}-{at}")
        for at, customer in enumerate(customers)
        if rng.random() < chance[at]
    )
    analysed(Exposure, Order)
    campaign = CampaignFactory.create(
        name=name, state="done", holdout_share="0.5", experiment=experiment, cost_per_message=cost, started_at=begin,
        ended_at=begin + timedelta(hours=2),
    )  # fmt: skip
    step = CampaignStepFactory.create(campaign=campaign)
    RecipientFactory.create(campaign=campaign, step=step, customer=customers[0], state="sent", due_at=begin, arm="a")
    return campaign


def started(experiment, at) -> None:
    experiment.state, experiment.started_at = "running", at
    experiment.save()


def people_of(count=PEOPLE) -> list[Customer]:
    people = Customer.objects.bulk_create(Customer(name=f"C{n}", joined_at=noon(200)) for n in range(count))
    analysed(Customer)
    return people


def divided(customers, names, kind="rfm", since=100, until=None) -> list[Segment]:
    """One segment for each name, customers by turns; `until` days ago they left."""
    segments = [Segment.objects.create(name=name, kind=kind, key=f"t-{name.lower()}"[:20]) for name in names]
    now = timezone.now()
    SegmentMembership.objects.bulk_create(
        SegmentMembership(
            customer=customer, segment=segments[at % len(segments)], since=now - timedelta(days=since),
            until=now - timedelta(days=until) if until is not None else None,
        )
        for at, customer in enumerate(customers)
    )  # fmt: skip
    analysed(SegmentMembership)
    return segments


@pytest.fixture
def spring(db):
    """Of three segments only the first is moved, by 20 points; 60 people are in none."""
    customers = people_of()
    segments = divided(customers[60:], ["Champions", "Loyal", "Asleep"])
    moved = np.zeros(len(customers))
    moved[60::3] = 0.2
    return made_of(customers, moved), segments
