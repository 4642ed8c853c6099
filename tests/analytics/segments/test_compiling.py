"""What a rule finds. Eight customers with planted figures; each rule says exactly who."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from analytics.models import SegmentVersion
from analytics.segments import compiling, counting, rules
from analytics.segments.rules import BadRule
from catalog import services
from catalog.models import Category, Customer, Product
from tests.factories import (
    BrandFactory,
    CategoryFactory,
    CustomerFactory,
    CustomerScoreFactory,
    CustomerStatsFactory,
    CustomerTraitFactory,
    InteractionFactory,
    ProductFactory,
    SegmentFactory,
    ShopProfileFactory,
)

pytestmark = pytest.mark.django_db


def days_ago(days):
    """By the days of the shop, where a day begins an hour or two before it does in UTC."""
    return timezone.localdate(timezone=ZoneInfo("Europe/Berlin")) - timedelta(days=days)


@pytest.fixture
def people():
    """ann and ben bought, cat bought once long ago, dan never, eve is erased, fay has scores and never bought."""
    ShopProfileFactory.create(base_currency="EUR", time_zone="Europe/Berlin")
    ann = CustomerFactory.create(name="ann", country="DE", language="de", email="a@example.org", birthday="1990-05-03")
    ben = CustomerFactory.create(name="ben", country="FR", language="fr", email="")
    cat = CustomerFactory.create(name="cat", country="DE", email="c@example.org", birthday="1990-12-31")
    dan = CustomerFactory.create(name="dan", country="", email="")
    eve = CustomerFactory.create(name="eve", country="DE", erased_at=timezone.now())
    fay = CustomerFactory.create(name="fay", country="CN", email="f@example.org")
    for person, orders, revenue, last in ((ann, 5, 500, 3), (ben, 2, 300, 40), (cat, 1, -20, 400), (eve, 9, 900, 1)):
        CustomerStatsFactory.create(
            customer=person, orders=orders, purchase_days=orders, items=orders * 2, revenue=revenue,
            gross=max(revenue, 20), first_day=days_ago(500), last_day=days_ago(last), refunds=int(person is cat),
        )  # fmt: skip
    CustomerScoreFactory.create(customer=ann, rfm_segment="champions", churn_90=0.1, recency=5)
    CustomerScoreFactory.create(customer=ben, rfm_segment="at_risk", churn_90=0.8, recency=2)
    CustomerScoreFactory.create(customer=fay, churn_90=None, value=10)
    return {"ann": ann, "ben": ben, "cat": cat, "dan": dan, "eve": eve, "fay": fay}


def found(data, **more):
    """Names, found by the query, by the count and by the estimate's condition alike."""
    compiled = compiling.compiled(rules.parse(data), **more)
    names = sorted(compiled.customers().values_list("name", flat=True))
    assert counting.count(compiled) == counting.Counted(len(names))
    return " ".join(names)


def rule(field, op, value, **more):
    return {"field": field, "op": op, "value": value, **more}


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (rule("orders", "gte", 2), "ann ben"),
        (rule("orders", "gt", 2), "ann"),
        (rule("orders", "lte", 2), "ben cat dan fay"),
        (rule("orders", "lt", 2), "cat dan fay"),
        (rule("orders", "eq", 0), "dan fay"),
        (rule("orders", "between", [0, 1]), "cat dan fay"),
        (rule("orders", "between", [1, 2]), "ben cat"),
        (rule("orders", "gte", 0), "ann ben cat dan fay"),
        (rule("revenue", "lt", 0), "cat"),
        (rule("revenue", "gte", -5), "ann ben dan fay"),
        (rule("refunds", "gte", 1), "cat"),
        (rule("items", "gte", 10), "ann"),
        (rule("average_order", "gte", 150), "ben"),
        (rule("average_order", "lt", 150), "ann cat"),
        (rule("average_order", "between", [100, 149]), "ann"),
        (rule("last_day", "within", 4), "ann"),
        (rule("last_day", "within", 3), ""),
        (rule("last_day", "longer_ago", 4), "ben cat"),
        (rule("last_day", "since", "2001-01-01"), "ann ben cat"),
        (rule("last_day", "before", "2001-01-01"), ""),
        (rule("country", "in", ["DE", "CN"]), "ann cat fay"),
        (rule("country", "not_in", ["DE", "CN"]), "ben dan"),
        (rule("language", "in", ["de"]), "ann"),
        (rule("has_email", "is", True), "ann cat fay"),
        (rule("has_email", "is", False), "ben dan"),
        (rule("birthday_month", "in", [5, 6]), "ann"),
        (rule("birthday_month", "not_in", [5, 6]), "ben cat dan fay"),
        (rule("rfm_segment", "in", ["champions", "at_risk"]), "ann ben"),
        (rule("rfm_segment", "not_in", ["champions"]), "ben cat dan fay"),
        (rule("churn_90", "gte", 0.5), "ben"),
        (rule("churn_90", "lt", 0.5), "ann"),
        (rule("recency", "eq", 5), "ann"),
        (rule("value", "gte", 0), "fay"),
    ],
)
def test_each_condition_finds_exactly_its_customers_and_not_finds_all_others(condition, names, people):
    everybody = set(people) - {"eve"}

    assert found(condition) == names
    assert found({"not": condition}) == " ".join(sorted(everybody - set(names.split())))


