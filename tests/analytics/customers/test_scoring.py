"""From paid orders to a version that serves, scores, traits and checks."""

import json
from datetime import UTC, timedelta

import numpy as np
import pytest
from django.utils import timezone

from analytics import datasets
from analytics.customers import checking, scoring, training, work
from analytics.customers.refusals import Refused
from analytics.models import CustomerScore, ScoreCheck, ScoreKind, ScoreRun
from catalog.models import Customer, CustomerTrait, Order
from core import model_registry as registry
from core.models import Alert, ModelVersion
from tests.analytics.customers.conftest import noon, place
from tests.factories import CustomerFactory, RefundFactory, ShopProfileFactory

pytestmark = pytest.mark.django_db


def test_everybody_who_bought_gets_scores_and_traits_of_the_serving_version(shop):
    found = {kind: work.train(kind) for kind in ScoreKind}

    bought = Order.objects.values("customer").distinct().count()
    assert {one["customers"] for one in found.values()} == {bought}
    score = CustomerScore.objects.get(customer=shop[4])
    assert 0 <= score.churn_30 <= 1
    assert score.value > 0
    traits = {trait.kind: trait for trait in CustomerTrait.objects.filter(customer=shop[4])}
    assert set(traits) == {"value", "churn", "propensity"}
    assert traits["churn"].value["90"] == score.churn_90
    assert traits["churn"].model_version.name == "customer_churn.v1"
    assert traits["churn"].as_of.date() == datasets.known_until()
    assert float(traits["value"].value["value"]) == float(score.value)
    for trait in traits.values():
        assert trait.reasons
        json.dumps([trait.value, trait.reasons], allow_nan=False)


def test_those_who_left_have_the_higher_risk(shop):
    work.train(ScoreKind.CHURN)

    risk = dict(CustomerScore.objects.values_list("customer", "churn_90"))
    newest = dict(Order.objects.order_by("paid_at").values_list("customer", "paid_at"))
    long_ago = [risk[key] for key, at in newest.items() if at < noon(150)]
    lately = [risk[key] for key, at in newest.items() if at > noon(15)]
    assert np.mean(long_ago) > np.mean(lately) + 0.3


def test_scoring_again_writes_nothing_and_an_order_changes_one(shop):
    work.train(ScoreKind.VALUE)
    before = CustomerScore.objects.get(customer=shop[4]).scored_at

    again = scoring.score(ScoreKind.VALUE)
    place(shop[4], noon(1), 500.0, "late").save()
    changed = scoring.score(ScoreKind.VALUE)

    assert (again.changed, changed.changed) == (0, 1)
    assert CustomerScore.objects.get(customer=shop[4]).scored_at > before
    assert ScoreRun.objects.filter(kind="value").count() == 3


def test_a_customer_whose_orders_went_has_no_score_any_more(shop):
    work.train(ScoreKind.CHURN)
    Order.objects.filter(customer=shop[1]).delete()

    scoring.score(ScoreKind.CHURN)

    assert CustomerScore.objects.get(customer=shop[1]).churn_90 is None
    assert not CustomerTrait.objects.filter(customer=shop[1], kind="churn").exists()


def test_an_erased_customer_is_not_scored(shop):
    Customer.objects.filter(pk=shop[2].pk).update(erased_at=noon(0))

    for kind in ScoreKind:
        work.train(kind)

    assert not CustomerScore.objects.filter(customer=shop[2]).exists()
    assert not CustomerTrait.objects.filter(customer=shop[2]).exists()


def test_a_roll_back_scores_by_the_version_before(shop):
    work.train(ScoreKind.CHURN)
    work.train(ScoreKind.CHURN)
    registry.roll_back("customer_churn", by=None)

    assert scoring.score(ScoreKind.CHURN).model_version.number == 1


