from decimal import Decimal

import pytest

from catalog import services
from catalog.models import Interaction, Order, StockMovement, Visitor
from core.models import Scope
from tests.factories import (
    CustomerFactory,
    OrderFactory,
    ProductFactory,
    ShopProfileFactory,
    VariantFactory,
    VisitorFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def euros(db):
    ShopProfileFactory.create(base_currency="EUR")


@pytest.fixture
def shirt(db):
    """Costs 12.50, five pieces."""
    return VariantFactory.create(sku="S", price="12.50", stock=5, product=ProductFactory.create(name="Shirt", stock=-1))


@pytest.fixture
def order(server, shirt) -> str:
    """Two shirts, 25.00, placed."""
    server.post("/orders", {"number": "N1", "lines": [{"sku": "S", "quantity": 2}]})
    return "N1"


def report(server, number: str, kind: str, **more):
    return server.post(f"/orders/{number}/events", {"kind": kind, **more})


# --- placing ------------------------------------------------------------------------------------------------------


def test_an_order_takes_stock_and_is_counted_by_the_server(server, shirt):
    customer = CustomerFactory.create(external_id="4711")
    pot = ProductFactory.create(name="Pot", price="0.335", stock=10)

    response = server.post(
        "/orders",
        {
            "number": "2026-1 a",
            "customer": "ext:4711",
            "lines": [
                {"sku": "S", "quantity": 2, "discount": "1.00"},
                {"product": pot.public_id, "quantity": 3},
                {"sku": "S", "quantity": 1, "unit_price": "10"},
            ],
            "shipping": "4.90",
            "discount": "2",
            "channel": "web",
            "country": "BR",
            "placed_at": "2026-11-01T08:00:00Z",
        },
    )

    assert response.status_code == 201, response.content
    order = response.json()
    assert order["number"] == "2026-1 a"
    assert (order["lines_total"], order["total"], order["currency"]) == ("35.005", "37.905", "EUR")
    assert (order["status"], order["paid_total"], order["placed_at"]) == ("placed", "0.00", "2026-11-01T08:00:00Z")
    assert order["customer"] == customer.public_id
    assert [(line["sku"], line["name"], line["amount"]) for line in order["lines"]] == [
        ("S", "Shirt", "24.00"),
        (pot.variants.get().sku, "Pot", "1.005"),
        ("S", "Shirt", "10.00"),
    ]
    assert [event["kind"] for event in order["events"]] == ["placed"]
    shirt.refresh_from_db()
    assert shirt.stock == 2
    moves = StockMovement.objects.filter(variant=shirt).values_list("delta", "balance", "reason", "order__number")
    assert list(moves) == [(-3, 2, "sale", "2026-1 a")]


def test_an_order_of_a_guest_says_in_which_browser_it_was_placed(server, shirt):
    VisitorFactory.create(key="v1")
    for visitor in ("v1", "v2"):
        body = {"number": f"of {visitor}", "visitor": visitor, "lines": [{"sku": "S", "quantity": 1}]}
        assert server.post("/orders", body).status_code == 201
        assert report(server, f"of {visitor}", "paid").status_code == 200

    assert [order.visitor.key for order in Order.objects.order_by("id")] == ["v1", "v2"]
    bought = Interaction.objects.filter(kind="purchase").order_by("visitor_id")
    assert [(one.visitor.key, one.customer) for one in bought] == [("v1", None), ("v2", None)]


def test_the_browser_of_an_order_belongs_to_its_buyer_unless_it_is_somebody_elses(server, shirt):
    anna, bo = CustomerFactory.create(), CustomerFactory.create()
    lines = [{"sku": "S", "quantity": 1}]

    server.post("/orders", {"visitor": "v1", "customer": anna.public_id, "lines": lines})
    server.post("/orders", {"visitor": "v1", "customer": bo.public_id, "lines": lines})

    assert Visitor.objects.get(key="v1").customer == anna
    assert [order.visitor.key for order in Order.objects.all()] == ["v1", "v1"]


def test_an_order_in_a_browser_that_is_not_followed_does_not_say_where(server, shirt):
    VisitorFactory.create(key="v1", may_track=False)

    customer = CustomerFactory.create()
    body = {"visitor": "v1", "customer": customer.public_id, "lines": [{"sku": "S", "quantity": 1}]}
    assert server.post("/orders", body).status_code == 201

    assert Order.objects.get().visitor is None
    assert Visitor.objects.get().customer is None


def test_who_says_no_later_takes_the_browser_from_orders_that_stay(server, shirt):
    server.post("/orders", {"number": "N1", "visitor": "v1", "lines": [{"sku": "S", "quantity": 1}]})
    report(server, "N1", "paid")

    services.see_visitor(key="v1", may_track=False)

    assert Order.objects.get().visitor is None
    assert Interaction.objects.filter(kind="purchase").values_list("visitor", "customer").get() == (None, None)


def test_the_browser_is_no_part_of_what_was_ordered(server, shirt):
    body = {"number": "N1", "lines": [{"sku": "S", "quantity": 1}]}
    first = server.post("/orders", {**body, "visitor": "v1"})

    again = server.post("/orders", body)

    assert (first.status_code, again.status_code, Order.objects.count()) == (201, 200, 1)
    assert server.post("/orders", {**body, "number": "N2", "visitor": "x" * 65}).status_code == 400


def test_an_order_without_a_number_gets_one_that_cannot_be_guessed(server, shirt):
    numbers = {server.post("/orders", {"lines": [{"sku": "S", "quantity": 1}]}).json()["number"] for _i in range(2)}

    assert len(numbers) == 2
    assert all(len(number) == 15 for number in numbers)


def test_the_same_order_again_is_the_same_order(server, shirt):
    body = {"number": "N1", "lines": [{"sku": "S", "quantity": 2}], "shipping": "5.0"}
    first = server.post("/orders", body)

    type(shirt).objects.filter(pk=shirt.pk).update(price=99)
    again = server.post("/orders", {**body, "shipping": "5.00"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    shirt.refresh_from_db()
    assert (shirt.stock, Order.objects.count()) == (3, 1)


def test_another_order_with_the_same_number_is_refused(server, shirt, order):
    response = server.post("/orders", {"number": order, "lines": [{"sku": "S", "quantity": 1}]})

    assert (response.status_code, response.json()["code"]) == (409, "order_number_taken")
    shirt.refresh_from_db()
    assert shirt.stock == 3


def test_an_imported_order_is_not_mistaken_for_a_repeated_one(server, shirt):
    OrderFactory.create(number="old")

    assert server.post("/orders", {"number": "old", "lines": [{"sku": "S", "quantity": 1}]}).status_code == 409


def test_too_few_pieces_refuse_the_whole_order_and_change_nothing(server, shirt):
    plenty = VariantFactory.create(sku="A", stock=100)

    response = server.post(
        "/orders", {"lines": [{"sku": "A", "quantity": 1}, {"sku": "S", "quantity": 3}, {"sku": "S", "quantity": 3}]}
    )

    problem = response.json()
    assert (response.status_code, problem["code"]) == (409, "out_of_stock")
    assert (problem["sku"], problem["wanted"], problem["available"]) == ("S", 6, 5)
    for variant, stock in ((shirt, 5), (plenty, 100)):
        variant.refresh_from_db()
        assert variant.stock == stock
    assert (Order.objects.count(), StockMovement.objects.count()) == (0, 0)


def test_what_is_not_counted_is_always_there(server):
    voucher = VariantFactory.create(sku="V", track_stock=False, stock=0)

    assert server.post("/orders", {"lines": [{"sku": "V", "quantity": 1000}]}).status_code == 201

    voucher.refresh_from_db()
    assert (voucher.stock, StockMovement.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("lines", "status", "code", "field"),
    [
        ([{"sku": "none", "quantity": 1}], 422, "unknown_sku", "lines.0.sku"),
        (
            [{"sku": "S", "quantity": 1}, {"product": "ext:none", "quantity": 1}],
            422,
            "unknown_product",
            "lines.1.product",
        ),
        ([{"product": "ext:two", "quantity": 1}], 422, "variant_needed", "lines.0.product"),
        ([{"sku": "hidden", "quantity": 1}], 409, "not_for_sale", "lines.0"),
        ([{"sku": "S", "quantity": 1, "discount": "12.51"}], 422, "bad_input", "lines.0.discount"),
        ([{"sku": "S", "quantity": 0}], 400, "bad_input", "lines.0.quantity"),
        ([{"sku": "S", "quantity": 1.5}], 400, "bad_input", "lines.0.quantity"),
        ([{"sku": "S", "quantity": 1, "unit_price": "-1"}], 400, "bad_input", "lines.0.unit_price"),
        ([{"quantity": 1}], 400, "bad_input", "lines.0.sku"),
        ([], 400, "bad_input", "lines"),
        ([{"sku": "S", "quantity": 1}] * 501, 400, "bad_input", "lines"),
    ],
)
def test_lines_that_cannot_be_are_named_and_nothing_is_written(server, shirt, lines, status, code, field):
    two = ProductFactory.create(external_id="two")
    VariantFactory.create(product=two)
    VariantFactory.create(sku="hidden", product=ProductFactory.create(status="hidden", stock=-1))

    response = server.post("/orders", {"lines": lines})

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["errors"][0]["field"] == field
    assert (Order.objects.count(), StockMovement.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("more", "status", "field"),
    [
        ({"discount": "12.51"}, 422, "discount"),
        ({"customer": "ext:none"}, 422, "customer"),
        ({"currency": "USD"}, 422, "base_rate"),
        ({"currency": "USD", "base_rate": "0.9"}, 422, "lines.0.unit_price"),
        ({"base_rate": "2"}, 422, "base_rate"),
        ({"currency": "dollars"}, 400, "currency"),
        ({"number": "a/b"}, 400, "number"),
        ({"number": "a\tb"}, 400, "number"),
        ({"placed_at": "2999-01-01T00:00:00Z"}, 400, "placed_at"),
    ],
)
def test_orders_that_cannot_be_are_refused_and_nothing_is_written(server, shirt, more, status, field):
    response = server.post("/orders", {"lines": [{"sku": "S", "quantity": 1}], **more})

    assert response.status_code == status, response.content
    assert response.json()["errors"][0]["field"] == field
    shirt.refresh_from_db()
    assert (shirt.stock, Order.objects.count()) == (5, 0)


def test_an_order_too_large_to_count_is_refused(server):
    VariantFactory.create(sku="V", track_stock=False)
    line = {"sku": "V", "quantity": 100_000, "unit_price": "999999999"}

    response = server.post("/orders", {"lines": [line]})

    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "lines")


def test_an_order_in_another_currency_keeps_its_rate(server, shirt):
    line = {"sku": "S", "quantity": 2, "unit_price": "100"}

    order = server.post("/orders", {"lines": [line], "currency": "CNY", "base_rate": "0.128"}).json()

    assert (order["currency"], order["base_rate"], order["total"]) == ("CNY", "0.128", "200.00")


def test_placing_costs_the_same_queries_for_one_line_and_for_ten_of_one_product(server, django_assert_max_num_queries):
    variant = VariantFactory.create(sku="V", stock=100)
    server.get("/categories")

    with django_assert_max_num_queries(24):
        response = server.post("/orders", {"lines": [{"sku": "V", "quantity": 1}] * 10})

    assert response.status_code == 201
    variant.refresh_from_db()
    assert variant.stock == 90


# --- reading ------------------------------------------------------------------------------------------------------


def test_a_back_end_reads_any_order(server, order):
    assert server.get(f"/orders/{order}").json()["total"] == "25.00"


def test_a_customer_sees_the_own_order_and_no_other(server, shirt, as_customer):
    ana, ben = CustomerFactory.create(external_id="ana"), CustomerFactory.create(external_id="ben")
    server.post("/orders", {"number": "A1", "customer": "ext:ana", "lines": [{"sku": "S", "quantity": 1}]})

    assert as_customer(ana).get("/orders/A1").json()["number"] == "A1"
    assert as_customer(ben).get("/orders/A1").status_code == 404


def test_an_order_of_somebody_else_looks_like_one_that_does_not_exist(server, order, as_customer):
    caller = as_customer()
    foreign, missing = caller.get(f"/orders/{order}").json(), caller.get("/orders/none").json()

    assert {**foreign, "request_id": ""} == {**missing, "request_id": ""}


def test_a_customer_does_not_see_what_the_shop_noted(server, shirt, as_customer):
    ana = CustomerFactory.create(external_id="ana")
    server.post("/orders", {"number": "A1", "customer": "ext:ana", "lines": [{"sku": "S", "quantity": 1}]})
    report(server, "A1", "paid", note="looks like fraud")

    assert "fraud" in server.get("/orders/A1").content.decode()
    assert "fraud" not in as_customer(ana).get("/orders/A1").content.decode()


def test_an_order_says_nothing_personal(server, shirt):
    CustomerFactory.create(external_id="ana", name="Ana Lima", email="ana@example.com", phone="5550100")
    server.post("/orders", {"number": "A1", "customer": "ext:ana", "lines": [{"sku": "S", "quantity": 1}]})

    text = server.get("/orders/A1").content.decode()

    for personal in ("Ana Lima", "ana@example.com", "5550100"):
        assert personal not in text


def test_reading_an_order_costs_six_queries_however_long_it_is(server, django_assert_num_queries):
    lines = [{"sku": VariantFactory.create(sku=f"V{n}").sku, "quantity": 1} for n in range(12)]
    server.post("/orders", {"number": "long", "lines": lines})

    with django_assert_num_queries(6):  # order and customer, lines, their products, events, payments, refunds
        server.get("/orders/long")


# --- life cycle ---------------------------------------------------------------------------------------------------


def test_an_order_goes_from_placed_to_delivered(server, order):
    for kind, more, status in (
        ("paid", {"method": "card"}, "paid"),
        ("shipped", {"partly": True}, "partly_shipped"),
        ("shipped", {}, "shipped"),
        ("delivered", {}, "delivered"),
    ):
        response = report(server, order, kind, **more)
        assert (response.status_code, response.json()["status"]) == (200, status)

    final = server.get(f"/orders/{order}").json()
    assert [event["kind"] for event in final["events"]] == ["placed", "paid", "shipped", "shipped", "delivered"]
    assert (final["paid_total"], final["payments"][0]["amount"]) == ("25.00", "25.00")


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        ([], "shipped"),
        ([], "delivered"),
        (["paid"], "paid"),
        (["paid"], "delivered"),
        (["paid", "shipped"], "shipped"),
        (["paid", "shipped"], "cancelled"),
        (["cancelled"], "paid"),
        (["cancelled"], "cancelled"),
        (["paid", "shipped", "delivered"], "paid"),
    ],
)
def test_a_step_out_of_order_is_refused_and_changes_nothing(server, order, before, kind):
    for step in before:
        assert report(server, order, step).status_code == 200
    was = server.get(f"/orders/{order}").json()

    response = report(server, order, kind)

    assert (response.status_code, response.json()["code"]) == (409, "transition_refused")
    assert response.json()["order_status"] == was["status"]
    assert server.get(f"/orders/{order}").json() == was


