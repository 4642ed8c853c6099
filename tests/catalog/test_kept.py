"""Histories in one row: always what the table says, whatever happened since the row was written."""

import random
import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from catalog import kept, partitions, recent, services
from catalog.models import Customer, HistoryChange, Interaction, KeptHistory, Visitor
from catalog.services import visitors
from tests.factories import CustomerFactory, InteractionFactory, ProductFactory, VisitorFactory

pytestmark = pytest.mark.django_db(transaction=True)
KEPT = "SELECT acts FROM catalog_kepthistory WHERE who = %s AND who NOT IN (SELECT who FROM catalog_historychange)"


def keep() -> int:
    return kept.refresh(quiet=0.0)


def is_ready(who: int) -> bool:
    """The row counts: an answer does not read the table."""
    with connection.cursor() as cursor:
        cursor.execute(KEPT, [who])
        return cursor.fetchone() is not None


def told(*, customer: Customer | None = None, visitor: Visitor | None = None) -> list[recent.RecentAct]:
    key = visitor.key if visitor is not None else ""
    return recent.history_of(customer_id=customer.pk if customer is not None else None, visitor=key).acts


def in_table(*, customer: Customer | None = None, visitor: Visitor | None = None) -> list[recent.RecentAct]:
    """What the rows of acts say by themselves."""
    who = customer or visitor
    assert who is not None
    who.refresh_from_db()
    rows = Interaction.objects.filter(product_id__isnull=False)
    rows = rows.filter(customer=customer) if customer else rows.filter(visitor=visitor, customer=None)
    if visitor is not None and not visitor.may_track:
        return []
    if who.profile_since:
        rows = rows.filter(occurred_at__gte=who.profile_since)
    return [
        recent.RecentAct(one.product_id or 0, one.kind, recent.micros_of(one.occurred_at), one.value)
        for one in rows.order_by("-occurred_at")[: recent.MOST]
    ]


def looked_at(minutes: float = 5, **who: Any) -> Interaction:
    moment = timezone.now() - timedelta(minutes=minutes)
    return InteractionFactory.create(**{"customer": None, "kind": "view", "occurred_at": moment, **who})


@pytest.fixture
def visitor():
    return VisitorFactory.create(key="v1")


@pytest.fixture
def customer():
    return CustomerFactory.create()


def test_a_row_holds_the_newest_fifty_acts_and_the_table_is_not_read_for_it(visitor):
    for minutes in range(60):
        looked_at(minutes, visitor=visitor, value=minutes / 2)
    assert not is_ready(-visitor.pk)

    assert keep() >= 1

    assert is_ready(-visitor.pk)
    acts = told(visitor=visitor)
    assert (len(acts), acts) == (50, in_table(visitor=visitor))
    with connection.cursor() as cursor:  # what only the row can say
        cursor.execute("UPDATE catalog_kepthistory SET acts = '[[7,\"view\",1000000,null]]'")
    assert told(visitor=visitor) == [recent.RecentAct(7, "view", 1_000_000, None)]


def bought(*, customer: Customer | None = None, visitor: Visitor | None = None) -> frozenset[int]:
    key = visitor.key if visitor is not None else ""
    return recent.history_of(customer_id=customer.pk if customer is not None else None, visitor=key).bought


def many_acts(kind: str, product_ids: Iterable[int], *, minutes: float, **who: Any) -> None:
    """The first is the newest, `minutes` ago; each other one a second before the last."""
    moment = timezone.now() - timedelta(minutes=minutes)
    Interaction.objects.bulk_create(
        Interaction(product_id=pk, kind=kind, occurred_at=moment - timedelta(seconds=place), **who)
        for place, pk in enumerate(product_ids)
    )


@pytest.mark.parametrize("side", ["customer", "visitor"])
def test_what_was_bought_before_the_newest_fifty_acts_is_still_known(visitor, customer, side):
    who = {side: {"customer": customer, "visitor": visitor}[side]}
    many_acts("view", [1] * 60, minutes=1, **who)
    many_acts("purchase", [7, 8, 7], minutes=30, **who)
    many_acts("cart", [9], minutes=40, **who)

    assert bought(**who) == {7, 8}  # from the table
    keep()

    assert bought(**who) == {7, 8}  # from the row
    assert (len(told(**who)), {act.product_id for act in told(**who)}) == (50, {1})


def test_a_purchase_among_the_newest_acts_and_one_before_them_are_both_known(customer):
    many_acts("purchase", [5], minutes=1, customer=customer)
    many_acts("view", [1] * 60, minutes=2, customer=customer)
    many_acts("purchase", [6], minutes=30, customer=customer)
    keep()

    assert bought(customer=customer) == {5, 6}


