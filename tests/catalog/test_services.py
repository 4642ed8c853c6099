"""Rules of the shop under many at once, and what is announced."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from catalog import services
from catalog.exceptions import OutOfStock, RefundAbovePaid, TransitionRefused
from catalog.models import Interaction, Order, Product, StockMovement, Variant
from catalog.services import NewLine, NewOrder, StockChange
from catalog.signals import order_paid, order_placed, product_changed
from core.exceptions import DomainError
from tests.factories import CustomerFactory, ProductFactory, ShopProfileFactory, VariantFactory
from tests.factories.catalog import NO_VARIANT


def at_once(actions: list[Callable[[], Any]]) -> Counter[str]:
    """Run all in threads of their own, start together, and count how they ended: "done" or a refusal's code."""
    ends: Counter[str] = Counter()
    gate, guard = threading.Barrier(len(actions)), threading.Lock()

    def run(action: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            gate.wait(timeout=20)
            action()
            end = "done"
        except DomainError as error:
            end = error.code
        except Exception as error:
            end = repr(error)
        finally:
            connection.close()
        with guard:
            ends[end] += 1

    threads = [threading.Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return ends


def buy(*skus: str, number: str = "") -> services.Placed:
    return services.place_order(NewOrder(lines=[NewLine(sku=sku, quantity=1) for sku in skus], number=number))


@pytest.fixture
def shop(transactional_db):
    ShopProfileFactory.create(base_currency="EUR")


@pytest.mark.usefixtures("shop")
def test_of_fifty_buyers_of_ten_pieces_exactly_ten_get_one():
    variant = VariantFactory.create(sku="S", stock=10)

    ends = at_once([lambda: buy("S") for _i in range(50)])

    assert ends == {"done": 10, "out_of_stock": 40}
    variant.refresh_from_db()
    assert (variant.stock, Order.objects.count()) == (0, 10)
    assert sorted(StockMovement.objects.values_list("balance", flat=True)) == list(range(10))
    variant.product.refresh_from_db()
    assert not variant.product.is_in_stock


@pytest.mark.usefixtures("shop")
def test_buyers_of_the_same_things_in_another_order_do_not_block_each_other():
    for sku in "ABCD":
        VariantFactory.create(sku=sku, stock=100)

    ends = at_once([lambda n=n: buy(*("ABCD" if n % 2 else "DCBA")) for n in range(16)])

    assert ends == {"done": 16}
    assert set(Variant.objects.values_list("stock", flat=True)) == {84}


@pytest.mark.usefixtures("shop")
def test_the_last_pieces_of_two_sizes_sold_at_once_take_the_product_out_of_stock():
    for _round in range(5):
        product = ProductFactory.create(stock=1)
        other = VariantFactory.create(product=product, stock=1)
        first = product.variants.first()

        ends = at_once([lambda s=v.sku: buy(s) for v in (first, other)])

        product.refresh_from_db()
        assert (ends, product.is_in_stock) == ({"done": 2}, False)


@pytest.mark.usefixtures("shop")
def test_the_same_order_sent_by_many_at_once_is_one_order():
    VariantFactory.create(sku="S", stock=3)

    ends = at_once([lambda: buy("S", number="N1") for _i in range(8)])

    assert ends == {"done": 8}
    assert (Order.objects.count(), Variant.objects.get().stock) == (1, 2)


@pytest.mark.usefixtures("shop")
def test_a_refund_asked_for_twice_at_once_is_given_once():
    VariantFactory.create(sku="S", stock=3, price="10")
    order = buy("S").order
    services.pay_order(order.pk)

    ends = at_once([lambda: services.refund_order(order.pk, amount=Decimal(6)) for _i in range(8)])

    assert ends == {"done": 1, "refund_above_paid": 7}
    order.refresh_from_db()
    assert order.refunded_total == 6


@pytest.mark.usefixtures("shop")
def test_an_order_cancelled_twice_at_once_returns_its_pieces_once():
    variant = VariantFactory.create(sku="S", stock=3)
    order = buy("S").order

    ends = at_once([lambda: services.cancel_order(order.pk) for _i in range(6)])

    assert ends == {"done": 1, "transition_refused": 5}
    variant.refresh_from_db()
    assert variant.stock == 3


@pytest.mark.usefixtures("shop")
def test_counts_and_sales_at_once_leave_a_ledger_that_adds_up():
    VariantFactory.create(sku="A", stock=50)
    VariantFactory.create(sku="B", stock=50)
    changes = [StockChange("B", add=3), StockChange("A", add=2)]

    ends = at_once([(lambda: buy("A", "B")) if n % 2 else (lambda: services.change_stock(changes)) for n in range(12)])

    assert ends == {"done": 12}
    for sku, stock in (("A", 50 - 6 + 12), ("B", 50 - 6 + 18)):
        variant = Variant.objects.get(sku=sku)
        moved = sum(variant.movements.values_list("delta", flat=True))
        assert (variant.stock, 50 + moved) == (stock, stock)


@pytest.mark.usefixtures("shop")
def test_a_product_put_by_two_at_once_exists_once():
    data = services.ProductData(name="P", price=Decimal(1), brand="New brand")

    ends = at_once([lambda: services.put_product("ext:P", data) for _i in range(4)])

    assert ends == {"done": 4}
    assert Product.objects.get().variants.count() == 1


@pytest.mark.usefixtures("shop")
def test_the_same_events_sent_by_two_at_once_are_stored_once():
    ProductFactory.create(external_id="P")
    now = timezone.now()
    ids = [services.event_id_of(f"e{number}") for number in range(100)]

    def batch(order: list[int]) -> list[services.NewEvent]:
        return [
            services.NewEvent(n, "view", event_id=ids[n], occurred_at=now, product="ext:P", visitor=f"v{n}")
            for n in order
        ]

    ends = at_once(
        [lambda o=order: services.record_events(batch(o)) for order in (list(range(100)), list(range(99, -1, -1)))] * 2
    )

    assert ends == {"done": 4}
    assert Interaction.objects.count() == 100


# --- what is announced --------------------------------------------------------------------------------------------


@pytest.fixture
def heard():
    """What the signals said, in order."""
    said: list[tuple[str, dict[str, Any]]] = []
    receivers = []
    for name, signal in (("placed", order_placed), ("paid", order_paid), ("changed", product_changed)):

        def receiver(sender: Any, signal: Any, name: str = name, **facts: Any) -> None:
            said.append((name, facts))

        signal.connect(receiver)
        receivers.append((signal, receiver))
    yield said
    for signal, receiver in receivers:
        signal.disconnect(receiver)


@pytest.mark.django_db
def test_an_order_is_announced_once_and_only_after_the_commit(heard, django_capture_on_commit_callbacks):
    VariantFactory.create(sku="S", stock=3, price="10")
    with django_capture_on_commit_callbacks(execute=True):
        order = buy("S", number="N1").order
        assert heard == []
    with django_capture_on_commit_callbacks(execute=True):
        buy("S", number="N1")
        services.pay_order(order.pk, amount=Decimal(4))
    with django_capture_on_commit_callbacks(execute=True):
        services.pay_order(order.pk)

    assert heard == [("placed", {"order_id": order.pk}), ("paid", {"order_id": order.pk})]


@pytest.mark.django_db
def test_a_refused_order_is_not_announced(heard, django_capture_on_commit_callbacks):
    VariantFactory.create(sku="S", stock=0)

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(OutOfStock):
        buy("S")

    assert heard == []


@pytest.mark.django_db
def test_a_changed_product_is_announced(heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        product, _is_new = services.put_product("ext:P", services.ProductData(name="P", price=Decimal(1)))

    assert heard == [("changed", {"product_id": product.pk})]


@pytest.mark.django_db
def test_a_receiver_that_fails_does_not_undo_the_order(django_capture_on_commit_callbacks):
    def fail(sender: Any, **facts: Any) -> None:
        raise RuntimeError

    VariantFactory.create(sku="S")
    order_placed.connect(fail)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            order = buy("S").order
    finally:
        order_placed.disconnect(fail)

    assert Order.objects.get() == order


# --- purchases ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_paid_order_writes_one_purchase_for_each_line():
    customer = CustomerFactory.create()
    first, second = VariantFactory.create(sku="A", price="1"), VariantFactory.create(sku="B", price="1")
    order = services.place_order(
        NewOrder(lines=[NewLine(sku="A", quantity=3), NewLine(sku="B", quantity=1)], customer=customer, number="N1")
    ).order
    assert not Interaction.objects.exists()

    paid = services.pay_order(order.pk)

    rows = Interaction.objects.order_by("value").values_list("kind", "product", "customer", "value", "occurred_at")
    assert list(rows) == [
        ("purchase", second.product_id, customer.pk, 1.0, paid.paid_at),
        ("purchase", first.product_id, customer.pk, 3.0, paid.paid_at),
    ]
    assert services.record_purchases(paid) == 0


@pytest.mark.django_db
def test_the_database_can_make_the_ids_of_purchases_too():
    with connection.cursor() as cursor:
        cursor.execute("SELECT md5('purchase:' || 'N/1 茶' || ':' || 2)::uuid")

        assert str(services.purchase_event_id("N/1 茶", 2)) == str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_a_payment_longer_ago_than_events_are_kept_writes_no_purchase():
    VariantFactory.create(sku="A", price="1")
    order = buy("A").order

    services.pay_order(order.pk, paid_at=timezone.now() - timedelta(days=900))

    assert not Interaction.objects.exists()


@pytest.mark.django_db
def test_refusals_can_be_shown_to_a_person():
    VariantFactory.create(sku="A", price="10")
    order = buy("A").order

    with pytest.raises(TransitionRefused, match="An order that is “placed” cannot become “shipped”"):
        services.ship_order(order.pk)
    services.pay_order(order.pk)
    with pytest.raises(RefundAbovePaid, match=r"10\.00 of what was paid is left, less than 11\.00\."):
        services.refund_order(order.pk, amount=Decimal(11))


@pytest.mark.django_db
def test_an_order_is_closed_after_delivery():
    VariantFactory.create(sku="A", price="10")
    order = buy("A").order
    services.pay_order(order.pk)
    services.ship_order(order.pk)
    services.deliver_order(order.pk)

    assert services.close_order(order.pk).status == "closed"
    with pytest.raises(TransitionRefused):
        services.close_order(order.pk)


@pytest.mark.usefixtures("shop")
def test_orders_are_closed_when_their_return_window_is_over_and_not_before():
    variant = VariantFactory.create(sku="S", stock=10)
    now = timezone.now()
    early, late = (buy(variant.sku).order for _n in range(2))
    for order, days in ((early, 40), (late, 5)):
        services.pay_order(order.pk)
        services.ship_order(order.pk)
        services.deliver_order(order.pk, delivered_at=now - timedelta(days=days))

    assert services.close_settled_orders() == 1
    assert services.close_settled_orders() == 0

    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.status, late.status) == ("closed", "delivered")


@pytest.mark.usefixtures("shop")
def test_two_variants_that_sell_out_at_the_same_moment_leave_the_product_out_of_stock():
    for _round in range(5):
        product = ProductFactory.create(stock=NO_VARIANT)
        first, second = (VariantFactory.create(product=product, stock=1) for _n in range(2))

        def sell_out(variant: Variant) -> None:
            with transaction.atomic():
                Variant.objects.filter(pk=variant.pk).update(stock=0)
                time.sleep(0.05)

        ends = at_once([partial(sell_out, first), partial(sell_out, second)])

        product.refresh_from_db()
        assert ends == {"done": 2}
        assert product.is_in_stock is False
