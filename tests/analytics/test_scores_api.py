"""Scores and forecasts for programs of staff: with reasons, day and version, in pages, for those who may."""

from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from core.choices import Role
from tests.factories import (
    CustomerFactory,
    CustomerScoreFactory,
    CustomerTraitFactory,
    ForecastFactory,
    ModelVersionFactory,
    ProductFactory,
    ShopProfileFactory,
    StaffTokenFactory,
    StaffUserFactory,
)

BASE = "/api/v1/staff"
pytestmark = pytest.mark.django_db


@pytest.fixture
def call(db):
    ShopProfileFactory.create(base_currency="EUR")
    value = StaffTokenFactory.create(person=StaffUserFactory.create(role=Role.ANALYST)).value

    def send(path, **query):
        return Client().get(f"{BASE}/{path}?{urlencode(query)}", headers={"Authorization": f"Bearer {value}"})

    return send


def scored(value=None, churn=None, **more):
    customer = CustomerFactory.create(**more)
    CustomerScoreFactory.create(customer=customer, value=value, churn_90=churn, propensity_30=None)
    return customer


def test_the_scores_of_a_customer_come_with_reasons_day_and_version(call):
    version = ModelVersionFactory.create(kind="customer_churn")
    customer = scored(external_id="c-1")
    CustomerTraitFactory.create(
        customer=customer, kind="churn", value={"30": 0.2, "90": 0.71}, model_version=version,
        reasons=[{"reason": "recency", "value": 94, "direction": 1}], as_of=timezone.now(),
    )  # fmt: skip
    CustomerTraitFactory.create(customer=customer, kind="rfm", value="champions", reasons=[], model_version=None)
    CustomerTraitFactory.create(customer=customer, kind="taste", value="linen")

    found = call("customers/ext:c-1/scores").json()

    assert (found["customer"], found["external_id"]) == (customer.public_id, "c-1")
    churn, rfm = found["scores"]
    assert (churn["kind"], churn["value"], churn["model_version"]) == ("churn", {"30": 0.2, "90": 0.71}, version.name)
    assert churn["sentence"] == "About 7 in 10 customers like this one stop buying within 90 days"
    assert churn["reasons"] == [
        {"reason": "recency", "value": 94, "direction": 1, "text": "last order 94 days ago"},
    ]
    assert (rfm["kind"], rfm["value"], rfm["sentence"], rfm["model_version"]) == ("rfm", "champions", "", None)
    chinese = call("customers/ext:c-1/scores", lang="zh-hans").json()["scores"][0]
    assert chinese["reasons"][0]["text"] == "最近下单在 94 天前"


def test_a_customer_without_scores_has_none_and_one_who_is_gone_is_not_found(call):
    customer = CustomerFactory.create()

    assert call(f"customers/{customer.public_id}/scores").json()["scores"] == []
    customer.erased_at = timezone.now()
    customer.save()
    assert call(f"customers/{customer.public_id}/scores").status_code == 404
    assert call("customers/ext:nobody/scores").status_code == 404


def test_customers_come_by_their_score_in_pages_that_miss_nobody(call):
    people = [scored(Decimal(amount), churn=0.5) for amount in (10, 40, 40, 20)]
    scored(None)
    wanted = [people[2], people[1], people[3], people[0]]

    first = call("scores", limit=3).json()
    cursor = first["next"].split("cursor=")[1].split("&")[0]
    rest = call("scores", limit=3, cursor=cursor).json()

    rows = first["results"] + rest["results"]
    assert [row["customer"] for row in rows] == [one.public_id for one in wanted]
    assert rest["next"] is None
    some = call("scores", least=20, below=40).json()["results"]
    assert [row["customer"] for row in some] == [people[3].public_id]


@pytest.mark.parametrize(("sort", "names"), [("churn_30", ["Ann", "Bob"]), ("churn_60", ["Bob", "Ann"]), ("churn", [])])
def test_a_young_shop_lists_by_the_shorter_horizons_of_churn(call, sort, names):
    made = {
        name: CustomerScoreFactory.create(churn_30=short, churn_60=longer, churn_90=None).customer
        for name, short, longer in (("Ann", 0.9, 0.2), ("Bob", 0.5, 0.3))
    }

    rows = call("scores", sort=sort).json()["results"]

    assert [row["customer"] for row in rows] == [made[name].public_id for name in names]


def test_a_page_of_scores_asks_few_queries(call, django_assert_max_num_queries):
    for number in range(30):
        customer = scored(Decimal(number), churn=number / 30)
        CustomerTraitFactory.create(customer=customer, kind="churn", value={"90": number / 30})
    call("scores")

    with django_assert_max_num_queries(6):
        assert len(call("scores", sort="churn").json()["results"]) == 20


@pytest.mark.parametrize("query", [{"sort": "name"}, {"least": "x"}, {"cursor": "0"}, {"color": "red"}])
def test_an_odd_question_about_scores_is_refused(call, query):
    assert call("scores", **query).status_code in (400, 422)


def test_forecasts_come_with_days_range_method_and_what_became_of_them(call):
    product = ProductFactory.create(name="Shirt", external_id="p-1")
    ForecastFactory.create(
        scope="product", product=product, measure="items", as_of=date(2026, 1, 4), values=[2.0, 3.0], low=[1.0, 1.5],
        high=[4.0, 5.0], week={"value": 5.0, "low": 3.0, "high": 8.0}, method="season_mean_4", mase=0.9, wape=0.3,
        days_known=90,
    )  # fmt: skip
    ForecastFactory.create(scope="shop", measure="orders", is_newest=False)

    (found,) = call("forecasts", product="ext:p-1").json()["results"]

    assert (found["scope"], found["product"], found["name"]) == ("product", product.public_id, "Shirt")
    assert (found["as_of"], found["method"], found["mase"]) == ("2026-01-04", "season_mean_4", 0.9)
    assert found["days"] == [
        {"day": "2026-01-05", "expected": 2.0, "low": 1.0, "high": 4.0},
        {"day": "2026-01-06", "expected": 3.0, "low": 1.5, "high": 5.0},
    ]
    assert found["sentence"].startswith("Expected 5.0 in the next 7 days")
    assert call("forecasts", scope="shop").json()["results"] == []


def test_a_series_that_is_too_short_says_what_it_needs(call):
    ForecastFactory.create(scope="shop", measure="orders", values=[], low=[], high=[], week={}, method="", days_known=3)

    (found,) = call("forecasts").json()["results"]

    assert found["days"] == []
    assert found["week"] is None
    assert found["refusal"] == "Not yet: needs 56 days of sales, has 3 days"