def test_an_order_of_more_lines_than_acts_count_is_known_whole(customer):
    """All lines of an order have one moment."""
    moment = timezone.now() - timedelta(minutes=3)
    Interaction.objects.bulk_create(
        Interaction(product_id=pk, kind="purchase", occurred_at=moment, customer=customer) for pk in range(1, 81)
    )

    assert bought(customer=customer) == set(range(1, 81))
    keep()
    assert bought(customer=customer) == set(range(1, 81))


def test_of_more_than_a_thousand_products_those_bought_last_are_known(customer):
    many_acts("view", [1] * 50, minutes=1, customer=customer)
    many_acts("purchase", range(100, 1_120), minutes=30, customer=customer)
    keep()

    assert bought(customer=customer) == set(range(100, 1_100))


def test_what_was_bought_before_a_reset_is_used_no_more_and_an_undone_purchase_is_none(customer):
    many_acts("view", [1] * 60, minutes=-1, customer=customer)  # after the reset
    many_acts("purchase", [7], minutes=30, customer=customer)
    keep()
    assert bought(customer=customer) == {7}

    Interaction.objects.filter(kind="purchase").delete()
    assert bought(customer=customer) == frozenset()
    many_acts("purchase", [7], minutes=30, customer=customer)
    services.forget_profile(customer.pk)
    keep()

    assert bought(customer=customer) == frozenset()
    assert len(told(customer=customer)) == 50


def test_an_act_counts_in_the_transaction_that_writes_it(visitor):
    old = looked_at(visitor=visitor)
    keep()

    with transaction.atomic():
        new = looked_at(1, visitor=visitor)
        assert [act.product_id for act in told(visitor=visitor)] == [new.product_id, old.product_id]
        transaction.set_rollback(True)

    assert is_ready(-visitor.pk)
    assert [act.product_id for act in told(visitor=visitor)] == [old.product_id]


def test_acts_of_a_quiet_moment_ago_wait_for_their_row(visitor):
    looked_at(visitor=visitor)

    assert kept.refresh() == 0
    HistoryChange.objects.update(at=timezone.now() - timedelta(seconds=kept.QUIET_SECONDS + 1))

    assert kept.refresh() >= 1
    assert is_ready(-visitor.pk)


def test_acts_that_named_a_customer_are_the_customers(visitor, customer):
    own, named = looked_at(visitor=visitor), looked_at(2, visitor=visitor, customer=customer)
    keep()

    assert is_ready(-visitor.pk)
    assert is_ready(customer.pk)
    assert [act.product_id for act in told(visitor=visitor)] == [own.product_id]
    assert [act.product_id for act in told(customer=customer)] == [named.product_id]


def test_a_browser_joined_to_a_customer_keeps_its_own_acts_and_theirs_stay_theirs(visitor, customer):
    looked_at(visitor=visitor)
    looked_at(customer=customer)
    keep()

    visitors.see_visitor(key="v1", customer=customer.public_id)

    assert told(visitor=visitor) == in_table(visitor=visitor)
    assert told(customer=customer) == in_table(customer=customer)


def test_changed_and_removed_acts_count_at_once(visitor, customer):
    one, other = looked_at(visitor=visitor), looked_at(2, visitor=visitor)
    looked_at(customer=customer)
    keep()

    Interaction.objects.filter(pk=one.pk).delete()
    assert [act.product_id for act in told(visitor=visitor)] == [other.product_id]
    keep()
    Interaction.objects.filter(pk=other.pk).update(customer=customer)  # from one person to another

    assert told(visitor=visitor) == []
    assert told(customer=customer) == in_table(customer=customer)
    assert len(told(customer=customer)) == 2


def test_an_order_counts_in_the_next_answer(customer):
    looked_at(customer=customer)
    keep()

    InteractionFactory.create(customer=customer, kind="purchase", occurred_at=timezone.now(), value=2)

    assert next((act.kind, act.value) for act in told(customer=customer)) == ("purchase", 2.0)


def test_who_says_no_has_no_row_any_more(visitor):
    looked_at(visitor=visitor)
    keep()

    visitors.see_visitor(key="v1", may_track=False)

    assert told(visitor=visitor) == []
    assert not KeptHistory.objects.filter(who=-visitor.pk).exists()
    keep()
    assert not KeptHistory.objects.filter(who=-visitor.pk).exists()
    visitors.see_visitor(key="v1", may_track=True)
    new = looked_at(visitor=visitor)
    assert [act.product_id for act in told(visitor=visitor)] == [new.product_id]


def test_a_no_counts_at_once_however_it_was_written(visitor):
    looked_at(visitor=visitor)
    keep()

    Visitor.objects.update(may_track=False)

    assert told(visitor=visitor) == []
    keep()
    assert not KeptHistory.objects.exists()


def test_a_forgotten_profile_leaves_only_what_came_after_it(customer):
    looked_at(customer=customer)
    keep()

    services.forget_profile(customer.pk)

    assert told(customer=customer) == []
    keep()
    assert is_ready(customer.pk)
    assert KeptHistory.objects.get(who=customer.pk).acts == "[]"
    looked_at(-1, customer=customer)
    assert len(told(customer=customer)) == 1


