"""Invoice lines of Online Retail: every line is taken by one rule and the amounts add up."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from catalog.importing.errors import FileRefused, ImportRefused
from catalog.importing.online_retail.returns import Match, Movement, match_returns
from catalog.importing.online_retail.words import shop_name
from catalog.models import Customer, Interaction, Order, Payment, Product, Refund
from core.models import ShopProfile
from tests.catalog.importing.conftest import counts, do_import, table_hashes

HEADER = "invoice,stock_code,description,quantity,invoice_date,price,customer_id,country\n"
ROWS = """
    1001,22041,RECORD FRAME 7 INCH,4,2010-06-01 10:00:00,2.50,501,United Kingdom
    1001,22041,RECORD FRAME 7 INCH,4,2010-06-01 10:00:00,2.50,501,United Kingdom
    1001,85123a,KID'S T-LIGHT HOLDER,2,2010-06-01 10:00:00,3.00,501,United Kingdom
    1001,POST,POSTAGE,1,2010-06-01 10:00:00,5.00,501,United Kingdom
    1002,85123A,KID'S T-LIGHT HOLDER,10,2010-07-02 11:30:00,2.00,,EIRE
    1002,M,Manual,1,2010-07-02 11:30:00,9.99,,EIRE
    1003,DOT,DOTCOM POSTAGE,1,2010-07-03 09:00:00,7.25,501,United Kingdom
    C1004,22041,RECORD FRAME 7 INCH,-3,2010-08-01 12:00:00,2.50,501,France
    C1005,85123A,KID'S T-LIGHT HOLDER,-5,2010-08-02 12:00:00,3.00,501,France
    C1005,POST,POSTAGE,-1,2010-08-02 12:00:00,5.00,501,France
    C1006,85123A,KID'S T-LIGHT HOLDER,-1,2010-08-03 12:00:00,2.00,,EIRE
    C1007,D,Discount,-1,2010-08-03 13:00:00,4.00,502,Germany
    1008,22041,damaged,-20,2010-08-04 12:00:00,0,,United Kingdom
    1009,22041,,1,2010-08-05 12:00:00,0,501,France
    1010,22041,RECORD FRAME,1,2010-09-01 12:00:00,2.75,501,Unspecified
    A1011,B,Adjust bad debt,1,2010-09-02 12:00:00,-100.00,,United Kingdom
    1012,gift_0001_10,Gift voucher,1,2010-09-03 12:00:00,10.00,,United Kingdom
    """


@pytest.fixture
def lines(write):
    return write({"transactions.csv": HEADER + ROWS})


pytestmark = pytest.mark.django_db


def rules(result):
    return {code: (rule["count"], rule["amount"]) for code, rule in result.rules.items()}


def test_every_line_is_taken_by_one_rule(lines):
    result = do_import(lines, "online-retail")

    assert rules(result) == {
        "sales": (5, "48.75"),
        "shipping": (2, "12.25"),
        "returns_matched": (1, "-7.50"),
        "returns_unmatched": (2, "-17.00"),
        "shipping_returned": (1, "-5.00"),
        "left_out_manual": (1, "9.99"),
        "left_out_discount": (1, "-4.00"),
        "left_out_stock_write_offs": (1, "0.00"),
        "left_out_zero_price": (1, "0.00"),
        "left_out_bad_debt": (1, "-100.00"),
        "left_out_vouchers": (1, "10.00"),
        "duplicates_kept": (1, None),
        "codes_unified": (1, None),
        "variants_made": (2, None),
        "purchases": (5, None),
        "guest_orders": (1, "20.00"),
        "orders_of_shipping_alone": (1, "7.25"),
    }
    assert result.totals == {
        "file": "-52.51", "orders": "61.00", "refunds": "-29.50", "left_out": "-84.01", "difference": "0.00",
    }  # fmt: skip


def test_orders_are_paid_when_invoiced_on_the_clock_of_london(lines):
    do_import(lines, "online-retail")

    order = Order.objects.get(number="1001")
    assert order.placed_at == order.paid_at == datetime(2010, 6, 1, 9, tzinfo=UTC)
    assert (order.status, order.currency, order.customer.external_id) == ("closed", "GBP", "501")
    assert (order.lines_total, order.shipping, order.total, order.paid_total) == (26, 5, 31, 31)
    assert [(line.line, line.sku, line.quantity) for line in order.lines.all()] == [
        (1, "22041", 4), (2, "22041", 4), (3, "85123A", 2),
    ]  # fmt: skip
    assert Payment.objects.get(order=order).external_id == "1001"
    assert Order.objects.get(number="1002").customer is None
    assert Interaction.objects.filter(kind="purchase").count() == 5
    profile = ShopProfile.current()
    assert (profile.base_currency, profile.time_zone) == ("GBP", "Europe/London")


def test_returns_become_refunds_of_their_order_where_it_is_known(lines):
    do_import(lines, "online-retail")

    refund = Refund.objects.get(external_id="C1004:1")
    assert (refund.order.number, refund.order_line.line, refund.quantity, refund.amount) == (
        "1001",
        2,
        3,
        Decimal("7.5"),
    )
    assert refund.order.refunded_total == Decimal("7.5")
    assert refund.order_line.refunded_quantity == 3
    apart = Refund.objects.get(external_id="C1005:1")
    assert (apart.order, apart.customer.external_id, apart.product.external_id, apart.amount) == (
        None,
        "501",
        "85123A",
        15,
    )
    postage = Refund.objects.get(external_id="C1005:2")
    assert (postage.product, postage.quantity, postage.reason) == (None, 0, "postage")
    assert Refund.objects.get(external_id="C1006:1").customer is None


def test_products_and_customers_take_what_is_latest_or_most_frequent(lines):
    do_import(lines, "online-retail")

    frame, holder = Product.objects.order_by("external_id")
    assert (frame.external_id, frame.name, frame.price, frame.status) == (
        "22041",
        "Record Frame 7 Inch",
        Decimal("2.75"),
        "live",
    )
    assert (holder.external_id, holder.name, holder.is_in_stock) == ("85123A", "Kid's T-Light Holder", True)
    assert [(c.external_id, c.country) for c in Customer.objects.order_by("external_id")] == [
        ("501", "France"), ("502", "Germany"),
    ]  # fmt: skip
    assert Customer.objects.get(external_id="501").joined_at == datetime(2010, 6, 1, 9, tzinfo=UTC)


def test_the_same_lines_twice_change_nothing(lines):
    do_import(lines, "online-retail")
    before = table_hashes()

    result = do_import(lines, "online-retail")

    assert table_hashes() == before
    assert all(section["new"] == section["changed"] == 0 for section in result.sections.values())
    assert result.totals["difference"] == "0.00"


def test_what_staff_wrote_about_a_customer_stays(lines):
    do_import(lines, "online-retail")
    Customer.objects.filter(external_id="501").update(name="Ann", email="ann@example.com")

    do_import(lines, "online-retail")

    assert Customer.objects.get(external_id="501").name == "Ann"


def test_a_dry_run_tells_the_same_amounts(lines):
    rehearsal = do_import(lines, "online-retail", dry_run=True)

    assert not Order.objects.exists()
    assert ShopProfile.current().base_currency == "CNY"
    real = do_import(lines, "online-retail")
    assert rehearsal.totals == real.totals
    assert {n: counts(s) for n, s in rehearsal.sections.items()} == {n: counts(s) for n, s in real.sections.items()}


def test_the_names_of_the_original_spreadsheet_are_understood(write):
    text = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    folder = write({"transactions.csv": text + "1,10002,BALLOON,1,2010-01-04 08:00:00,0.85,13085.0,France\n"})

    do_import(folder / "transactions.csv", "online-retail")

    assert Order.objects.get().customer.external_id == "13085"


def test_rows_that_cannot_be_read_are_refused_and_the_others_add_up(write):
    rows = (
        "1,10002,BALLOON,1,2010-01-04 08:00:00,0.85,1,France\n1,10002,BALLOON,many,2010-01-04 08:00:00,0.85,1,France\n"
    )

    result = do_import(write({"transactions.csv": HEADER + rows}), "online-retail")

    assert result.refused == [("transactions.csv", 3, "quantity", "is not a whole number")]
    assert result.totals["file"] == result.totals["orders"] == "0.85"


def test_a_file_without_prices_is_refused(write):
    folder = write({"transactions.csv": HEADER.replace(",price", "")})

    with pytest.raises(FileRefused, match=r"transactions.csv, line 1, column price: the column is missing."):
        do_import(folder, "online-retail")


def test_a_shop_with_orders_in_another_currency_is_left_alone(small_shop, lines):
    do_import(small_shop)

    with pytest.raises(ImportRefused, match=r"The shop has orders in CNY; this format is in GBP\."):
        do_import(lines, "online-retail")


def movement(line, quantity, amount, *, is_return=False, invoice="1", total=100, product="a"):
    return Movement("c", product, is_return, invoice, line, quantity, Decimal(amount), Decimal(total), line)


def test_a_return_takes_the_newest_line_with_enough_pieces_left():
    sales = [movement(1, 5, 50), movement(2, 2, 20, invoice="2")]
    returns = [movement(n, 2, 20, is_return=True, invoice=f"C{n}") for n in (3, 4, 5, 6)]

    found = list(match_returns([*sales, *returns]))

    assert found == [Match(3, "2", 2), Match(4, "1", 1), Match(5, "1", 1)]


def test_an_order_never_gives_back_more_than_it_came_to():
    moves = [
        movement(1, 9, 30, total=40),
        movement(3, 1, 35, is_return=True),
        movement(2, 9, 10, total=40, product="b"),
        movement(4, 1, 10, is_return=True, product="b"),
        movement(5, 1, 5, is_return=True, product="b"),
    ]

    assert list(match_returns(moves)) == [Match(3, "1", 1), Match(5, "1", 2)]


@pytest.mark.parametrize(
    ("description", "name"),
    [
        ("KID'S  WHITE T-LIGHT HOLDER 15CM ", "Kid's White T-Light Holder 15cm"),
        ("SET OF 3 CAKE TINS IN LED LIGHT", "Set of 3 Cake Tins in LED Light"),
        ("THE BIRD", "The Bird"),
        ("Already named well", "Already named well"),
        ('RECORD FRAME 7" S/4', 'Record Frame 7" S/4'),
    ],
)
def test_names_in_capitals_become_names_of_a_shop(description, name):
    assert shop_name(description) == name
