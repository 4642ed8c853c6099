"""What staff do by hand, levels, past orders, and people who change."""

import json
import zipfile
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from catalog import services as shop
from core.models import Alert
from core.rights import copying
from core.rights.erasing import erase
from crm import services
from crm.exceptions import BadInput, NotEnoughPoints, ProgrammeOff, UndoRefused
from crm.models import (
    LoyaltyAccount,
    LoyaltyEntry,
    LoyaltyLot,
    LoyaltyProgramme,
    LoyaltyRedemption,
    LoyaltyTier,
    LoyaltyTierChange,
    LoyaltyTransaction,
    PastGrant,
    Reward,
)
from tests.crm.conftest import adds_up, final, finish, numbers
from tests.factories import CustomerFactory, RewardFactory, StaffUserFactory

pytestmark = pytest.mark.django_db


def test_a_correction_needs_a_reason_and_the_same_form_twice_counts_once(customer, programme):
    by = StaffUserFactory.create()
    for _twice in range(2):
        done = services.adjust(customer_id=customer.pk, points=30, reason=" late parcel ", key="form-1", by=by)

    assert numbers(customer) == (30, 0, 0)
    assert (done.reason, done.created_by) == ("late parcel", by)
    for points, reason in ((0, "x"), (10, "  "), (10, "x" * 201), (2_000_000_000, "x")):
        with pytest.raises(BadInput):
            services.adjust(customer_id=customer.pk, points=points, reason=reason, key="f")
    with pytest.raises(NotEnoughPoints):
        services.adjust(customer_id=customer.pk, points=-31, reason="x", key="g")


def test_a_correction_is_taken_back_once_also_when_its_points_were_spent(customer, programme):
    given = services.adjust(customer_id=customer.pk, points=30, reason="x", key="a")
    services.redeem(customer_id=customer.pk, points=20)
    services.undo_adjustment(given.pk)

    assert numbers(customer) == (0, 0, 20)
    with pytest.raises(UndoRefused):
        services.undo_adjustment(given.pk)
    adds_up()

    paid = services.adjust(customer_id=customer.pk, points=15, reason="x", key="b")
    assert numbers(customer) == (0, 0, 5)
    services.undo_adjustment(paid.pk)
    assert numbers(customer) == (0, 0, 20)
    adds_up()


def test_points_that_expired_are_not_told_as_lost_twice_when_a_correction_is_taken_back(customer, programme):
    given = services.adjust(customer_id=customer.pk, points=30, reason="x", key="a")
    services.redeem(customer_id=customer.pk, points=20)
    LoyaltyLot.objects.update(expires_at=timezone.now() - timedelta(days=1))
    services.expire_account(services.account_of(customer.pk).pk)

    undone = services.undo_adjustment(given.pk)

    assert undone.points == -20
    assert numbers(customer) == (0, 0, 20)
    adds_up()


def test_points_that_were_taken_come_back_where_they_were(customer, programme):
    account = final(customer, 50)
    taken = services.adjust(customer_id=customer.pk, points=-30, reason="x", key="a")
    services.undo_adjustment(taken.pk)

    assert numbers(customer) == (50, 0, 0)
    assert [lot.left for lot in account.lots.all()] == [50]
    adds_up()


# --- levels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("basis", ["spend", "points"])
def test_levels_follow_what_counts_in_twelve_months_up_at_once_and_down_by_night(basis, customer, buy):
    LoyaltyProgramme.objects.update(tier_basis=basis, started_at=timezone.now() - timedelta(days=800))
    silver = LoyaltyTier.objects.create(name_en="Silver", threshold=100)
    gold = LoyaltyTier.objects.create(name_en="Gold", threshold=300, multiplier=2)
    buy(customer, 150, paid_at=timezone.now() - timedelta(days=300))
    account = services.account_of(customer.pk)
    assert account.tier == silver

    order = buy(customer, 160)
    account.refresh_from_db()
    assert account.tier == gold

    shop.refund_order(order.pk, amount=Decimal(20))
    services.settle_order(order.pk)
    account.refresh_from_db()
    assert account.tier == silver

    assert services.look_at_all(now=timezone.now() + timedelta(days=100)) == 0
    assert services.look_at_all(now=timezone.now() + timedelta(days=400)) == 1
    account.refresh_from_db()
    assert account.tier is None
    told = LoyaltyTierChange.objects.order_by("pk").values_list("before", "after", "value")
    assert list(told) == [
        (None, silver.pk, 150), (silver.pk, gold.pk, 310), (gold.pk, silver.pk, 290), (silver.pk, None, 0),
    ]  # fmt: skip


# --- past orders ----------------------------------------------------------------------------------------------------