def test_an_order_paid_in_parts_is_paid_when_nothing_is_due(server, order):
    first = report(server, order, "paid", amount="10", external_id="p1")
    again = report(server, order, "paid", amount="10", external_id="p1")
    second = report(server, order, "paid", external_id="p2")

    assert [answer.json()["status"] for answer in (first, again, second)] == ["placed", "placed", "paid"]
    assert [payment["amount"] for payment in second.json()["payments"]] == ["10.00", "15.00"]


def test_a_known_payment_with_another_amount_or_order_is_refused(server, order):
    report(server, order, "paid", amount="10", external_id="p1")
    server.post("/orders", {"number": "N2", "lines": [{"sku": "S", "quantity": 1}]})

    assert report(server, order, "paid", amount="11", external_id="p1").json()["code"] == "id_taken"
    assert report(server, "N2", "paid", amount="10", external_id="p1").json()["code"] == "id_taken"


def test_more_than_is_due_is_refused(server, order):
    response = report(server, order, "paid", amount="25.0001")

    assert (response.status_code, response.json()["code"], response.json()["due"]) == (409, "paid_above_total", "25.00")
    assert server.get(f"/orders/{order}").json()["paid_total"] == "0.00"


def test_a_free_order_is_paid_without_a_payment(server, shirt):
    server.post("/orders", {"number": "free", "lines": [{"sku": "S", "quantity": 1, "unit_price": "0"}]})

    response = report(server, "free", "paid")

    assert (response.json()["status"], response.json()["payments"]) == ("paid", [])