@pytest.mark.parametrize(
    ("data", "names"),
    [
        ({"all": [rule("orders", "gte", 1), rule("revenue", "gt", 0)]}, "ann ben"),
        ({"all": [rule("orders", "gte", 1), rule("country", "in", ["DE"])]}, "ann cat"),
        ({"any": [rule("orders", "eq", 0), rule("country", "in", ["FR"])]}, "ben dan fay"),
        ({"not": {"any": [rule("orders", "gte", 2), rule("orders", "eq", 0)]}}, "cat"),
        ({"not": {"all": [rule("orders", "gte", 1), rule("country", "in", ["DE"])]}}, "ben dan fay"),
        ({"not": {"any": [rule("churn_90", "gte", 0.5), rule("recency", "eq", 5)]}}, "cat dan fay"),
        ({"not": {"all": [rule("churn_90", "lt", 0.5), rule("recency", "eq", 5)]}}, "ben cat dan fay"),
        (
            {"all": [rule("orders", "gte", 1), {"any": [rule("country", "in", ["FR"]), rule("recency", "eq", 5)]}]},
            "ann ben",
        ),
        ({"all": [rule("orders", "gte", 1), {"not": rule("rfm_segment", "in", ["at_risk"])}]}, "ann cat"),
    ],
)
def test_groups_inside_groups(data, names, people):
    assert found(data) == names


def test_conditions_on_one_table_are_one_question_to_that_table_alone(people):
    bought = {"all": [rule("orders", "gte", 2), rule("revenue", "gt", 100)]}
    calm = {"all": [*bought["all"], rule("refunds", "eq", 0)]}

    one, two = (compiling.compiled(rules.parse(data)) for data in (bought, calm))

    assert str(one.customers().query).count("FROM") == 2
    assert sorted(row.customer.name for row in one.plain_count()) == ["ann", "ben"]
    assert two.plain_count() is None  # "no refunds" also holds for those who never bought


@pytest.fixture
def goods():
    """A category with one below it, and what ann, ben and cat bought there."""
    top = CategoryFactory.create(name="Clothes")
    shirts = Category.objects.add_child(top, {"name": "Shirts"})
    brand = BrandFactory.create(name="Aran")
    shirt = ProductFactory.create(category=shirts, brand=brand)
    lamp = ProductFactory.create()
    shirt.variants.create(sku="SHIRT", stock=100)
    lamp.variants.create(sku="LAMP", stock=100)
    return {"top": top, "brand": brand, "shirt": shirt, "lamp": lamp}


def buy(customer, sku, days, *, paid=True):
    line = services.NewLine(sku=sku, quantity=1)
    moment = timezone.now() - timedelta(days=days)
    order = services.place_order(services.NewOrder(lines=[line], customer=customer, number=f"{customer}{sku}")).order
    type(order).objects.filter(pk=order.pk).update(paid_at=moment if paid else None)


