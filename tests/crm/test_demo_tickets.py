"""Tickets of the demo shop: the same each time, about real orders, and with the difference that was planted."""

from datetime import date, datetime

import numpy as np
import pytest

from catalog.demo.shop import make_shop
from catalog.demo.sizes import SIZES
from crm import demo_tickets


@pytest.fixture(scope="module")
def shop():
    return make_shop(seed=1, size=SIZES["small"], until=date(2026, 11, 1))


@pytest.fixture(scope="module")
def rows(shop):
    return {
        name: [dict(zip(head, row, strict=True)) for row in found] for name, head, found in demo_tickets.files(shop)
    }


def test_the_same_shop_gives_the_same_tickets(shop, rows):
    again = {
        name: [dict(zip(head, row, strict=True)) for row in found] for name, head, found in demo_tickets.files(shop)
    }

    assert again == rows
    assert 150 < len(rows["tickets"]) < 600


def test_each_ticket_begins_with_the_customer_and_only_the_newest_are_open(rows):
    first = {one["ticket"]: one["author"] for one in rows["ticket_messages"] if one["number"] == 1}

    assert set(first) == {one["id"] for one in rows["tickets"]}
    assert set(first.values()) == {"customer"}
    assert [one["state"] in ("open", "pending") for one in rows["tickets"]].count(True) == demo_tickets.WAITING
    assert all(one["state"] in ("open", "pending") for one in rows["tickets"][-demo_tickets.WAITING :])


def test_times_are_in_order_and_never_in_the_future(rows, shop):
    for one in rows["tickets"]:
        times = [one[name] for name in ("opened_at", "first_answered_at", "resolved_at") if one[name]]
        assert times == sorted(times), one


def test_those_who_wait_longest_are_least_content(rows):
    minutes, scores = [], []
    for one in rows["tickets"]:
        if one["satisfaction"]:
            asked, answered = (datetime.fromisoformat(one[name]) for name in ("opened_at", "first_answered_at"))
            minutes.append((answered - asked).total_seconds() / 60)
            scores.append(one["satisfaction"])

    slow = np.array(minutes) > 120
    assert np.mean(np.array(scores)[~slow]) - np.mean(np.array(scores)[slow]) > 0.4
