"""Two workers at once, and one that is killed in the middle of enrolling: everybody once."""

import os
import signal
import threading

import pytest
from django.db import connection, connections

from marketing.models import Occasion, Recipient, TriggerMark
from marketing.triggers import enrolling
from tests.factories import ProductFactory
from tests.marketing.test_killed import in_a_child
from tests.marketing.triggers.conftest import ago

pytestmark = [pytest.mark.installs, pytest.mark.django_db(transaction=True)]
PEOPLE = 20


@pytest.fixture
def carts(trigger, person, act):
    made, tea = trigger("abandoned_cart", wait_hours=1, steps=2), ProductFactory.create()
    for number in range(PEOPLE):
        act(person(f"P{number}"), "cart", tea, at=ago(hours=2))
    return made


def test_two_workers_at_once_enrol_everybody_once(carts, monkeypatch):
    looked, may_go = threading.Event(), threading.Event()
    look = enrolling.finding.look

    def slow(*args):
        looked.set()
        assert may_go.wait(20)
        return look(*args)

    monkeypatch.setattr(enrolling.finding, "look", slow)
    answers = []

    def work():
        answers.append(enrolling.run(carts.pk))
        connections.close_all()

    first = threading.Thread(target=work)
    first.start()
    assert looked.wait(20)
    assert enrolling.run(carts.pk) == {}  # the other one looks
    may_go.set()
    first.join(20)

    assert answers == [{"planned": PEOPLE}]
    assert enrolling.run(carts.pk) == {}
    assert (Occasion.objects.count(), Recipient.objects.count()) == (PEOPLE, 2 * PEOPLE)


@pytest.mark.parametrize("at", ["occasions", "messages", "mark"])
def test_a_worker_killed_in_the_middle_enrols_nobody_and_the_next_one_everybody(carts, monkeypatch, at):
    def die(*_args, **_more):
        os.kill(os.getpid(), signal.SIGKILL)

    def deadly():
        if at == "occasions":
            monkeypatch.setattr(enrolling, "_messages", die)
        elif at == "messages":
            monkeypatch.setattr(enrolling.exposures, "write", die)
            monkeypatch.setattr(Recipient.objects, "bulk_create", die)
        else:
            monkeypatch.setattr(TriggerMark, "save", die)
        enrolling.run(carts.pk)

    assert in_a_child(deadly) == signal.SIGKILL
    connection.close()
    assert (Occasion.objects.count(), Recipient.objects.count()) == (0, 0)

    assert enrolling.run(carts.pk) == {"planned": PEOPLE}
    assert enrolling.run(carts.pk) == {}
    assert (Occasion.objects.count(), Recipient.objects.count()) == (PEOPLE, 2 * PEOPLE)


def test_a_mark_that_was_lost_writes_to_nobody_twice(carts):
    enrolling.run(carts.pk)
    TriggerMark.objects.all().delete()

    assert enrolling.run(carts.pk) == {}
    assert Recipient.objects.count() == 2 * PEOPLE
