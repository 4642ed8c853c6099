"""A shop whose assistant knows a few things: two articles, an order, a product, and a small model of intents."""

import pytest

from catalog import services as shop
from catalog.models import Customer, Order
from core import model_registry
from core.api import tokens
from core.shop import forget_shop
from reviews.answers import library
from reviews.models import Intent, ShopFact
from tests.factories import (
    ApiKeyFactory,
    ArticleFactory,
    CustomerFactory,
    IntentFactory,
    ProductFactory,
    ShopProfileFactory,
)


@pytest.fixture(autouse=True)
def own_models(settings, tmp_path):
    """Models lie in a folder of their own; what a process knows belongs to one test."""
    settings.MODEL_ROOT = tmp_path / "models"
    forget()
    yield
    forget()


def forget() -> None:
    model_registry.forget_loaded()
    library.forget()
    forget_shop()


@pytest.fixture
def profile(db: None):
    found = ShopProfileFactory.create(name="Lantern", return_window_days=30, time_zone="Asia/Shanghai")
    forget_shop()
    return found


@pytest.fixture
def articles(profile):
    """Returns, and how to cancel; each belongs to its intent."""
    returns = IntentFactory.create(key="return_item", title_en="Return an item", title_zh="退货")
    status = IntentFactory.create(
        key="order_status", title_en="Order status", title_zh="订单状态", answers_with=Intent.AnswersWith.ORDER
    )
    article = ArticleFactory.create(key="return-a-product", intent=returns, published=True)
    library.forget()
    assert not ShopFact.objects.exists()
    return {"returns": returns, "status": status, "article": article}


@pytest.fixture
def ana(db: None) -> Customer:
    return CustomerFactory.create(name="Ana", email="Ana@Example.com", phone="+86 138 0013 4477")


@pytest.fixture
def order(profile, ana) -> Order:
    """Paid by Ana, with the number A-1001."""
    product = ProductFactory.create(price="10", stock=-1)
    product.variants.create(sku="P", stock=100)
    line = shop.NewLine(sku="P", quantity=1)
    placed = shop.place_order(shop.NewOrder(lines=[line], customer=ana, number="A-1001")).order
    return shop.pay_order(placed.pk)


@pytest.fixture
def key(db: None):
    return ApiKeyFactory.create(kind="publishable", scopes=["conversations"], allowed_origins=["https://shop.example"])


@pytest.fixture
def call(client, key):
    """Sends as a browser, or as a customer who is signed in."""

    def send(method: str, path: str, body=None, customer=None, **headers):
        credential = key.value
        if customer is not None:
            credential = tokens.mint(customer=customer.public_id, key_id=key.pk)[0]
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(client, method)(
            f"/api/v1/{path}",
            headers={"Authorization": f"Bearer {credential}", "Origin": "https://shop.example", **headers},
            **more,
        )

    return send


@pytest.fixture
def chat(call):
    """A conversation by the API; `say` gives what follows the message, without it."""

    class Chat:
        def __init__(self, customer=None, **body):
            self.customer = customer
            self.first = call("post", "conversations", {"language": "en", **body}, customer=customer).json()
            self.path = f"conversations/{self.first['id']}"

        def post(self, text: str, **more):
            return call("post", f"{self.path}/messages", {"text": text, **more}, customer=self.customer)

        def say(self, text: str, **more):
            got = self.post(text, **more)
            assert got.status_code == 200, got.content
            self.now = got.json()
            return self.now["messages"][1:]

        def since(self, sequence: int = 0):
            return call("get", f"{self.path}?since={sequence}", customer=self.customer).json()

    return Chat
