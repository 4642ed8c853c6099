import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.choices import Role
from core.models import Job
from marketing.uplift import learning
from tests.factories import CampaignFactory, ModelVersionFactory
from tests.marketing.uplift.conftest import sent_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def url():
    return reverse("admin:marketing_uplift")


def test_before_any_campaign_the_page_says_what_will_be_here(client_of, url):
    answer = client_of(Role.MARKETER).get(url)

    assert "Nothing learned yet" in answer.content.decode()


def test_a_ranking_that_holds_is_said_to_be_usable_with_its_evidence(client_of, url, moved_campaign):
    learning.learn(moved_campaign.pk)

    text = client_of(Role.MARKETER).get(url).content.decode()

    assert "The ranking holds" in text
    assert "May be used" in text
    assert "1,600" in text
    assert moved_campaign.name in text


def test_a_campaign_without_a_ranking_says_why_and_what_to_do(client_of, url):
    learning.learn(sent_out((0.1, 0.1), people=400).pk)

    text = client_of(Role.ANALYST).get(url).content.decode()

    assert "No reliable ranking: write to all, or to some drawn by chance" in text
    assert "Not reliable" in text


def test_more_campaigns_ask_no_more_queries(client_of, url):
    client, counts = client_of(Role.MARKETER), []
    for _more in range(2):
        for number in range(3):
            campaign = CampaignFactory.create(name=f"C{number}")
            ModelVersionFactory.create(kind="uplift", report={"campaign": campaign.public_id, "guard": "use"})
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(url)
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_a_marketer_has_the_ended_campaigns_learned_from_now(client_of, url):
    client, act = client_of(Role.MARKETER), reverse("admin:marketing_uplift_act")
    empty = client.get(url).content.decode().partition('<div class="zg-empty">')[2].partition("</main>")[0]
    assert re.sub(r"<[^>]+>|\s+", " ", empty).split()[-5:] == ["Learn", "now", "Open", "the", "campaigns"]
    told = client.post(act, follow=True)
    assert "Nothing new to learn from" in told.content.decode()
    waiting = CampaignFactory.create(
        state="done", holdout_share="0.1", ended_at=timezone.now() - timedelta(days=9), name="Spring"
    )
    for _twice in range(2):
        client.post(act)
    job = Job.objects.get()
    assert (job.kind, job.arguments) == ("marketing.uplift", {"campaign_id": waiting.pk})
    assert job.created_by == told.wsgi_request.user
    page = client.get(url).content.decode()
    assert f'id="job-{job.pk}-progress"' in page
    assert "Learn now" not in page


def test_who_may_only_look_is_offered_no_learning(client_of, url):
    analyst = client_of(Role.ANALYST)

    assert "Learn now" not in analyst.get(url).content.decode()
    assert analyst.post(reverse("admin:marketing_uplift_act")).status_code == 403


def test_support_does_not_see_it(client_of, url):
    assert client_of(Role.SUPPORT).get(url).status_code == 403
