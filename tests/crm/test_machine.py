"""Random lives of three customers: whatever happens, in whatever order, points add up.

`LOYALTY_STEPS` (default 120) is how many steps are taken in all; a full count is 10,000.
"""

import os
import uuid
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from catalog import services as shop
from catalog.exceptions import DomainError
from catalog.models import Order
from crm import services
from crm.exceptions import NotEnoughPoints, UndoRefused
from crm.models import LoyaltyAccount, LoyaltyEntry, LoyaltyLot, LoyaltyRedemption, LoyaltyTransaction
from crm.services.rates import kept
from tests.factories import CustomerFactory, ProductFactory

STEPS = int(os.environ.get("LOYALTY_STEPS", "120"))
EACH = 40
WHO = st.integers(0, 2)
PICK = st.integers(0, 10_000)
SIZE = st.integers(1, 300)


class Lives(RuleBasedStateMachine):
    """Steps through the doors of the product; a ledger of sums in Python says what must come out."""

    taken = 0

    @initialize()
    def begin(self) -> None:
        self.point = transaction.savepoint()
        self.people = [CustomerFactory.create() for _each in range(3)]
        self.orders: list[Order] = []
        self.codes: list[str] = []
        self.given: list[int] = []
        self.clock = timezone.now()

    def teardown(self) -> None:
        if hasattr(self, "point"):
            transaction.savepoint_rollback(self.point)

    def one(self, rows: list, pick: int):
        return rows[pick % len(rows)]

    @rule(who=WHO, amount=SIZE, told=st.booleans(), cents=st.integers(0, 99))
    def buys(self, who: int, amount: int, told: bool, cents: int) -> None:
        price = Decimal(amount) + Decimal(cents) / 100
        line = shop.NewLine(sku="M", quantity=2, unit_price=price)
        order = shop.place_order(shop.NewOrder(lines=[line], customer=self.people[who])).order
        self.orders.append(shop.pay_order(order.pk))
        if told:
            services.settle_order(order.pk)

    @precondition(lambda self: self.orders)
    @rule(pick=PICK, share=st.integers(1, 100), told=st.booleans())
    def refunds(self, pick: int, share: int, told: bool) -> None:
        order = Order.objects.get(pk=self.one(self.orders, pick).pk)
        left = order.paid_total - order.refunded_total
        if left:
            shop.refund_order(order.pk, amount=max((left * share / 100).quantize(Decimal("0.01")), Decimal("0.01")))
        if told:
            services.settle_order(order.pk)

    @precondition(lambda self: self.orders)
    @rule(pick=PICK, told=st.booleans())
    def cancels(self, pick: int, told: bool) -> None:
        order = self.one(self.orders, pick)
        try:
            shop.cancel_order(order.pk)
        except DomainError:
            return
        if told:
            services.settle_order(order.pk)
            services.void_codes_of_order(order.pk)

    @precondition(lambda self: self.orders)
    @rule(pick=PICK, twice=st.booleans())
    def is_told_again(self, pick: int, twice: bool) -> None:
        for _time in range(1 + twice):
            services.settle_order(self.one(self.orders, pick).pk)

    @precondition(lambda self: self.orders)
    @rule(pick=PICK)
    def arrives(self, pick: int) -> None:
        order = self.one(self.orders, pick)
        Order.objects.filter(pk=order.pk, status="paid").update(status="delivered")
        order.events.create(kind="delivered", occurred_at=self.clock)
        services.settle_order(order.pk)

    @rule(days=st.integers(1, 120))
    def time_passes(self, days: int) -> None:
        self.clock += timedelta(days=days)
        services.move_due(now=self.clock)

    @rule(who=WHO, points=st.integers(10, 600))
    def redeems(self, who: int, points: int) -> None:
        before = services.account_of(self.people[who].pk).balance
        try:
            self.codes.append(services.redeem(customer_id=self.people[who].pk, points=points).code)
        except NotEnoughPoints:
            assert before < points
        else:
            assert before >= points

    @precondition(lambda self: self.codes)
    @rule(pick=PICK)
    def takes_a_code_back(self, pick: int) -> None:
        services.void_code(self.one(self.codes, pick))

    @precondition(lambda self: self.codes)
    @rule(pick=PICK)
    def uses_a_code(self, pick: int) -> None:
        code = LoyaltyRedemption.objects.get(code=self.one(self.codes, pick))
        order = Order.objects.filter(customer=code.account.customer).order_by("-pk").first()
        try:
            services.use_code(code.code, order_number=order.number if order else "")
        except DomainError:
            assert code.state != "issued" or order is None or order.status == "cancelled"

    @rule(who=WHO, points=st.integers(-200, 200).filter(bool))
    def is_corrected(self, who: int, points: int) -> None:
        try:
            done = services.adjust(customer_id=self.people[who].pk, points=points, reason="why", key=uuid.uuid4().hex)
        except NotEnoughPoints:
            return
        self.given.append(done.pk)

    @precondition(lambda self: self.given)
    @rule(pick=PICK)
    def correction_is_taken_back(self, pick: int) -> None:
        with suppress(UndoRefused):
            services.undo_adjustment(self.one(self.given, pick))

    @invariant()
    def it_adds_up(self) -> None:
        if not hasattr(self, "people"):
            return
        Lives.taken += 1
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        assert services.recount().differences == []
        assert (LoyaltyEntry.objects.aggregate(total=Sum("amount"))["total"] or 0) == 0
        for account in LoyaltyAccount.objects.all():
            assert min(account.balance, account.pending, account.owed) >= 0
            assert not (account.balance and account.owed)
            told = account.transactions.exclude(kind="mature").aggregate(total=Sum("points"))["total"] or 0
            assert told == account.balance + account.pending - account.owed
        for lot in LoyaltyLot.objects.exclude(order=None).select_related("order"):
            assert lot.reversed <= lot.points - kept(lot.points, lot.order)
        assert LoyaltyTransaction.objects.filter(kind="earn").values("order").distinct().count() == (
            LoyaltyTransaction.objects.filter(kind="earn").count()
        )


@pytest.mark.django_db
def test_points_add_up_after_any_steps(programme):
    ProductFactory.create(price="1", stock=-1).variants.create(sku="M", stock=10_000_000)
    Lives.taken = 0
    full = settings(
        max_examples=max(STEPS // EACH, 1), stateful_step_count=EACH, deadline=None, database=None,
        derandomize=STEPS <= 120, suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    run_state_machine_as_test(Lives, settings=full)

    assert Lives.taken >= STEPS // 2
