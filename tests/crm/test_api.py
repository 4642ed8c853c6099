"""Points by the API: a customer's own, and codes at the shop's checkout."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.api import tokens
from crm import services
from crm.models import EarnRule, LoyaltyAccount, LoyaltyLot, LoyaltyProgramme, LoyaltyTier, Reward
from tests.crm.conftest import final, finish
from tests.factories import ApiKeyFactory, CustomerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def key():
    return ApiKeyFactory.create()


@pytest.fixture
def call(client, key):
    """Sends as a customer, or as the shop's back end without one."""

    def send(method: str, path: str, body=None, customer=None, **headers):
        credential = key.value
        if customer is not None:
            credential = tokens.mint(customer=customer.public_id, key_id=key.pk)[0]
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(client, method)(
            f"/api/v1/{path}", headers={"Authorization": f"Bearer {credential}", **headers}, **more
        )

    return send


def test_a_customer_sees_where_they_stand(call, customer, buy, django_assert_max_num_queries):
    LoyaltyProgramme.objects.update(tier_basis="spend")
    LoyaltyTier.objects.create(name_en="Silver", name_zh="银卡", threshold=100, multiplier="1.50")
    LoyaltyTier.objects.create(name_en="Gold", threshold=400)
    cheap = Reward.objects.create(name_en="Free shipping", name_zh="免运费", kind="shipping", cost=50)
    Reward.objects.create(name_en="Off", kind="amount", cost=500, amount="20")
    Reward.objects.create(name_en="Hidden", kind="shipping", cost=5, is_on=False)
    finish(buy(customer, 200))
    buy(customer, 20)
    cheap.refresh_from_db()
    code = services.redeem(customer_id=customer.pk, reward_id=cheap.public_id)
    lot = LoyaltyLot.objects.get(points=200)

    with django_assert_max_num_queries(14):
        got = call("get", "me/loyalty", customer=customer, **{"Accept-Language": "zh-hans"}).json()

    assert {name: got[name] for name in ("open", "balance", "pending", "owed", "worth", "level_value")} == {
        "open": True, "balance": 150, "pending": 30, "owed": 0, "worth": "1.50", "level_value": "220",
    }  # fmt: skip
    assert got["level"] == {"name": "银卡", "starts_at": 100, "multiplier": "1.5"}
    assert (got["next_level"]["name"], got["next_level"]["missing"]) == ("Gold", "180")
    assert [row["points"] for row in got["expiring"]] == [150]
    assert got["expiring"][0]["at"] == lot.expires_at.isoformat().replace("+00:00", "Z")
    assert [(row["name"], row["affordable"]) for row in got["rewards"]] == [("免运费", True), ("Off", False)]
    assert [row["code"] for row in got["codes"]] == [code.code]


def test_somebody_without_points_gets_zeros_and_no_row_is_made(call, customer, programme):
    got = call("get", "me/loyalty", customer=customer).json()

    assert (got["balance"], got["pending"], got["level"], got["codes"]) == (0, 0, None, [])
    assert call("get", "me/loyalty/history", customer=customer).json() == {"results": [], "next": None}
    assert not LoyaltyAccount.objects.exists()


def test_the_history_has_pages_and_keeps_what_staff_wrote_inside(call, customer, buy, django_assert_max_num_queries):
    EarnRule.objects.create(name_en="Review", trigger="review", points=7)
    order = buy(customer, 200)
    services.give_bonus(trigger="review", customer_id=customer.pk, event="1")
    services.adjust(customer_id=customer.pk, points=3, reason="secret words", key="a")

    with django_assert_max_num_queries(6):
        first = call("get", "me/loyalty/history?limit=2", customer=customer)
    second = call("get", first.json()["next"].partition("/api/v1/")[2], customer=customer).json()

    assert b"secret" not in first.content
    assert [(row["kind"], row["points"], row["name"]) for row in first.json()["results"]] == [
        ("adjust", 3, ""), ("bonus", 7, "Review"),
    ]  # fmt: skip
    assert [(row["kind"], row["points"], row["order"]) for row in second["results"]] == [("earn", 200, order.number)]
    assert second["next"] is None


def test_the_same_redemption_asked_for_twice_is_one_code(call, customer, programme):
    final(customer, 100)
    got = [
        call("post", "me/loyalty/redemptions", {"points": 60}, customer, **{"Idempotency-Key": "k1"}) for _twice in "12"
    ]

    assert [one.status_code for one in got] == [201, 201]
    assert got[0].json() == got[1].json()
    assert got[0].json()["amount"] == "0.60"
    assert services.account_of(customer.pk).balance == 40


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"points": 101}, 409, "not_enough_points"),
        ({"points": 9}, 422, "bad_input"),
        ({}, 422, "bad_input"),
        ({"points": 20, "reward": "x"}, 422, "bad_input"),
        ({"reward": "x"}, 422, "unknown_reward"),
        ({"points": 0}, 400, "bad_input"),
        ({"points": 10**30}, 400, "bad_input"),
    ],
)
def test_what_cannot_be_redeemed_is_said_and_moves_nothing(body, status, code, call, customer, programme):
    final(customer, 100)

    got = call("post", "me/loyalty/redemptions", body, customer)

    assert (got.status_code, got.json()["code"]) == (status, code)
    assert services.account_of(customer.pk).balance == 100


def test_the_checkout_reads_uses_and_takes_back_a_code(call, customer, buy):
    final(customer, 100)
    code = call("post", "me/loyalty/redemptions", {"points": 60}, customer).json()["code"]
    order, other = buy(customer, 10), buy(CustomerFactory.create(), 10)

    assert call("get", f"loyalty/codes/{code.lower()}").json()["amount"] == "0.60"
    assert call("post", f"loyalty/codes/{code}/use", {"order": other.number}).json()["code"] == "order_of_another"
    assert call("post", f"loyalty/codes/{code}/use", {"order": "none"}).json()["code"] == "unknown_order"
    used = call("post", f"loyalty/codes/{code}/use", {"order": order.number}).json()
    assert (used["state"], used["order"]) == ("used", order.number)
    assert call("post", f"loyalty/codes/{code}/use", {"order": order.number}).status_code == 200
    assert call("post", f"loyalty/codes/{code}/use", {}).json()["code"] == "code_spent"
    assert call("post", f"loyalty/codes/{code}/void").json()["state"] == "voided"
    assert call("post", "loyalty/codes/NOTHING/void").status_code == 404
    assert services.account_of(customer.pk).balance == 100


def test_a_code_whose_time_is_over_is_refused(call, customer, programme):
    final(customer, 100)
    code = services.redeem(customer_id=customer.pk, points=60)
    type(code).objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert call("post", f"loyalty/codes/{code.code}/use", {}).json()["code"] == "code_spent"
    assert call("get", "me/loyalty", customer=customer).json()["codes"] == []
