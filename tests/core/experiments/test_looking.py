"""A look counts what was planted: orders, buyers, money, clicks, from the first exposure on and no longer than said."""

import uuid
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.utils import timezone

from catalog.models import Customer, Interaction, Order, SearchQuery, Visitor
from catalog.partitions import ensure_months
from core.experiments import looking
from core.experiments.looking import look, look_at_all
from core.models import Experiment, ExperimentLook, Exposure, ShopProfile
from tests.factories import (
    CustomerFactory,
    ExperimentFactory,
    ExposureFactory,
    OrderFactory,
    RefundFactory,
    VisitorFactory,
)
from tests.planner import analysed

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def now():
    return timezone.now()


def running(**fields):
    return ExperimentFactory.create(state=Experiment.State.RUNNING, outcome_days=7, **fields)


def pay(customer, at, total=10, refunded=0, rate=1, status=Order.Status.PAID, visitor=None):
    return OrderFactory.create(
        customer=customer, visitor=visitor, status=status, paid_at=at, lines_total=total, total=total, paid_total=total,
        refunded_total=refunded, base_rate=Decimal(rate),
    )  # fmt: skip


def told(experiment, metric, arm="control"):
    results = {row["metric"]: row for row in experiment.looks.first().results}
    return results[metric]["arms"][arm]


def test_what_counts_is_paid_after_the_exposure_and_within_the_days(now):
    experiment = running()
    visitor = VisitorFactory.create(customer=OrderFactory.create().customer)
    ExposureFactory.create(experiment=experiment, subject=visitor.key, exposed_at=now - 10 * DAY)
    pay(visitor.customer, now - 11 * DAY, 1_000)  # before
    pay(visitor.customer, now - 9 * DAY, 100, refunded=30)
    pay(visitor.customer, now - 4 * DAY, 20, rate=2)
    pay(visitor.customer, now - 2 * DAY, 3_000)  # after the seven days
    pay(visitor.customer, now - 8 * DAY, 500, status=Order.Status.CANCELLED)

    look(experiment.pk)

    assert told(experiment, "orders") == {"n": 1, "nonzero": 1, "value": 2.0}
    assert told(experiment, "conversion")["value"] == 1.0
    assert told(experiment, "revenue")["value"] == pytest.approx(70 + 40)


def test_everybody_exposed_counts_also_who_does_nothing(now):
    """Intention to treat: people without an order, without a customer, and unknown browsers stay in the base."""
    experiment = running()
    buyer = VisitorFactory.create(customer=OrderFactory.create().customer)
    pay(buyer.customer, now - 9 * DAY)
    for subject in (buyer.key, VisitorFactory.create().key, "never-seen"):
        ExposureFactory.create(experiment=experiment, subject=subject, exposed_at=now - 10 * DAY)

    look(experiment.pk)

    assert told(experiment, "conversion") == {"n": 3, "nonzero": 1, "value": pytest.approx(1 / 3)}


def test_people_join_the_result_when_their_days_are_over(now):
    experiment = running()
    for days in (1, 6, 8):
        ExposureFactory.create(experiment=experiment, subject=f"v{days}", exposed_at=now - days * DAY)

    look(experiment.pk)

    assert told(experiment, "orders")["n"] == 1
    assert experiment.looks.first().exposed == {"control": 3, "arm-a": 0}


def test_an_experiment_of_customers_counts_theirs(now):
    experiment = running(unit=Experiment.Unit.CUSTOMER)
    customer = OrderFactory.create().customer
    pay(customer, now - 9 * DAY, 50)
    ExposureFactory.create(experiment=experiment, subject=customer.public_id, exposed_at=now - 10 * DAY)

    look(experiment.pk)

    assert told(experiment, "revenue")["value"] == pytest.approx(50)


