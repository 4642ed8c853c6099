"""Addresses for staff: what their pages show, for programs of the people who work there."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.choices import Role
from core.models import Experiment, ExperimentArm, LedgerEntry, StaffToken
from tests.factories import (
    ExperimentFactory,
    ExperimentLookFactory,
    JobFactory,
    ModelVersionFactory,
    StaffTokenFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return StaffUserFactory.create(role=Role.OWNER, username="lin")


@pytest.fixture
def ask(owner):
    """GET with a token of the owner."""
    value = StaffTokenFactory.create(person=owner).value

    def get(path: str, **query: str):
        return Client().get(f"/api/v1/staff{path}", query, headers={"Authorization": f"Bearer {value}"})

    return get


def compared(**changes) -> dict:
    return {
        "arm": "arm-a", "n": 900, "n_control": 1000, "mean": 0.12, "mean_control": 0.1, "difference": 0.02,
        "error": 0.004, "interval": [0.01, 0.03], "p_value": 0.0004, "p_value_holm": 0.0008, "method": "welch",
        "relative": 0.2, "relative_interval": [0.1, 0.3], "always_valid_interval": [0.005, 0.035],
        "always_valid_relative_interval": [0.05, 0.35], "alpha": 0.05,
    } | changes  # fmt: skip


def look(experiment, *, exposed=None, p=0.4):
    arms = {"control": {"n": 1000, "nonzero": 100, "value": 0.1}, "arm-a": {"n": 900, "nonzero": 108, "value": 0.12}}
    return ExperimentLookFactory.create(
        experiment=experiment, looked_at=timezone.now(), exposed=exposed or {"control": 1010, "arm-a": 990},
        sample_ratio_p=p,
        results=[{"metric": "conversion", "arms": arms, "cap": None, "capped": 0, "removed": 0.0,
                  "comparisons": [compared()]}],
    )  # fmt: skip


def test_an_experiment_is_told_with_numbers_and_the_sentence_of_its_page(ask):
    experiment = ExperimentFactory.create(
        key="home-1", state=Experiment.State.RUNNING, primary_metric="conversion", smallest_effect=0.05
    )
    look(experiment)

    told = ask("/experiments/home-1", lang="en").json()

    assert told["verdict"] == {
        "kind": "works", "sentence": "Works: likely 5% to 35% more buyers", "metric": "conversion", "arm": "arm-a",
        "low": 0.05, "high": 0.35, "estimate": 0.2,
    }  # fmt: skip
    assert (told["state"], told["people"], told["sample_ratio_p"]) == ("running", 2000, 0.4)
    assert [(arm["key"], arm["is_control"], arm["people"]) for arm in told["arms"]] == [
        ("control", True, 1010), ("arm-a", False, 990),
    ]  # fmt: skip
    (metric,) = told["metrics"]
    assert (metric["metric"], metric["title"], metric["is_judged"]) == ("conversion", "Share of people who buy", True)
    (row,) = metric["comparisons"]
    assert (row["n"], row["mean"], row["interval"], row["p_value_holm"]) == (900, 0.12, [0.01, 0.03], 0.0008)
    assert "增加" in ask("/experiments/home-1", lang="zh-hans").json()["verdict"]["sentence"]


def test_of_a_broken_split_no_result_is_told(ask):
    experiment = ExperimentFactory.create(key="home-1", state=Experiment.State.RUNNING, primary_metric="conversion")
    look(experiment, exposed={"control": 5200, "arm-a": 4700}, p=0.0000001)

    told = ask("/experiments/home-1").json()

    assert (told["verdict"]["kind"], told["metrics"]) == ("broken", [])


def test_experiments_are_listed_newest_first_with_filters_and_a_known_number_of_queries(ask, django_assert_num_queries):
    drafts = [ExperimentFactory.create(key=f"d{n}") for n in range(3)]
    ran = ExperimentFactory.create(key="ran", state=Experiment.State.RUNNING, primary_metric="conversion")
    look(ran)

    assert [row["key"] for row in ask("/experiments").json()["results"]] == ["ran", "d2", "d1", "d0"]
    assert [row["verdict"] for row in ask("/experiments", state="draft").json()["results"]] == [None] * len(drafts)
    page = ask("/experiments", limit="2").json()
    following = page["next"].partition("/api/v1/staff")[2]
    assert [row["key"] for row in ask(following).json()["results"]] == ["d1", "d0"]
    assert ask("/experiments", state="lost").status_code == 400
    assert ask("/experiments", cursor="x").json()["errors"][0]["code"] == "cursor_unknown"
    assert ask("/experiments", colour="red").json()["errors"][0]["code"] == "unknown_parameter"
    ask("/experiments")
    with django_assert_num_queries(7):  # token, second step, rights of the person and of the roles, page, arms, looks
        ask("/experiments")


def test_jobs_are_told_as_their_page_does(ask, owner):
    JobFactory.create(kind="catalog.import", task="catalog.tasks.nothing", queue="bulk")
    job = JobFactory.create(
        state="failed",
        created_by=owner,
        error="ValueError: no rows",
        done=3,
        total=10,
        arguments={"until": "2026-01-01"},
    )

    assert [row["kind"] for row in ask("/jobs").json()["results"]] == ["recommender.train", "catalog.import"]
    assert [row["id"] for row in ask("/jobs", state="failed", queue="train").json()["results"]] == [job.pk]
    told = ask(f"/jobs/{job.pk}", lang="en").json()
    assert (told["state"], told["error"], told["share_done"], told["asked_by"]) == (
        "failed", "ValueError: no rows", 0.3, "lin",
    )  # fmt: skip
    assert told["arguments"] == {"until": "2026-01-01"}
    assert ask(f"/jobs/{'9' * 30}").status_code == 404


def test_versions_of_models_are_told_with_what_they_were_judged_by(ask, owner):
    ModelVersionFactory.create(kind="recommender", number=1, state="retired")
    ModelVersionFactory.create(
        kind="recommender", number=2, state="active", activated_by=owner, metrics={"ndcg@10": 0.21},
        gate={"metric": "ndcg@10", "passed": True},
    )  # fmt: skip

    assert [row["name"] for row in ask("/models").json()["results"]] == ["recommender.v2", "recommender.v1"]
    assert [row["name"] for row in ask("/models", state="retired").json()["results"]] == ["recommender.v1"]
    told = ask("/models/recommender/2").json()
    assert (told["metrics"], told["gate"]["passed"], told["activated_by"]) == ({"ndcg@10": 0.21}, True, "lin")
    assert ask("/models/recommender/3").status_code == 404


def test_a_token_notes_when_it_was_used_and_never_counts_for_the_storefront(ask, owner):
    value = StaffTokenFactory.create(person=owner).value

    assert ask("/jobs").status_code == 200
    assert Client().get("/api/v1/products", headers={"Authorization": f"Bearer {value}"}).status_code == 403
    used = StaffToken.objects.order_by("id").values_list("last_used_at", flat=True)
    assert timezone.now() - used[0] < timedelta(minutes=1)


def test_calls_of_a_member_of_staff_are_counted_together(owner, settings):
    settings.API_RATE_PUBLISHABLE = 3
    values = [StaffTokenFactory.create(person=owner).value for _n in range(2)]

    got = [
        Client().get("/api/v1/staff/jobs", headers={"Authorization": f"Bearer {values[n % 2]}"}).status_code
        for n in range(4)
    ]

    assert got == [200, 200, 200, 429]


def test_making_and_ending_a_token_stands_in_the_ledger_without_its_value(owner):
    token = StaffTokenFactory.create(person=owner)
    StaffToken.objects.update(last_used_at=timezone.now())
    StaffToken.objects.update(revoked_at=timezone.now())

    entries = LedgerEntry.objects.filter(kind="permission", subject=f"core.stafftoken:{token.pk}").order_by("id")

    assert [("before" in entry.body, "after" in entry.body) for entry in entries] == [(False, True), (True, True)]
    assert not any(token.value[10:] in entry.body or token.token_hash in entry.body for entry in entries)


def test_arms_of_an_experiment_stand_in_their_order(ask):
    experiment = ExperimentFactory.create(key="home-1")

    assert [arm["key"] for arm in ask("/experiments/home-1").json()["arms"]] == list(
        ExperimentArm.objects.filter(experiment=experiment).order_by("pk").values_list("key", flat=True)
    )
