"""Looking up an order: whoever is not its customer learns nothing, and is stopped after five tries."""

import re
import threading
from datetime import timedelta
from hashlib import blake2b

import pytest
from django.db import connection
from django.utils import timezone

from catalog.models import Order
from crm.assistant import orders
from crm.assistant.orders import Asked, Outcome
from crm.models import LookupTry
from tests.factories import CustomerFactory, OrderFactory

pytestmark = pytest.mark.django_db


def ask(number: str, proof: str, caller: str = "192.0.2.1") -> orders.LookUp:
    return orders.guest(Asked(number, proof), caller=caller)


@pytest.mark.parametrize("proof", ["ana@example.com", " ANA@EXAMPLE.COM ", "4477", "+86 13800134477", "138-0013-4477"])
def test_the_address_or_the_end_of_the_telephone_number_proves_it(order, proof):
    found = ask("A-1001", proof)

    assert found.outcome == Outcome.FOUND
    assert [(one.number, one.status) for one in found.orders] == [("A-1001", "paid")]


@pytest.mark.parametrize(
    "proof",
    ["", "bob@example.com", "477", "7744", "0000", "ana@example.co", "4477@x.com", "nobody", "%", "13800134470"],
)
def test_anything_else_proves_nothing(order, proof):
    assert ask("A-1001", proof) == orders.LookUp(Outcome.NOT_FOUND)


def test_wrong_unknown_and_a_guest_s_order_are_answered_alike_after_the_same_queries(order, django_assert_num_queries):
    OrderFactory.create(number="G-1", customer=None)
    asked = [("A-1001", "bob@example.com"), ("B-9999", "bob@example.com"), ("G-1", "bob@example.com"), ("G-1", "")]

    for place, (number, proof) in enumerate(asked):
        with django_assert_num_queries(3):
            assert ask(number, proof, f"caller {place}") == orders.LookUp(Outcome.NOT_FOUND)


def test_somebody_without_address_and_telephone_cannot_be_guessed(profile):
    OrderFactory.create(number="N-1", customer=CustomerFactory.create(email="", phone=""))

    assert ask("N-1", "").outcome == Outcome.NOT_FOUND
    assert ask("N-1", "nobody").outcome == Outcome.NOT_FOUND


def test_a_draft_is_no_order(order):
    Order.objects.update(status=Order.Status.DRAFT)

    assert ask("A-1001", "4477").outcome == Outcome.NOT_FOUND


def test_five_failures_lock_even_the_right_answer_out(order):
    outcomes = [ask("A-1001", "0000").outcome for _try in range(6)]

    assert outcomes == [Outcome.NOT_FOUND] * 5 + [Outcome.LOCKED]
    assert ask("A-1001", "4477").outcome == Outcome.LOCKED
    assert ask("B-9999", "4477").outcome == Outcome.LOCKED


def test_many_callers_together_have_ten_tries_for_one_number(order):
    outcomes = [ask("A-1001", f"{guess:04}", f"198.51.100.{guess}").outcome for guess in range(11)]

    assert outcomes == [Outcome.NOT_FOUND] * 10 + [Outcome.LOCKED]
    assert ask("A-1001", "4477", "203.0.113.9").outcome == Outcome.LOCKED


def test_knowing_one_order_buys_no_guesses_at_others(order):
    for _try in range(4):
        ask("B-1", "0000")
    assert ask("A-1001", "4477").outcome == Outcome.FOUND
    assert ask("B-2", "0000").outcome == Outcome.NOT_FOUND
    assert ask("B-3", "0000").outcome == Outcome.LOCKED


def test_after_a_quarter_of_an_hour_it_may_be_tried_again(order):
    for _try in range(7):
        ask("A-1001", "0000")
    LookupTry.objects.update(since=timezone.now() - timedelta(minutes=16))

    assert ask("A-1001", "4477").outcome == Outcome.FOUND


def test_tries_are_kept_without_who_or_which(order):
    ask("A-1001", "0000")

    kept = list(LookupTry.objects.values_list("subject", flat=True))
    assert len(kept) == 2
    assert all(re.fullmatch("[0-9a-f]{64}", subject) for subject in kept)
    guessable = (b"caller\x00192.0.2.1", b"number\x00a-1001")
    assert {blake2b(text, digest_size=32).hexdigest() for text in guessable}.isdisjoint(kept)
    assert orders.forget_old() == 0
    assert orders.forget_old(timezone.now() + timedelta(hours=1)) == 2


@pytest.mark.django_db(transaction=True)
def test_guesses_that_arrive_at_once_get_no_further_than_five(order):
    outcomes: list[str] = []

    def guess(number: int) -> None:
        try:
            outcomes.append(ask(f"X-{number}", "0000").outcome)
        finally:
            connection.close()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (outcomes.count(Outcome.NOT_FOUND), outcomes.count(Outcome.LOCKED)) == (5, 7)


def test_who_is_signed_in_sees_their_own_and_no_other(order, ana):
    ben = CustomerFactory.create()

    assert [one.number for one in orders.own(ana).orders] == ["A-1001"]
    assert orders.own(ana, "A-1001").outcome == Outcome.FOUND
    assert orders.own(ben, "A-1001") == orders.LookUp(Outcome.NOT_FOUND)
    assert orders.own(ben) == orders.LookUp(Outcome.NOT_FOUND)


@pytest.mark.parametrize(
    ("text", "number", "proof"),
    [
        ("A-1001 ana@example.com", "A-1001", "ana@example.com"),
        ("order #1001, phone 4477", "1001", "4477"),
        ("订单 261127-AB12CD34，尾号4477", "261127-AB12CD34", "4477"),
        ("订单号261127-AB12CD34 邮箱ana@example.com", "261127-AB12CD34", "ana@example.com"),
        ("ana@example.com", "", "ana@example.com"),
        ("where is my order", "", ""),
        ("", "", ""),
    ],
)
def test_number_and_proof_are_read_from_what_people_type(text, number, proof):
    assert orders.read(text) == Asked(number, proof)


def test_what_the_next_message_adds_completes_the_question():
    assert orders.read("4477", Asked("A-1001")) == Asked("A-1001", "4477")
    assert orders.read("it is ana@example.com", Asked("A-1001")) == Asked("A-1001", "ana@example.com")
    assert orders.read("A-1001") == Asked("A-1001", "")
