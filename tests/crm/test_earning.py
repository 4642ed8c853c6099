"""Points that come in, become final, and go with refunds."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils import timezone

from catalog import services as shop
from catalog.exceptions import RefundAbovePaid
from catalog.models import Order
from core.models import Job, LedgerEntry
from crm import services
from crm.models import (
    EarnRule,
    LoyaltyAccount,
    LoyaltyEntry,
    LoyaltyLot,
    LoyaltyProgramme,
    LoyaltyTier,
    LoyaltyTransaction,
)
from crm.services import calendar
from tests.crm.conftest import adds_up, final, finish, numbers
from tests.factories import CategoryFactory, CustomerFactory, ProductFactory

pytestmark = pytest.mark.django_db


def test_an_order_brings_pending_points_that_are_final_after_the_return_window(customer, buy):
    order = buy(customer, 250)

    assert numbers(customer) == (0, 250, 0)

    finish(order)
    assert numbers(customer) == (250, 0, 0)
    adds_up()


def test_the_same_payment_told_again_brings_nothing(customer, buy):
    order = buy(customer, 100)

    for _again in range(3):
        services.settle_order(order.pk)

    assert numbers(customer) == (0, 100, 0)
    assert LoyaltyTransaction.objects.count() == 1


def test_orders_paid_before_the_programme_began_earn_nothing(customer, buy, programme):
    buy(customer, 100, paid_at=programme.started_at - timedelta(seconds=1))

    assert not LoyaltyAccount.objects.exists()


def test_nobody_earns_while_the_programme_is_off_and_what_was_paid_meanwhile_stays_without(customer, buy):
    services.switch(on=False)
    order = buy(customer, 100)
    services.switch(on=True)
    services.settle_order(order.pk)

    assert not LoyaltyLot.objects.exists()


def test_a_guest_earns_nothing(buy):
    buy(None, 100)

    assert not LoyaltyAccount.objects.exists()


def test_a_refund_takes_back_in_proportion_rounded_for_the_shop_and_many_small_ones_as_much_as_one(customer, buy):
    order = buy(customer, 100)
    for _part in range(3):
        shop.refund_order(order.pk, amount=Decimal("10.10"))
        services.settle_order(order.pk)

    assert numbers(customer) == (0, 69, 0)  # floor(100 × 69.70 / 100)
    adds_up()


def test_a_refund_after_the_points_were_spent_is_owed_and_paid_by_the_next_ones(customer, buy):
    order = buy(customer, 100)
    finish(order)
    services.redeem(customer_id=customer.pk, points=80)
    shop.refund_order(order.pk, amount=Decimal(100))

    assert services.settle_order(order.pk) == -100
    assert numbers(customer) == (0, 0, 80)
    adds_up()

    finish(buy(customer, 200))
    assert numbers(customer) == (120, 0, 0)
    adds_up()


def test_a_refund_takes_points_of_other_orders_before_any_are_owed(customer, buy):
    order = buy(customer, 100)
    finish(order)
    final(customer, 50)
    services.redeem(customer_id=customer.pk, points=100)
    shop.refund_order(order.pk, amount=Decimal(30))
    services.settle_order(order.pk)

    assert numbers(customer) == (20, 0, 0)
    adds_up()


def test_points_that_expired_unused_are_not_claimed_again_by_a_refund(customer, buy):
    order = buy(customer, 100)
    finish(order)
    final(customer, 50)
    LoyaltyLot.objects.filter(order=order).update(expires_at=timezone.now() - timedelta(days=1))
    assert services.expire_account(services.account_of(customer.pk).pk) == 100
    shop.refund_order(order.pk, amount=Decimal(100))
    services.settle_order(order.pk)

    assert numbers(customer) == (50, 0, 0)
    told = LoyaltyTransaction.objects.filter(kind__in=["expire", "reverse"]).order_by("pk")
    assert list(told.values_list("kind", "points")) == [("expire", -100), ("reverse", 0)]
    adds_up()


def test_a_refund_larger_than_the_order_is_refused_and_moves_no_points(customer, buy):
    order = buy(customer, 100)

    with pytest.raises(RefundAbovePaid):
        shop.refund_order(order.pk, amount=Decimal("100.01"))
    services.settle_order(order.pk)

    assert numbers(customer) == (0, 100, 0)


def test_a_cancelled_order_keeps_no_points_whichever_comes_first(customer, buy):
    known, unknown = buy(customer, 100), buy(customer, 40, settled=False)
    for order in (known, unknown):
        shop.cancel_order(order.pk)
        services.settle_order(order.pk)

    assert numbers(customer) == (0, 0, 0)
    assert LoyaltyTransaction.objects.filter(order=unknown).count() == 0
    adds_up()


def test_refund_and_payment_told_in_the_wrong_order_end_the_same(customer, buy):
    order = buy(customer, 100, settled=False)
    shop.refund_order(order.pk, amount=Decimal(25))
    services.settle_order(order.pk)
    services.settle_order(order.pk)

    assert numbers(customer) == (0, 75, 0)
    assert order.loyalty_lot.points == 100


def test_a_refund_that_nobody_told_of_is_taken_off_when_points_become_final(customer, buy):
    order = buy(customer, 100)
    shop.refund_order(order.pk, amount=Decimal(100))
    finish(order)

    assert numbers(customer) == (0, 0, 0)
    assert order.loyalty_lot.matured_at is not None or order.loyalty_lot.left == 0


def test_each_step_of_an_order_asks_for_one_job(customer, buy, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        order = buy(customer, 100, settled=False)
        shop.refund_order(order.pk, amount=Decimal(10))
        shop.ship_order(order.pk)
        shop.deliver_order(order.pk)

    assert Job.objects.filter(kind="crm.order").count() == 3
    assert {job.arguments["order_id"] for job in Job.objects.filter(kind="crm.order")} == {order.pk}


def test_a_lost_signal_is_made_good_within_the_hour(customer, buy):
    order = buy(customer, 100, settled=False)
    assert services.move_due()["orders"] == 1

    shop.refund_order(order.pk, amount=Decimal(40))
    assert services.move_due()["orders"] == 1
    assert services.move_due()["orders"] == 0
    assert numbers(customer) == (0, 60, 0)


def test_without_a_delivery_report_points_wait_as_long_as_the_programme_says(customer, buy):
    paid = timezone.now() - timedelta(days=59)
    order = buy(customer, 100, paid_at=paid)

    assert order.loyalty_lot.matures_at == paid + timedelta(days=60)
    assert services.move_due()["final"] == 0
    assert services.move_due(now=paid + timedelta(days=60))["final"] == 1


# --- how many -------------------------------------------------------------------------------------------------------


def test_rounding_happens_once_after_discount_rate_level_and_the_largest_multiplier(customer, programme):
    shirts = CategoryFactory.create()
    linen = CategoryFactory.create(parent=shirts)
    for sku, category in (("A", linen), ("B", None)):
        product = ProductFactory.create(price="1", stock=-1, category=category)
        product.variants.create(sku=sku, stock=10)
    EarnRule.objects.create(name_en="Shirts", trigger="order", multiplier=2, category=shirts)
    EarnRule.objects.create(name_en="Linen", trigger="order", multiplier=3, category=linen)
    EarnRule.objects.create(name_en="Each", trigger="order", points=5)
    EarnRule.objects.create(name_en="Over", trigger="order", points=1_000, ends_on=date(2020, 1, 1))
    tier = LoyaltyTier.objects.create(name_en="Gold", threshold=1, multiplier=Decimal("1.5"))
    account = services.account_of(customer.pk)
    LoyaltyAccount.objects.filter(pk=account.pk).update(tier=tier)
    lines = [shop.NewLine(sku=sku, quantity=1, unit_price=Decimal("10.10")) for sku in "AB"]
    new = shop.NewOrder(
        lines=lines, customer=customer, discount=Decimal("2.02"), shipping=Decimal(9), currency="USD",
        base_rate=Decimal("7.1"),
    )  # fmt: skip
    order = shop.place_order(new).order
    shop.pay_order(order.pk)

    services.settle_order(order.pk)

    # (10.10 × 3 + 10.10) × 0.9 × 7.1 × 1.5 = 387.234, rounded down, and five.
    assert numbers(customer) == (0, 392, 0)


@pytest.mark.parametrize(("rounding", "points"), [("down", 2), ("nearest", 3), ("up", 3)])
def test_a_half_point_is_rounded_as_the_programme_says(rounding, points, customer, buy):
    LoyaltyProgramme.objects.update(points_per_unit=Decimal("0.5"), rounding=rounding)
    buy(customer, 5)

    assert numbers(customer) == (0, points, 0)


def test_a_rule_whose_category_was_deleted_multiplies_nothing(customer, buy):
    category = CategoryFactory.create()
    EarnRule.objects.create(name_en="Gone", trigger="order", multiplier=9, category=category)
    category.delete()
    buy(customer, 100)

    assert numbers(customer) == (0, 100, 0)


def test_the_days_of_a_rule_are_days_of_the_shop(customer, buy):
    EarnRule.objects.create(
        name_en="Day", trigger="order", points=7, starts_on=date(2026, 6, 1), ends_on=date(2026, 6, 1)
    )
    LoyaltyProgramme.objects.update(started_at=datetime(2026, 1, 1, tzinfo=UTC))
    before, first = datetime(2026, 5, 31, 15, 59, 59, tzinfo=UTC), datetime(2026, 5, 31, 16, tzinfo=UTC)
    last, after = datetime(2026, 6, 1, 15, 59, 59, tzinfo=UTC), datetime(2026, 6, 1, 16, tzinfo=UTC)

    got = [
        buy(CustomerFactory.create(), 10, paid_at=moment).loyalty_lot.points for moment in (before, first, last, after)
    ]

    assert got == [10, 17, 17, 10]


# --- what is no order -----------------------------------------------------------------------------------------------


def test_a_new_customer_a_review_and_a_birthday_count_once(customer, programme):
    for trigger, points in (("sign_up", 50), ("review", 5), ("birthday", 20)):
        EarnRule.objects.create(name_en=trigger, trigger=trigger, points=points)
    customer.birthday = date(1990, 3, 1)
    customer.save()
    for _twice in range(2):
        services.give_bonus(trigger="sign_up", customer_id=customer.pk, event=str(customer.pk))
        services.give_bonus(trigger="review", customer_id=customer.pk, event="7")
        services.start_day(now=datetime(2026, 3, 1, 4, tzinfo=UTC))
    type(customer).objects.update(birthday=date(1990, 3, 2))
    services.start_day(now=datetime(2026, 3, 2, 4, tzinfo=UTC))
    services.start_day(now=datetime(2027, 3, 2, 4, tzinfo=UTC))

    assert numbers(customer) == (95, 0, 0)
    adds_up()


def test_a_birthday_on_a_day_that_no_run_saw_is_made_up_for_once(customer, programme):
    EarnRule.objects.create(name_en="birthday", trigger="birthday", points=20)
    type(customer).objects.update(birthday=date(1990, 3, 1), joined_at=datetime(2025, 1, 1, tzinfo=UTC))
    for _twice in range(2):
        services.start_day(now=datetime(2026, 3, 4, 4, tzinfo=UTC))

    assert numbers(customer) == (20, 0, 0)


@pytest.mark.parametrize(
    ("day", "is_theirs"), [((2027, 2, 28), True), ((2028, 2, 28), False), ((2028, 2, 29), True), ((2027, 3, 1), False)]
)
def test_who_was_born_on_the_29th_of_february_has_a_birthday_each_year(day, is_theirs, customer):
    customer.birthday = date(2000, 2, 29)
    customer.save()

    assert type(customer).objects.filter(calendar.born_on(date(*day))).exists() is is_theirs


# --- the books ------------------------------------------------------------------------------------------------------


def test_a_transaction_that_does_not_sum_to_zero_does_not_commit(customer, buy):
    account = final(customer, 10)

    def book(key: str, *amounts: int) -> None:
        row = LoyaltyTransaction.objects.create(
            account=account, kind="adjust", points=1, key=key, created_at=timezone.now()
        )
        for amount in amounts:
            LoyaltyEntry.objects.create(transaction=row, side="issued", amount=amount)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    for key, amounts in (("none", ()), ("one", (1,)), ("two", (1, -2))):
        with pytest.raises(IntegrityError, match="loyalty_adds_up"), transaction.atomic():
            book(key, *amounts)
    with transaction.atomic():
        book("right", 5, -5)


@pytest.mark.parametrize("act", ["change", "delete", "change transaction", "delete transaction", "later entry"])
def test_what_is_booked_cannot_be_changed(act, customer, buy):
    final(customer, 10)
    entry = LoyaltyEntry.objects.first()

    def tamper() -> None:
        match act:
            case "change":
                LoyaltyEntry.objects.filter(pk=entry.pk).update(amount=9)
            case "delete":
                LoyaltyEntry.objects.filter(pk=entry.pk)._raw_delete("default")
            case "change transaction":
                LoyaltyTransaction.objects.update(points=9)
            case "delete transaction":
                LoyaltyTransaction.objects.all()._raw_delete("default")
            case "later entry":
                LoyaltyEntry.objects.create(transaction=entry.transaction, side="issued", amount=1)
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError), transaction.atomic():
        tamper()


def test_every_movement_of_points_stands_in_the_ledger(customer, buy):
    finish(buy(customer, 100))
    services.redeem(customer_id=customer.pk, points=60)
    account = services.account_of(customer.pk)

    found = LedgerEntry.objects.filter(kind="points", subject=f"crm.loyaltyaccount:{account.pk}")

    assert found.count() == 3
    assert LoyaltyEntry.objects.aggregate(total=Sum("amount"))["total"] == 0


def test_an_order_removed_with_its_import_leaves_the_books_whole(customer, buy):
    order = buy(customer, 100)
    finish(order)
    Order.objects.filter(pk=order.pk).delete()

    assert numbers(customer) == (100, 0, 0)
    adds_up()


# --- time -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "months", "end"),
    [
        (datetime(2026, 1, 31, 3, tzinfo=UTC), 1, datetime(2026, 2, 28, 16, tzinfo=UTC)),
        (datetime(2026, 1, 31, 16, tzinfo=UTC), 1, datetime(2026, 3, 1, 16, tzinfo=UTC)),  # 1 February in Shanghai
        (datetime(2027, 12, 30, 20, tzinfo=UTC), 2, datetime(2028, 2, 29, 16, tzinfo=UTC)),
        (datetime(2026, 5, 5, tzinfo=UTC), 12, datetime(2027, 5, 5, 16, tzinfo=UTC)),
    ],
)
def test_points_end_with_the_day_of_the_shop_so_many_months_later(at, months, end, programme):
    assert calendar.end_of_points(at, months) == end


def test_points_end_at_a_midnight_that_the_clock_change_moves(programme):
    from core.models import ShopProfile
    from core.shop import forget_shop

    ShopProfile.objects.update(time_zone="America/Santiago")
    forget_shop()

    # On 6 September 2026 the clocks there go from 24:00 to 1:00; the day before has 24 hours all the same.
    end = calendar.end_of_points(datetime(2026, 8, 5, 12, tzinfo=UTC), 1)

    assert end is not None
    assert end.astimezone(UTC) == datetime(2026, 9, 6, 4, tzinfo=UTC)
