"""Points that go out: codes, their use and their way back; expiry."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.utils import timezone

from catalog import services as shop
from catalog.models import Order
from catalog.services.orders import NewLine, NewOrder, place_order
from core.exceptions import DomainError
from crm import services
from crm.exceptions import BadInput, CodeSpent, NotEnoughPoints, ProgrammeOff, RewardGone
from crm.models import LoyaltyLot, LoyaltyRedemption, LoyaltyTransaction, Reward
from tests.crm.conftest import final, numbers
from tests.factories import CustomerFactory, ProductFactory, RewardFactory


@pytest.mark.django_db(transaction=True)
def test_of_320_redemptions_at_once_exactly_33_are_granted(customer, programme):
    final(customer, 1_000)
    granted, refused, unexpected = [], [], []

    def redeem_forty() -> None:
        try:
            for _each in range(40):
                try:
                    granted.append(services.redeem(customer_id=customer.pk, points=30).code)
                except NotEnoughPoints:
                    refused.append(1)
        except Exception as error:
            unexpected.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=redeem_forty) for _each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert unexpected == []
    assert (len(granted), len(set(granted)), len(refused)) == (33, 33, 287)
    assert numbers(customer) == (10, 0, 0)
    assert services.recount().differences == []


@pytest.mark.django_db
def test_what_expires_first_is_used_first(customer, programme):
    account = final(customer, 50)
    soon = timezone.now() + timedelta(days=3)
    services.adjust(customer_id=customer.pk, points=40, reason="x", key="b")
    services.adjust(customer_id=customer.pk, points=30, reason="x", key="c")
    LoyaltyLot.objects.filter(points=40).update(expires_at=soon)
    LoyaltyLot.objects.filter(points=30).update(expires_at=None)

    services.redeem(customer_id=customer.pk, points=95)

    assert dict(account.lots.values_list("points", "left")) == {40: 0, 50: 0, 30: 25}


@pytest.mark.django_db
def test_points_whose_time_is_over_are_gone_before_the_night_takes_them(customer, programme):
    final(customer, 100)
    LoyaltyLot.objects.update(expires_at=timezone.now())

    with pytest.raises(NotEnoughPoints):
        services.redeem(customer_id=customer.pk, points=10)

    assert services.move_due()["expired"] == 1
    assert services.move_due()["expired"] == 0
    assert numbers(customer) == (0, 0, 0)


@pytest.mark.django_db
def test_pending_points_cannot_be_redeemed(customer, buy):
    buy(customer, 500)

    with pytest.raises(NotEnoughPoints):
        services.redeem(customer_id=customer.pk, points=10)


@pytest.mark.django_db
@pytest.mark.parametrize(("points", "error"), [(9, BadInput), (101, NotEnoughPoints), (None, BadInput)])
def test_too_few_too_many_and_nothing_are_refused_and_nothing_moves(points, error, customer, programme):
    final(customer, 100)

    with pytest.raises(error):
        services.redeem(customer_id=customer.pk, points=points)

    assert numbers(customer) == (100, 0, 0)
    assert not LoyaltyRedemption.objects.exists()


@pytest.mark.django_db
def test_while_the_programme_is_off_nobody_redeems(customer, programme):
    final(customer, 100)
    services.switch(on=False)

    with pytest.raises(ProgrammeOff):
        services.redeem(customer_id=customer.pk, points=50)


@pytest.mark.django_db
def test_a_reward_keeps_its_promise_when_it_changes_and_runs_out(customer, programme):
    final(customer, 100)
    reward = Reward.objects.create(name_en="Ten off", kind="amount", cost=40, amount=10, stock=1)
    reward.refresh_from_db()
    code = services.redeem(customer_id=customer.pk, reward_id=reward.public_id)
    Reward.objects.update(amount=1)
    code.refresh_from_db()

    assert (code.kind, code.amount, code.points) == ("amount", 10, 40)
    with pytest.raises(RewardGone):
        services.redeem(customer_id=customer.pk, reward_id=reward.public_id)
    services.void_code(code.code)
    services.redeem(customer_id=customer.pk, reward_id=reward.public_id)
    assert numbers(customer) == (60, 0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"is_on": False}, {"stock": 0}, {"ends_on": date(2020, 1, 1)}, {"starts_on": date(2999, 1, 1)}]
)
def test_a_reward_that_is_not_there_today_is_refused(change, customer, programme):
    final(customer, 100)
    reward = Reward.objects.create(name_en="Free shipping", kind="shipping", cost=40, **change)
    reward.refresh_from_db()

    with pytest.raises(RewardGone):
        services.redeem(customer_id=customer.pk, reward_id=reward.public_id)

    assert numbers(customer) == (100, 0, 0)


@pytest.mark.django_db
def test_a_code_is_used_once_and_only_in_an_order_of_its_customer(customer, buy):
    final(customer, 100)
    code = services.redeem(customer_id=customer.pk, points=50).code
    own, other = buy(customer, 10), buy(CustomerFactory.create(), 10)

    with pytest.raises(BadInput):
        services.use_code(code, order_number=other.number)
    assert services.use_code(f" {code.lower()} ", order_number=own.number).state == "used"
    assert services.use_code(code, order_number=own.number).order == own
    with pytest.raises(CodeSpent):
        services.use_code(code)
    with pytest.raises(CodeSpent):
        services.use_code(code, order_number=buy(customer, 10).number)


@pytest.mark.django_db
def test_a_code_taken_back_returns_its_points_to_their_lots_once(customer, programme):
    account = final(customer, 50)
    services.adjust(customer_id=customer.pk, points=40, reason="x", key="b")
    before = dict(account.lots.values_list("pk", "left"))
    code = services.redeem(customer_id=customer.pk, points=70).code
    for _twice in range(2):
        services.void_code(code)

    assert dict(account.lots.values_list("pk", "left")) == before
    assert LoyaltyTransaction.objects.filter(kind="void").count() == 1
    with pytest.raises(CodeSpent):
        services.use_code(code)
    assert services.recount().differences == []


@pytest.mark.django_db
def test_points_that_come_back_after_their_time_can_be_used_for_thirty_days(customer, programme):
    final(customer, 50)
    code = services.redeem(customer_id=customer.pk, points=50).code
    LoyaltyLot.objects.update(expires_at=timezone.now() - timedelta(days=1))
    services.void_code(code)

    assert services.move_due()["expired"] == 0
    assert services.move_due(now=timezone.now() + timedelta(days=29))["expired"] == 0
    assert services.move_due(now=timezone.now() + timedelta(days=32))["expired"] == 1


@pytest.mark.django_db
def test_a_code_that_nobody_used_ends_and_its_points_go_back(customer, programme):
    final(customer, 50)
    code = services.redeem(customer_id=customer.pk, points=50)

    assert services.move_due(now=code.expires_at - timedelta(seconds=1))["codes"] == 0
    assert services.move_due(now=code.expires_at)["codes"] == 1
    assert numbers(customer) == (50, 0, 0)


@pytest.mark.django_db
def test_a_cancelled_order_gives_back_the_points_that_were_used_in_it(customer, buy):
    final(customer, 100)
    code = services.redeem(customer_id=customer.pk, points=50).code
    order = buy(customer, 10)
    services.use_code(code, order_number=order.number)
    assert services.void_codes_of_order(order.pk) == 0
    shop.cancel_order(order.pk)
    services.settle_order(order.pk)

    assert services.void_codes_of_order(order.pk) == 1
    assert services.void_codes_of_order(order.pk) == 0
    assert numbers(customer) == (100, 0, 0)


@pytest.mark.django_db
def test_a_free_product_names_it(customer, programme):
    final(customer, 100)
    tea = ProductFactory.create()
    reward = Reward.objects.create(name_en="Tea", kind="product", cost=40, product=tea)
    reward.refresh_from_db()

    assert services.redeem(customer_id=customer.pk, reward_id=reward.public_id).product == tea
    assert services.redeem(customer_id=customer.pk, points=60).amount == Decimal("0.60")


def ordered(customer, product, code, **more) -> Order:
    line = NewLine(sku=product.variants.get().sku, quantity=2)
    return place_order(NewOrder(lines=[line], customer=customer, coupon=code, **more)).order


@pytest.mark.django_db
def test_an_order_takes_a_code_of_points_once_and_its_cancellation_gives_the_points_back(customer, programme):
    final(customer, 1_000)
    mug = ProductFactory.create(price="20.00", stock=50)
    free = RewardFactory.create(kind="product", amount=None, product=mug, cost=300)
    post = RewardFactory.create(kind="shipping", amount=None, cost=100)
    five, piece, delivery = (
        services.redeem(customer_id=customer.pk, **what).code
        for what in ({"points": 500}, {"reward_id": free.public_id}, {"reward_id": post.public_id})
    )

    orders = [
        ordered(customer, mug, f" {five[:4].lower()}-{five[4:]} "),
        ordered(customer, mug, piece, shipping=Decimal(12)),
        ordered(customer, mug, delivery, shipping=Decimal(12)),
    ]

    assert [(one.discount, one.total) for one in orders] == [(5, 35), (20, 32), (12, 40)]
    assert list(LoyaltyRedemption.objects.order_by("pk").values_list("state", "order")) == [
        ("used", one.pk) for one in orders
    ]
    with pytest.raises(CodeSpent):
        ordered(customer, mug, five)
    shop.cancel_order(orders[0].pk)
    services.void_codes_of_order(orders[0].pk)
    assert numbers(customer)[0] == 600
    assert services.recount().differences == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("whose", "kind", "refusal"),
    [
        ("nobody", "amount", "coupon_needs_customer"), ("another", "amount", "coupon_of_another"),
        ("own", "shipping", "coupon_for_nothing"), ("own", "product", "coupon_for_nothing"),
        ("over", "amount", "code_spent"),
    ],
)  # fmt: skip
def test_a_code_of_points_that_does_not_count_leaves_order_stock_and_code_alone(
    customer, programme, whose, kind, refusal
):
    final(customer, 1_000)
    mug, other = ProductFactory.create(price="20.00", stock=50), ProductFactory.create(stock=50)
    reward = RewardFactory.create(kind=kind, amount=5 if kind == "amount" else None, product=other)
    row = services.redeem(customer_id=customer.pk, reward_id=reward.public_id)
    if whose == "over":
        LoyaltyRedemption.objects.update(expires_at=timezone.now())
    who = {"nobody": None, "another": CustomerFactory.create()}.get(whose, customer)

    with pytest.raises(DomainError) as refused:
        ordered(who, mug, row.code)

    assert refused.value.code == refusal
    row.refresh_from_db()
    assert (row.state, Order.objects.count(), mug.variants.get().stock) == ("issued", 0, 50)
