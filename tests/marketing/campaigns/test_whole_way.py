"""A campaign with the local sink, from the draft to the effect."""

from datetime import time

import pytest

from core.experiments import looking
from core.jobs import run_now
from marketing.campaigns import effect, lifecycle
from marketing.models import MarketingSettings, Recipient
from marketing.sending import working
from tests.factories import StaffUserFactory

pytestmark = pytest.mark.django_db


def test_a_campaign_goes_the_whole_way_with_the_sink(agreed, campaign, redis_server):
    agreed(30)
    MarketingSettings.current()
    MarketingSettings.objects.update(quiet_from=time(0), quiet_until=time(0), per_second=100_000)
    made = campaign(arms=[{"key": "a", "weight": 1}, {"key": "b", "weight": 1, "subject": {"en": "Fresh tea"}}])
    lifecycle.mark_checked(made, by=made.created_by)
    lifecycle.approve(made, by=StaffUserFactory.create())
    run_now("marketing.tasks.plan_campaign", campaign_id=made.pk)
    made.refresh_from_db()
    waiting = Recipient.objects.filter(campaign=made, state="planned").count()
    assert working.run(seconds=30).sent == 0
    lifecycle.run(made, by=None)

    assert working.run(seconds=30).sent == waiting > 0
    run_now("marketing.tasks.keep_campaigns")

    made.refresh_from_db()
    assert made.state == "done"
    assert list(made.events.order_by("pk").values_list("after", flat=True)) == [
        "checked", "approved", "planned", "running", "done",
    ]  # fmt: skip
    looking.look(made.experiment_id)
    told = effect.funnel(made)
    assert (told.planned, told.sent, told.messages) == (waiting, waiting, waiting)
    found = effect.effect(made, messages=told.messages)
    assert found is not None
    assert sum(one.people for one in found.arms) == waiting
    assert found.verdict.kind == "waiting"
