"""A campaign that runs, with recipients who want it, in the middle of the day."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Customer
from core.shop import forget_shop
from marketing.models import Campaign, MarketingSettings, Recipient
from tests.factories import (
    CampaignFactory,
    CampaignStepFactory,
    ConsentFactory,
    CustomerFactory,
    RecipientFactory,
    ShopProfileFactory,
)


@pytest.fixture
def shop_rules(db: None) -> MarketingSettings:
    """Never quiet, so that a test does not depend on the hour of day."""
    ShopProfileFactory.create(time_zone="Asia/Shanghai")
    forget_shop()
    MarketingSettings.current()
    MarketingSettings.objects.update(quiet_from=time(0), quiet_until=time(0), per_second=100_000)
    return MarketingSettings.current()


@pytest.fixture
def campaign(shop_rules: MarketingSettings) -> Campaign:
    made = CampaignFactory.create(state="running", name="Tea days")
    CampaignStepFactory.create(campaign=made)
    return made


@pytest.fixture
def reader(db: None) -> Customer:
    """Wants offers by e-mail."""
    person = CustomerFactory.create(name="Ana", email="ana@shop.test", language="en")
    ConsentFactory.create(customer=person)
    return person


@pytest.fixture
def plan(campaign: Campaign) -> Callable[..., Recipient]:
    def planned(customer: Customer, *, due_at: datetime | None = None, **more: Any) -> Recipient:
        due = due_at or timezone.now() - timedelta(minutes=1)
        return RecipientFactory.create(
            campaign=campaign, step=campaign.steps.get(), customer=customer, due_at=due, **more
        )  # fmt: skip

    return planned
