"""A shop in euros that gives codes."""

from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Customer, Variant
from core.shop import forget_shop
from crm.models import LoyaltyProgramme
from marketing.models import Offer
from tests.factories import CustomerFactory, OfferFactory, ProductFactory, ShopProfileFactory, VariantFactory


@pytest.fixture
def shop(db: None) -> Any:
    found = ShopProfileFactory.create(base_currency="EUR", time_zone="Asia/Shanghai", languages=["en", "zh-hans"])
    forget_shop()
    return found


@pytest.fixture
def ana(shop: Any) -> Customer:
    return CustomerFactory.create(name="Ana", external_id="ana", language="en")


@pytest.fixture
def ten_percent(shop: Any) -> Offer:
    return OfferFactory.create(name="Spring", value=10, title={"en": "A tenth off", "zh-hans": "春季九折"})


@pytest.fixture
def pot(shop: Any) -> Variant:
    """Costs 50.00."""
    return VariantFactory.create(sku="P", price="50.00", stock=100, product=ProductFactory.create(name="Pot", stock=-1))


@pytest.fixture
def programme(shop: Any) -> LoyaltyProgramme:
    """A loyalty programme that runs; a point is worth a cent."""
    LoyaltyProgramme.current()
    LoyaltyProgramme.objects.update(is_on=True, started_at=timezone.now(), point_value="0.01")
    return LoyaltyProgramme.current()
