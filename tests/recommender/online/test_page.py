"""The page "what they bring": figures with ranges, arms beside their control, one file, twelve queries at most."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.choices import Role
from core.models import Experiment, ExperimentLook, LedgerEntry, ShopProfile
from recommender.models import CreditState, Placement, RecommendationDay, RefusedCredit, ShownProduct
from recommender.online import reports
from recommender.online.views import lift_sentence, start_url
from tests.factories import ExperimentFactory, ProductFactory

pytestmark = pytest.mark.django_db
PAGE = "admin:recommender_online"


def a_day(days_ago=0, *, placement="home", arm_id=0, people=400, lists_each=2, clickers=40, buyers=8, spent=50, **more):
    """`people` saw so many lists each; the first of them clicked one, some of those bought for `spent`."""
    lists = people * lists_each
    return RecommendationDay.objects.create(
        day=timezone.localdate() - timedelta(days=days_ago), placement=placement, arm_id=arm_id, people=people,
        lists=lists, slots=lists * 4, clicked=clickers, carted=buyers, bought=buyers, revenue=buyers * spent,
        lists_lists=people * lists_each**2, clicked_clicked=clickers, carted_carted=buyers, bought_bought=buyers,
        revenue_revenue=buyers * spent**2, lists_clicked=clickers * lists_each, lists_carted=buyers * lists_each,
        lists_bought=buyers * lists_each, lists_revenue=buyers * lists_each * spent, **more,
    )  # fmt: skip


def report(**more):
    today = timezone.localdate()
    return reports.report(today - timedelta(days=27), today, hours=24, **more)


def test_rates_are_ratios_of_sums_with_a_range_told_by_people():
    a_day()
    a_day(1)

    counts = report().placements[0].counts

    assert (counts.lists, counts.people) == (1600, 800)
    assert counts.ctr.value == pytest.approx(0.05)
    # Everybody saw two lists, so this is a plain mean over people, halved: p = 0.1, divided by two.
    width = 1.959964 * (0.1 * 0.9 / 799) ** 0.5 / 2
    assert (counts.ctr.low, counts.ctr.high) == pytest.approx((0.05 - width, 0.05 + width))
    assert counts.per_thousand.value == pytest.approx(500)


def test_few_people_or_clicks_have_no_range():
    a_day(people=20, clickers=10)
    a_day(placement="cart", clickers=4, buyers=4)

    by_key = {one.key: one.counts.ctr for one in report().placements}

    assert by_key["home"].low is by_key["cart"].low is None
    assert by_key["home"].value == pytest.approx(0.25)


def test_coverage_counts_products_that_may_be_sold_and_were_shown():
    live = ProductFactory.create_batch(3, status="live", is_in_stock=True)
    draft = ProductFactory.create(status="draft")
    a_day()
    today = timezone.localdate()
    for product in (live[0], draft):
        ShownProduct.objects.create(day=today, placement="home", product=product, times=3)
    ShownProduct.objects.create(day=today - timedelta(days=40), placement="home", product=live[1], times=3)

    found = report()

    assert (found.shown, found.placements[0].shown) == (1, 1)
    assert found.sellable == type(live[0]).objects.sellable().count()
    ShownProduct.objects.all().delete()
    assert report().coverage is None  # nobody said what was in the lists: that is not 0%


def an_experiment(**more):
    experiment = ExperimentFactory.create(state=Experiment.State.RUNNING, target="home", **more)
    control, arm = experiment.arms.order_by("-is_control", "pk")
    return experiment, control, arm


def test_an_arm_stands_beside_the_control_with_the_lift_that_was_planted():
    _experiment, control, arm = an_experiment()
    a_day(arm_id=control.pk, people=4000, clickers=400)
    a_day(arm_id=arm.pk, people=4000, clickers=600)

    first, second = report().placements[0].arms

    assert (first.arm, first.lift) == (control, None)
    assert second.lift == pytest.approx(0.5)
    assert 0.3 < second.interval[0] < 0.5 < second.interval[1] < 0.75
    assert lift_sentence(second.interval).startswith("Likely 3")


def test_two_arms_that_do_the_same_are_too_early_to_tell():
    _experiment, control, arm = an_experiment()
    for one in (control, arm):
        a_day(arm_id=one.pk, people=4000, clickers=400)

    interval = report().placements[0].arms[1].interval

    assert interval[0] < 0 < interval[1]
    assert lift_sentence(interval).startswith("Too early")


def test_a_broken_split_is_said_and_its_arms_are_not_to_be_used(staff):
    experiment, control, arm = an_experiment()
    a_day(arm_id=control.pk)
    a_day(arm_id=arm.pk)
    ExperimentLook.objects.create(
        experiment=experiment, looked_at=timezone.now(), sample_ratio_p=1e-9, exposed={"control": 900, "arm-a": 500}
    )

    page = staff(Role.ANALYST).get(reverse(PAGE)).content.decode()

    assert "Do not use this result: 900 and 500 people" in page
    assert "do not use" in page


def test_without_a_control_the_page_says_so_and_offers_an_experiment_filled_in(staff):
    a_day(placement="product")

    client = staff(Role.OWNER)
    page = client.get(reverse(PAGE)).content.decode()

    assert "Not measured against a control" in page
    address = re.search(r'href="(/admin/core/experiment/add/[^"]+)"', page)[1].replace("&amp;", "&")
    form = client.get(address).context["form"]
    assert form["place"].value() == "recommendations:product"
    assert (form["arm_0_way"].value(), form["arm_1_way"].value()) == (
        "recommendations:popularity", "recommendations:similar",
    )  # fmt: skip
    assert form["primary_metric"].value() == "clicks"


@pytest.mark.parametrize(
    ("strategy", "arm"),
    [("automatic", "live"), ("together", "together"), ("category", "category"), ("trending", "trending"),
     ("rising", "rising"), ("newest", "newest"), ("popular", "live"), ("", "live")],
)  # fmt: skip
def test_an_experiment_of_a_placement_starts_with_what_the_placement_shows(staff, strategy, arm):
    form = staff(Role.OWNER).get(start_url("home", "Home", strategy)).context["form"]

    assert (form["arm_0_way"].value(), form["arm_1_way"].value()) == (
        "recommendations:popularity", f"recommendations:{arm}",
    )  # fmt: skip
    assert f"recommendations:{arm}" in [way for _kind, ways in form.fields["arm_1_way"].choices for way, _title in ways]


@pytest.mark.parametrize(
    ("language", "names"),
    [("en", ("Product page: similar products", "Product page: bought together")),
     ("zh-hans", ("商品页：相似商品", "商品页：一起购买"))],
)  # fmt: skip
def test_lists_asked_for_by_the_product_stand_by_themselves_with_a_name(staff, language, names):
    a_day(placement="product", clickers=10)
    a_day(placement="product/similar", clickers=40)
    a_day(placement="product/together", clickers=80)
    client = staff(Role.OWNER)
    client.cookies["django_language"] = language
    page = client.get(reverse(PAGE))

    rates = {one.key: one.counts.ctr.value for one in page.context["found"].placements}
    assert rates == {"product": 10 / 800, "product/similar": 40 / 800, "product/together": 80 / 800}
    assert all(name in page.text for name in names)
    assert [one.figures.key for one in page.context["unmeasured"]] == ["product"]  # no experiment can run on the others
    only = client.get(reverse(PAGE), {"placement": "product/similar"})
    assert [one.key for one in only.context["found"].placements] == ["product/similar"]


def test_the_page_costs_twelve_queries_at_most_whatever_there_is(staff, django_assert_max_num_queries):
    for place, key in enumerate(["home", "cart", "product", "category"]):
        experiment = ExperimentFactory.create(state=Experiment.State.RUNNING, target=key)
        for arm in experiment.arms.all():
            for days_ago in range(10):
                a_day(days_ago, placement=key, arm_id=arm.pk, people=100 + place)
        ExperimentLook.objects.create(experiment=experiment, looked_at=timezone.now(), sample_ratio_p=1.0)
    RefusedCredit.objects.create(day=timezone.localdate(), reason="forged", acts=3)
    CreditState.objects.create(hours=24)
    client = staff(Role.ANALYST)
    client.get(reverse(PAGE))

    with django_assert_max_num_queries(12):
        page = client.get(reverse(PAGE)).content.decode()

    assert "data-chart" in page
    assert "Not signed by this shop" in page


def test_an_empty_page_says_what_to_do(staff):
    page = staff(Role.MERCHANDISER).get(reverse(PAGE)).content.decode()

    assert "No lists of recommendations were seen in these days" in page
    assert reverse("admin:recommender_placement_changelist") in page


def test_the_file_has_a_line_for_each_placement_and_arm_and_stands_in_the_ledger(staff):
    _experiment, control, arm = an_experiment()
    a_day(arm_id=control.pk)
    a_day(arm_id=arm.pk)
    a_day(placement="cart")

    answer = staff(Role.OWNER).post(reverse(f"{PAGE}_export"))

    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [(row[0], row[2], row[3]) for row in rows[1:]] == [
        ("home", "", "1600"), ("home", control.name, "800"), ("home", arm.name, "800"), ("cart", "", "800"),
    ]  # fmt: skip
    assert LedgerEntry.objects.filter(kind="export", subject="recommender_online").count() == 1


def test_somebody_who_may_not_export_gets_the_page_and_no_file(staff):
    a_day()
    marketer = staff(Role.MARKETER)

    answer = marketer.post(reverse(f"{PAGE}_export"))

    assert answer.status_code == 403
    assert reverse(f"{PAGE}_export") not in marketer.get(reverse(PAGE)).content.decode()


def test_placements_with_few_lists_a_day_stand_in_the_table_and_not_in_the_picture(staff):
    for days_ago in range(12):
        a_day(days_ago)
        a_day(days_ago, placement="cart", people=2, lists_each=1, clickers=1, buyers=0)

    chart = staff(Role.OWNER).get(reverse(PAGE)).context["chart"]

    assert [one["label"] for one in json.loads(chart.spec)["series"]] == ["Picked for you"]
    assert chart.heads == ["Picked for you", "Goes with your basket"]
    assert chart.rows[0][1] == ["5.0% of 800", "50% of 2"]


def test_a_shop_with_few_lists_gets_numbers_and_no_picture(staff):
    for days_ago in range(12):
        a_day(days_ago, people=6, lists_each=1, clickers=2, buyers=0)

    chart = staff(Role.OWNER).get(reverse(PAGE)).context["chart"]

    assert (chart.spec, len(chart.rows)) == ("", 12)


def test_the_placement_page_and_the_home_page_carry_the_figures(staff):
    a_day()
    a_day(30, clickers=10)
    client = staff(Role.OWNER)

    home = Placement.objects.get(key="home")
    page = client.get(reverse("admin:recommender_placement_change", args=[home.pk])).content.decode()
    front = client.get(reverse("admin:index")).content.decode()

    assert "What it brings, 28 days" in page
    assert "Not measured against a control" in page
    assert "Recommendations, 28 days" in front


def test_the_window_that_counts_is_told_and_set_in_the_shop_profile(staff):
    a_day()
    CreditState.objects.create(hours=168)
    ShopProfile.objects.update_or_create(pk=1, defaults={"credit_hours": 168})

    page = staff(Role.OWNER).get(reverse(PAGE)).content.decode()

    assert "A click counts within 7 days of the list" in page
    assert 'name="credit_hours"' in staff(Role.OWNER).get(
        reverse("admin:core_shopprofile_change", args=[1])
    ).content.decode()  # fmt: skip