def test_the_order_of_a_guest_counts_for_the_browser(now):
    experiment = running()
    guest, other = VisitorFactory.create(), VisitorFactory.create()
    for visitor in (guest, other):
        ExposureFactory.create(experiment=experiment, subject=visitor.key, exposed_at=now - 10 * DAY)
    pay(None, now - 9 * DAY, 40, visitor=guest)
    pay(None, now - 9 * DAY, 1_000)  # of nobody known

    look(experiment.pk)

    assert told(experiment, "conversion") == {"n": 2, "nonzero": 1, "value": 0.5}
    assert told(experiment, "revenue")["value"] == pytest.approx(20)


def test_a_browser_and_its_customer_are_one_person_and_each_order_counts_once(now):
    """First a guest, then signed in: both orders are the person's, whichever way leads to them."""
    customer = CustomerFactory.create()
    browser = VisitorFactory.create(customer=customer)
    second = VisitorFactory.create(customer=customer)
    pay(None, now - 9 * DAY, 10, visitor=browser)
    pay(customer, now - 8 * DAY, 20, visitor=browser)
    pay(customer, now - 7 * DAY, 30)
    pay(None, now - 6 * DAY, 40, visitor=second)
    stranger = pay(CustomerFactory.create(), now - 6 * DAY, 500, visitor=browser)  # at a friend's computer
    subjects = {"visitor": browser.key, "customer": customer.public_id}
    found = {}
    for unit, subject in subjects.items():
        experiment = running(unit=unit, target=unit)
        ExposureFactory.create(experiment=experiment, subject=subject, exposed_at=now - 10 * DAY)
        look(experiment.pk)
        found[unit] = told(experiment, "orders")["value"], told(experiment, "revenue")["value"]

    assert found == {"visitor": (5.0, 600.0), "customer": (4.0, 100.0)}
    assert stranger.customer != customer


def test_clicks_are_views_that_carry_a_recommendation(now):
    ensure_months({(now - days * DAY).date() for days in range(0, 45, 5)})
    experiment = running()
    visitor = VisitorFactory.create()
    ExposureFactory.create(experiment=experiment, subject=visitor.key, exposed_at=now - 10 * DAY)
    for days, context in (
        (9, {"recommendation": "t"}),
        (8, {"recommendation": "t"}),
        (8, {}),
        (12, {"recommendation": "t"}),
    ):
        Interaction.objects.create(visitor=visitor, kind="view", occurred_at=now - days * DAY, context=context)

    look(experiment.pk)

    assert told(experiment, "clicks")["value"] == 2.0


def test_revenue_per_thousand_views_is_a_ratio(now):
    ensure_months({(now - days * DAY).date() for days in range(0, 45, 5)})
    experiment = running()
    customer = OrderFactory.create().customer
    one, other = VisitorFactory.create(customer=customer), VisitorFactory.create()
    for visitor in (one, other):
        ExposureFactory.create(experiment=experiment, subject=visitor.key, exposed_at=now - 10 * DAY)
    for visitor, views in ((one, 3), (other, 2)):
        for n in range(views):
            at = now - 9 * DAY + timedelta(minutes=n)
            Interaction.objects.create(visitor=visitor, kind="view", occurred_at=at)
    pay(customer, now - 8 * DAY, 20)

    look(experiment.pk)

    assert told(experiment, "revenue_per_view")["value"] == pytest.approx(20 / 5)


