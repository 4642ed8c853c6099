"""The page of customer value and churn, and the scores on a customer's page."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import translation

from analytics.customers import alerts, figures, panels, people, reasons, work
from analytics.models import CustomerScore, ScoreKind, ScoreRun
from analytics.segments import compiling
from analytics.segments.rules import parse
from catalog.models import CustomerTrait
from core.choices import Role
from core.models import Alert, LedgerEntry
from core.said import Said
from tests.factories import (
    CustomerFactory,
    CustomerScoreFactory,
    CustomerStatsFactory,
    CustomerTraitFactory,
    ModelVersionFactory,
    ShopProfileFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db
PAGE = "/admin/analytics/customers/"


@pytest.fixture
def scored(shop):
    work.nightly()
    return shop


def test_the_page_shows_charts_back_test_and_people_in_few_queries(scored, analyst, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        page = analyst.get(PAGE).content.decode()

    assert "will likely buy nothing within 90 days" in page
    assert "on earlier dates" in page
    assert "days with an order were foretold" in page
    assert "customer_churn.v1" in page
    assert page.count("data-chart=") == 4
    best = people.found(people.LISTINGS["loss"], None, None)[0]
    assert str(best.customer) in page


ADDRESSES = [
    "days=30", "days=x", "list=value&field=value&from=1&to=1e9", "list=order&field=propensity_30&from=0.1&to=0.2",
    "field=name&from=a", "field=churn_90&from=nan&to=inf", "list=churn&field=churn_90&from=0.9&to=1.0",
    "field=value&from=-1e300", "field=value&from=-5&to=-9", "field=churn_90&from=7&to=9", "field=value&to=5",
]  # fmt: skip


def test_any_address_shows_something(scored, analyst, subtests):
    """One shop for all of them: to score it takes seconds, to look at it changes nothing."""
    for query in ADDRESSES:
        with subtests.test(query=query):
            assert analyst.get(f"{PAGE}?{query}").status_code == 200


def test_an_empty_shop_says_what_will_be_here(db, analyst):
    for kind in ScoreKind:
        work.train(kind)

    page = analyst.get(PAGE).content.decode()

    assert "No customer is scored yet" in page
    assert "no order was paid" in page


def test_bars_lead_to_their_people_and_the_last_one_has_those_who_are_certain(db, analyst):
    for number, risk in enumerate((0.05, 0.92, 1.0)):
        CustomerScoreFactory.create(customer__name=f"P{number}", churn_90=risk, value=10)
    listing = people.LISTINGS["churn"]

    def named(low, high):
        return [str(row.customer) for row in people.found(listing, low, high, field="churn_90")]

    assert named(0.9, 1.0) == ["P2", "P1"]
    assert named(0.0, 0.1) == ["P0"]
    assert named(None, None) == ["P2", "P1", "P0"]


def only(*horizons):
    """The newest scoring of churn speaks about these days ahead."""
    bins = {f"churn_{days}": [0] * 20 for days in horizons}
    mean = dict.fromkeys(bins, 0.5)
    ScoreRun.objects.create(
        kind="churn", as_of="2026-01-05", figures={"bins": bins, "mean": mean}, finished_at="2026-01-06T00:00Z"
    )


def test_where_the_history_is_too_short_for_90_days_lists_go_by_the_longest_days_learned(db, analyst):
    only(30, 60)
    CustomerScoreFactory.create(customer__name="Ann", churn_30=0.3, churn_60=0.75, churn_90=None, value=10)

    for query in ("", "list=churn", "list=churn&field=churn_60&from=0.7&to=0.8", "list=churn&field=churn_30&from=0.3"):
        page = analyst.get(f"{PAGE}?{query}").content.decode()
        assert "Ann" in page
        assert "Churn risk, 60 days" in page
        assert "Churn risk, 90 days" not in page


@pytest.mark.parametrize(("key", "first"), [("churn", "Ann"), ("loss", "Bob")])
def test_lists_go_by_the_days_that_the_page_shows(db, analyst, key, first):
    only(30, 60, 90)
    CustomerScoreFactory.create(customer__name="Ann", churn_30=0.9, churn_60=0.5, churn_90=0.1, value=10)
    CustomerScoreFactory.create(customer__name="Bob", churn_30=0.6, churn_60=0.5, churn_90=0.4, value=90)
    CustomerScoreFactory.create(customer__name="Cho", churn_30=None, churn_60=0.9, churn_90=0.8, value=99)

    shown = analyst.get(f"{PAGE}?days=30&list={key}")

    people = [one.name for one in shown.context["people"]]
    assert people == [first, *({"Ann", "Bob"} - {first})]
    assert "Churn risk, 30 days" in shown.text
    rule = json.loads(parse_qs(urlsplit(shown.context["segment_url"]).query)["rule"][0])
    assert {one.name for one in compiling.compiled(parse(rule)).customers()} == {"Ann", "Bob"}
    assert f"list={key}" in shown.context["horizons"][1][1]


@pytest.mark.parametrize(
    "query",
    [
        "list=loss", "list=value", "list=churn", "list=order", "list=value&field=value&from=50",
        "list=loss&field=churn_90&from=0.5&to=1", "list=order&field=value&to=60", "list=churn&field=churn_90&to=0.5",
    ],
)  # fmt: skip
def test_a_list_is_saved_as_exactly_the_people_it_shows(db, analyst, query):
    only(30, 60, 90)
    for risk, value, chance in ((0.2, 10, None), (0.6, 55, 0.4), (1.0, 90, 0.0), (None, 70, 0.9), (0.5, None, 0.5)):
        CustomerScoreFactory.create(churn_90=risk, value=value, propensity_30=chance)

    answer = analyst.get(f"{PAGE}?{query}")

    rule = json.loads(parse_qs(urlsplit(answer.context["segment_url"]).query)["rule"][0])
    saved = compiling.compiled(parse(rule)).customers()
    assert {one.pk for one in answer.context["people"]} == set(saved.values_list("pk", flat=True)) != set()


def test_the_page_says_that_the_file_has_everybody(db, analyst):
    only(90)
    for number in range(people.SHOWN + 1):
        CustomerScoreFactory.create(churn_90=0.5, value=number)

    assert "The first 20. The file has everybody." in analyst.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("off", "said"),
    [([0.1, -0.25], "¥1,000 (¥600 to ¥1,400)"), ([0.9], "¥1,000 (¥0 to ¥2,440)"), ([], "¥1,000"), (None, "¥1,000")],
)
def test_the_value_of_all_stands_with_what_the_worst_stretch_makes_likely(db, off, said):
    version = ModelVersionFactory.create(kind="customer_value", report={} if off is None else {"money_off": off})
    run = ScoreRun(kind="value", figures={"sum": {"value": 1000}}, model_version=version)

    assert figures.value_sum(run) == said


def test_alerts_name_the_score_in_the_language_of_the_reader(db):
    alerts.tell(ScoreKind.CHURN, 0.25, 0.9)

    with translation.override("zh-hans"):
        said = [str(Said(one.text, one.text_values)) for one in Alert.objects.all()]
    assert len(said) == 2
    for one in said:
        assert "churn" not in one
        assert "流失风险" in one


def test_the_file_has_safe_cells_reasons_and_a_note_in_the_ledger(db, client):
    ShopProfileFactory.create(name="Shop")
    client.force_login(StaffUserFactory.create(role=Role.OWNER))
    person = CustomerFactory.create(name="=cmd")
    CustomerStatsFactory.create(customer=person, orders=3)
    CustomerScoreFactory.create(customer=person, churn_90=0.7, value=100)
    CustomerTraitFactory.create(
        customer=person, kind="churn", value={"90": 0.7},
        reasons=[{"reason": "recency", "value": 94, "direction": 1}],
    )  # fmt: skip
    ScoreRun.objects.create(
        kind="churn", as_of="2026-01-05", figures={"bins": {}, "mean": {}}, finished_at="2026-01-06T00:00Z"
    )

    answer = client.post(f"{PAGE}export/?list=churn")

    text = b"".join(answer.streaming_content).decode()
    assert "'=cmd" in text
    assert "last order 94 days ago" in text
    assert LedgerEntry.objects.filter(kind="export", subject="analytics_customers").count() == 1


def test_nobody_without_the_right_sees_people(client, db):
    client.force_login(StaffUserFactory.create(role=Role.MERCHANDISER))

    assert client.get(PAGE).status_code == 403


def test_scores_stand_in_words_on_the_page_of_a_customer(scored, analyst):
    trait = CustomerTrait.objects.filter(kind="churn").first()

    page = analyst.get(f"/admin/catalog/customer/{trait.customer_id}/change/").content.decode()

    assert "customers like this one stop buying within 90 days" in page
    assert "Likely brings" in page
    assert "customers like this one order within 30 days" in page


@pytest.mark.parametrize(
    ("chance", "sentence"),
    [
        (0.73, "About 7 in 10 customers like this one stop buying within 90 days"),
        (0.02, "Fewer than 1 in 10 customers like this one stop buying within 90 days"),
        (0.99, "More than 9 in 10 customers like this one stop buying within 90 days"),
    ],
)
def test_a_chance_is_said_for_people(chance, sentence):
    assert reasons.churn_sentence(chance, 90) == sentence


def test_reasons_of_another_version_are_left_out_and_none_breaks_the_page():
    stored = [{"reason": "lately", "value": 0, "direction": 1}, {"reason": "moon", "value": 1}, {"value": 3}]

    assert [str(one.text) for one in reasons.reasons(stored)] == ["no order in the last 90 days"]
    assert reasons.line(stored) == "▲ no order in the last 90 days"


@pytest.mark.parametrize("value", [{}, [], "x", 3, {"90": "high"}, {"a": 1}, None])
def test_a_trait_of_an_odd_form_is_not_scored(value):
    trait = CustomerTraitFactory.build(value=value, reasons="x")

    for show in (panels.churn, panels.order, panels.value):
        assert show(trait).value is None


def test_every_number_of_the_stored_figures_is_one(scored):
    for run in ScoreRun.objects.all():
        json.dumps(run.figures, allow_nan=False)
    assert CustomerScore.objects.filter(churn_90__gte=0, churn_90__lte=1).exists()


@pytest.mark.parametrize(
    ("gaps", "share", "said"),
    [
        ([0.02, -0.05, 0.01], 0.60, "60% (52% to 68%)"),
        ([0.10], 0.95, "95% (79% to 100%)"),
        ([-0.10], 0.05, "5.0% (0% to 21%)"),
        ([], 0.60, "60%"),
    ],
)
def test_a_share_stands_with_what_the_worst_date_held_back_makes_likely(gaps, share, said):
    version = ModelVersionFactory.build(report={"horizons": {"90": {"gaps": gaps}}})
    run = ScoreRun(kind="churn", model_version=version, figures={"mean": {"churn_90": share}})

    assert figures.churn_share(run, 90) == said
