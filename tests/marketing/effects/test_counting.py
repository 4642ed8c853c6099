from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from catalog.models import Order
from core.jobs import run_now
from core.models import Experiment, Exposure
from marketing.campaigns import effect
from marketing.effects import counting, selectors
from marketing.models import CampaignEvent, EffectLook, Recipient
from tests.analytics.customers.conftest import noon, place
from tests.factories import CampaignFactory, CampaignStepFactory, RecipientFactory, ShopProfileFactory
from tests.marketing.effects.conftest import divided, made_of, people_of, started
from tests.planner import analysed

pytestmark = pytest.mark.django_db


def test_the_segment_that_was_moved_is_found_and_the_others_are_not(spring):
    campaign, _segments = spring
    counting.count(campaign)

    found = selectors.by_segment(campaign)

    said = {one.title: one for one in found.rows}
    assert found.rows[0].title == "Champions"
    assert {title: one.said.kind for title, one in said.items()} == {
        "Champions": "works", "Loyal": "open", "Asleep": "open", "In no segment": "few",
    }  # fmt: skip
    assert said["Champions"].said.apart == "more"
    assert said["Champions"].people + said["Champions"].people_control == 1_500
    _first, low, high = said["Champions"].orders
    assert low < 0.2 * said["Champions"].people < high
    assert said["In no segment"].orders is None
    assert "needs 500 people in each group, has" in said["In no segment"].said.sentence
    assert found.questions == 8


def test_people_count_in_the_segment_they_were_in_when_it_was_planned(db):
    customers = people_of(1_200)
    divided(customers, ["Then"], until=10)  # left after the campaign was planned
    divided(customers, ["Now"], since=5)  # came after it
    divided(customers, ["Before"], since=90, until=30, kind="cluster")  # left before it
    campaign = made_of(customers, np.zeros(1_200))

    counting.count(campaign)

    assert [one.title for one in selectors.by_segment(campaign).rows] == ["Then"]


def test_all_versions_of_the_message_count_as_one_against_nothing(db):
    customers = people_of(1_200)
    campaign = made_of(customers, np.full(1_200, 0.1), weights=(50, 25, 25))

    told = counting.count(campaign).results

    assert told["people"]["message"] + told["people"]["nothing"] == 1_200
    assert told["all"]["conversion"]["n"] == told["people"]["message"]
    assert Exposure.objects.filter(arm__is_control=False).values("arm").distinct().count() == 2


def test_a_split_that_cannot_be_chance_gives_no_figures(db):
    campaign = made_of(people_of(1_200), np.zeros(1_200), weights=(20, 80))
    counting.count_all()

    assert selectors.by_segment(campaign).is_broken is True
    year = selectors.year()
    assert [one.said.kind for one in year.campaigns] == ["broken"]
    assert (year.total_revenue, year.campaigns[0].revenue, year.cost) == (None, None, 0)


def test_counting_twice_changes_nothing_and_a_final_count_is_not_made_again(spring):
    campaign, _segments = spring
    now = timezone.now()
    Experiment.objects.filter(pk=campaign.experiment_id).update(state="stopped", stopped_at=now - timedelta(days=10))
    first = counting.count(campaign).results
    assert counting.count(campaign).results == first
    assert EffectLook.objects.filter(campaign=campaign).count() == 1

    assert counting.due() == []
    assert run_now("marketing.tasks.count_effects") is not None
    assert EffectLook.objects.get(campaign=None).results["campaigns"][0]["campaign"] == campaign.pk


def test_a_year_holds_the_planted_revenue_cost_and_return(db):
    """Three campaigns to the same people, each bringing 30 for one in ten: 0.1 × 30 × people with a message."""
    customers = people_of(3_000)
    names = ("One", "Two", "Three")
    campaigns = [
        made_of(customers, np.full(3_000, 0.1), name=name, seed=n, days_ago=20 + 30 * n) for n, name in enumerate(names)
    ]
    made_of(customers, np.zeros(3_000), name="Old", seed=9, days_ago=400)
    counting.count_all()

    year = selectors.year()

    assert {one.campaign_id for one in year.campaigns} == {one.pk for one in campaigns}
    assert year.people + year.people_control == 9_000
    first, low, high = year.total_revenue
    assert low < 3 * year.people < high
    assert low > 0
    assert first == pytest.approx(sum(one.revenue[0] for one in year.campaigns))
    assert year.cost == pytest.approx(3 * 0.05)
    assert year.returned == pytest.approx(tuple((value - 0.15) / 0.15 for value in year.total_revenue))