def test_past_orders_are_counted_first_and_granted_once(customer, buy, programme):
    start = timezone.now() - timedelta(days=10)
    LoyaltyProgramme.objects.update(started_at=start)
    LoyaltyTier.objects.create(name_en="Gold", threshold=1, multiplier=9)
    old = buy(customer, 100, paid_at=start - timedelta(days=300))
    fresh = buy(customer, 40, paid_at=start - timedelta(days=5))
    returned = buy(CustomerFactory.create(), 60, paid_at=start - timedelta(days=5))
    shop.refund_order(returned.pk, amount=Decimal(60))
    shop.refund_order(old.pk, amount=Decimal(10))
    assert not LoyaltyLot.objects.exists()

    grant = services.ask_for_past(since=date(2020, 1, 1))
    services.count_past(grant.pk)
    grant.refresh_from_db()
    assert (grant.state, grant.orders, grant.customers, grant.points) == ("counted", 2, 1, 130)
    assert not LoyaltyLot.objects.exists()

    services.grant_past(grant.pk)
    for _twice in range(2):
        services.run_past(grant.pk)
    assert numbers(customer) == (90, 40, 0)
    shop.refund_order(old.pk, amount=Decimal(40))
    services.settle_order(old.pk)
    services.settle_order(fresh.pk)
    assert numbers(customer) == (50, 40, 0)
    assert PastGrant.objects.get().state == "done"
    adds_up()


def test_past_orders_need_a_programme_and_a_day_before_it(programme):
    with pytest.raises(BadInput):
        services.ask_for_past(since=timezone.localdate())
    services.switch(on=False)
    with pytest.raises(ProgrammeOff):
        services.ask_for_past(since=date(2020, 1, 1))


# --- people ---------------------------------------------------------------------------------------------------------


def test_two_customers_become_one_with_lots_debts_and_later_refunds(customer, buy):
    other = CustomerFactory.create()
    order = buy(other, 100)
    finish(order)
    pending = buy(other, 30)
    spent = buy(customer, 80)
    finish(spent)
    services.redeem(customer_id=customer.pk, points=80)
    shop.refund_order(spent.pk, amount=Decimal(80))
    services.settle_order(spent.pk)
    assert numbers(customer) == (0, 0, 80)
    for _twice in range(2):
        services.merge_accounts(from_customer=other.pk, into_customer=customer.pk)

    assert numbers(customer) == (20, 30, 0)
    assert numbers(other) == (0, 0, 0)
    adds_up()

    for one in (order, pending):
        shop.refund_order(one.pk, amount=one.total)
        services.settle_order(one.pk)
    assert numbers(customer) == (0, 0, 80)
    adds_up()


def test_who_is_erased_forfeits_points_and_the_books_stay_without_a_name(customer, buy):
    finish(buy(customer, 100))
    buy(customer, 20)
    services.adjust(customer_id=customer.pk, points=5, reason="Ana Luisa Quiroga called", key="a")
    code = services.redeem(customer_id=customer.pk, points=40)
    LoyaltyRedemption.objects.filter(pk=code.pk).update(reward=RewardFactory.create(stock=3))
    order = customer.orders.order_by("pk").last()
    type(customer).objects.update(name="Ana Luisa Quiroga")
    old_id = services.account_of(customer.pk).public_id

    erase("catalog.Customer", customer.pk)

    account = LoyaltyAccount.objects.get(customer=customer)
    assert (account.balance, account.pending, account.owed, account.closed_at is None) == (0, 0, 0, False)
    assert account.public_id != old_id
    assert not LoyaltyTransaction.objects.filter(reason__contains="Ana").exists()
    code.refresh_from_db()
    assert code.state == "voided"
    assert Reward.objects.get().stock == 4
    shop.refund_order(order.pk, amount=Decimal(20))
    assert services.settle_order(order.pk) == 0
    assert services.move_due(now=timezone.now() + timedelta(days=1_000))["final"] == 0
    adds_up()


def test_a_copy_of_somebodys_data_has_their_points(customer, programme):
    final(customer, 77)
    code = services.redeem(customer_id=customer.pk, points=20)

    _name, counts = copying.write_copy("catalog.Customer", customer.pk, "points")

    with zipfile.ZipFile(copying.folder() / "points.zip") as archive:
        data = json.loads(archive.read("data.json"))
    assert counts["crm.LoyaltyTransaction"] == 2
    assert data["crm.LoyaltyAccount"][0]["balance"] == 57
    assert data["crm.LoyaltyRedemption"][0]["code"] == code.code


def test_a_difference_raises_an_alert_that_the_next_whole_recount_closes(customer, programme):
    account = final(customer, 10)
    adds_up()
    LoyaltyAccount.objects.filter(pk=account.pk).update(balance=11)

    found = services.recount().differences

    assert sorted(kind for kind, _pk in found) == ["account", "lots"]
    assert Alert.objects.open().filter(rule="loyalty_differs").exists()
    LoyaltyAccount.objects.filter(pk=account.pk).update(balance=10)
    adds_up()
    assert not Alert.objects.open().filter(rule="loyalty_differs").exists()


def test_a_balance_below_zero_is_refused_by_the_table(customer, programme):
    account = final(customer, 10)
    for change in ({"balance": -1}, {"pending": -1}, {"owed": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LoyaltyAccount.objects.filter(pk=account.pk).update(**change)


def test_all_entries_of_the_shop_sum_to_zero(customer, buy):
    finish(buy(customer, 100))
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(amount), 0) FROM crm_loyaltyentry")
        assert cursor.fetchone()[0] == 0
    assert LoyaltyEntry.objects.count() == 4
