"""Orders and money: steps through services, and no more back than was paid."""

from decimal import Decimal

import pytest

from catalog.models import Order, OrderEvent, Refund
from catalog.services import place_order
from catalog.services.lifecycle import pay_order
from catalog.services.orders import NewLine, NewOrder
from tests.factories import CustomerFactory, OrderFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(shop) -> Order:
    """Two pieces of 30 and one of 40, placed."""
    shirt = ProductFactory.create(name="Shirt", price="30", stock=9)
    lamp = ProductFactory.create(name="Lamp", price="40", stock=9)
    lines = [
        NewLine(sku=shirt.variants.get().sku, quantity=2),
        NewLine(sku=lamp.variants.get().sku, quantity=1),
    ]
    return place_order(NewOrder(lines=lines, customer=CustomerFactory.create(name="Ana"), number="A-1")).order


def address(order: Order, rest: str = "change/") -> str:
    return f"/admin/catalog/order/{order.pk}/{rest}"


def step(client, order: Order, name: str, **more):
    answer = client.post(address(order, "step/"), {"step": name, **more}, follow=True)
    order.refresh_from_db()
    return answer


def refund(client, order: Order, **data):
    """Fill the form, read the confirmation, confirm it."""
    asked = client.post(address(order, "refund/"), data)
    if asked.status_code != 200 or "values" not in asked.context:
        return asked
    return client.post(address(order, "refund/"), {**asked.context["values"], "confirmed": "1"}, follow=True)


def test_the_page_shows_lines_sums_and_the_timeline_newest_first(client, order):
    pay_order(order.pk, method="card")

    page = client.get(address(order))

    text = page.content.decode()
    assert "Shirt" in text
    assert [(str(label), amount) for label, amount in page.context["page"].sums] == [
        ("Products", "¥100.00"), ("Shipping", "¥0.00"), ("Total", "¥100.00"), ("Paid", "¥100.00"),
    ]  # fmt: skip
    assert [entry.title for entry in page.context["page"].timeline] == ["Paid", "Placed"]


def test_an_order_walks_through_its_life_one_step_at_a_time(client, order, boss):
    for name, status in (("paid", "paid"), ("shipped", "shipped"), ("delivered", "delivered"), ("closed", "closed")):
        step(client, order, name)
        assert order.status == status

    events = order.events.order_by("id")
    assert [event.kind for event in events] == ["placed", "paid", "shipped", "delivered", "closed"]
    assert {event.created_by for event in events if event.kind != "placed"} == {boss}
    assert order.paid_total == Decimal("100")


def test_a_step_that_is_not_next_is_refused_in_words(client, order):
    answer = step(client, order, "delivered")

    assert order.status == "placed"
    assert [str(message) for message in answer.context["messages"]] == [
        "An order that is “placed” cannot become “delivered”."
    ]


def test_cancelling_asks_first_and_then_puts_the_pieces_back(client, order):
    variant = order.lines.get(line=1).variant
    assert variant.stock == 7

    asked = step(client, order, "cancelled")
    assert order.status == "placed"
    assert "3 pieces go back into stock." in asked.content.decode()
    step(client, order, "cancelled", confirmed="1")

    assert order.status == "cancelled"
    variant.refresh_from_db()
    assert variant.stock == 9


def test_an_amount_is_given_back_after_the_sum_was_confirmed(client, order, boss):
    pay_order(order.pk)

    asked = client.post(address(order, "refund/"), {"amount": "25", "reason": "Late"})
    assert Refund.objects.count() == 0
    assert "Ana gets ¥25.00 back for order A-1." in asked.content.decode()
    refund(client, order, amount="25", reason="Late")

    order.refresh_from_db()
    assert order.refunded_total == Decimal("25")
    found = Refund.objects.get()
    assert (found.amount, found.reason) == (Decimal("25"), "Late")
    assert order.events.get(kind=OrderEvent.Kind.REFUNDED).created_by == boss


def test_pieces_that_came_back_are_worth_their_share_and_return_to_stock(client, order):
    pay_order(order.pk)
    line = order.lines.get(line=1)

    refund(client, order, line_1="1", restock="on")

    order.refresh_from_db()
    line.refresh_from_db()
    line.variant.refresh_from_db()
    assert order.refunded_total == Decimal("30")
    assert (line.refunded_quantity, line.variant.stock) == (1, 8)


def test_a_refund_above_what_was_paid_is_refused_and_changes_nothing(client, order):
    pay_order(order.pk)

    answer = refund(client, order, amount="100.01")

    assert "¥100.00 of what was paid is left, less than ¥100.01." in answer.content.decode()
    order.refresh_from_db()
    assert order.refunded_total == 0
    assert Refund.objects.count() == 0


def test_the_second_click_on_a_confirmation_gives_nothing_more_back(client, order):
    pay_order(order.pk)
    asked = client.post(address(order, "refund/"), {"amount": "25"})
    confirmed = {**asked.context["values"], "confirmed": "1"}

    client.post(address(order, "refund/"), confirmed)
    client.post(address(order, "refund/"), confirmed)

    order.refresh_from_db()
    assert order.refunded_total == Decimal("25")


@pytest.mark.parametrize(
    "data", [{}, {"amount": "5", "line_1": "1"}, {"line_1": "3"}, {"amount": "-1"}, {"amount": "x"}]
)
def test_a_refund_form_that_says_nothing_or_too_much_is_shown_again(data, client, order):
    pay_order(order.pk)

    answer = client.post(address(order, "refund/"), data)

    assert answer.context["has_refund_errors"]
    assert Refund.objects.count() == 0


def test_refunds_need_their_own_right_and_steps_the_right_to_change(client_with, order):
    pay_order(order.pk)
    reader = client_with("catalog.view_order", "catalog.change_order")

    page = reader.get(address(order)).content.decode()

    assert "Give money back" not in page
    assert "Mark as shipped" in page
    assert reader.post(address(order, "refund/"), {"amount": "5", "confirmed": "1"}).status_code == 403
    onlooker = client_with("catalog.view_order")
    assert "Mark as shipped" not in onlooker.get(address(order)).content.decode()
    assert onlooker.post(address(order, "step/"), {"step": "shipped"}).status_code == 403
    order.refresh_from_db()
    assert (order.status, order.refunded_total) == ("paid", 0)


def test_an_order_of_nobody_and_one_that_does_not_exist(client):
    guest = OrderFactory.create(customer=None)

    assert "Guest" in client.get(address(guest)).content.decode()
    assert client.get("/admin/catalog/order/999999/change/").status_code == 302
    assert client.get("/admin/catalog/order/x/change/").status_code == 302
