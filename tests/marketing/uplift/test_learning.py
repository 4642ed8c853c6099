from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from analytics.ml import churn
from core.models import Job, ModelVersion
from marketing.ml.encoding import Encoder
from marketing.models import Campaign, Recipient, UpliftScore
from marketing.uplift import asking, datasets, learning, tasks
from tests.factories import CampaignFactory, CampaignStepFactory, RecipientFactory
from tests.marketing.uplift.conftest import sent_out

pytestmark = pytest.mark.django_db


def test_a_campaign_that_moved_some_is_learned_once_and_everybody_is_scored(moved_campaign):
    found = learning.learn(moved_campaign.pk)

    version = ModelVersion.objects.get(kind="uplift")
    assert (found["guard"], version.state) == ("use", ModelVersion.State.ACTIVE)
    assert version.report["people"]["message"] + version.report["people"]["left_out"] == 1_600
    assert version.report["intervals"]["qini"][1] > 0
    scores = dict(UpliftScore.objects.filter(arm="message").values_list("customer_id", "value"))
    assert found["customers"] == len(scores) == 1_600
    often = set(
        Recipient.objects.filter(customer__orders__number__contains="-3").values_list("customer_id", flat=True)
    )  # the fourth order before the message
    moved = np.mean([value for person, value in scores.items() if person in often])
    others = np.mean([value for person, value in scores.items() if person not in often])
    assert moved - others > 0.2

    again = learning.learn(moved_campaign.pk)

    assert again == found
    assert ModelVersion.objects.count() == 1
    assert UpliftScore.objects.count() == 1_600


def test_a_campaign_that_moved_everybody_alike_is_kept_as_not_reliable_and_scores_nobody(db):
    campaign = sent_out((0.1, 0.1), people=800)

    found = learning.learn(campaign.pk)

    version = ModelVersion.objects.get(kind="uplift")
    assert (found["guard"], found["customers"]) == ("no_reliable_ranking", 0)
    assert version.state == ModelVersion.State.REFUSED
    assert version.report["reason"] in {"not_above_chance", "not_above_response"}
    assert not UpliftScore.objects.exists()


def test_a_later_campaign_that_proves_nothing_leaves_the_ranking_that_serves(moved_campaign):
    learning.learn(moved_campaign.pk)
    later = sent_out((0.1, 0.1), name="Summer", seed=1, people=400)

    learning.learn(later.pk)

    serving = ModelVersion.objects.of("uplift").active().get()
    assert serving.report["campaign"] == moved_campaign.public_id
    assert set(UpliftScore.objects.values_list("model_version", flat=True)) == {serving.pk}


def test_nothing_is_learned_while_orders_may_come_or_nobody_was_left_out():
    running = CampaignFactory.create(state=Campaign.State.RUNNING)
    fresh = CampaignFactory.create(state=Campaign.State.DONE)
    step = CampaignStepFactory.create(campaign=fresh)
    now = timezone.now()
    RecipientFactory.create(campaign=fresh, step=step, arm="a", due_at=now - timedelta(days=6))

    assert learning.learn(running.pk) == {"skipped": "running"}
    assert learning.learn(fresh.pk) == {"skipped": "nobody_left_out"}

    RecipientFactory.create(campaign=fresh, step=step, arm="control", is_holdout=True, due_at=now - timedelta(days=6))
    assert learning.learn(fresh.pk) == {"skipped": "orders_may_come"}
    assert not ModelVersion.objects.exists()


def test_a_small_campaign_says_that_it_is_too_small():
    campaign = CampaignFactory.create(state=Campaign.State.DONE)
    step = CampaignStepFactory.create(campaign=campaign)
    for is_held in (True, False):
        RecipientFactory.create(
            campaign=campaign, step=step, arm="control" if is_held else "a", is_holdout=is_held,
            due_at=timezone.now() - timedelta(days=30),
        )  # fmt: skip

    found = learning.learn(campaign.pk)

    assert (found["guard"], ModelVersion.objects.get().report["reason"]) == ("no_reliable_ranking", "too_few")


def test_those_without_an_arm_were_not_drawn_and_do_not_count():
    campaign = CampaignFactory.create(state=Campaign.State.DONE)
    step = CampaignStepFactory.create(campaign=campaign)
    due = timezone.now() - timedelta(days=30)
    drawn = RecipientFactory.create(campaign=campaign, step=step, arm="a", due_at=due, state="skipped")
    RecipientFactory.create(campaign=campaign, step=step, arm="", due_at=due, state="skipped", skip_reason="no_consent")

    found = datasets.drawn(campaign.pk)

    assert (found.ids.tolist(), found.treated.tolist()) == ([drawn.customer_id], [1])


def test_the_nightly_job_asks_once_for_each_ended_campaign_that_left_some_out():
    old = timezone.now() - timedelta(days=9)
    wanted = CampaignFactory.create(state=Campaign.State.DONE, holdout_share="0.1", ended_at=old)
    CampaignFactory.create(state=Campaign.State.DONE, holdout_share=0, ended_at=old)
    CampaignFactory.create(state=Campaign.State.DONE, holdout_share="0.1", ended_at=timezone.now())
    CampaignFactory.create(state=Campaign.State.RUNNING, holdout_share="0.1")

    for _night in range(2):
        assert asking.due() == [wanted.pk]
        tasks.look_for_ended()

    assert Job.objects.get(kind="marketing.uplift").arguments == {"campaign_id": wanted.pk}


def test_features_are_columns_that_the_churn_sheet_has():
    assert set(datasets.FEATURES) <= set(churn.WIDE)


def test_an_encoding_comes_back_from_its_json():
    columns = {"n": np.array([1.0, np.nan, 3.0]), "w": np.array(["a", "b", "a"])}
    encoder = Encoder.learn(columns)

    assert Encoder.from_json(encoder.to_json()) == encoder
