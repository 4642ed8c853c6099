"""The holdout gets the control everywhere, takes part in nothing else, and is compared with the rest of the shop."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from core.exceptions import DomainError
from core.experiments import Subject, arm_for, expose_to_models, holdout, placing, services
from core.experiments.exposures import exposures, store
from core.experiments.looking import look_at_all
from core.ml.experiments import sample_ratio, share_of
from core.models import Experiment, Exposure, ShopProfile
from tests.factories import ExperimentFactory

pytestmark = pytest.mark.django_db
RUNNING = Experiment.State.RUNNING
PEOPLE = [f"v{n}" for n in range(4_000)]


@pytest.fixture
def round_one(db):
    ShopProfile.objects.update_or_create(pk=1, defaults={"holdout_percent": 5})
    made = holdout.keep()
    placing.forget()
    return made


def held_out():
    salt = ShopProfile.current().holdout_salt.encode()
    return {name for name in PEOPLE if share_of(salt, name) < 0.05}


def place(name, kind="recommendations", target="home"):
    return arm_for(kind=kind, target=target, subject=Subject(visitor=name))


def test_the_people_of_the_holdout_are_those_of_its_salt_and_nobody_else(round_one):
    found = {name for name in PEOPLE if (placed := place(name)) is not None and placed.is_held_out}

    assert found == held_out()
    assert 140 < len(found) < 260


def test_they_get_the_control_of_each_capability_also_where_no_experiment_runs(round_one):
    somebody = sorted(held_out())[0]

    assert place(somebody).settings == {"strategy": "popularity"}
    assert place(somebody, target="anywhere").settings == {"strategy": "popularity"}
    assert place(somebody, kind="search", target="results").settings == {"personal": False}
    assert (place(somebody).experiment, place(somebody).arm) == ("holdout-1", "without")


def test_they_are_in_no_other_experiment_and_all_others_are(round_one):
    experiment = ExperimentFactory.create(state=RUNNING, holdout_percent=5)
    placing.forget()
    found = {name: place(name) for name in PEOPLE}

    inside = {name for name, placed in found.items() if placed is not None and placed.experiment_id == experiment.pk}
    assert inside == set(PEOPLE) - held_out()


def test_both_sides_are_exposed_at_the_same_moment_and_in_the_planned_shares(round_one):
    for name in PEOPLE:
        expose_to_models(Subject(visitor=name))
    exposures.hand_over()
    store()

    rows = Exposure.objects.filter(experiment=round_one)
    assert set(rows.filter(arm__key="without").values_list("subject", flat=True)) == held_out()
    counts = [rows.filter(arm__key=key).count() for key in ("without", "with")]
    assert sum(counts) == len(PEOPLE)
    assert sample_ratio(counts, [5, 95]) > 0.001


def test_who_brings_no_visitor_id_is_in_neither(round_one):
    expose_to_models(Subject(customer="c0ffee"))

    assert exposures.hand_over() == 0


def test_a_round_is_called_in_the_language_of_the_reader(round_one):
    with override("zh-hans"):
        assert round_one.title == "全局对照组 1：有模型与没有模型的店铺"
    with override("en"):
        assert round_one.title == "Holdout 1: the shop against the shop without models"


def test_keeping_it_twice_changes_nothing(round_one):
    assert holdout.keep() == round_one
    assert Experiment.objects.filter(kind=holdout.KIND).count() == 1


def test_another_share_ends_the_round_and_begins_one_with_the_same_people_and_more(round_one):
    before = held_out()
    ShopProfile.objects.update(holdout_percent=10)

    second = holdout.keep()

    placing.forget()
    round_one.refresh_from_db()
    assert (round_one.state, second.state, second.key) == (Experiment.State.STOPPED, RUNNING, "holdout-2")
    found = {name for name in PEOPLE if (placed := place(name)) is not None and placed.is_held_out}
    assert before < found


def test_a_share_of_nothing_ends_it(round_one):
    ShopProfile.objects.update(holdout_percent=0)

    assert holdout.keep() is None
    placing.forget()
    assert {place(name) for name in PEOPLE} == {None}


def test_a_round_ends_after_a_year(round_one):
    second = holdout.keep(timezone.now() + timedelta(days=holdout.LONGEST_DAYS))

    assert second.key == "holdout-2"


def test_it_is_looked_at_once_a_day_and_not_every_hour(round_one):
    look_at_all()
    look_at_all()

    assert round_one.looks.count() == 1


@pytest.mark.parametrize("act", [services.stop, services.new_version])
def test_nobody_stops_or_copies_it_by_hand(round_one, act):
    with pytest.raises(DomainError) as refused:
        act(round_one)

    assert refused.value.code == "is_holdout"
    round_one.refresh_from_db()
    assert round_one.is_running
