"""The impact page: what is said of each capability, without a count in the request; its file and its address."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from analytics.impact import files, results
from analytics.impact.views import start_url
from core import impact
from core.choices import Role
from core.experiments import holdout
from core.models import Experiment, LedgerEntry, ShopProfile
from tests.core.test_impact import a_look, people
from tests.factories import ExperimentFactory

pytestmark = pytest.mark.django_db
RUNNING, STOPPED = Experiment.State.RUNNING, Experiment.State.STOPPED
SAME = (people(6_000, 0.05), people(6_000, 0.05))
CLEAR = (people(6_000, 0.08), people(6_000, 0.12))


def measured(outcomes=None, *, state=RUNNING, ratio=1.0, exposed=None, **fields):
    fields = {"planned_people": 10_000, "started_at": timezone.now() - timedelta(days=20), **fields}
    made = ExperimentFactory.create(state=state, **fields)
    if outcomes is not None:
        a_look(made, outcomes, ratio=ratio, exposed=exposed).save()
    return made


def row(key="recommendations"):
    return next(one for one in results.report() if one.key == key)


def page(client):
    return client.get(reverse("admin:analytics_impact"))


def test_only_capabilities_that_exist_are_named(client):
    names = [one.key for one in results.report()]

    assert names == [
        "recommendations", "search", "search_tags", "follow_up", "assistant", "campaign", "care", "service",
        "loyalty", "everything",
    ]  # fmt: skip
    text = page(client).text
    assert "Not measured: without a control nobody can say what it brings." in text
    own = text[text.index("ana-impact") :].partition("</main>")[0]
    for promise in ("+10%", "+15%", "+20%", "+30%", "+50%"):
        assert promise not in own


def test_without_a_control_it_offers_the_experiment_that_would_measure_it(client):
    url = start_url(dict(impact.known())["recommendations"])

    assert url.replace("&", "&amp;") in page(client).text
    form = client.get(url).text
    assert "Do recommendations on the home page sell more than the popularity list?" in form
    assert 'value="recommendations:home" selected' in form
    assert 'value="returns"' in form


def test_who_may_not_start_experiments_is_offered_none(client_of):
    text = page(client_of(Role.ANALYST)).text

    assert reverse("admin:core_experiment_add") not in text
    assert "Merchandisers and marketers start experiments." in text


def test_what_nothing_can_measure_is_named_and_offers_nothing(client, monkeypatch):
    loyalty = replace(dict(impact.known())["loyalty"], elsewhere=None)
    monkeypatch.setattr(impact, "known", lambda: [("loyalty", loyalty)])

    text = page(client).text

    assert start_url(loyalty) == ""
    assert "Nothing can leave people out of it by chance yet, so no experiment can be started." in text


def test_what_begins_by_itself_names_the_page_where_it_is_set_up(client, client_of):
    ways = {
        "/admin/marketing/campaign/add/": "A campaign that leaves some people out measures it.",
        "/admin/crm/careprogramme/add/": "A care programme with a control group measures it.",
        "/admin/crm/service-strategy/": "A strategy that is in force for part of its group measures it.",
    }

    text = page(client).text
    seen = page(client_of(Role.ANALYST)).text

    assert "A care programme that gives points, with a control group, measures it." in text
    for url, sentence in ways.items():
        assert f'<a class="zg-button" href="{url}">' in text
        assert sentence in text
        assert sentence in seen
    assert '<a class="zg-button" href="/admin/marketing/campaign/add/">' not in seen


def test_what_nobody_measured_is_named_and_has_no_row_among_the_ranges(client):
    def overview():
        return page(client).text.partition('id="ana-recommendations"')[0].partition('id="ana-answer"')[2]

    assert "Nothing is measured yet" in overview()
    assert "no change" not in overview()

    measured({"conversion": CLEAR, "revenue": SAME, "returns": SAME})

    assert "no change" in overview()
    assert "Not measured: Search, " in overview()
    assert "without a control nobody can say" not in overview()


def test_a_clear_result_is_said_with_its_range(client):
    measured({"conversion": CLEAR, "revenue": SAME, "returns": SAME})

    said = row().verdict

    assert said.kind == "works"
    assert "Pays: Recommendations" in page(client).text
    assert said.sentence in page(client).text


def test_harm_is_said_first(client):
    measured({"conversion": CLEAR[::-1]})
    measured({"conversion": CLEAR}, target="cart")

    assert row().verdict.kind == "hurts"
    assert "Does harm: Recommendations" in page(client).text


def test_a_broken_split_shows_no_figure(client):
    measured({"conversion": CLEAR}, ratio=1e-12, exposed={"control": 5_200, "arm-a": 4_700})

    text = page(client).text

    assert "Do not use this result: 5,200 and 4,700 people where equal groups were planned" in text
    assert "more buyers" not in text


def test_before_anybody_is_counted_it_waits(client):
    measured()

    assert row().verdict.kind == "waiting"
    assert "Nothing counted yet." in page(client).text


def test_no_difference_that_matters_is_said_so():
    both = (people(60_000, 0.3), people(60_000, 0.3))
    measured({"conversion": both}, smallest_effect=0.05)

    assert row().verdict.kind == "same"


def test_what_ended_stays_until_something_runs_again(client):
    old = measured({"conversion": CLEAR}, state=STOPPED)
    assert [one.experiment for one in row().current] == [old]

    fresh = measured(target="cart")

    assert [one.experiment for one in row().current] == [fresh]
    assert [one.experiment for one in row().earlier] == [old]
    assert "1 earlier experiment" in page(client).text


def test_the_holdout_is_a_row_of_its_own(client):
    ShopProfile.objects.update_or_create(pk=1, defaults={"holdout_percent": 5})
    assert "Within the hour the comparison begins by itself" in page(client).text

    holdout.keep()

    assert row("everything").current[0].experiment.key == "holdout-1"
    assert row("everything").capability.start is None


def test_many_campaigns_do_not_push_out_the_holdout_of_the_year():
    holdout_began = timezone.now() - timedelta(days=300)
    ExperimentFactory.create(kind="holdout", target="everything", state=RUNNING, started_at=holdout_began)
    running = measured(kind="campaign", target="first", started_at=timezone.now() - timedelta(days=90))
    for number in range(results.MOST_OF_A_KIND + 25):
        measured(kind="campaign", target=f"c{number}", state=STOPPED)

    found = results._experiments(["campaign", "holdout"])

    kinds = [experiment.kind for experiment, _look in found]
    assert (kinds.count("holdout"), kinds.count("campaign")) == (1, results.MOST_OF_A_KIND)
    assert running in [experiment for experiment, _look in found]


def test_less_noise_is_said_from_one_percent_on():
    one = results.Measured(ExperimentFactory.build(), None, [], results._not_measured())

    assert "CUPED" not in files.method(one, 0.0099)
    assert files.method(one, 0.25).endswith("Noise reduced by 25% by the 28 days before (CUPED).")


def test_campaigns_are_for_satisfaction_too():
    assert "service_rating" in dict(impact.known())["campaign"].measures


def test_reading_it_all_asks_one_query_however_many_experiments(django_assert_num_queries):
    for target in ("home", "cart", "product", "search"):
        measured({"conversion": CLEAR}, target=target, state=STOPPED)
        measured({"conversion": CLEAR}, target=target)

    with django_assert_num_queries(1):
        found = results.report()

    assert len(found[0].current) == 4
    assert len(found[0].earlier) == 4


def test_the_page_asks_few_queries(client, django_assert_max_num_queries):
    measured({"conversion": CLEAR})
    page(client)

    with django_assert_max_num_queries(6):
        page(client)


def test_the_file_says_how_each_line_was_counted(client):
    measured({"conversion": CLEAR, "returns": SAME})

    answer = client.post(reverse("admin:analytics_impact_export"))

    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["Metric"] for line in lines] == [
        "Share of people who buy",
        "Share of people who return something",
        *[""] * 9,
    ]
    first = lines[0]
    assert (first["Capability"], first["Control"], first["Guardrail"]) == (
        "Recommendations",
        "the popularity list",
        "no",
    )
    assert float(first["Relative change"]) == pytest.approx(0.5)
    assert float(first["From (any look)"]) > 0
    assert first["How it was counted"].startswith("Intention to treat: everybody exposed counts")
    assert lines[2]["What it says"] == "Not measured: without a control nobody can say what it brings."
    entry = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.EXPORT).latest("pk")
    assert '"list": "analytics_impact"' in entry.body


def test_the_address_tells_the_same_as_the_page(client):
    measured({"conversion": CLEAR, "returns": SAME})

    body = client.get("/api/v1/staff/impact").json()

    told = {one["capability"]: one for one in body["capabilities"]}
    assert told["search"] | {"current": [], "earlier": []} == told["search"]
    assert (told["search"]["is_measured"], told["search"]["kind"]) == (False, "not_measured")
    claim = told["recommendations"]["current"][0]["claims"][0]
    assert (claim["metric"], claim["kind"], claim["is_guardrail"]) == ("conversion", "works", False)
    assert claim["estimate"] == pytest.approx(0.5)
    assert claim["sentence"] == row().verdict.sentence


def test_the_home_page_tells_the_owner_with_the_range(client, django_assert_max_num_queries):
    measured({"conversion": CLEAR})
    client.get("/admin/")

    with django_assert_max_num_queries(25):  # savepoints of the cards among them; test_frame holds the reads
        text = client.get("/admin/").text

    assert "What each capability brought" in text
    assert row().verdict.sentence in text
    assert "Not measured: without a control" not in text
    said = text[text.index("What each capability brought") :].partition("not measured yet")[0]
    assert said.split()[-3:] == ["9", "more", "are"]
    assert f'href="{reverse("admin:analytics_impact")}"' in said
