import csv
import io

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from core.choices import Role
from core.models import LedgerEntry, ModelVersion, StaffUser
from recommender.ml.sources import RECIPES
from recommender.models import TrainingSettings
from recommender.reasons import strategy_name
from recommender.trial_views import WORDS
from tests.factories import StaffUserFactory

PAGE = reverse("admin:recommender_trials")
TRIALS = [
    {
        "source": "ials",
        "parameters": {"factors": 64, "alpha": 10.0},
        "score": 0.21,
        "cpu_seconds": 1.5,
        "chosen": False,
    },
    {
        "source": "ials",
        "parameters": {"factors": 64, "alpha": 30.0},
        "score": 0.25,
        "cpu_seconds": 1.25,
        "chosen": True,
    },
    {"source": "ease", "parameters": {"regularisation": 400.0}, "score": 0.24, "cpu_seconds": 3.0, "chosen": True},
]


@pytest.fixture
def version(db):
    now = timezone.now()
    return ModelVersion.objects.create(
        kind="recommender", number=3, state=ModelVersion.State.ACTIVE, schema_version=1, trained_from=now,
        trained_until=now, row_count=10,
        report={
            "metrics": {"ndcg@10": 0.2}, "chosen": "blend", "trials": TRIALS, "tuned_on_sample": True,
            "weights": {"ials": 1.0, "ease": 0.35}, "validation": {"blend": 0.26, "ials": 0.25, "ease": 0.24},
            "strategies": {"blend": {"ndcg@10": 0.22}}, "cpu_seconds": {"ials": 2.5},
        },
    )  # fmt: skip


@pytest.fixture
def owner(client, db):
    client.force_login(StaffUser.objects.create_superuser("lin", "lin@example.com", "a-long-one-7"))
    return client


def rows_of(answer):
    return [(row.number, row.source) for row in answer.context["rows"]]


@pytest.mark.parametrize("strategy", [*(recipe.name for recipe in RECIPES), "popularity", "popularity_recent", "blend"])
def test_every_strategy_that_can_be_chosen_has_words_for_staff(strategy):
    for language in ("en", "zh-hans"):
        with override(language):
            assert str(WORDS[strategy]) != strategy
            assert "_" not in strategy_name(strategy)
            assert strategy_name(strategy) != strategy or (strategy, language) == ("popularity", "en")


def test_every_trial_stands_with_what_was_turned_its_score_and_its_cost(owner, version):
    answer = owner.get(PAGE)

    assert rows_of(answer) == [(1, "ials"), (2, "ials"), (3, "ease")]
    assert [row.settings for row in answer.context["rows"]] == ["alpha 10.0", "alpha 30.0", ""]
    assert "3 trials, 6 CPU seconds" in answer.text
    assert "on a sample of the customers" in answer.text
    assert "0.2500" in answer.text


@pytest.mark.parametrize(
    ("sort", "numbers"),
    [("-score", [2, 3, 1]), ("score", [1, 3, 2]), ("-cpu_seconds", [3, 1, 2]), ("source", [3, 1, 2]), ("x", [1, 2, 3])],
)
def test_trials_are_sorted_by_a_column(owner, version, sort, numbers):
    assert [number for number, _source in rows_of(owner.get(PAGE, {"sort": sort}))] == numbers


def test_weights_stand_beside_what_each_source_is_worth_alone(owner, version):
    weighed = owner.get(PAGE).context["weighed"]

    assert [(row.source, row.weight, row.validation, row.later) for row in weighed] == [
        ("blend", None, 0.26, 0.22),
        ("ials", 1.0, 0.25, None),
        ("ease", 0.35, 0.24, None),
    ]
    assert weighed[0].is_chosen


def test_the_page_names_the_methods_that_can_be_shown_alone(owner, version):
    assert "show one of these alone: matrix factorisation, linear item model." in owner.get(PAGE).text
    version.report = version.report | {"voices": ["rp3beta"]}
    version.save()
    assert "show one of these alone: random walk." in owner.get(PAGE).text


VISITS = {
    "serves_up_to": 3, "moments": 2000, "mrr@20_session": 0.142, "mrr@20_personal": 0.1205, "gain_low": 0.0101,
    "gain_high": 0.0333, "judged_moments": 431,
}  # fmt: skip


