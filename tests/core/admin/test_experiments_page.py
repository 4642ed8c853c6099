"""Experiments in the admin: what is asked, what a look says, what staff may do about it."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from core.choices import Role
from core.components import Meaning
from core.experiments import holdout, reading
from core.experiments.looking import as_row
from core.ml import experiments as ml
from core.ml.experiments import Sums
from core.models import Experiment, Job, ShopProfile
from tests.factories import ExperimentFactory, ExperimentLookFactory, ExposureFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/core/experiment/"
State = Experiment.State
FORM = {
    "name": "Home page", "place": "recommendations:home", "primary_metric": "conversion", "guardrails": ["revenue"],
    "unit": "visitor", "smallest_percent": "5", "outcome_days": "7", "planned_people": "10000",
    "arm_0_way": "recommendations:popularity", "arm_0_weight": "50",
    "arm_1_way": "recommendations:live", "arm_1_weight": "50", "arm_1_name": "Model",
}  # fmt: skip


def result(metric, control, arm, *, alpha=0.05, tuned_for=10_000):
    """What a look stores about one metric, from (people, buyers) of the control and of each arm."""
    people = [control, *(arm if isinstance(arm, list) else [arm])]
    sums = {
        name: Sums(n=n, y=float(y), yy=float(y), nonzero=y)
        for name, (n, y) in zip(("control", "arm-a", "arm-b"), people, strict=False)
    }
    compared = ml.compare(sums, control="control", tuned_for=tuned_for, alpha=alpha)
    rows = [as_row(one) | {"p_value_holm": one.difference.p_value} for one in compared.comparisons]
    arms = {name: {"n": s.n, "nonzero": s.nonzero, "value": s.y / s.n if s.n else 0.0} for name, s in sums.items()}
    return {"metric": metric, "arms": arms, "cap": None, "capped": 0, "removed": 0.0, "comparisons": rows}


def looked(control, arm, *, state=State.RUNNING, p=1.0, exposed=None, days_ago=20, **fields):
    """An experiment with one look at its primary metric."""
    experiment = ExperimentFactory.create(state=state, started_at=timezone.now() - timedelta(days=days_ago), **fields)
    ExperimentLookFactory.create(
        experiment=experiment, sample_ratio_p=p, exposed=exposed or {"control": control[0], "arm-a": arm[0]},
        results=[result("conversion", control, arm)],
    )  # fmt: skip
    return experiment


def said(experiment, language="en"):
    with translation.override(language):
        return reading.verdict(experiment, experiment.looks.first()).sentence


# --- words --------------------------------------------------------------------------------------------------------


def test_a_clear_gain_is_said_with_its_range():
    experiment = looked((10_000, 1_000), (10_000, 1_400))

    assert re.fullmatch(r"Works: likely \d+% to \d+% more buyers", said(experiment))
    assert re.fullmatch(r"有效：购买人数很可能增加 \d+% 到 \d+%", said(experiment, "zh-hans"))


def test_a_clear_loss_hurts():
    experiment = looked((10_000, 1_400), (10_000, 1_000))

    assert re.fullmatch(r"Hurts: likely \d+% to \d+% fewer buyers", said(experiment))


def test_while_it_is_open_the_days_left_are_told():
    experiment = looked((2_000, 200), (2_000, 215), smallest_effect=0.2)

    assert re.fullmatch(r"Too early to tell: anywhere from −\d+% to \+\d+%\. About [\d,]+ more days", said(experiment))
    assert re.fullmatch(r"尚无法判断：可能在 −\d+% 到 \+\d+% 之间。约还需 [\d,]+ 天", said(experiment, "zh-hans"))


def test_an_answer_that_takes_years_is_not_told_in_days():
    experiment = looked((2_000, 200), (2_000, 215), smallest_effect=0.005)

    assert said(experiment).endswith("At this pace it takes more than a year.")


def test_a_stopped_experiment_without_an_answer_promises_no_more_days():
    experiment = looked((2_000, 200), (2_000, 215), state=State.STOPPED)

    assert said(experiment).startswith("Not decided: anywhere from")


def test_no_difference_is_claimed_only_when_the_range_is_narrow():
    experiment = looked((400_000, 200_000), (400_000, 200_100), smallest_effect=0.02)

    assert re.fullmatch(r"No difference that matters: within ±\d(\.\d)?%", said(experiment))


def test_a_broken_split_hides_every_result():
    experiment = looked((5_200, 600), (4_700, 900), p=1e-7)

    assert said(experiment) == "Do not use this result: 5,200 and 4,700 people where equal groups were planned"
    assert said(experiment, "zh-hans") == "此结果不可用：应当人数相等，实际为 5,200 与 4,700"
    assert len(reading.readings(experiment, experiment.looks.first())) == 1


def test_planned_shares_that_differ_are_named():
    experiment = looked((700, 60), (500, 90), p=1e-7, weights=[70, 30])

    assert said(experiment).endswith("700 and 500 people where shares of 70% and 30% were planned")


@pytest.mark.parametrize(
    ("control", "arm", "words"),
    [
        ((0, 0), (0, 0), "Not yet: needs 500 people in each group, has 0"),
        ((480, 90), (900, 90), "Not yet: needs 500 people in each group, has 480"),
        ((900, 90), (900, 7), "Not yet: needs 25 people in each group with something to count, has 7"),
        ((6_000, 300), (6_000, 0), "Look into it: 0 of 6,000 people here, 300 of 6,000 in the control group"),
        ((6_000, 3), (9_000, 400), "Look into it: 400 of 9,000 people here, 3 of 6,000 in the control group"),
    ],
)
def test_too_few_people_are_told_with_what_is_needed(control, arm, words):
    assert said(looked(control, arm)) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0%"), (-0.0002, "0%"), (0.02, "+2%"), (-0.02, "−2%"), (0.0996, "+10%"), (-267.18, "−26,718%")],
)
def test_nothing_has_no_sign_and_thousands_stand_apart(value, words):
    assert reading.signed_share(value) == words


def test_of_several_arms_those_that_wait_are_named_and_metrics_only_where_it_is_not_all(client):
    experiment = looked((480, 90), (490, 90), weights=[40, 30, 30], ways=["popularity", "live", "trending"])
    metrics = [result(name, (480, 90), [(490, 90), (430, 90)]) for name in ("conversion", "orders")]
    experiment.looks.update(
        results=metrics, exposed={"control": 480, "arm-a": 490, "arm-b": 430}, sample_ratio_p=1.0
    )  # fmt: skip

    waiting = client.get(f"/admin/core/experiment/{experiment.pk}/change/").context["waiting"]

    assert waiting == [
        ("live", "Not yet: needs 500 people in each group, has 480"),
        ("trending", "Not yet: needs 500 people in each group, has 430"),
    ]


def test_an_arm_that_is_called_after_what_it_shows_is_called_so_in_each_language():
    experiment = ExperimentFactory.create(ways=["popularity", "live"])
    control, arm = experiment.arms.all()
    control.name, arm.name = "The popularity list", "Our best guess"

    with translation.override("zh-hans"):
        assert (control.title, arm.title) == ("热门榜单", "Our best guess")
    control.name = "热门榜单"
    assert control.title == "The popularity list"


def test_a_stopped_experiment_waits_for_people_until_the_days_of_all_are_over():
    experiment = looked((480, 90), (900, 90), state=State.STOPPED)
    assert said(experiment) == "Not yet: needs 500 people in each group, has 480"
    Experiment.objects.filter(pk=experiment.pk).update(stopped_at=timezone.now() - timedelta(days=8))
    experiment.refresh_from_db()

    found = reading.verdict(experiment, experiment.looks.first())

    assert (found.word, found.meaning) == ("too few people", Meaning.IDLE)
    assert found.sentence == "Not decided: it takes 500 people in each group and had 480"


def test_before_anybodys_days_are_over_that_is_said():
    assert said(looked((0, 0), (0, 0), days_ago=1)) == "Not yet: what people do is counted for 7 days first"


def test_while_nobodys_days_are_over_there_are_no_numbers_and_of_an_empty_arm_no_p(client):
    def page(*people):
        experiment = looked(*people, days_ago=1, target=f"place-{people[0][0]}")
        return client.get(f"{LIST}{experiment.pk}/change/").content.decode()

    nobody, one_sided = page((0, 0), (0, 0)), page((40, 3), (0, 0))

    assert ">p, one look<" not in nobody
    assert ">p, one look<" in one_sided
    assert "<div>1.000</div>" not in one_sided


def test_a_value_per_person_has_as_many_places_as_say_something(client):
    experiment = ExperimentFactory.create(state=State.RUNNING)
    orders = result("orders", (22, 4), (600, 7))
    orders["arms"]["control"]["value"] = 24 / 22
    ExperimentLookFactory.create(experiment=experiment, exposed={"control": 22, "arm-a": 600}, results=[orders])

    page = client.get(f"{LIST}{experiment.pk}/change/").content.decode()

    assert re.findall(r'<td class="zg-right">([\d.]+)</td>', page)[:2] == ["1.09", "0.0117"]


# --- pages --------------------------------------------------------------------------------------------------------


def test_the_list_says_what_came_of_each_and_costs_few_queries(client, django_assert_max_num_queries):
    for n in range(12):
        looked((10_000, 1_000), (10_000, 1_400), target=f"place{n}")

    client.get(LIST)
    with django_assert_max_num_queries(12):
        page = client.get(LIST)

    content = page.content.decode()
    assert content.count("more buyers") == 12
    assert "20,000" in content


def test_a_page_with_many_looks_costs_as_much_as_with_one(client, django_assert_max_num_queries):
    experiment = looked((10_000, 1_000), (10_000, 1_400))
    for n in range(1, 130):
        ExperimentLookFactory.create(
            experiment=experiment, looked_at=timezone.now() - timedelta(hours=n), exposed={"control": 1, "arm-a": 1},
            results=[result("conversion", (10_000 - n, 1_000), (10_000 - n, 1_300))],
        )  # fmt: skip

    client.get(f"{LIST}{experiment.pk}/change/")
    with django_assert_max_num_queries(14):
        page = client.get(f"{LIST}{experiment.pk}/change/")

    content = page.content.decode()
    assert "every look so far" in content
    assert content.count("<td") < 60 * 3 + 40  # at most sixty points
    assert "Works: likely" in content


def test_a_draft_is_written_changed_started_and_stopped(client):
    page = client.post(f"{LIST}add/", FORM, follow=True)
    experiment = Experiment.objects.get()
    assert page.redirect_chain[0][0] == f"{LIST}{experiment.pk}/change/"
    assert [(a.key, a.name, a.weight, a.settings) for a in experiment.arms.all()] == [
        ("control", "The popularity list", 50, {"strategy": "popularity"}),
        ("arm-a", "Model", 50, {"strategy": "live"}),
    ]

    client.post(f"{LIST}{experiment.pk}/change/", FORM | {"arm_0_weight": "80", "arm_1_weight": "20"})
    client.post(f"{LIST}{experiment.pk}/start/")
    experiment.refresh_from_db()
    assert experiment.state == State.RUNNING
    assert list(experiment.arms.values_list("weight", flat=True)) == [80, 20]

    page = client.get(f"{LIST}{experiment.pk}/change/")
    assert "Stop experiment" in page.content.decode()
    client.post(f"{LIST}{experiment.pk}/stop/")
    experiment.refresh_from_db()
    assert experiment.state == State.STOPPED
    assert Job.objects.filter(dedupe_key=f"experiment:{experiment.pk}").count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"arm_1_weight": "40"}, "add up to 90%"),
        ({"arm_1_way": "recommendations:popularity"}, "All arms do the same"),
        ({"place": "recommendations:other"}, "Say which place."),
        ({"arm_2_weight": "10"}, "Choose what this arm shows."),
        ({"arm_2_way": "recommendations:newest"}, "Say which share of people."),
        ({"smallest_percent": "0"}, "errors"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_a_form_that_makes_no_experiment_says_why_and_writes_nothing(client, changes, words):
    page = client.post(f"{LIST}add/", FORM | changes)

    assert page.status_code == 200
    assert words in page.content.decode()
    assert not Experiment.objects.exists()


def test_another_place_has_a_key_of_the_storefronts(client):
    client.post(f"{LIST}add/", FORM | {"place": "recommendations:other", "other_place": "wish-list"})

    assert Experiment.objects.get().target == "wish-list"


def test_a_running_experiment_cannot_be_posted_to(client):
    experiment = ExperimentFactory.create(state=State.RUNNING)

    assert client.post(f"{LIST}{experiment.pk}/change/", FORM).status_code == 403
    assert client.get(f"{LIST}{experiment.pk}/delete/").status_code == 403
    experiment.refresh_from_db()
    assert experiment.state == State.RUNNING


def test_a_second_experiment_in_one_place_is_refused_in_words(client):
    ExperimentFactory.create(state=State.RUNNING)
    draft = ExperimentFactory.create()

    page = client.post(f"{LIST}{draft.pk}/start/", follow=True)

    assert "Another experiment runs there." in page.content.decode()


def test_a_decision_is_written_down_with_its_reason(client, boss):
    experiment = looked((10_000, 1_000), (10_000, 1_400), state=State.STOPPED)
    arm = experiment.arms.get(key="arm-a")
    address = f"{LIST}{experiment.pk}/decide/"

    refused = client.post(address, {"decision": "adopt", "arm": "", "reason": "More buyers"})
    assert "Choose the arm to adopt." in refused.content.decode()
    page = client.post(address, {"decision": "adopt", "arm": arm.pk, "reason": "More buyers"}, follow=True)

    experiment.refresh_from_db()
    assert (experiment.decided_arm, experiment.decided_by, experiment.decision_reason) == (arm, boss, "More buyers")
    assert "Adopt “live”" in page.content.decode()


def test_archiving_can_be_taken_back_from_its_message(client):
    experiment = ExperimentFactory.create(state=State.STOPPED)

    page = client.post(f"{LIST}{experiment.pk}/archive/", follow=True)
    assert f"{LIST}{experiment.pk}/archive/" in page.content.decode()
    client.post(f"{LIST}{experiment.pk}/archive/", {"back": "1"})

    experiment.refresh_from_db()
    assert experiment.state == State.STOPPED


def test_a_new_version_is_a_draft_with_a_page_of_its_own(client):
    experiment = ExperimentFactory.create(state=State.RUNNING, key="home")

    page = client.post(f"{LIST}{experiment.pk}/copy/", follow=True)

    made = Experiment.objects.get(key="home-v2")
    assert page.redirect_chain[0][0] == f"{LIST}{made.pk}/change/"
    assert "Start experiment" in page.content.decode()


def test_counting_now_queues_one_job_and_shows_its_progress(client):
    experiment = ExperimentFactory.create(state=State.RUNNING)

    client.post(f"{LIST}{experiment.pk}/look/")
    page = client.post(f"{LIST}{experiment.pk}/look/", follow=True)

    assert Job.objects.filter(task="core.tasks.look_at_experiment").count() == 1
    assert "Counting" in page.content.decode()


def test_the_result_is_a_file_of_its_own(client):
    experiment = looked((10_000, 1_000), (10_000, 1_400), key="home")

    answer = client.post(f"{LIST}{experiment.pk}/results/")

    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="home.csv"'
    assert lines[0].startswith("Metric,Arm,People,")
    assert lines[1].startswith("Share of people who buy,live,10000,10000,0.14,0.1,")


def test_the_list_can_be_exported(client):
    looked((10_000, 1_000), (10_000, 1_400))

    answer = client.post(f"{LIST}export/", {"format": "csv"})

    text = b"".join(answer.streaming_content).decode()
    assert "Works: likely" in text


def test_the_plan_says_how_many_people_it_takes(client):
    page = client.get(f"{LIST}plan/", {"base": "10", "lift": "20", "daily": "1000"})

    people = ml.people_needed_always_valid(base=0.1, lift=0.2)
    assert f"{people:,} people in two groups, about {-(-people // 1000)} days" in page.content.decode()


@pytest.mark.parametrize(
    "numbers",
    [{"base": "0"}, {"base": "many"}, {"lift": "0"}, {"base": "nan"}, {"base": "90", "lift": "50"}, {"lift": "inf"}],
)
def test_a_plan_that_cannot_be_says_so(client, numbers):
    page = client.get(f"{LIST}plan/", {"base": "10", "lift": "20", "daily": "100"} | numbers)

    assert page.status_code == 200
    assert "Give a share between 0 and 100%" in page.content.decode()


# --- who may what -------------------------------------------------------------------------------------------------


def test_an_analyst_sees_results_and_no_buttons(client_of):
    experiment = looked((10_000, 1_000), (10_000, 1_400))

    content = client_of(Role.ANALYST).get(f"{LIST}{experiment.pk}/change/").content.decode()

    assert "Works: likely" in content
    assert "Result as CSV" in content
    for word in ("Stop experiment", "Count now", "New version"):
        assert word not in content


def test_a_marketer_runs_experiments_and_takes_no_rows_out(client_of):
    experiment = looked((10_000, 1_000), (10_000, 1_400))
    marketer = client_of(Role.MARKETER)

    content = marketer.get(f"{LIST}{experiment.pk}/change/").content.decode()

    assert "Stop experiment" in content
    assert "Result as CSV" not in content
    assert marketer.post(f"{LIST}{experiment.pk}/results/").status_code == 403


def test_an_analyst_cannot_read_a_draft_as_a_form(client_of):
    draft = ExperimentFactory.create()

    content = client_of(Role.ANALYST).get(f"{LIST}{draft.pk}/change/").content.decode()

    assert "Save draft" not in content


def test_the_holdout_is_set_in_the_shop_profile(client):
    page = client.get("/admin/core/shopprofile/1/change/")

    assert "Holdout (%)" in page.content.decode()
    profile = ShopProfile.objects.get()
    assert profile.holdout_percent == 5


def test_the_exposures_of_nobody_are_shown_anywhere(client):
    exposure = ExposureFactory.create(subject="secret-visitor-key")
    ExperimentLookFactory.create(experiment=exposure.experiment, exposed={"control": 1, "arm-a": 0})

    page = client.get(f"{LIST}{exposure.experiment_id}/change/")

    assert "secret-visitor-key" not in page.content.decode()


def test_the_holdout_is_read_here_and_set_in_the_shop_profile(client):
    made = holdout.keep()
    ExperimentLookFactory.create(experiment=made)

    text = client.get(reverse("admin:core_experiment_change", args=[made.pk])).text

    assert "Whole shop" in text
    for act in ("stop", "copy"):
        assert reverse(f"admin:core_experiment_{act}", args=[made.pk]) not in text
    client.post(reverse("admin:core_experiment_stop", args=[made.pk]))
    made.refresh_from_db()
    assert made.is_running
