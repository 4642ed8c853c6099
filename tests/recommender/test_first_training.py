"""The first model of an installation: quick, before the shop opens; the whole search comes after, once."""

import pytest

from catalog.models import Interaction
from core import model_registry as registry
from core.extensions import first_models
from core.jobs import enqueue, execute
from core.models import Job, ModelVersion
from recommender import pipelines, services
from recommender.choices import RECOMMENDER, TRAINING
from recommender.ml import training
from tests.recommender.conftest import NOW


@pytest.fixture(autouse=True)
def no_broker(monkeypatch, settings):
    settings.JOB_HEARTBEAT_SECONDS = 0
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **options: None)


@pytest.fixture
def budgets(monkeypatch):
    """What each training was allowed: processor seconds of search, and sources."""
    seen = []
    choose = training.choose

    def spied(train, **options):
        seen.append((options["time_budget"], options["only"]))
        return choose(train, **options)

    monkeypatch.setattr(training, "choose", spied)
    return seen


def start_the_shop() -> None:
    for key in ("recommender", "recommender, in full"):
        first_models.get(key).resolve()()


def test_the_first_model_is_made_with_a_small_budget_and_serves_with_its_measures(shop, budgets):
    services.train_first()

    assert budgets == [(5.0, {"item_knn", "ease", "sequence_rules"})]
    version = ModelVersion.objects.get()
    assert version.is_active
    assert version.report["quick"] is True
    assert set(version.report["parameters"]) <= training.QUICK
    assert version.metrics["ndcg@10"] > version.report["strategies"]["popularity"]["ndcg@10"]
    assert version.gate["passed"] is True
    assert registry.active(RECOMMENDER) is not None
    assert (version.job.task, version.job.state) == ("recommender.tasks.train_first", Job.State.DONE)


def test_the_whole_training_is_asked_for_once_however_often_the_shop_starts(shop):
    start_the_shop()
    start_the_shop()

    assert ModelVersion.objects.count() == 1
    asked = Job.objects.get(task=TRAINING)
    assert (asked.state, asked.kind, asked.origin) == (Job.State.QUEUED, "recommender.train", Job.Origin.SHOP)


def test_a_start_that_was_cut_off_between_the_two_asks_for_the_rest_at_the_next(shop):
    services.train_first()
    assert not Job.objects.filter(task=TRAINING).exists()

    start_the_shop()

    assert ModelVersion.objects.count() == 1
    assert Job.objects.filter(task=TRAINING).count() == 1


def test_a_start_that_was_cut_off_in_the_first_training_trains_at_the_next(shop, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(pipelines.registry, "publish_if_better", lambda *_a, **_k: (_ for _ in ()).throw(MemoryError))
        with pytest.raises(MemoryError):
            start_the_shop()
    assert not ModelVersion.objects.exists()
    assert not Job.objects.filter(task=TRAINING).exists()

    start_the_shop()

    assert ModelVersion.objects.get().report["quick"] is True
    assert Job.objects.filter(task=TRAINING).count() == 1


def test_the_whole_training_goes_through_the_gate_and_is_not_asked_for_again(shop, budgets, settings):
    settings.RECOMMENDER_SECONDS = 7.0
    start_the_shop()

    execute(Job.objects.get(task=TRAINING).pk)
    start_the_shop()

    first, second = ModelVersion.objects.order_by("number")
    assert budgets[1] == (7.0, None)
    assert second.report["quick"] is False
    assert (second.gate["active_version"], second.gate["passed"]) == (first.name, second.is_active)
    assert Job.objects.filter(task=TRAINING).count() == 1


def test_a_whole_training_that_failed_or_was_refused_is_left_to_the_timetable(shop):
    start_the_shop()
    Job.objects.filter(task=TRAINING).update(state=Job.State.FAILED)

    start_the_shop()

    assert Job.objects.filter(task=TRAINING).count() == 1


def test_a_first_training_that_runs_late_leaves_the_model_that_serves(shop):
    pipelines.train_recommender(until=NOW, time_budget=1)
    late = enqueue("recommender.tasks.train_first")

    execute(late.pk)

    late.refresh_from_db()
    assert late.result == {"skipped": "a model serves"}
    assert ModelVersion.objects.count() == 1


def test_a_shop_where_nobody_did_anything_opens_without_a_model(shop):
    Interaction.objects.all().delete()

    start_the_shop()

    assert not ModelVersion.objects.exists()
    assert not Job.objects.exists()


def test_the_whole_training_waits_behind_what_is_short():
    assert [entry.key for entry in first_models.entries()][-1] == "recommender, in full"
