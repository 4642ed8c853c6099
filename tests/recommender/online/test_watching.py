"""Planted trouble raises an alert and its end resolves it; quiet weeks raise none."""

import re
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from django.utils.translation import override

from catalog.models import Category, Interaction, Visitor
from catalog.partitions import ensure_months
from core.models import Alert, AlertRule
from recommender import pipelines
from recommender.models import DriftCheck, Placement, RecommendationDay, ServedEvaluation, ShownProduct
from recommender.online import shown, watching
from tests.factories import BrandFactory, ModelVersionFactory, ProductFactory
from tests.recommender.conftest import NOW

pytestmark = pytest.mark.django_db


def five_weeks(rates, *, placement="home", people=300, seed=1):
    """The newest week first."""
    rng = np.random.default_rng(seed)
    today = timezone.localdate()
    for week, rate in enumerate(rates):
        for day in range(7):
            lists = rng.poisson(2, people) + 1
            clicked = rng.binomial(lists, rate)
            RecommendationDay.objects.create(
                day=today - timedelta(days=1 + 7 * week + day), placement=placement, people=people,
                lists=lists.sum(), clicked=clicked.sum(), lists_lists=(lists**2).sum(),
                clicked_clicked=(clicked**2).sum(), lists_clicked=(lists * clicked).sum(),
            )  # fmt: skip


def alerts(rule):
    return list(Alert.objects.open().filter(rule=rule).values_list("key", flat=True))


@pytest.mark.parametrize(
    ("fallen", "link"), [("home", "placement=home"), ("product/similar", "placement=product%2Fsimilar")]
)
def test_a_placement_whose_clicks_fell_raises_an_alert_that_ends_with_the_fall(fallen, link):
    five_weeks([0.04, 0.08, 0.08, 0.08, 0.08], placement=fallen)
    five_weeks([0.08] * 5, placement="cart", seed=2)

    watching.watch_clicks(timezone.localdate())

    alert = Alert.objects.open().get(rule="recommendations_less_clicked")
    assert alert.key == fallen
    assert link in alert.link
    RecommendationDay.objects.all().delete()
    five_weeks([0.08] * 5, placement=fallen, seed=3)
    watching.watch_clicks(timezone.localdate())
    assert alerts("recommendations_less_clicked") == []


def test_a_list_that_nobody_sees_any_more_raises_an_alert_unless_it_is_off():
    for placement, seed in (("home", 1), ("product/similar", 2), ("cart", 3)):
        five_weeks([0.08] * 5, placement=placement, seed=seed)
    RecommendationDay.objects.filter(day__gte=timezone.localdate() - timedelta(days=7)).delete()
    Placement.objects.filter(key="cart").update(is_on=False)
    before = sum(RecommendationDay.objects.filter(placement="home").values_list("lists", flat=True))

    assert watching.watch_clicks(timezone.localdate()) == 2

    assert sorted(alerts("recommendations_less_clicked")) == ["home", "product/similar"]
    said = Alert.objects.get(key="home").said
    with override("en"):
        assert f"nobody saw a list in the last week; in the four weeks before it was {before:,.0f}." in str(said)
    with override("zh-hans"):
        assert f"最近一周没有人看到列表，之前四周为 {before:,.0f} 个。" in str(said)
    five_weeks([0.08], placement="home", seed=4)
    watching.watch_clicks(timezone.localdate())
    assert alerts("recommendations_less_clicked") == ["product/similar"]


def test_a_list_that_few_ever_saw_may_be_seen_by_nobody():
    five_weeks([0.08] * 5, people=3)
    RecommendationDay.objects.filter(day__gte=timezone.localdate() - timedelta(days=7)).delete()

    assert watching.watch_clicks(timezone.localdate()) == 0


@pytest.mark.parametrize("seed", range(8))
def test_quiet_weeks_raise_nothing(seed):
    five_weeks([0.06] * 5, seed=seed)

    assert watching.watch_clicks(timezone.localdate()) == 0
    assert alerts("recommendations_less_clicked") == []


def test_a_fall_smaller_than_the_operator_cares_about_raises_nothing():
    five_weeks([0.05, 0.08, 0.08, 0.08, 0.08])
    AlertRule.objects.update_or_create(key="recommendations_less_clicked", defaults={"threshold": 60})

    assert watching.watch_clicks(timezone.localdate()) == 0


@pytest.fixture
def learned():
    """A live model that learned until a week ago, and what people did: three weeks and the newest one."""
    now = timezone.now()
    ensure_months({(now - timedelta(days=n)).date() for n in range(0, 40, 5)})
    ModelVersionFactory.create(
        kind="recommender", state="active", trained_from=now - timedelta(days=28), trained_until=now - timedelta(days=7)
    )
    tree = [Category.objects.add_root({"name": f"c{n}"}) for n in range(3)]
    products = [ProductFactory.create(category=category) for category in tree]
    visitors = Visitor.objects.bulk_create([Visitor(key=f"d{n}") for n in range(200)])

    def act(days, shares, kinds, count, seed):
        rng = np.random.default_rng(seed)
        first, last = days
        Interaction.objects.bulk_create(
            Interaction(
                visitor=visitors[rng.integers(200)], product=products[rng.choice(3, p=shares)],
                kind=rng.choice(["view", "cart"], p=kinds),
                occurred_at=now - timedelta(days=rng.uniform(first, last)),
            )
            for _ in range(count)
        )  # fmt: skip

    act((7.01, 27.9), [0.6, 0.3, 0.1], [0.9, 0.1], 3600, 1)
    return act