def plant(experiment, now, *, per_arm, shares, seed=3):
    """Thousands of people whose chance to buy is known, each with what they bought before."""
    draw = np.random.default_rng(seed)
    arms = list(experiment.arms.order_by("-is_control", "pk"))
    total = per_arm * len(arms)
    customers = Customer.objects.bulk_create([Customer(name=f"c{n}", joined_at=now) for n in range(total)])
    customers = list(Customer.objects.order_by("pk").filter(pk__in=[c.pk for c in customers]))
    Visitor.objects.bulk_create([Visitor(key=f"p{n}", customer=c) for n, c in enumerate(customers)])
    exposures, orders = [], []
    for n, customer in enumerate(customers):
        arm = arms[n % len(arms)]
        exposures.append(Exposure(experiment=experiment, arm=arm, subject=f"p{n}", exposed_at=now - 10 * DAY))
        keen = draw.random() < 0.3
        chance = shares[n % len(arms)] * (2.5 if keen else 0.357)
        for bought, at in ((keen, now - 20 * DAY), (draw.random() < chance, now - 8 * DAY)):
            if bought:
                amount = Decimal(f"{draw.lognormal(3, 0.5):.2f}")
                orders.append(
                    Order(
                        number=f"P{len(orders)}",
                        customer=customer,
                        currency="CNY",
                        status=Order.Status.PAID,
                        placed_at=at,
                        paid_at=at,
                        lines_total=amount,
                        total=amount,
                        paid_total=amount,
                    )
                )
    Exposure.objects.bulk_create(exposures)
    Order.objects.bulk_create(orders)
    analysed(Customer, Visitor, Exposure, Order)


def test_a_planted_lift_is_found_and_what_was_known_before_helps(now):
    experiment = running(planned_people=4_000, primary_metric="conversion")
    plant(experiment, now, per_arm=2_000, shares=[0.2, 0.3])

    look(experiment.pk)

    seen = experiment.looks.get()
    result = next(row for row in seen.results if row["metric"] == "conversion")
    [row] = result["comparisons"]
    assert row["always_valid_interval"][0] > 0
    assert row["interval"][0] <= 0.1 <= row["interval"][1]
    assert row["always_valid_relative_interval"][0] > 0
    assert result["removed"] > 0.1
    assert seen.sample_ratio_p == 1.0
    assert row["p_value_holm"] == row["p_value"]  # the only question: everything else is shown
    assert {one["p_value_holm"] for other in seen.results if other is not result for one in other["comparisons"]} == {
        None
    }


def test_amounts_are_capped_where_the_experiment_says_so(now):
    experiment = running(winsorise_at=0.9)
    for n in range(20):
        customer = OrderFactory.create().customer
        visitor = VisitorFactory.create(customer=customer)
        ExposureFactory.create(experiment=experiment, subject=visitor.key, exposed_at=now - 10 * DAY)
        pay(customer, now - 9 * DAY, 100_000 if n == 0 else 10)

    look(experiment.pk)

    revenue = next(row for row in experiment.looks.get().results if row["metric"] == "revenue")
    assert (revenue["cap"], revenue["capped"]) == (10.0, 1)
    assert revenue["arms"]["control"]["value"] == 10.0
    orders = next(row for row in experiment.looks.get().results if row["metric"] == "orders")
    assert orders["cap"] is None


def test_a_look_costs_a_known_number_of_statements(now, django_assert_max_num_queries):
    experiment = running()
    ExposureFactory.create(experiment=experiment)

    with django_assert_max_num_queries(16):
        look(experiment.pk)


def test_a_look_without_anybody_is_a_look(now):
    experiment = running()

    assert look(experiment.pk) == {"people": 0, "metrics": 7}

    seen = experiment.looks.get()
    assert seen.sample_ratio_p == 1.0
    assert seen.results[0]["comparisons"][0]["interval"] is None


def test_what_is_counted_for_other_kinds_is_shown_only_where_it_is_judged(now):
    plain, judged = running(), running(target="cart", guardrails=["first_answer"])

    look(plain.pk)
    look(judged.pk)

    own = {"orders", "conversion", "revenue", "clicks", "revenue_per_view", "bought_again", "returns"}
    assert {row["metric"] for row in plain.looks.get().results} == own
    assert {row["metric"] for row in judged.looks.get().results} == own | {"first_answer"}


def test_a_draft_is_not_looked_at():
    experiment = ExperimentFactory.create()

    assert look(experiment.pk) == {"skipped": "draft"}
    assert not ExperimentLook.objects.exists()