def test_cancelling_puts_the_pieces_back(server, shirt, order):
    report(server, order, "paid")

    assert report(server, order, "cancelled", note="changed their mind").status_code == 200

    shirt.refresh_from_db()
    assert shirt.stock == 5
    assert list(StockMovement.objects.order_by("id").values_list("delta", "reason")) == [(-2, "sale"), (2, "cancel")]


def test_a_piece_that_came_back_before_is_not_put_back_twice(server, shirt, order):
    report(server, order, "paid")
    report(server, order, "refunded", lines=[{"line": 1, "quantity": 1}], restock=True)
    report(server, order, "cancelled")

    shirt.refresh_from_db()
    assert shirt.stock == 5


def test_a_returned_piece_is_refunded_at_its_share_and_restocked(server, shirt, order):
    report(server, order, "paid")

    response = report(server, order, "refunded", lines=[{"line": 1, "quantity": 1}], restock=True, note="too small")

    assert (response.status_code, response.json()["refunded_total"]) == (200, "12.50")
    assert response.json()["lines"][0]["refunded_quantity"] == 1
    assert response.json()["status"] == "paid"
    shirt.refresh_from_db()
    assert shirt.stock == 4


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"amount": "25.01"}, "refund_above_paid"),
        ({"lines": [{"line": 1, "quantity": 3}]}, "returned_above_bought"),
        ({"lines": [{"line": 1, "quantity": 1, "amount": "26"}]}, "refund_above_paid"),
        ({"lines": [{"line": 9, "quantity": 1}]}, "bad_input"),
        ({"lines": [{"line": 1, "quantity": 1}, {"line": 1, "quantity": 1}]}, "bad_input"),
        ({"lines": [{"line": 1, "quantity": 1}], "amount": "1"}, "bad_input"),
        ({}, "bad_input"),
    ],
)
def test_no_refund_is_above_what_was_paid_or_bought(server, shirt, order, more, code):
    report(server, order, "paid")

    response = report(server, order, "refunded", restock=True, **more)

    assert response.status_code in (409, 422)
    assert response.json()["code"] == code
    now = server.get(f"/orders/{order}").json()
    assert (now["refunded_total"], now["refunds"], now["lines"][0]["refunded_quantity"]) == ("0.00", [], 0)
    shirt.refresh_from_db()
    assert shirt.stock == 3