def test_a_version_says_how_good_it_was_on_dates_held_back(shop):
    work.train(ScoreKind.CHURN)
    work.train(ScoreKind.VALUE)

    churn = ModelVersion.objects.of("customer_churn").get()
    own = churn.report["horizons"]["90"]
    assert churn.metrics["auc"] > 0.6
    assert churn.metrics["auc"] == churn.gate["candidate"]
    assert len(own["gaps"]) == len(own["held_back_at"])
    assert max(own["held_back_at"]) <= (datasets.known_until() - timedelta(days=90)).isoformat()
    test = ModelVersion.objects.of("customer_value").get().report["back_test"]
    assert sum(row["customers"] for row in test["deciles"]) == test["customers"]
    assert abs(sum(row["predicted"] for row in test["deciles"]) - test["predicted"]) < 1e-3
    tenths = [row["predicted_money"] for row in test["deciles"]]
    assert tenths == sorted(tenths, reverse=True)


def test_the_nightly_look_holds_chances_against_what_happened(shop):
    work.nightly()

    checks = {(one.kind, one.horizon): one for one in ScoreCheck.objects.all()}
    assert set(checks) == {("churn", 30), ("churn", 60), ("churn", 90), ("propensity", 30)}
    one, other = checks["churn", 30], checks["propensity", 30]
    assert abs(one.actual + other.actual - 1) < 1e-3
    assert abs(one.foretold - one.actual) < 0.15


def test_a_level_far_off_is_an_alert_until_it_is_right_again(shop):
    work.train(ScoreKind.CHURN)
    scorers = registry.load(ModelVersion.objects.of("customer_churn").get())
    assert scorers.meta["horizons"] == [30, 60, 90]

    from analytics.customers import alerts

    alerts.tell(ScoreKind.CHURN, 0.25, None)
    assert Alert.objects.filter(rule="scores_off", key="churn").filter(resolved_at=None).count() == 1
    alerts.tell(ScoreKind.CHURN, 0.02, 0.4)
    assert Alert.objects.filter(rule="scores_changed", key="churn").filter(resolved_at=None).count() == 1


def test_models_are_trained_again_after_a_week_only(shop):
    work.nightly()
    work.nightly()
    assert ModelVersion.objects.of("customer_value").count() == 1

    ModelVersion.objects.update(created_at=noon(8))
    work.nightly()
    assert ModelVersion.objects.of("customer_value").count() == 2


def test_what_was_bought_is_read_in_the_base_currency_and_by_day(db):
    ShopProfileFactory.create(name="Shop")
    one, other = CustomerFactory.create(), CustomerFactory.create()
    first = place(one, noon(20), 10, "a", currency="USD", base_rate=7)
    first.save()
    place(one, noon(20), 5, "b").save()
    place(other, noon(3), 8, "c").save()
    place(other, noon(-5), 99, "future").save()
    RefundFactory.create(order=first, customer=one, amount=2, currency="USD", refunded_at=noon(10))

    purchases = datasets.sample_of_purchases(datasets.known_until())

    ids = purchases.customer_ids.tolist()
    assert [ids[number] for number in purchases.customers] == sorted([one.pk, other.pk])
    assert dict(zip(ids, purchases.amounts.tolist(), strict=True)) == {one.pk: 75.0, other.pk: 8.0}
    assert purchases.return_amounts.tolist() == [-14.0]


def test_what_the_database_adds_up_is_what_the_mathematics_adds_up(shop):
    until = datasets.known_until()
    known = until - timedelta(days=60)
    purchases = datasets.sample_of_purchases(until)

    found, own = datasets.summaries(known, until), purchases.summary(datasets.number_of(known))

    assert found.summary.customers.tolist() == own.customer_ids.tolist()
    for name in ("frequency", "first", "last"):
        assert getattr(found.summary, name).tolist() == getattr(own, name).tolist(), name
    assert np.allclose(found.summary.bought, own.bought)
    model = training.lifetime.learn(purchases, datasets.number_of(known))
    assert np.allclose(found.spending.mean * found.spending.count, model.spending.mean * model.spending.count)
    assert np.allclose(found.spending.squares, model.spending.squares, atol=1e-6)
    test = training.lifetime.back_test(model, purchases, datasets.number_of(until))
    assert found.later_days.tolist() == test.actual.tolist()