def test_stopped_experiments_are_looked_at_until_the_last_days_are_over(now):
    ShopProfile.objects.update_or_create(pk=1, defaults={"holdout_percent": 0})
    gathering = ExperimentFactory.create(state=Experiment.State.STOPPED, outcome_days=7)
    over = ExperimentFactory.create(state=Experiment.State.STOPPED, outcome_days=7, target="cart")
    Experiment.objects.filter(pk=over.pk).update(stopped_at=now - 9 * DAY)
    running(target="product")

    assert look_at_all()["looked"] == 2
    assert gathering.looks.count() == 1
    assert over.looks.count() == 0


def test_exposures_of_long_ended_experiments_are_forgotten_and_their_looks_stay(now, settings):
    settings.EVENT_RETENTION_MONTHS = 6
    old = ExperimentFactory.create(state=Experiment.State.STOPPED)
    Experiment.objects.filter(pk=old.pk).update(stopped_at=now - 200 * DAY)
    ExposureFactory.create(experiment=old)
    kept = ExposureFactory.create(experiment=running(target="cart"))
    ExperimentLook.objects.create(experiment=old, looked_at=now - 190 * DAY, sample_ratio_p=1.0)

    assert looking.forget_old() == 1
    assert list(Exposure.objects.all()) == [kept]
    assert old.looks.count() == 1


def test_who_pays_for_an_order_that_is_not_the_first_bought_again(now):
    experiment = running()
    people = {
        name: VisitorFactory.create(customer=CustomerFactory.create()) for name in ("loyal", "new", "twice", "gone")
    }
    for visitor in people.values():
        ExposureFactory.create(experiment=experiment, subject=visitor.key, exposed_at=now - 10 * DAY)
    pay(people["loyal"].customer, now - 300 * DAY)
    pay(people["loyal"].customer, now - 9 * DAY)
    pay(people["new"].customer, now - 9 * DAY)
    pay(people["twice"].customer, now - 9 * DAY)
    pay(people["twice"].customer, now - 8 * DAY)
    pay(people["gone"].customer, now - 300 * DAY)
    pay(people["gone"].customer, now - 2 * DAY)  # after the seven days

    look(experiment.pk)

    assert told(experiment, "bought_again") == {"n": 4, "nonzero": 2, "value": 0.5}


def test_a_return_counts_for_an_order_paid_since_the_exposure(now):
    experiment = running()
    people = [VisitorFactory.create(customer=CustomerFactory.create()) for _ in range(4)]
    for visitor in people:
        ExposureFactory.create(experiment=experiment, subject=visitor.key, exposed_at=now - 10 * DAY)
    for visitor, paid, refunded in ((people[0], 9, 5), (people[1], 20, 5), (people[2], 9, 1)):
        order = pay(visitor.customer, now - paid * DAY)
        RefundFactory.create(order=order, customer=visitor.customer, refunded_at=now - refunded * DAY)

    look(experiment.pk)

    assert told(experiment, "returns") == {"n": 4, "nonzero": 1, "value": 0.25}


def test_searches_that_lead_to_a_product_are_a_ratio_over_searches(now):
    experiment = running(kind="search", target="results")
    visitor = VisitorFactory.create()
    ExposureFactory.create(experiment=experiment, subject=visitor.key, exposed_at=now - 10 * DAY)
    ExposureFactory.create(experiment=experiment, subject="silent", exposed_at=now - 10 * DAY)
    for days, clicked in ((9, True), (9, False), (8, False), (12, True), (1, True)):
        at = now - days * DAY
        SearchQuery.objects.create(
            key=uuid.uuid4(), text="mug", normalised="mug", results=3, matched="all", searched_at=at, visitor=visitor,
            clicked_at=at if clicked else None,
        )  # fmt: skip

    look(experiment.pk)

    found = told(experiment, "search_success")
    assert (found["n"], found["value"]) == (2, pytest.approx(1 / 3))
