"""A small shop with something to find, and those who call its API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog import services
from core.accounts import tokens as staff_tokens
from core.api import tokens
from core.choices import Role
from core.models.access import PUBLISHABLE_SCOPES
from crm import services as points
from tests.factories import (
    ApiKeyFactory,
    ArticleFactory,
    CampaignFactory,
    CategoryFactory,
    ConversationFactory,
    CouponCodeFactory,
    CustomerFactory,
    ExperimentFactory,
    ModelVersionFactory,
    ProductFactory,
    ProductImageFactory,
    ReviewFactory,
    RewardFactory,
    SegmentFactory,
    StaffUserFactory,
)

CALLERS = ("anonymous", "server", "publishable", "customer", "staff")


@dataclass(frozen=True)
class Shop:
    """Credentials by caller, and values that exist: half of the random requests name one of them."""

    credentials: dict[str, str | None]
    paths: dict[str, list[str]]
    values: dict[str, list[Any]]


def make_shop() -> Shop:
    category = CategoryFactory.create(external_id="shirts")
    product = ProductFactory.create(external_id="LS-W", price="10", stock=-1, category=category)
    product.variants.create(sku="S", stock=1_000_000)
    ana = CustomerFactory.create(external_id="4711", name="Ana")
    line = services.NewLine(sku="S", quantity=1)
    for number in ("A1", "A2"):
        services.place_order(services.NewOrder(lines=[line], customer=ana, number=number))
    services.pay_order(services.place_order(services.NewOrder(lines=[line], number="A3")).order.pk)
    server, experiment = ApiKeyFactory.create(), ExperimentFactory.create()
    ModelVersionFactory.create(kind="recommender", number=1)
    segment = SegmentFactory.create()
    image = ProductImageFactory.create(product=product)
    review = ReviewFactory.create(product=product, customer=ana, published=True)
    article = ArticleFactory.create(key="returns", published=True)
    points.switch(on=True)
    points.adjust(customer_id=ana.pk, points=5_000, reason="test", key="shop")
    talk = ConversationFactory.create(customer=ana, channel="chat", state="assistant")
    reward = RewardFactory.create()
    reward.refresh_from_db()
    codes = [points.redeem(customer_id=ana.pk, points=100).code for _each in range(3)]
    products, customers = [product.public_id, "ext:LS-W"], [ana.public_id, "ext:4711"]
    return Shop(
        credentials={
            "anonymous": None,
            "server": server.value,
            "publishable": ApiKeyFactory.create(publishable=True, scopes=list(PUBLISHABLE_SCOPES)).value,
            "customer": tokens.mint(customer=ana.public_id, key_id=server.pk)[0],
            "staff": staff_tokens.make(StaffUserFactory.create(role=Role.OWNER), name="fuzz", days=7)[1],
        },
        paths={
            "product_id": products, "customer_id": customers, "number": ["A1", "A2", "A3", "1"],
            "key": [experiment.key, "unknown"], "kind": ["recommender"], "segment_id": [segment.public_id],
            "campaign_id": [CampaignFactory.create().public_id],
            "offer_id": [CouponCodeFactory.create(customer=ana).offer.public_id],
            "article_key": [article.key], "code": codes, "sku": ["S"],
            "review_id": [review.public_id],
            "image_id": [image.public_id],
            "conversation_id": [talk.public_id],
        },
        values={
            "product": products, "customer": customers, "sku": ["S"], "category": ["ext:shirts"],
            "number": ["A1", "A9"], "basket": ["ext:LS-W,ext:none"], "exclude": [product.public_id], "visitor": ["v1"],
            "reward": [reward.public_id], "order": ["A1", "A2"],
        },
    )  # fmt: skip


def put_in(content: Any, values: dict[str, list[Any]], choose: Callable[[list[Any]], Any]) -> Any:
    """The same content, with values that exist under the names that have some."""
    if isinstance(content, dict):
        return {
            name: choose(values[name]) if name in values and isinstance(value, str) else put_in(value, values, choose)
            for name, value in content.items()
        }
    return [put_in(one, values, choose) for one in content] if isinstance(content, list) else content
