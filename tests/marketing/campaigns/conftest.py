"""A shop with people who agreed, and a campaign ready to be checked."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Customer
from core.shop import forget_shop
from marketing.campaigns import audiences, lifecycle
from marketing.models import Campaign, Template
from tests.factories import ConsentFactory, CustomerFactory, SegmentFactory, ShopProfileFactory, StaffUserFactory

TEXT = {
    "en": "Hello {{name}}, tea is here. {{unsubscribe_url}}",
    "zh-hans": "{{name}}，新茶到了。{{unsubscribe_url}}",
}  # fmt: skip


@pytest.fixture
def marketing_shop(db: None) -> Any:
    found = ShopProfileFactory.create(time_zone="Asia/Shanghai", holdout_percent=0, languages=["en", "zh-hans"])
    forget_shop()
    return found


@pytest.fixture
def agreed(marketing_shop: Any) -> Callable[..., list[Customer]]:
    """So many customers with an address who agreed to offers by e-mail."""

    def make(count: int, **more: Any) -> list[Customer]:
        found = [
            CustomerFactory.create(name=f"Ana {n}", email=f"ana{n}@shop.example", country="CN", **more)
            for n in range(count)
        ]
        for one in found:
            ConsentFactory.create(customer=one)
        return found

    return make


@pytest.fixture
def campaign(marketing_shop: Any) -> Callable[..., Campaign]:
    """A draft to everybody from China, with a message in both languages."""

    def make(**more: Any) -> Campaign:
        author = more.pop("created_by", None) or StaffUserFactory.create()
        segment = SegmentFactory.create(rule={"field": "country", "op": "in", "value": ["CN"]})
        message = Template.objects.create(
            name="Tea", kind="text", subject={"en": "Tea", "zh-hans": "茶"}, preheader={"en": "New", "zh-hans": "新"},
            body=TEXT,
        )  # fmt: skip
        arms = more.pop("arms", [])
        made = Campaign.objects.create(
            name="Tea", audience=audiences.of_segment(segment), created_by=author, holdout_share="0.2", **more
        )
        lifecycle.set_steps(made, [{"template": message, "arms": arms}])
        return made

    return make
