"""Campaigns of a shop whose customers are planted: what moved whom is known."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from catalog.models import Customer, Order
from marketing.models import Campaign, CampaignStep, Recipient
from tests.analytics.customers.conftest import noon, place
from tests.core.admin.conftest import boss, client, client_of, shop  # noqa: F401 (fixtures)
from tests.factories import CampaignFactory, CampaignStepFactory, CustomerFactory
from tests.planner import analysed

PEOPLE = 1_600
USUAL = (0.35, 0.05)
"""Chance of an order without the message, of those who had bought once and of those who had bought four times."""


def sent_out(moved, *, name="Spring", seed=0, people=PEOPLE, days_ago=20) -> Campaign:
    """A campaign that is over: half got the message by chance. `moved` says by how much it lifts the chance of an order
    for those who had bought once and for those who had bought four times."""
    rng = np.random.default_rng(seed)
    customers = CustomerFactory.build_batch(people)
    Customer.objects.bulk_create(customers)
    often = rng.integers(0, 2, people)
    treated = rng.integers(0, 2, people)
    begin = timezone.now() - timedelta(days=days_ago)
    orders = []
    for at, customer in enumerate(customers):
        last = days_ago + 5 + int(rng.integers(0, 60))
        orders += [
            place(customer, noon(last + 9 * back), 20, f"{name}-{at}-{back}") for back in range(1 + 3 * often[at])
        ]
        if rng.random() < USUAL[often[at]] + moved[often[at]] * treated[at]:
            orders.append(place(customer, noon(days_ago - 2), 30, f"{name}-{at}-after"))
    Order.objects.bulk_create(orders)
    campaign = CampaignFactory.create(
        name=name, state=Campaign.State.DONE, holdout_share="0.5", ended_at=begin + timedelta(days=1)
    )
    step: CampaignStep = CampaignStepFactory.create(campaign=campaign)
    Recipient.objects.bulk_create(
        Recipient(
            campaign=campaign, step=step, customer=customer, purpose="offers", channel="email", due_at=begin,
            arm="a" if treated[at] else "control", is_holdout=not treated[at],
            state="sent" if treated[at] else "skipped", skip_reason="" if treated[at] else "holdout",
        )
        for at, customer in enumerate(customers)
    )  # fmt: skip
    analysed(Customer, Order, Recipient)
    return campaign


@pytest.fixture
def moved_campaign(db):
    """The message moves those who bought often and nobody else."""
    return sent_out((0.0, 0.4))
