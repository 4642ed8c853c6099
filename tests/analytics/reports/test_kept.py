"""People that a report shows, kept as a segment: exactly those, by a job, once."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from analytics.models import Segment, SegmentSnapshot
from analytics.reports import kept
from analytics.segments import compiling, services, words
from analytics.segments.rules import parse
from core.choices import Role
from core.jobs import run_now
from core.models import Job
from core.reports.periods import midnight
from tests.factories import (
    CategoryFactory,
    CustomerFactory,
    CustomerStatsFactory,
    DailySalesFactory,
    FunnelCustomerFactory,
    OrderFactory,
    OrderLineFactory,
    ProductDayFactory,
    ProductFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
DAYS = {"first": "2026-03-01", "last": "2026-03-31"}
BETWEEN = {"within": "between", "from": "2026-03-01", "to": "2026-03-31"}


def order(day, customer=None, **more):
    return OrderFactory.create(
        customer=customer or CustomerFactory.create(), status="paid", paid_at=midnight(day) + timedelta(hours=9), **more
    )


def members(segment):
    run_now("analytics.tasks.keep_list", snapshot_id=segment.snapshots.get().pk)
    segment = Segment.objects.get(pk=segment.pk)
    return set(compiling.of_segment(segment).customers())


def keep(source):
    return members(services.keep_list(source, name="Kept", by=None))


def test_who_stopped_in_the_funnel_is_kept_whole_and_stays():
    stopped, went_on, later = (CustomerFactory.create() for _n in range(3))
    FunnelCustomerFactory.create(customer=stopped, day=FIRST, step=2)
    for step, day in ((2, FIRST), (3, LAST)):
        FunnelCustomerFactory.create(customer=went_on, day=day, step=step)
    FunnelCustomerFactory.create(customer=later, day=LAST + timedelta(days=1), step=2)
    erased = CustomerFactory.create(erased_at=timezone.now())
    FunnelCustomerFactory.create(customer=erased, day=FIRST, step=2)

    segment = services.keep_list({"kind": "funnel", "step": 2, **DAYS}, name="Left a basket", by=None)

    assert not segment.snapshots.get().is_ready
    assert members(segment) == {stopped}
    FunnelCustomerFactory.create(customer=later, day=LAST, step=2)
    assert members(segment) == {stopped}
    snapshot = segment.snapshots.get()
    assert (snapshot.size, snapshot.is_ready, str(snapshot)) == (1, True, "Left a basket")
    segment.refresh_from_db()
    assert segment.size == 1
    assert words.sentence(parse(segment.current.rule)) == "on the list Left a basket"


def test_the_buyers_of_one_cell_are_kept_and_not_the_whole_cohort():
    came_back, stayed_away = (CustomerStatsFactory.create(first_day=date(2026, 1, 5)).customer for _n in range(2))
    order(date(2026, 2, 3), came_back)
    order(date(2026, 3, 3), stayed_away)

    assert keep({"kind": "cohort", "grain": "month", "start": "2026-01-01", "offset": 1}) == {came_back}


@pytest.mark.parametrize(("kind", "part"), [("channel", "app"), ("country", "DE")])
def test_buyers_of_a_channel_or_a_country_are_those_of_the_orders_paid_then(kind, part):
    one = order(FIRST, **{kind: part})
    order(LAST, one.customer, **{kind: part})
    order(FIRST, **{kind: "other"})
    order(LAST + timedelta(days=1), **{kind: part})

    assert keep({"kind": kind, "part": part, **DAYS}) == {one.customer}


def test_buyers_of_an_hour_of_a_weekday_are_told_by_the_clock_of_the_shop():
    sunday = order(FIRST)
    order(LAST)  # a Tuesday
    for moment in (midnight(FIRST), midnight(FIRST) + timedelta(hours=10), midnight(LAST) + timedelta(days=5, hours=9)):
        OrderFactory.create(customer=CustomerFactory.create(), status="paid", paid_at=moment)
    order(date(2026, 3, 8), sunday.customer)

    assert keep({"kind": "hour", "weekday": 7, "hour": 9, **DAYS}) == {sunday.customer}


def test_buyers_of_a_product_a_category_and_of_days_are_those_of_the_days_shown():
    bags = CategoryFactory.create()
    totes = CategoryFactory.create(parent=bags)
    product, deeper, loose = (ProductFactory.create(category=one) for one in (bags, totes, None))
    for_product, for_deeper, for_loose = order(FIRST), order(LAST), order(LAST)
    before, after, unpaid = (
        order(FIRST - timedelta(days=1)), order(LAST + timedelta(days=1)),
        OrderFactory.create(customer=CustomerFactory.create(), paid_at=None),
    )  # fmt: skip
    for made in (for_product, before, after, unpaid):
        OrderLineFactory.create(order=made, product=product)
    OrderLineFactory.create(order=for_deeper, product=deeper)
    OrderLineFactory.create(order=for_loose, product=loose)

    assert keep({"kind": "product", "product": product.pk, **DAYS}) == {for_product.customer}
    category = {"kind": "category", "category": bags.pk, "is_alone": False, **DAYS}
    assert keep(category) == {for_product.customer, for_deeper.customer}
    assert keep({**category, "is_alone": True}) == {for_product.customer}
    assert keep({**category, "category": None}) == {for_loose.customer}
    assert keep({"kind": "paid", **DAYS}) == {one.customer for one in (for_product, for_deeper, for_loose)}


def test_buyers_of_a_pair_had_both_in_one_order():
    one, other = ProductFactory.create_batch(2)
    both, apart, later = order(FIRST), order(FIRST), order(LAST + timedelta(days=1))
    again = order(LAST, apart.customer)
    trader = order(LAST)
    for made, products in ((both, [one, other]), (later, [one, other]), (apart, [one]), (again, [other])):
        for number, product in enumerate(products, 1):
            OrderLineFactory.create(order=made, product=product, line=number)
    for number, product in enumerate([one, other, *ProductFactory.create_batch(49)], 1):
        OrderLineFactory.create(order=trader, product=product, line=number)

    assert keep({"kind": "pair", "products": [one.pk, other.pk], **DAYS}) == {both.customer}


def test_buyers_of_a_price_band_bought_a_product_that_cost_so_much_then():
    cheap, dear = ProductFactory.create(), ProductFactory.create()
    for product, gross in ((cheap, 8), (dear, 30)):
        ProductDayFactory.create(product=product, day=FIRST, items=1, gross=gross)
    one, other = order(FIRST), order(FIRST)
    OrderLineFactory.create(order=one, product=cheap)
    OrderLineFactory.create(order=other, product=dear)

    assert keep({"kind": "price", "start": "5", **DAYS}) == {one.customer}
    assert keep({"kind": "price", "start": "20", **DAYS}) == {other.customer}


def test_buyers_of_baskets_of_one_size():
    one, two, many = order(FIRST), order(FIRST), order(LAST)
    for made, lines in ((one, 1), (two, 2), (many, 9)):
        for line in range(lines):
            OrderLineFactory.create(order=made, line=line + 1)

    assert keep({"kind": "basket", "products": 2, **DAYS}) == {two.customer}
    assert keep({"kind": "basket", "products": 7, **DAYS}) == {many.customer}


def test_a_kept_list_is_a_condition_like_any_other():
    listed, other = CustomerFactory.create(), CustomerFactory.create()
    FunnelCustomerFactory.create(customer=listed, day=FIRST, step=1)
    segment = services.keep_list({"kind": "funnel", "step": 1, **DAYS}, name="Looked", by=None)
    members(segment)
    public_id = segment.snapshots.get().public_id

    def found(op, ids):
        return set(compiling.compiled(parse({"field": "kept_list", "op": op, "value": ids})).customers())

    assert found("in", [public_id]) == {listed}
    assert found("not_in", [public_id]) == {other}
    gone = compiling.compiled(parse({"field": "kept_list", "op": "in", "value": ["0" * 32]}))
    assert not gone.customers().exists()
    assert gone.gone == ["A kept list in this rule does not exist any more (00000000): nobody matches it."]


def test_nothing_that_is_no_column_reaches_the_statement():
    with pytest.raises(ValueError, match="total"):
        kept._part({"kind": "total", "part": "x", **DAYS})


def people_pages():
    funnel = f"{reverse('admin:analytics_funnel_people')}?step=2&within=between&from=2026-03-01&to=2026-03-31"
    cell = f"{reverse('admin:analytics_cohort_people')}?by=month&cohort=2026-01-01&offset=1"
    days = "within=between&from=2026-03-01&to=2026-03-31"
    return funnel, cell, f"{reverse('admin:analytics_sales_people')}?weekday=7&hour=9&{days}"


def test_pages_of_people_keep_exactly_these_for_those_who_may(staff):
    customer = CustomerStatsFactory.create(first_day=date(2026, 1, 5)).customer
    FunnelCustomerFactory.create(customer=customer, day=FIRST, step=2)
    for day in (date(2026, 2, 3), FIRST):
        order(day, customer)
    marketer = staff(Role.MARKETER)

    for address in people_pages():
        assert "Save these people as a segment" in marketer.get(address).content.decode()
        answer = marketer.post(address, {"keep": "1"})
        segment = Segment.objects.latest("pk")
        assert answer.url == reverse("admin:analytics_segment_change", args=[segment.pk])
        assert "being written down" in marketer.get(answer.url).content.decode()
        assert members(segment) == {customer}
    assert list(Segment.objects.filter(kind="rule").order_by("pk").values_list("name", flat=True)) == [
        "Filled a basket and did not order, 1 Mar 2026 to 31 Mar 2026",
        "First order in January 2026, bought in February 2026",
        "Bought on Sunday, 9 to 10 o’clock, 1 Mar 2026 to 31 Mar 2026",
    ]
    assert Job.objects.filter(kind="analytics.list").count() >= 2


def test_who_may_make_no_segments_keeps_none(staff):
    customer = CustomerFactory.create()
    FunnelCustomerFactory.create(customer=customer, day=FIRST, step=2)
    support = staff(Role.AUDITOR)

    for address in people_pages():
        support.post(address, {"keep": "1"})

    assert not SegmentSnapshot.objects.exists()


@pytest.mark.parametrize(
    ("page", "query", "keep", "name"),
    [
        ("sales", {}, "channel:app", "Bought through app, 1 Mar 2026 to 31 Mar 2026"),
        ("sales", {}, "country:DE", "Bought from Germany, 1 Mar 2026 to 31 Mar 2026"),
        ("products", {"show": "prices"}, "20", "Bought at ¥20.00 to ¥50.00, 1 Mar 2026 to 31 Mar 2026"),
        ("products", {"show": "baskets"}, "7", "Orders of different products: 7 and more, 1 Mar 2026 to 31 Mar 2026"),
    ],
)
def test_rows_of_reports_keep_their_buyers(staff, page, query, keep, name):
    DailySalesFactory.create(day=FIRST)
    order(FIRST, channel="app", country="DE")
    marketer = staff(Role.MARKETER)

    marketer.post(f"{reverse(f'admin:analytics_{page}')}", {"keep": keep}, query_params={**BETWEEN, **query})

    segment = Segment.objects.latest("pk")
    assert (segment.name, segment.snapshots.get().source["first"]) == (name, "2026-03-01")
    run_now("analytics.tasks.keep_list", snapshot_id=segment.snapshots.get().pk)


@pytest.mark.parametrize(
    ("page", "query", "keep"),
    [
        ("sales", {}, "total:1"), ("sales", {}, "channel:"), ("sales", {}, "channel:" + "x" * 99), ("sales", {}, "x"),
        ("products", {"show": "prices"}, "3"), ("products", {"show": "baskets"}, "0"), ("products", {}, "1"),
    ],
)  # fmt: skip
def test_what_is_no_row_is_not_found(staff, page, query, keep):
    address = reverse(f"admin:analytics_{page}")
    answer = staff(Role.MARKETER).post(address, {"keep": keep}, query_params={**BETWEEN, **query})

    assert answer.status_code == 404
    assert not SegmentSnapshot.objects.exists()


def test_a_list_of_a_segment_is_of_the_version_that_was_asked_for():
    person = StaffUserFactory.create()
    once, often = CustomerStatsFactory.create(orders=1), CustomerStatsFactory.create(orders=5)
    rule = parse({"field": "orders", "op": "gte", "value": 1})
    segment = services.create(services.Wanted("Buyers", rule), by=person)

    snapshot = services.freeze(segment, purpose="Letter", by=person)
    services.change(segment, services.Wanted("Buyers", parse({"field": "orders", "op": "gte", "value": 3})), by=person)
    run_now("analytics.tasks.keep_list", snapshot_id=snapshot.pk)

    assert set(snapshot.members.values_list("customer_id", flat=True)) == {once.customer_id, often.customer_id}
