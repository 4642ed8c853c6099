"""Codes at the checkout: what they take off, once, for whom they were given."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from catalog import services as orders
from catalog.models import Order
from core.components.words import day_text
from core.jobs import Job
from marketing import offers
from marketing.models import CouponCode, Offer
from marketing.offers import keeping
from tests.factories import CustomerFactory, OfferFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def code_of(offer, customer):
    return offers.issue(offer.pk, [customer.pk], at=NOW)[customer.pk]


def place(server, code, *, number="N1", customer="ext:ana", **more):
    body = {"number": number, "customer": customer, "coupon": code, "lines": [{"sku": "P", "quantity": 2}], **more}
    return server.post("/orders", body)


def counters(offer):
    offer.refresh_from_db()
    return offer.given, offer.used, offer.spent, offer.promised


def refused(answer, status, code):
    body = answer.json()
    assert (answer.status_code, body["code"], body["errors"][0]["field"]) == (status, code, "coupon"), body
    assert answer["Content-Type"] == "application/problem+json"
    assert not Order.objects.exists()
    assert not CouponCode.objects.exclude(used_at=None).exists()


@pytest.mark.usefixtures("pot")
def test_a_code_takes_its_share_off_the_order_and_is_used(server, ana, ten_percent):
    code = code_of(ten_percent, ana)

    answer = place(server, offers.spoken(code).lower(), shipping="4.90", discount="1.00")

    order = answer.json()
    assert answer.status_code == 201, order
    assert (order["lines_total"], order["discount"], order["total"]) == ("100.00", "10.90", "94.00")
    row = CouponCode.objects.get()
    assert (row.order.number, row.amount) == ("N1", Decimal("9.90"))
    assert counters(ten_percent) == (1, 1, Decimal("9.90"), 0)


@pytest.mark.usefixtures("pot")
def test_the_same_order_again_uses_the_code_once(server, ana, ten_percent):
    code = code_of(ten_percent, ana)

    first, again = place(server, code), place(server, code)
    other = place(server, code, number="N2")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["discount"] == "10.00"
    assert (other.status_code, other.json()["code"]) == (409, "coupon_used")
    assert Order.objects.count() == 1
    assert counters(ten_percent)[1] == 1


@pytest.mark.usefixtures("pot")
@pytest.mark.parametrize(
    ("terms", "more", "off"),
    [
        ({"unit": "amount", "value": 20}, {}, "20.00"),
        ({"unit": "amount", "value": 500}, {}, "100.00"),  # never below nothing
        ({"value": 10, "most_off": 4}, {}, "4.00"),
        ({"value": "33.33"}, {}, "33.33"),
        ({"kind": "free_shipping", "unit": "amount", "value": 0}, {"shipping": "4.90"}, "4.90"),
        ({"kind": "free_shipping", "unit": "amount", "value": 0, "most_off": 3}, {"shipping": "4.90"}, "3.00"),
        ({"kind": "free_shipping", "unit": "amount", "value": 0}, {}, "0.00"),
    ],
)
def test_what_a_code_takes_off(server, ana, terms, more, off):
    code = code_of(OfferFactory.create(**terms), ana)

    assert place(server, code, **more).json()["discount"] == off


def test_an_amount_is_converted_into_the_currency_of_the_order(server, ana, pot):
    offer = OfferFactory.create(unit="amount", value=20, least_order=40)
    code = code_of(offer, ana)

    answer = place(
        server, code, currency="USD", base_rate="0.8", lines=[{"sku": "P", "quantity": 1, "unit_price": "50"}]
    ).json()

    assert (answer["discount"], answer["total"]) == ("25.00", "25.00")
    assert counters(offer)[2] == 20


@pytest.mark.usefixtures("pot")
def test_codes_that_do_not_count_refuse_the_order_with_their_reason(server, ana, ten_percent):
    CustomerFactory.create(external_id="ben")
    day = timedelta(days=1)
    code = code_of(ten_percent, ana)
    over = code_of(OfferFactory.create(ends_at=NOW + day, valid_days=30), ana)
    CouponCode.objects.filter(code=over).update(expires_at=NOW - day)
    early_offer = OfferFactory.create()
    early = code_of(early_offer, ana)
    Offer.objects.filter(pk=early_offer.pk).update(starts_at=NOW + day)
    small = code_of(OfferFactory.create(least_order=101), ana)

    refused(place(server, "K7QM2XPA94TZ"), 422, "unknown_coupon")
    refused(place(server, code, customer="ext:ben"), 409, "coupon_of_another")
    refused(place(server, code, customer=None), 422, "coupon_needs_customer")
    refused(place(server, over), 409, "coupon_over")
    refused(place(server, early), 409, "coupon_not_yet")
    refused(place(server, small), 409, "order_too_small")
    assert place(server, small, number="N3", lines=[{"sku": "P", "quantity": 3}]).status_code == 201


@pytest.mark.usefixtures("pot", "programme")
def test_what_books_points_is_no_code_of_the_checkout(server, ana):
    offers.issue(OfferFactory.create(kind="points", unit="points", value=50).pk, [ana.pk], at=NOW)

    assert place(server, CouponCode.objects.get().code).json()["code"] == "unknown_coupon"


@pytest.mark.usefixtures("pot")
def test_an_order_that_is_refused_leaves_its_code_unused(server, ana, ten_percent):
    code = code_of(ten_percent, ana)

    assert place(server, code, lines=[{"sku": "none", "quantity": 1}]).status_code == 422

    assert CouponCode.objects.get().used_at is None
    assert counters(ten_percent) == (1, 0, 0, 0)


@pytest.mark.usefixtures("pot")
def test_a_cancelled_order_gives_its_code_back_and_a_refund_does_not(server, ana, django_capture_on_commit_callbacks):
    offer = OfferFactory.create(unit="amount", value=20, budget=20)
    code = code_of(offer, ana)
    place(server, code)
    server.post("/orders/N1/events", {"kind": "paid"})
    server.post("/orders/N1/events", {"kind": "refunded", "amount": "80"})
    order = Order.objects.get()
    assert keeping.give_back(order.pk) == 0
    assert counters(offer) == (1, 1, 20, 0)

    with django_capture_on_commit_callbacks(execute=True):
        server.post("/orders/N1/events", {"kind": "cancelled"})

    assert Job.objects.get(kind="marketing.coupons.back").arguments == {"order_id": order.pk}
    assert [keeping.give_back(order.pk), keeping.give_back(order.pk)] == [1, 0]
    assert counters(offer) == (1, 0, 0, 20)
    assert place(server, code, number="N2").json()["discount"] == "20.00"


@pytest.mark.usefixtures("pot")
def test_a_code_that_the_budget_cannot_pay_for_again_stays_used(server, ana):
    offer = OfferFactory.create(value=10, most_off=30, budget=40)
    place(server, code_of(offer, ana))  # took 10 of the 30
    offers.issue(offer.pk, [CustomerFactory.create().pk], at=NOW)
    assert counters(offer) == (2, 1, 10, 30)
    order = Order.objects.get()
    orders.cancel_order(order.pk)

    assert keeping.give_back(order.pk) == 0

    assert counters(offer) == (2, 1, 0, 30)
    assert place(server, CouponCode.objects.get(customer=ana).code, number="N2").json()["code"] == "coupon_used"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("pot")
def test_of_eight_orders_with_the_same_code_at_once_one_is_placed(ana):
    offer = OfferFactory.create(unit="amount", value=20, budget=20)
    code = code_of(offer, ana)

    def buy(number):
        new = orders.NewOrder([orders.NewLine(1, sku="P")], customer=ana, number=number, coupon=code)
        try:
            return orders.place_order(new).is_new
        except offers.CouponRefused as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        others = list(pool.map(buy, [f"N{place}" for place in range(8)]))
        twins = list(pool.map(buy, [Order.objects.get().number] * 8))

    assert sorted(map(str, others)) == ["True"] + ["coupon_used"] * 7
    assert twins == [False] * 8
    assert counters(offer) == (1, 1, 20, 0)


# --- what customers see ---------------------------------------------------------------------------------------------


def test_a_customer_sees_only_his_own_open_offers_with_their_reason(ana, ten_percent, as_customer):
    ben, zhou = CustomerFactory.create(name="Ben"), CustomerFactory.create(language="zh-CN")
    least = OfferFactory.create(
        title={"en": "Less", "zh-hans": "更少"}, unit="amount", value=5, least_order=20, ends_at=NOW + timedelta(days=9)
    )
    code = code_of(ten_percent, ana)
    offers.issue(least.pk, [zhou.pk, ana.pk], at=NOW + timedelta(seconds=1))
    CouponCode.objects.filter(customer=ana, offer=least).update(used_at=NOW)

    mine = as_customer(ana).get("/me/offers").json()["results"]
    (hers,) = as_customer(zhou).get("/me/offers").json()["results"]

    assert [(one["title"], one["amount"], one["unit"], one["code"]) for one in mine] == [
        ("A tenth off", "10.00", "percent", offers.spoken(code))
    ]
    assert mine[0]["reason"]["kind"] == "given"
    assert mine[0]["campaign"] is None
    assert (hers["title"], hers["least_order"], hers["currency"]) == ("更少", "20.00", "EUR")
    assert as_customer(ben).get("/me/offers").json() == {"results": [], "next": None}


def test_offers_of_a_customer_are_paged_without_those_of_others(ana, shop, as_customer, django_assert_max_num_queries):
    for number in range(5):
        offer = OfferFactory.create(title={"en": f"Offer {number}"})
        for customer in (ana, CustomerFactory.create()):
            offers.issue(offer.pk, [customer.pk], at=NOW + timedelta(minutes=number))
    caller = as_customer(ana)

    first = caller.get("/me/offers?limit=3").json()
    with django_assert_max_num_queries(8):
        rest = caller.get("/me/offers" + first["next"].split("/me/offers")[1]).json()

    assert [one["title"] for one in first["results"] + rest["results"]] == [f"Offer {n}" for n in (4, 3, 2, 1, 0)]
    assert rest["next"] is None
    assert caller.get("/me/offers?cursor=x").status_code == 400


def test_tags_of_a_message_say_the_offer_in_the_language_of_the_reader(ana, shop):
    offer = OfferFactory.create(
        title={"en": "Spring", "zh-hans": "春季"},
        value=15,
        least_order=30,
        ends_at=NOW + timedelta(days=30),
        valid_days=3,
    )
    code = code_of(offer, ana)

    english, chinese = offers.tags(offer, "en", code), offers.tags(offer, "zh-hans", code)

    assert (english["offer_title"], english["offer_value"]) == ("Spring", "15% off")
    assert english["offer_from"] == "€30.00"
    assert english["coupon_code"] == offers.spoken(code)
    assert chinese["offer_title"] == "春季"
    assert str((NOW + timedelta(days=3)).year) in english["coupon_ends"]
    assert offers.tags(offer, "en", "")["coupon_code"] == ""
    assert offers.tags(offer, "en", "")["coupon_ends"] == day_text(timezone.now() + timedelta(days=3))  # a preview