def test_training_data_that_stays_as_it_was_is_checked_and_raises_nothing(learned):
    learned((0.01, 6.9), [0.6, 0.3, 0.1], [0.9, 0.1], 1200, 2)

    assert watching.watch_data(timezone.now()) == 0

    assert {one.feature for one in DriftCheck.objects.all()} == {"kinds", "categories", "lengths"}
    assert max(DriftCheck.objects.values_list("index", flat=True)) < 0.05
    assert alerts("recommender_data_changed") == []


def test_a_shop_that_sends_other_kinds_and_categories_raises_both_alerts_until_it_is_over(learned):
    learned((0.01, 6.9), [0.1, 0.2, 0.7], [0.4, 0.6], 1200, 2)

    assert watching.watch_data(timezone.now()) == 2

    assert sorted(alerts("recommender_data_changed")) == ["categories", "kinds"]
    said = {one.key: one.said for one in Alert.objects.open().filter(rule="recommender_data_changed")}
    with override("en"):
        assert re.search(r"Most of all “added to cart”: \d+% of the acts before, \d+% now\.", str(said["kinds"]))
        assert re.search(r"Most of all “c2”: \d+% of the acts before, \d+% now\.", str(said["categories"]))
    with override("zh-hans"):
        assert re.search(r"变化最大的是“加入购物车”：之前占行为的 \d+%，现在占 \d+%。", str(said["kinds"]))
    Interaction.objects.filter(occurred_at__gte=timezone.now() - timedelta(days=7)).delete()
    learned((0.01, 6.9), [0.6, 0.3, 0.1], [0.9, 0.1], 1200, 3)
    watching.watch_data(timezone.now())
    assert alerts("recommender_data_changed") == []


def test_a_handful_of_acts_says_nothing(learned):
    learned((0.01, 6.9), [0.0, 0.0, 1.0], [0.0, 1.0], 50, 2)

    assert watching.watch_data(timezone.now()) == 0
    assert not DriftCheck.objects.exists()


def test_exposure_is_spread_over_products_and_brands():
    red, blue = BrandFactory.create_batch(2)
    products = [ProductFactory.create(brand=brand, status="live", is_in_stock=True) for brand in (red, red, blue, blue)]
    for product, times in zip(products, (6, 2, 0, 0), strict=True):
        if times:
            ShownProduct.objects.create(day=timezone.localdate(), placement="home", product=product, times=times)
    today = timezone.localdate()

    found = shown.exposure(today, today)

    assert found.times == 8
    assert found.gini == pytest.approx(0.625)
    assert found.novelty == 2.0
    assert [(one.name, one.shown, one.products) for one in found.brands] == [
        (str(red), 1.0, 0.5),
        (str(blue), 0.0, 0.5),
    ]


def test_the_live_model_is_judged_on_what_came_after_it_learned_once_a_day(trained):
    for number, customer in enumerate(trained.customers):
        own = trained.blue if number % 2 else trained.green
        for step in range(4):
            trained.act(customer, own[(number + step) % 10], at=NOW + timedelta(minutes=step + 1))

    assert pipelines.evaluate_served()["customers"] > 0
    pipelines.evaluate_served()

    stored = ServedEvaluation.objects.get()
    assert 0 < stored.measures["ndcg@10"] <= 1
    assert stored.since == stored.version.trained_until


def test_nothing_new_is_no_evaluation(trained):
    assert pipelines.evaluate_served() == {"skipped": "nothing new"}
    assert not ServedEvaluation.objects.exists()


def test_a_night_counts_the_clicks_of_lists_that_the_model_ranked_and_of_no_others():
    today = timezone.localdate()
    version, other = ModelVersionFactory.create(), ModelVersionFactory.create()
    ServedEvaluation.objects.create(
        version=version,
        day=today,
        since=timezone.now(),
        customers=9,
        measures={"ndcg@10": 0.25, "hit_rate@10": 0.5},
    )

    def counted(source: str, lists: int, clicked: int, *, days: int = 0, version_id: int = version.pk) -> None:
        RecommendationDay.objects.create(
            day=today - timedelta(days=days), placement="home", source=source, version_id=version_id, people=lists,
            lists=lists, clicked=clicked, lists_lists=lists, clicked_clicked=clicked, lists_clicked=clicked,
        )  # fmt: skip

    counted("personal", 100, 10)
    counted("session", 40, 8, days=1)
    counted("item", 60, 6)
    for source in ("popular", "newest", "trending", "category", "segment", "fallback", ""):  # the control among them
        counted(source, 1_000, 0)
    counted("personal", 500, 0, days=2)
    counted("personal", 500, 0, version_id=other.pk)

    (night,) = shown.nights()

    assert (night.ndcg, night.hit_rate) == (0.25, 0.5)
    assert night.ctr.value == pytest.approx(24 / 200)


def test_the_alert_calls_a_placement_by_its_name_in_the_language_of_the_reader():
    Placement.objects.filter(key="home").update(
        name="Picked for you", name_translations={"en": "Picked for you", "zh-hans": "为您推荐"}
    )
    five_weeks([0.04, 0.08, 0.08, 0.08, 0.08])
    five_weeks([0.04, 0.08, 0.08, 0.08, 0.08], placement="product/similar", seed=2)

    watching.watch_clicks(timezone.localdate())

    said = {one.key: one.said for one in Alert.objects.open().filter(rule="recommendations_less_clicked")}
    with override("en"):
        assert str(said["home"]).startswith("Picked for you: ")
        assert str(said["product/similar"]).startswith("Product page: similar products: ")
    with override("zh-hans"):
        assert str(said["home"]).startswith("为您推荐")
        assert str(said["product/similar"]).startswith("商品页")