def test_what_was_bought_by_product_category_and_brand(people, goods):
    buy(people["ann"], "SHIRT", 2)
    buy(people["ben"], "SHIRT", 50)
    buy(people["cat"], "LAMP", 2)
    buy(people["dan"], "SHIRT", 2, paid=False)
    top, brand, shirt = (goods[name].public_id for name in ("top", "brand", "shirt"))

    assert found(rule("bought_product", "in", [shirt])) == "ann ben"
    assert found(rule("bought_product", "in", [shirt], days=30)) == "ann"
    assert found(rule("bought_product", "in", [shirt, goods["lamp"].public_id])) == "ann ben cat"
    assert found(rule("bought_product", "not_in", [shirt])) == "cat dan fay"
    assert found(rule("bought_category", "in", [top])) == "ann ben"
    assert found(rule("bought_brand", "in", [brand], days=30)) == "ann"
    assert found(rule("bought_brand", "not_in", [brand], days=30)) == "ben cat dan fay"
    assert found({"all": [rule("bought_category", "in", [top]), rule("orders", "gte", 3)]}) == "ann"


def test_looks_and_visits(people, goods):
    for name, days, kind in (("ann", 1, "view"), ("ben", 60, "view"), ("cat", 1, "search")):
        InteractionFactory.create(
            customer=people[name], product=goods["shirt"] if kind == "view" else None, kind=kind,
            occurred_at=timezone.now() - timedelta(days=days),
        )  # fmt: skip
    shirt, top = goods["shirt"].public_id, goods["top"].public_id

    assert found(rule("viewed_product", "in", [shirt])) == "ann ben"
    assert found(rule("viewed_category", "in", [top], days=7)) == "ann"
    assert found(rule("visited", "within", 7)) == "ann cat"
    assert found(rule("visited", "longer_ago", 7)) == "ben dan fay"
    assert found(rule("visited", "since", days_ago(7).isoformat())) == "ann cat"
    assert found(rule("visited", "before", days_ago(7).isoformat())) == "ben dan fay"


def test_traits_of_every_type(people):
    for name, value in (("ann", "gold"), ("ben", 3), ("cat", True)):
        CustomerTraitFactory.create(customer=people[name], kind="tier", value=value)

    assert found(rule("trait", "in", ["gold"], kind="tier")) == "ann"
    assert found(rule("trait", "in", ["gold", 3], kind="tier")) == "ann ben"
    assert found(rule("trait", "in", [True], kind="tier")) == "cat"
    assert found(rule("trait", "not_in", ["gold"], kind="tier")) == "ben cat dan fay"
    assert found(rule("trait", "in", ["gold"], kind="other")) == ""


def test_text_that_looks_like_sql_is_only_a_value(people):
    for bait in ("' OR 1=1 --", "DE'); DROP TABLE catalog_customer; --", "%s", "%", "\\", "{0}"):
        assert found(rule("country", "in", [bait])) == ""
        assert found(rule("trait", "in", [bait], kind="tier")) == ""
    assert Customer.objects.count() == 6


# --- segments in rules --------------------------------------------------------------------------------------------


def test_a_rule_may_stand_on_other_segments(people):
    buyers = SegmentFactory.create(rule=rule("orders", "gte", 1))
    german = SegmentFactory.create(rule=rule("country", "in", ["DE"]))
    champions = buyers.__class__.objects.get(kind="rfm", key="champions")

    assert found({"all": [rule("segment", "in", [buyers.public_id]), rule("segment", "in", [german.public_id])]}) == (
        "ann cat"
    )
    assert found(rule("segment", "in", [buyers.public_id, champions.public_id])) == "ann ben cat"
    assert found(rule("segment", "not_in", [german.public_id, champions.public_id])) == "ben dan fay"


def test_a_segment_that_would_refer_to_itself_is_refused(people):
    one = SegmentFactory.create(rule=rule("orders", "gte", 1))
    two = SegmentFactory.create(rule=rule("segment", "in", [one.public_id]))

    for within in (one, two):
        with pytest.raises(BadRule, match="would refer to itself"):
            compiling.compiled(rules.parse(rule("segment", "in", [two.public_id])), within=within)


