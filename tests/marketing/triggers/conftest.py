"""A shop whose campaign writes when something happens, and people who agreed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from catalog.models import Customer
from core.models import ShopProfile
from core.shop import forget_shop
from marketing.campaigns import lifecycle, planning
from marketing.models import Campaign, MarketingSettings, Template
from tests.factories import ConsentFactory, CustomerFactory, InteractionFactory, StaffUserFactory

TEXT = "Hello {{name}}. {{unsubscribe_url}}"
NAMED = "{{products}} at {{product_url}}. {{unsubscribe_url}}"


def commit() -> None:
    """What the ledger's deferred triggers do when a transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def trigger(shop_rules: MarketingSettings) -> Callable[..., Campaign]:
    """A running campaign with this trigger, checked, approved and planned on its way there. The shop leaves nobody out
    of everything."""
    ShopProfile.objects.update(holdout_percent=0)
    forget_shop()

    def make(key: str, *, text: str = TEXT, steps: int = 1, holdout: str = "0", **said: int) -> Campaign:
        author = StaffUserFactory.create()
        message = Template.objects.create(
            name=key, kind="text", subject={"en": "For you", "zh-hans": "给你"}, preheader={},
            body={"en": text, "zh-hans": text},
        )  # fmt: skip
        made = Campaign.objects.create(
            name=key, trigger=key, trigger_settings=said, created_by=author, holdout_share=holdout
        )
        lifecycle.set_steps(made, [{"template": message, "wait_hours": 24} for _step in range(steps)])
        lifecycle.mark_checked(made, by=author)
        lifecycle.approve(made, by=StaffUserFactory.create())
        planning.plan(made.pk)
        commit()
        return lifecycle.run(made, by=author)

    return make


@pytest.fixture
def person(db: None) -> Callable[..., Customer]:
    """Somebody who agreed to offers by e-mail."""

    def make(name: str = "Ana", **more: Any) -> Customer:
        found = CustomerFactory.create(name=name, email=f"{name.lower()}@shop.test", language="en", **more)
        ConsentFactory.create(customer=found)
        return found

    return make


@pytest.fixture
def act() -> Callable[..., Any]:
    def done(customer: Customer | None, kind: str, product: Any, *, at: datetime | None = None, **more: Any) -> Any:
        return InteractionFactory.create(
            customer=customer, kind=kind, product=product, occurred_at=at or timezone.now(), **more
        )  # fmt: skip

    return done


def ago(**span: float) -> datetime:
    return timezone.now() - timedelta(**span)