def test_the_page_says_whom_the_running_visit_answers_and_how_sure_that_is(owner, version):
    version.report["sessions"] = VISITS
    version.save()

    page = owner.get(PAGE).text

    assert "Who has at most 3 products in the history is answered by what others did next" in page
    assert [word in page for word in ("0.1420", "0.1205", "+0.0215", "likely +0.0101 to +0.0333", "431", "2,000")] == [
        True
    ] * 6
    assert "the gain is not sure" not in page


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (VISITS | {"serves_up_to": 1}, "Who has 1 product in the history"),
        (VISITS | {"serves_up_to": 50}, "Everybody is answered by what others did next"),
        (VISITS | {"gain_low": -0.002}, "the gain is not sure"),
        ({"serves_up_to": 3, "moments": 90}, "Who has at most 3 products"),
        ({"serves_up_to": 0, "moments": 90}, "did not foretell the next product surely better"),
        ({"serves_up_to": 0, "moments": 0}, "there were too few visits"),
    ],
)
def test_every_outcome_of_the_measurement_is_told(owner, version, told, words):
    version.report["sessions"] = told
    version.save()

    assert words in owner.get(PAGE).text


def test_the_running_visit_is_told_in_chinese_too(owner, version):
    version.report["sessions"] = VISITS
    version.save()
    owner.cookies["django_language"] = "zh-hans"

    page = owner.get(PAGE).text

    assert "历史中不超过 3 件商品的人" in page
    assert "可能在 +0.0101 到 +0.0333 之间" in page


HOURS = {
    "exponent": 0.5, "tried": 0.5, "moments": 1800, "mrr@20_with": 0.131, "mrr@20_without": 0.125, "gain_low": 0.002,
    "gain_high": 0.0101, "judged_moments": 902,
}  # fmt: skip


@pytest.mark.parametrize(
    ("told", "words", "is_judged"),
    [
        (HOURS, "They count where everything a person did answers, not where the running visit does", True),
        (HOURS | {"exponent": 0.0, "gain_low": -0.001}, "the gain is not sure", True),
        (
            {"exponent": 0.0, "tried": 0.0, "moments": 1800},
            "they did not foretell the next product surely better",
            False,
        ),
        ({"exponent": 0.0, "moments": 0}, "They were not measured", False),
    ],
)
def test_the_page_says_whether_hour_and_season_count(owner, version, told, words, is_judged):
    version.report["context"] = told
    version.save()

    page = owner.get(PAGE).text

    assert words in page
    assert ("0.1310" in page and "+0.0060" in page) is is_judged


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (HOURS, "It counts where everything a person did answers, not where the running visit does"),
        ({"exponent": 0.0, "tried": 0.0, "moments": 1800}, "It does not count: it did not foretell"),
        ({"exponent": 0.0, "moments": 0}, "It was not measured"),
    ],
)
def test_the_page_says_whether_the_device_counts(owner, version, told, words):
    version.report["device"] = told
    version.save()

    assert words in owner.get(PAGE).text


def test_a_report_made_before_visits_were_measured_says_nothing_of_them(owner, version):
    assert owner.get(PAGE).context["visits"] is None


def test_whoever_activates_models_chooses_whether_a_network_learns_and_undo_takes_it_back(owner, version):
    page = owner.get(PAGE).text
    assert "105 instead of 44 seconds of the processor and 1.0 instead of 0.4 GB of memory" in page
    assert "beyond 50,000 products" in page
    assert "Train with it" in page

    answer = owner.post(PAGE, {"network": "on"}, follow=True)
    assert TrainingSettings.learns_with_network()
    assert "The next training has the network" in answer.text
    assert "Train without it" in answer.text
    owner.post(PAGE, {"network": "off"})
    assert not TrainingSettings.learns_with_network()

    seeing = Client()
    seeing.force_login(StaffUserFactory.create(role=Role.ANALYST))
    assert "Train with it" not in seeing.get(PAGE).text
    assert seeing.post(PAGE, {"network": "on"}).status_code == 403
    assert not TrainingSettings.learns_with_network()


def test_the_table_is_sent_as_csv_and_noted_in_the_ledger(owner, version):
    answer = owner.post(f"{PAGE}?sort=-score")

    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [(row["number"], row["source"], row["alpha"], row["chosen"]) for row in rows] == [
        ("2", "ials", "30.0", "1"), ("3", "ease", "", "1"), ("1", "ials", "10.0", "0"),
    ]  # fmt: skip
    assert LedgerEntry.objects.filter(kind=LedgerEntry.Kind.EXPORT).count() == 1


def test_without_a_model_the_page_says_what_will_stand_there(owner):
    assert "No trials yet" in owner.get(PAGE).text


def test_a_report_that_kept_only_scores_shows_its_weights(owner, version):
    version.report["trials"] = {"ials|64": 0.2}
    version.save()

    answer = owner.get(PAGE)

    assert answer.context["rows"] == []
    assert "Matrix factorisation" in answer.text


def test_a_version_that_is_not_there_is_not_found(owner, version):
    assert owner.get(PAGE, {"version": "9"}).status_code == 404
    assert owner.get(PAGE, {"version": "x"}).status_code == 404


def test_the_models_page_leads_to_the_trials_of_its_version(owner, version):
    answer = owner.get(reverse("admin:core_modelversion_changelist"), {"kind": "recommender"})

    assert f"{PAGE}?version=3" in answer.text