def test_days_are_the_shops_also_in_a_job_that_has_no_zone_of_its_own(db):
    ShopProfileFactory.create(name="Shop", time_zone="Asia/Shanghai")
    late = timezone.now().replace(hour=20, minute=0) - timedelta(days=10)  # four in the morning there, a day later
    place(CustomerFactory.create(), late, 5, "late").save()

    with timezone.override("UTC"):
        until = datasets.known_until()
        purchases = datasets.sample_of_purchases(until)
        end = training.end_of(until)

    assert until == (timezone.now() + timedelta(hours=8)).date() - timedelta(days=1)
    assert datasets.day_of(purchases.days[0]) == late.date() + timedelta(days=1)
    assert datasets.first_day() == late.date() + timedelta(days=1)
    assert end.astimezone(UTC).hour == 15


def test_a_sample_is_the_same_customers_whole(shop):
    whole, part = (datasets.sample_of_purchases(datasets.known_until(), most=most) for most in (1_000, 60))

    kept = set(part.customer_ids.tolist())
    assert 0 < len(kept) < len(whole.customer_ids)
    assert len(part) == sum(whole.customer_ids[number] in kept for number in whole.customers)


def test_blocks_hold_everybody_once(shop):
    blocks = list(datasets.blocks_of_purchases(datasets.known_until(), size=50))

    ids = [key for block in blocks for key in block.customer_ids.tolist()]
    assert len(blocks) > 2
    assert sorted(ids) == sorted(Order.objects.values_list("customer", flat=True).distinct())


# --- odd shops -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ScoreKind)
def test_an_empty_shop_says_what_is_missing(db, kind):
    assert work.train(kind) == {"refused": "orders"}
    assert ScoreRun.objects.get(kind=kind).refusal["reason"] == "orders"


@pytest.mark.parametrize("kind", ScoreKind)
def test_one_order_is_a_named_refusal(db, kind):
    ShopProfileFactory.create(name="Shop")
    place(CustomerFactory.create(), noon(10), 5, "one").save()

    assert work.train(kind)["refused"] in ("days", "customers")


def test_a_shop_where_nobody_came_twice_has_no_value_and_says_so(db):
    ShopProfileFactory.create(name="Shop")
    for number in range(30):
        place(CustomerFactory.create(), noon(100 - 3 * number), 5, f"n{number}").save()

    assert work.train(ScoreKind.VALUE) == {"refused": "repeats"}
    assert "second day" in str(Refused("repeats").message)


def test_the_same_amount_everywhere_and_a_heavy_customer_stay_finite(db):
    ShopProfileFactory.create(name="Shop")
    people = [CustomerFactory.create() for _each in range(40)]
    orders = [place(people[0], noon(number % 180 + 1), 10, f"h{number}") for number in range(2_000)]
    orders += [place(one, noon(170 - 4 * n), 10, f"o{n}") for n, one in enumerate(people)]
    orders += [place(one, noon(120 - 2 * n), 0, f"z{n}") for n, one in enumerate(people)]
    Order.objects.bulk_create(orders)

    for kind in ScoreKind:
        work.train(kind)

    for row in CustomerScore.objects.all():
        values = [row.alive, row.expected_orders, row.churn_30, row.churn_60, row.propensity_30, float(row.value)]
        assert all(np.isfinite(value) for value in values)
    assert ScoreRun.objects.filter(kind="value", refusal={}).get().figures["sum"]["value"] > 0


def test_a_damaged_version_is_not_used(shop, settings, tmp_path):
    work.train(ScoreKind.CHURN)
    version = ModelVersion.objects.of("customer_churn").get()
    (tmp_path / version.folder / "h90_weights.npy").write_bytes(b"x")

    assert scoring.score(ScoreKind.CHURN) is None
    assert checking.check()["checked"] == 0
