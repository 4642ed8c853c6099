"""What the web process sees by itself, because the checks would need what is missing."""

import threading

import pytest

from core import health, liveness
from core.alerts import states
from core.extensions import alert_rules
from core.health import Part
from core.models import Alert, OutgoingMail
from core.said import Said
from tests.factories import AlertRuleFactory

PARTS = {
    "database": Part("ok"),
    "redis": Part("ok"),
    "workers": Part("degraded", "", {"queues": list(liveness.QUEUES)}),
    "scheduler": Part("degraded", "", {"seconds": 600.0}),
    "models": Part("degraded", "", {"names": ["recommender.v7"]}),
    "jobs": Part("degraded", "", {"seconds": 900}),
    "disk": Part("degraded", "", {"gb": 0.4}),
}


@pytest.fixture
def seen(monkeypatch):
    """`seen(parts)`: what health finds from now on, looked at now."""
    monkeypatch.setattr(states, "FIRST_LOOK_SECONDS", 10)

    def look(parts):
        monkeypatch.setattr(health, "check", lambda: parts)
        states.forget()
        return states.current()

    return look


def test_every_part_has_a_sentence_and_a_kind(transactional_db, seen):
    said = {state.rule: str(state.said) for state in seen(PARTS)}

    assert said == {
        "disk_low": "Only 0.4 GB are free on the disk of the shop's folder.",
        "workers_silent": "No worker runs. Imports, training and mail wait until one does.",
        "scheduler_silent": "The schedule has not run for 10 minutes. Nightly work does not start by itself.",
        "model_damaged": (
            "A model cannot be read: recommender.v7. The version before it or a simple list serves instead."
        ),
        "job_waits": "A job has waited for 15 minutes and no worker takes it.",
    }
    assert set(said) | {"redis_away", "database_slow"} <= {entry.key for entry in alert_rules}


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"database": Part("degraded", "slow")}, "The database answers slowly, so pages and the shop may be slow."),
        ({"redis": Part("away")}, "Redis does not answer. The shop keeps selling; jobs and mail wait."),
        ({"scheduler": Part("degraded", "", {"seconds": None})}, "The schedule has not run yet."),
        ({"workers": Part("degraded", "", {"queues": ["deep"]})}, "No worker takes jobs from these queues: deep."),
    ],
)
def test_single_troubles_in_their_own_words(part, sentence):
    assert [str(state.said) for state in states.of(part)] == [sentence]


@pytest.mark.parametrize("name", ["workers", "scheduler", "models", "jobs", "disk"])
def test_of_a_part_that_could_not_be_looked_at_nothing_is_said(name):
    """A look that failed is no deserted queue: `from these queues: .` would name nobody."""
    assert states.of({name: Part("away", "TimeoutError")}) == []


def test_all_well_says_nothing_and_writes_nothing(transactional_db, seen):
    assert seen({name: Part("ok") for name in PARTS}) == []
    assert Alert.objects.count() == 0


def test_what_no_check_could_tell_is_raised_from_here_once(transactional_db, seen):
    for _turn in range(3):
        seen(PARTS)
        states.of(PARTS)

    assert dict(Alert.objects.values_list("rule", "count")) == {"workers_silent": 1, "scheduler_silent": 1}
    assert OutgoingMail.objects.count() == 0


def test_a_rule_that_is_off_is_shown_and_not_raised(transactional_db, seen):
    AlertRuleFactory.create(key="workers_silent", is_on=False)

    assert "workers_silent" in {state.rule for state in seen(PARTS)}
    assert list(Alert.objects.values_list("rule", flat=True)) == ["scheduler_silent"]


def test_one_look_serves_ten_seconds_and_the_next_is_not_waited_for(transactional_db, monkeypatch):
    looks, may_end, ended = [], threading.Event(), threading.Event()
    may_end.set()

    def check():
        looks.append(1)
        may_end.wait(timeout=10)
        ended.set()
        return {}

    monkeypatch.setattr(health, "check", check)
    monkeypatch.setattr(states, "FIRST_LOOK_SECONDS", 10)
    states.forget()
    for _page in range(20):
        states.current()
    assert len(looks) == 1

    known = states.State("disk_low", Said("Known before."))
    states.pretend([known], seconds=-1)
    may_end.clear()
    ended.clear()
    assert [states.current() for _page in range(20)] == [[known]] * 20
    assert not ended.is_set()

    may_end.set()
    states._look.start().result(timeout=10)
    assert states.current() == []


def test_a_look_that_fails_says_nothing_and_breaks_nothing(transactional_db, monkeypatch):
    def broken():
        raise OSError("no such folder")

    monkeypatch.setattr(health, "check", broken)
    states.forget()

    assert states.current() == []