def test_campaigns_are_ranked_by_what_is_proved(db):
    customers = people_of(3_000)
    for name, lift in (("Nothing", 0.0), ("Strong", 0.2), ("Harm", -0.15)):
        made_of(customers, np.full(3_000, lift), name=name, seed=len(name), days_ago=20 + 30 * len(name))
    made_of(customers[:300], np.zeros(300), name="Few", days_ago=15)
    counting.count_all()

    found = selectors.year().campaigns

    assert [(one.name, one.said.kind) for one in found] == [
        ("Harm", "hurts"), ("Strong", "works"), ("Nothing", "open"), ("Few", "few"),
    ]  # fmt: skip


def test_campaigns_of_which_each_is_too_small_add_up(db):
    customers = people_of(600)
    for n in range(4):
        made_of(customers, np.full(600, 0.3), name=f"Small{n}", seed=n, days_ago=20 + 30 * n)
    counting.count_all()

    year = selectors.year()

    assert {one.said.kind for one in year.campaigns} == {"few"}
    assert year.total_orders[1] > 0


def test_a_campaign_that_left_nobody_out_is_said_with_its_cost(db):
    campaign = CampaignFactory.create(cost_per_message="0.20")
    step = CampaignStepFactory.create(campaign=campaign)
    for _n in range(3):
        RecipientFactory.create(campaign=campaign, step=step, state="sent")
    counting.count_all()

    year = selectors.year()

    assert (year.unmeasured, year.cost_unmeasured, year.total_revenue) == (1, pytest.approx(0.6), None)


@pytest.fixture
def held(db):
    """A tenth is in the shop's holdout; the others buy for 40 more, and what everybody bought before foretells it."""
    ShopProfileFactory.create(holdout_percent=10)
    begin = timezone.now() - timedelta(days=60)
    experiment = Experiment.objects.create(
        name="Holdout", key="holdout-1", kind="everything", primary_metric="conversion", outcome_days=28
    )  # fmt: skip
    experiment.arms.create(key="without", weight=10, is_control=True)
    experiment.arms.create(key="with", weight=90)
    started(experiment, begin - timedelta(days=5))
    customers = people_of(6_000)
    campaign = CampaignFactory.create()
    step = CampaignStepFactory.create(campaign=campaign)
    event = CampaignEvent.objects.create(campaign=campaign, before="approved", after="planned")
    CampaignEvent.objects.filter(pk=event.pk).update(at=begin)
    rng = np.random.default_rng(0)
    orders, rows = [], []
    for at, customer in enumerate(customers):
        is_held = at % 10 == 0
        habit = float(rng.gamma(2, 50))
        orders.append(place(customer, noon(80), habit, f"before-{at}"))
        spent = habit + rng.normal(0, 10) + (0 if is_held else 40)
        orders.append(place(customer, noon(30), max(1.0, spent), f"after-{at}"))
        rows.append(
            Recipient(
                campaign=campaign, step=step, customer=customer, purpose="offers", channel="email", due_at=begin,
                arm="" if is_held else "a", state="skipped" if is_held else "sent",
                skip_reason="holdout" if is_held else "",
            )
        )  # fmt: skip
    Order.objects.bulk_create(orders)
    Recipient.objects.bulk_create(rows)
    analysed(Order, Recipient)
    return experiment


def test_the_holdout_of_a_year_is_compared_person_by_person_with_less_noise_by_history(held):
    told = counting.against_holdout(timezone.now())

    assert (told["revenue"]["n"], told["revenue"]["n_control"]) == (5_400, 600)
    low, high = told["revenue"]["always_valid_interval"]
    assert low < 40 < high
    assert high - low < 10
    assert told["revenue"]["removed"] > 0.8
    assert told["sample_ratio_p"] > 0.9


def test_whoever_was_held_out_and_written_to_is_in_neither_group(held):
    row = Recipient.objects.filter(skip_reason="holdout").first()
    second = CampaignFactory.create()
    event = CampaignEvent.objects.create(campaign=second, after="planned")
    CampaignEvent.objects.filter(pk=event.pk).update(at=timezone.now() - timedelta(days=20))
    RecipientFactory.create(campaign=second, customer=row.customer, arm="a", state="sent")

    told = counting.against_holdout(timezone.now())

    assert (told["revenue"]["n"], told["revenue"]["n_control"]) == (5_400, 599)


def test_without_a_holdout_of_the_shop_there_is_nothing_to_compare(db):
    assert counting.against_holdout(timezone.now()) is None


def test_the_effect_of_everybody_and_the_page_of_the_experiment_agree(spring):
    """The same people, outcomes and mathematics as any look."""
    from core.experiments import looking

    campaign, _segments = spring
    looking.look(campaign.experiment_id)
    look = counting.count(campaign)

    whole = effect.effect(campaign, messages=0)
    assert look.results["all"]["conversion"]["difference"] * look.results["all"]["conversion"]["n"] == pytest.approx(
        whole.arms[0].orders[0]
    )