def test_rows_of_people_who_are_gone_go(visitor, customer):
    looked_at(visitor=visitor)
    looked_at(customer=customer)
    keep()

    Visitor.objects.all().delete()
    Customer.objects.update(erased_at=timezone.now())
    keep()

    assert not KeptHistory.objects.exists()


def test_an_expired_month_leaves_no_act_behind(visitor, settings):
    settings.EVENT_RETENTION_MONTHS = 2
    old = timezone.now() - timedelta(days=150)
    partitions.ensure_partitions(old.date(), timezone.now().date())
    looked_at(visitor=visitor)
    InteractionFactory.create(visitor=visitor, customer=None, kind="view", occurred_at=old)
    keep()
    assert len(told(visitor=visitor)) == 2

    assert partitions.drop_expired()

    assert len(told(visitor=visitor)) == 1
    keep()
    assert is_ready(-visitor.pk)
    assert KeptHistory.objects.get(who=-visitor.pk).acts.count("view") == 1


def test_a_value_that_is_no_number_leaves_the_history_readable(visitor):
    looked_at(visitor=visitor, value=float("nan"))
    looked_at(visitor=visitor, value=float("inf"))
    keep()

    assert [act.value for act in told(visitor=visitor)] == [None, None]


def test_an_act_that_commits_while_a_row_is_written_is_in_the_next_answer(visitor):
    """The other transaction began before the notes were taken and ends after."""
    old = looked_at(visitor=visitor)
    begun, written = threading.Event(), threading.Event()
    products = [ProductFactory.create()]

    def late() -> None:
        with transaction.atomic():
            looked_at(1, visitor=visitor, product=products[0])
            begun.set()
            written.wait(10)
        connections.close_all()

    thread = threading.Thread(target=late)
    thread.start()
    assert begun.wait(10)
    keep()
    assert [act.product_id for act in told(visitor=visitor)] == [old.product_id]
    written.set()
    thread.join()

    assert [act.product_id for act in told(visitor=visitor)] == [products[0].pk, old.product_id]


def test_a_row_that_somebody_holds_is_kept_with_the_next_round(visitor):
    looked_at(visitor=visitor)
    keep()
    looked_at(1, visitor=visitor)
    held, done = threading.Event(), threading.Event()

    def holds() -> None:
        with transaction.atomic():
            KeptHistory.objects.select_for_update().get(who=-visitor.pk)
            held.set()
            done.wait(10)
        connections.close_all()

    thread = threading.Thread(target=holds)
    thread.start()
    assert held.wait(10)
    kept.refresh(quiet=0.0, seconds=0.2)
    assert not is_ready(-visitor.pk)
    assert len(told(visitor=visitor)) == 2
    done.set()
    thread.join()

    keep()
    assert is_ready(-visitor.pk)


@pytest.mark.parametrize("seed", range(6))
def test_after_any_deeds_rows_and_table_say_the_same(seed):
    chance = random.Random(seed)
    browsers = [VisitorFactory.create(key=f"b{number}") for number in range(3)]
    people = [CustomerFactory.create() for _ in range(3)]
    products = [ProductFactory.create() for _ in range(4)]
    months = [timezone.now() - timedelta(days=days) for days in (1, 40, 80)]

    def act() -> None:
        InteractionFactory.create(
            product=chance.choice(products), visitor=chance.choice([None, *browsers]),
            customer=chance.choice([None, *people]), kind=chance.choice(["view", "cart", "purchase", "rating"]),
            value=chance.choice([None, 1, 4.5]),
            occurred_at=chance.choice(months) + timedelta(seconds=chance.randrange(80_000)),
        )  # fmt: skip

    def any_act():
        return Interaction.objects.order_by("?").first()

    deeds = [
        act, act, act, act, keep, keep,
        lambda: (one := any_act()) and Interaction.objects.filter(pk=one.pk).delete(),
        lambda: (one := any_act()) and Interaction.objects.filter(pk=one.pk).update(visitor=None),
        lambda: (one := any_act()) and Interaction.objects.filter(pk=one.pk).update(customer=chance.choice(people)),
        lambda: Interaction.objects.filter(product=chance.choice(products)).delete(),
        lambda: services.forget_profile(chance.choice(people).pk),
        lambda: visitors.see_visitor(key=chance.choice(browsers).key, may_track=chance.choice([False, True, None])),
        lambda: visitors.see_visitor(key=chance.choice(browsers).key, customer=chance.choice(people).public_id),
    ]  # fmt: skip
    for _ in range(60):
        chance.choice(deeds)()
        for browser in browsers:
            assert sorted(told(visitor=browser)) == sorted(in_table(visitor=browser))
        for person in people:
            assert sorted(told(customer=person)) == sorted(in_table(customer=person))
    keep()
    assert not HistoryChange.objects.exists()