def test_a_circle_that_is_there_all_the_same_is_refused_and_not_followed(people):
    one = SegmentFactory.create(rule=rule("orders", "gte", 1))
    two = SegmentFactory.create(rule=rule("segment", "in", [one.public_id]))
    SegmentVersion.objects.filter(pk=one.current_id).update(rule={"all": [rule("segment", "in", [two.public_id])]})

    with pytest.raises(BadRule, match="would refer to itself"):
        compiling.of_segment(one.__class__.objects.select_related("current").get(pk=one.pk))


def test_a_long_chain_and_too_many_conditions_in_all_are_refused(people):
    last = SegmentFactory.create(rule=rule("orders", "gte", 1))
    for _link in range(4):
        last = SegmentFactory.create(rule=rule("segment", "in", [last.public_id]))
    assert found(rule("segment", "in", [last.public_id])) == "ann ben cat"

    one_more = SegmentFactory.create(rule=rule("segment", "in", [last.public_id]))
    with pytest.raises(BadRule, match="at most 5 others"):
        compiling.compiled(rules.parse(rule("segment", "in", [one_more.public_id])))

    wide = SegmentFactory.create(rule={"any": [rule("orders", "gte", n) for n in range(50)]})
    with pytest.raises(BadRule, match="more than 200 conditions"):
        compiling.compiled(rules.parse({"any": [rule("segment", "in", [wide.public_id])] * 5}))


# --- what is gone -------------------------------------------------------------------------------------------------


def test_what_a_rule_names_and_is_gone_is_said(people, goods):
    buy(people["ann"], "SHIRT", 2)
    shirt = goods["shirt"].public_id
    Product.objects.filter(pk=goods["shirt"].pk).update(deleted_at=timezone.now())
    data = {"any": [rule("bought_product", "in", [shirt, "0" * 32]), rule("bought_brand", "in", ["1" * 32])]}

    compiled = compiling.compiled(rules.parse(data))

    assert [customer.name for customer in compiled.customers()] == ["ann"]
    assert compiled.gone == [
        f"“{goods['shirt']}” was deleted; what was bought before still counts.",
        "A product in this rule does not exist any more (00000000): nobody matches it.",
        "A brand in this rule does not exist any more (11111111): nobody matches it.",
    ]


def test_an_empty_shop_has_nobody_in_any_rule():
    assert found(rule("orders", "gte", 0)) == ""
    assert found({"not": rule("orders", "gte", 5)}) == ""


# --- counting -----------------------------------------------------------------------------------------------------


def test_what_takes_too_long_is_estimated_and_says_so(people, monkeypatch):
    compiled = compiling.compiled(rules.parse(rule("country", "in", ["DE"])))
    monkeypatch.setattr(counting, "EXACT_MS", 1)
    slow = "SELECT pg_sleep(0.1)"
    monkeypatch.setattr(
        type(compiled), "plain_count", lambda self: Customer.objects.extra(where=[f"({slow}) IS NOT NULL"])
    )

    counted = counting.count(compiled)

    # The whole table is the sample of a small shop: two of five.
    assert (counted.is_estimate, counted.number) == (True, 2)
    assert counted.low <= 2 <= counted.high


def test_the_time_limit_ends_with_its_block(people, django_db_blocker):
    from django.db import connection

    def timeout():
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return cursor.fetchone()[0]

    before = timeout()
    with counting.time_limit(123):
        assert timeout() == "123ms"
    assert timeout() == before


def test_the_range_of_a_share_is_wilsons():
    share, low, high = counting.wilson(20, 100)

    assert (share, round(low, 4), round(high, 4)) == (0.2, 0.1334, 0.2888)
    assert counting.wilson(0, 10)[1] == 0.0
    assert [counting.rounded(number) for number in (0, 12.4, 1234.5, 98765)] == [0, 12, 1230, 98800]


def test_overlaps_count_each_pair(people):
    german, buyers, none = (
        SegmentFactory.create(rule=rule("country", "in", ["DE"])),
        SegmentFactory.create(rule=rule("orders", "gte", 1)),
        SegmentFactory.create(rule=rule("orders", "gte", 100)),
    )

    assert counting.overlaps([german, buyers, none]) == [[2, 2, 0], [2, 3, 0], [0, 0, 0]]
