import time

import pytest
from django.db import DatabaseError

from core.experiments import Subject, arm_for, placing
from core.ml.experiments import sample_ratio, share_of
from core.models import Experiment, ShopProfile
from tests.factories import ExperimentFactory

pytestmark = pytest.mark.django_db
RUNNING = Experiment.State.RUNNING


def place(visitor="ana", target="home", **subject):
    return arm_for(kind="recommendations", target=target, subject=Subject(visitor=visitor, **subject))


def outside_holdout(count=2_000):
    salt = ShopProfile.current().holdout_salt.encode()
    return [name for n in range(count) if share_of(salt, name := f"v{n}") >= 0.05]


def test_somebody_keeps_their_arm_in_every_process():
    ExperimentFactory.create(state=RUNNING)
    people = outside_holdout()
    first = [place(name).arm for name in people]

    placing.forget()

    assert [place(name).arm for name in people] == first
    assert sample_ratio([first.count("control"), first.count("arm-a")], [50, 50]) > 0.001


def test_nothing_runs_so_nobody_is_placed():
    ExperimentFactory.create()

    assert place() is None


def test_an_experiment_elsewhere_places_nobody_here():
    ExperimentFactory.create(state=RUNNING, target="cart")

    assert place(target="home") is None


def test_the_holdout_takes_part_in_no_experiment():
    for target in ("home", "cart"):
        ExperimentFactory.create(state=RUNNING, target=target, holdout_percent=20)
    salt = ShopProfile.current().holdout_salt.encode()
    held = {name for n in range(1_000) if share_of(salt, name := f"v{n}") < 0.20}

    for target in ("home", "cart"):
        assert {f"v{n}" for n in range(1_000) if place(f"v{n}", target) is None} == held
    assert 150 < len(held) < 250


def test_an_experiment_of_customers_leaves_visitors_out():
    ExperimentFactory.create(state=RUNNING, unit=Experiment.Unit.CUSTOMER, holdout_percent=0)

    assert place("ana") is None
    assert place("ana", customer="c0ffee").subject == "c0ffee"


@pytest.mark.parametrize("visitor", [None, "", "x" * 65])
def test_a_subject_without_a_usable_id_is_left_out(visitor):
    ExperimentFactory.create(state=RUNNING, holdout_percent=0)

    assert place(visitor) is None


def test_no_query_is_asked_while_the_memory_is_fresh(django_assert_num_queries):
    ExperimentFactory.create(state=RUNNING)
    place()

    with django_assert_num_queries(0):
        for n in range(100):
            place(f"v{n}")


def test_a_decision_takes_microseconds():
    """Against a thousand hashes of the same text in the same run: no more than a few dozen of them."""
    import hashlib

    ExperimentFactory.create(state=RUNNING)
    place()

    def cost(act):
        started = time.process_time()
        for n in range(5_000):
            act(f"visitor-{n}")
        return time.process_time() - started

    hashing = min(cost(lambda name: hashlib.sha256(name.encode()).digest()) for _ in range(3))
    placing_cost = min(cost(place) for _ in range(3))

    assert placing_cost < 40 * hashing


def test_while_the_database_is_away_the_last_experiments_go_on(monkeypatch):
    ExperimentFactory.create(state=RUNNING, holdout_percent=0)
    before = place()
    monkeypatch.setattr(placing, "REMEMBER_SECONDS", -1.0)
    place()
    monkeypatch.setattr(placing, "_read", lambda: (_ for _ in ()).throw(DatabaseError("away")))

    assert place() == before


def test_without_database_and_memory_nobody_takes_part(monkeypatch):
    monkeypatch.setattr(placing, "_read", lambda: (_ for _ in ()).throw(DatabaseError("away")))

    assert place() is None
