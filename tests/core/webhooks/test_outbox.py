"""Facts: written with the change or not at all, and only when somebody listens."""

from decimal import Decimal

import pytest
from django.db import transaction

from catalog import services
from catalog.exceptions import OutOfStock
from catalog.models import ImportBatch, Order, Product
from catalog.services import lifecycle
from catalog.services.customers import CustomerData, put_customer
from catalog.services.products import ProductData, put_product
from catalog.services.staff import set_product_status
from catalog.services.stock import StockChange, change_stock
from core import outbox
from core.extensions import webhook_events
from core.models import OutboxMessage
from core.webhooks import runs
from tests.factories import CustomerFactory, ProductFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
ALL = "https://all.example/hook"


def told() -> list[tuple[str, dict]]:
    return list(OutboxMessage.objects.order_by("id").values_list("event", "payload"))


@pytest.fixture
def everything(hook):
    return hook(ALL, events=[entry.key for entry in webhook_events])


def test_a_fact_is_not_written_while_no_webhook_wants_it(hook, django_assert_num_queries):
    hook(ALL, events=["order.paid"])
    hook(ALL, events=["order.placed"], is_on=False)

    with django_assert_num_queries(1):
        assert outbox.tell("order.placed", id="a") is None

    assert told() == []


def test_a_fact_of_a_change_that_is_taken_back_is_taken_back_with_it(hook):
    hook(ALL)

    with transaction.atomic():
        assert outbox.tell("order.placed", id="a") is not None
        transaction.set_rollback(True)

    assert told() == []


def test_an_event_that_nobody_registered_is_a_slip(hook):
    with pytest.raises(KeyError):
        outbox.tell("order.eaten", id="a")


def test_every_event_has_a_title_in_words():
    titles = {entry.key: str(entry.resolve()) for entry in webhook_events}

    assert len(titles) == 11
    assert titles["order.paid"] == "Order paid"
    assert len(set(titles.values())) == len(titles)


def test_an_order_tells_of_each_step_with_ids_and_states_only(everything):
    customer = CustomerFactory.create(name="Ana", email="ana@mail.test")
    sku = ProductFactory.create(stock=9, price="10").variants.get().sku
    OutboxMessage.objects.all().delete()

    order = services.place_order(
        services.NewOrder(lines=[services.NewLine(sku=sku, quantity=2)], customer=customer, number="N-1")
    ).order
    lifecycle.pay_order(order.pk, amount=Decimal(5))
    lifecycle.pay_order(order.pk)
    lifecycle.refund_order(order.pk, amount=Decimal("7.5"))
    lifecycle.ship_order(order.pk, is_partly=True)
    lifecycle.ship_order(order.pk)
    lifecycle.deliver_order(order.pk)
    lifecycle.close_order(order.pk)

    ident = Order.objects.values_list("public_id", flat=True).get()
    base = {"id": ident, "total": "20.00", "currency": "CNY"}
    assert told() == [
        ("order.placed", base | {"status": "placed"}),
        ("order.paid", base | {"status": "paid"}),
        ("order.refunded", base | {"status": "paid", "amount": "7.50", "refunded_total": "7.50"}),
        ("order.shipped", base | {"status": "partly_shipped", "is_partly": True}),
        ("order.shipped", base | {"status": "shipped", "is_partly": False}),
        ("order.delivered", base | {"status": "delivered"}),
    ]


def test_an_order_that_cannot_be_placed_tells_nothing(everything):
    sku = ProductFactory.create(stock=1).variants.get().sku
    OutboxMessage.objects.all().delete()

    with pytest.raises(OutOfStock):
        services.place_order(services.NewOrder(lines=[services.NewLine(sku=sku, quantity=2)]))

    assert told() == []


def test_stock_tells_when_a_product_sells_out_or_comes_back_and_not_in_between(everything):
    product = ProductFactory.create(stock=2, external_id="p-1")
    sku = product.variants.get().sku
    OutboxMessage.objects.all().delete()

    change_stock([StockChange(sku, add=-1)])
    order = services.place_order(services.NewOrder(lines=[services.NewLine(sku=sku, quantity=1)])).order
    change_stock([StockChange(sku, set_to=0)])
    lifecycle.cancel_order(order.pk)

    flips = [facts for event, facts in told() if event == "stock.changed"]
    base = {"id": product.public_id, "external_id": "p-1"}
    assert flips == [base | {"is_in_stock": False}, base | {"is_in_stock": True}]
    assert [event for event, _facts in told()][-2:] == ["order.cancelled", "stock.changed"]


def test_products_and_customers_tell_that_they_changed(everything):
    product, _new = put_product("ext:p-1", ProductData(name="Bowl", price=Decimal(3)))
    set_product_status(products=Product.objects.all(), status="hidden", by=StaffUserFactory.create())
    customer, _new = put_customer("ext:c-1", CustomerData(name="Ana", email="ana@mail.test"))
    put_customer("ext:c-1", CustomerData(name="Ana B"))

    base = {"id": product.public_id, "external_id": "p-1", "is_deleted": False}
    assert [row for row in told() if row[0] != "stock.changed"] == [
        ("product.changed", base | {"status": "live"}),
        ("product.changed", base | {"status": "hidden"}),
        ("customer.changed", {"id": customer.public_id, "is_new": True}),
        ("customer.changed", {"id": customer.public_id, "is_new": False}),
    ]


def test_an_import_tells_how_it_ended(everything):
    from catalog import facts

    sections = {"products": {"read": 5, "new": 3, "changed": 1, "refused": 1}, "orders": {"read": 2, "new": 2}}
    batch = ImportBatch.objects.create(
        format="native", source="x", state=ImportBatch.State.DONE, report={"sections": sections}
    )

    facts.import_finished(batch)

    counts = {"read": 7, "new": 5, "changed": 1, "refused": 1}
    assert told() == [("import.finished", {"id": batch.pk, "state": "done", "is_dry_run": False, **counts})]


def test_each_message_is_handed_once_to_every_webhook_that_wants_it(hook):
    placed, both = hook(ALL), hook(ALL, events=["order.placed", "order.paid"])
    hook(ALL, is_on=False)
    outbox.tell("order.placed", id="a")
    outbox.tell("order.paid", id="a")

    assert runs.fan_out_all() == 2
    OutboxMessage.objects.update(fanned_out_at=None)  # as after a crash between the rows and the mark
    assert runs.fan_out_all() == 2

    assert [d.message.event for d in placed.deliveries.order_by("id")] == ["order.placed"]
    assert [d.message.event for d in both.deliveries.order_by("id")] == ["order.placed", "order.paid"]


def test_a_message_that_nobody_wants_any_more_is_done_with(hook):
    webhook = hook(ALL)
    outbox.tell("order.placed", id="a")
    webhook.delete()

    assert (runs.fan_out(), runs.fan_out()) == (1, 0)
