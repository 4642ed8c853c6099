"""How shops hand in that somebody wants to be told of stock."""

import pytest

from core.models import OutgoingMail
from marketing.models import StockRequest
from tests.factories import CustomerFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tea(shop_rules):
    return ProductFactory.create(name="Longjing", name_translations={"zh-hans": "龙井"}, stock=0).variants.get()


def test_a_customer_asks_looks_and_takes_it_back(as_customer, tea):
    caller = as_customer(CustomerFactory.create(email="ana@shop.test"))

    answer = caller.post("/me/stock-requests", {"sku": tea.sku})

    row = answer.json()
    assert (answer.status_code, row.pop("asked_at") is not None) == (201, True)
    assert row == {"sku": tea.sku, "product": tea.product.public_id, "name": "Longjing", "confirmed": False}
    assert [one["sku"] for one in caller.get("/me/stock-requests").json()["results"]] == [tea.sku]
    assert [caller.delete(f"/me/stock-requests/{tea.sku}").status_code for _call in range(2)] == [204, 204]
    assert caller.get("/me/stock-requests").json() == {"results": []}


@pytest.mark.parametrize(
    ("sku", "email", "status", "code"),
    [("none", "ana@shop.test", 404, "not_found"), (None, "", 422, "no_address"), ("\x00", "ana@shop.test", 400, None)],
)
def test_what_cannot_be_waited_for_is_refused(as_customer, tea, sku, email, status, code):
    answer = as_customer(CustomerFactory.create(email=email)).post("/me/stock-requests", {"sku": sku or tea.sku})

    assert answer.status_code == status
    assert code is None or answer.json()["code"] == code
    assert not StockRequest.objects.exists()


def test_an_address_gets_the_same_answer_whether_it_is_known_or_not(with_scopes, tea):
    CustomerFactory.create(email="known@shop.test")
    key = with_scopes("conversations")

    answers = [
        key.post("/stock-requests", {"sku": tea.sku, "email": email}) for email in ("known@shop.test", "new@shop.test")
    ]

    assert [(one.status_code, one.content) for one in answers] == [(202, b"")] * 2
    assert OutgoingMail.objects.filter(kind="stock_confirmation").count() == 2
    assert key.post("/stock-requests", {"sku": tea.sku, "email": "x"}).status_code == 400
    assert not StockRequest.objects.exists()
