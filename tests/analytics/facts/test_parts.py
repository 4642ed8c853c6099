"""Days of sales in parts: hours are the shop's, channels and countries those of the order."""

from datetime import date

from analytics.models import SalesPart
from tests.factories import CustomerFactory


def parts(kind):
    return {(row.day, row.part): (row.orders, row.gross, row.refunded) for row in SalesPart.objects.filter(kind=kind)}


def test_orders_and_refunds_stand_at_their_hour_channel_and_country(books):
    order = books.sell(CustomerFactory.create(), "2026-06-10", 100, hour=17, channel="app", country="CN")
    books.sell(None, "2026-06-11", 30, channel="", country="DE")
    books.give_back(order, "2026-06-12", 40)
    books.give_back(None, "2026-06-12", 5, currency="CNY", customer=CustomerFactory.create())

    assert books.are_right()

    night, day, back = date(2026, 6, 11), date(2026, 6, 11), date(2026, 6, 12)
    assert parts("hour") == {(night, "01"): (1, 100, 0), (day, "20"): (1, 30, 0), (back, "20"): (0, 0, 45)}
    assert parts("channel") == {
        (night, "app"): (1, 100, 0), (day, ""): (1, 30, 0), (back, "app"): (0, 0, 40), (back, ""): (0, 0, 5),
    }  # fmt: skip
    assert parts("country")[day, "DE"] == (1, 30, 0)


def test_an_order_that_moves_to_another_channel_or_country_takes_its_refunds_along(books):
    order = books.sell(CustomerFactory.create(), "2026-06-10", 100, channel="app", country="CN")
    books.give_back(order, "2026-06-12", 40)
    assert books.are_right()

    order.channel = "web"
    order.save()
    assert books.are_right()
    order.country = "DE"
    order.save()

    assert books.are_right()
    assert set(SalesPart.objects.values_list("kind", "part")) == {
        ("hour", "20"), ("channel", "web"), ("country", "DE"),
    }  # fmt: skip
