from datetime import UTC, datetime

import pytest
import redis
from django.db import DatabaseError

from core import redis_client
from core.experiments import Placed, expose
from core.experiments import exposures as module
from core.experiments.exposures import Exposures, exposures, store, write
from core.models import Experiment, Exposure
from tests.factories import ExperimentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_redis():
    client = redis_client.client()
    client.delete(module.SET)
    yield
    client.delete(module.SET)


@pytest.fixture
def experiment():
    return ExperimentFactory.create(state=Experiment.State.RUNNING)


def placed(experiment, subject="ana", arm="control"):
    row = experiment.arms.get(key=arm)
    return Placed(experiment.pk, experiment.key, row.pk, row.key, row.settings, row.is_control, subject)


def no_redis(monkeypatch):
    def away():
        raise redis.ConnectionError("away")

    monkeypatch.setattr(redis_client, "client", away)


def test_somebody_shown_many_times_is_written_down_once(experiment):
    for _ in range(50):
        expose(placed(experiment))

    assert exposures.hand_over() == 1
    assert store() == 1
    row = Exposure.objects.get()
    assert (row.experiment_id, row.arm.key, row.subject) == (experiment.pk, "control", "ana")


def test_noting_an_exposure_asks_nothing_of_the_database(experiment, django_assert_num_queries):
    here = placed(experiment)

    with django_assert_num_queries(0):
        expose(here)


def test_two_processes_write_one_row_with_the_earlier_moment(experiment, monkeypatch):
    for at in (200.0, 100.0, 300.0):
        process = Exposures()
        process.is_shared = False
        monkeypatch.setattr(module.time, "time", lambda at=at: at)
        process.add(placed(experiment))
        process.hand_over()
        store()

    assert Exposure.objects.get().exposed_at == datetime.fromtimestamp(100, UTC)


def test_taking_twice_from_redis_counts_once(experiment, monkeypatch):
    """A task that is killed between storing and removing leaves the members for the next."""
    expose(placed(experiment))
    exposures.hand_over()
    client = redis_client.client()
    members = client.smembers(module.SET)
    store()
    client.sadd(module.SET, *members)

    store()

    assert Exposure.objects.count() == 1
    assert client.scard(module.SET) == 0


def test_what_arrives_while_a_batch_is_stored_is_not_lost(experiment, monkeypatch):
    expose(placed(experiment, "ana"))
    exposures.hand_over()
    original = module.write

    def write_and_more(seen):
        written = original(seen)
        if not Exposure.objects.filter(subject="ben").exists() and redis_client.client().scard(module.SET) == 1:
            expose(placed(experiment, "ben"))
            exposures.hand_over()
        return written

    monkeypatch.setattr(module, "write", write_and_more)
    store()

    assert set(Exposure.objects.values_list("subject", flat=True)) == {"ana", "ben"}


def test_without_redis_the_process_writes_itself(experiment, monkeypatch):
    no_redis(monkeypatch)
    expose(placed(experiment))

    assert exposures.hand_over() == 1
    assert Exposure.objects.count() == 1
    assert store() == 0


def test_without_redis_and_database_exposures_wait(experiment, monkeypatch):
    no_redis(monkeypatch)

    def away(seen):
        raise DatabaseError("away")

    monkeypatch.setattr(module, "write", away)
    expose(placed(experiment))

    assert exposures.hand_over() == 0
    monkeypatch.undo()
    assert exposures.hand_over() == 1
    store()
    assert Exposure.objects.count() == 1


def test_memory_is_bounded_while_everything_is_away(experiment, monkeypatch):
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    for n in range(10):
        expose(placed(experiment, f"v{n}"))

    assert exposures.hand_over() == 3


def test_exposures_of_an_experiment_that_is_gone_are_left_out(experiment):
    draft = ExperimentFactory.create(target="cart")
    here = placed(draft, "ben")
    draft.delete()

    assert write([(here.experiment_id, here.arm_id, "ben", 1.0)]) == 0
    assert Exposure.objects.count() == 0


def test_an_unreadable_member_does_not_stop_the_others(experiment):
    redis_client.client().sadd(module.SET, b"\xff\xfe", b"not an exposure")
    expose(placed(experiment))
    exposures.hand_over()

    store()

    assert Exposure.objects.count() == 1
    assert redis_client.client().scard(module.SET) == 0