def test_nothing_paid_means_nothing_to_refund(server, order):
    assert report(server, order, "refunded", amount="1").json()["code"] == "refund_above_paid"


def test_the_same_refund_counts_once(server, order):
    report(server, order, "paid")

    answers = [report(server, order, "refunded", amount="20", external_id="r1") for _i in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert Order.objects.get(number=order).refunded_total == Decimal(20)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "lost"}, "kind"),
        ({}, "kind"),
        ({"kind": "shipped", "amount": "1"}, "amount"),
        ({"kind": "paid", "lines": [{"line": 1, "quantity": 1}]}, "lines"),
        ({"kind": "paid", "amount": "0"}, "amount"),
        ({"kind": "paid", "occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
    ],
)
def test_an_event_that_cannot_be_is_400(server, order, body, field):
    response = server.post(f"/orders/{order}/events", body)

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)


def test_events_of_an_unknown_order_are_404(server):
    assert report(server, "none", "paid").status_code == 404


def test_orders_are_a_scope_of_their_own(with_scopes, order):
    others = with_scopes(*(scope for scope in Scope if scope is not Scope.ORDERS))

    assert others.get(f"/orders/{order}").status_code == 403
    assert others.post("/orders", {}).status_code == 403
    assert report(others, order, "paid").status_code == 403


def test_an_order_is_read_by_its_own_id_too(server, order, as_customer):
    ident = Order.objects.values_list("public_id", flat=True).get()

    assert server.get(f"/orders/{ident}").json() == server.get("/orders/N1").json()
    assert as_customer().get(f"/orders/{ident}").status_code == 404
