"""Staff pages of what campaigns brought."""

import re

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from core.choices import Role
from core.experiments import looking
from core.impact import known
from core.jobs import execute
from core.models import Job
from marketing.effects import counting
from marketing.models import EffectLook
from tests.factories import ShopProfileFactory, StaffUserFactory
from tests.marketing.effects.conftest import divided, made_of, people_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def url():
    return reverse("admin:marketing_effects")


@pytest.fixture
def year(db):
    ShopProfileFactory.create(name="Shop")
    customers = people_of(3_000)
    divided(customers, ["Champions", "Loyal"])
    campaigns = [made_of(customers, np.full(3_000, 0.2), name="Strong", days_ago=20)]
    campaigns.append(made_of(customers[:200], np.zeros(200), name="Few", days_ago=60))
    for one in campaigns:
        looking.look(one.experiment_id)
    counting.count_all()
    return campaigns


def test_before_anything_was_counted_the_page_says_what_will_be_here(client_of, url):
    text = client_of(Role.MARKETER).get(url).content.decode()

    assert "Nothing counted yet" in text
    assert "Open the campaigns" in text


def test_the_year_is_said_in_one_sentence_with_cost_return_and_every_campaign(
    client_of, url, year, django_assert_max_num_queries
):
    client = client_of(Role.MARKETER)
    client.get(url)
    with django_assert_max_num_queries(12):
        text = client.get(url).content.decode()

    assert "Works: campaigns likely brought" in text
    assert "Return on cost" in text
    assert text.index("Strong") < text.index("Few")
    assert "Too few: needs 500 people in each group, has" in text
    assert "Not measured: the holdout is switched off in the shop profile" in text


def test_the_year_is_counted_when_a_marketer_asks(client_of, url, year):
    client, act = client_of(Role.MARKETER), reverse("admin:marketing_effects_act")
    EffectLook.objects.all().delete()
    assert "Count now" in client.get(url).content.decode()
    for _twice in range(2):
        client.post(act)
    job = Job.objects.get(kind="marketing.effects")
    page = client.get(url).content.decode()
    assert "Count now" not in page
    poll = re.search(r'hx-get="(/admin/core/job/[^"]+)"', page)[1].replace("&amp;", "&")
    colleague = Client()
    colleague.force_login(StaffUserFactory.create(role=Role.MARKETER))
    assert colleague.get(poll).status_code == 200  # a page showed it, whoever asked for the job
    assert colleague.get(poll.partition("?")[0]).status_code == 403
    execute(job.pk)
    assert client.get(poll)["HX-Refresh"] == "true"
    assert "Works: campaigns likely brought" in client.get(url).content.decode()
    analyst = client_of(Role.ANALYST)
    assert "Count now" not in analyst.get(url).content.decode()
    assert analyst.post(act).status_code == 403


def test_the_same_as_a_file(client_of, url, year):
    client = client_of(Role.OWNER)
    client.get(url)

    answer = client.post(reverse("admin:marketing_effects_export"), {"format": "csv"})

    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Campaign,Since,People with a message,People without")
    assert [line.split(",")[0] for line in lines[1:]] == ["Strong", "Few", "All together"]


def test_a_campaign_shows_its_segments(client_of, year, django_assert_max_num_queries):
    client, address = client_of(Role.MARKETER), reverse("admin:marketing_campaign_change", args=[year[0].pk])
    client.get(address)
    with django_assert_max_num_queries(12):
        text = client.get(address).content.decode()

    assert "By segment" in text
    assert "Champions" in text
    assert "over the 4 questions of this table" in text


def test_the_line_of_campaigns_on_the_impact_page_leads_there(client_of, url, year):
    assert f'href="{url}"' in client_of(Role.MARKETER).get(reverse("admin:analytics_impact")).content.decode()
    assert dict(known())["campaign"].page == "marketing_effects"


def test_support_does_not_see_it(client_of, url):
    assert client_of(Role.SUPPORT).get(url).status_code == 403
