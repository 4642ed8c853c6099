"""Parts that may fail alone: what they cost, and what a failing statement ends."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.apart import apart
from core.models import StaffUser
from tests.factories import StaffUserFactory

pytestmark = pytest.mark.django_db


def broken() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def test_a_part_that_asks_nothing_sends_nothing():
    with CaptureQueriesContext(connection) as asked, apart():
        pass

    assert len(asked) == 0


def test_a_part_that_asks_twice_takes_one_savepoint():
    with CaptureQueriesContext(connection) as asked, apart():
        StaffUser.objects.count()
        StaffUser.objects.count()

    assert [one["sql"].split()[0] for one in asked] == ["SAVEPOINT", "SELECT", "SELECT", "RELEASE"]


def test_a_statement_that_fails_ends_its_part_alone():
    StaffUserFactory.create(username="before")
    with pytest.raises(DatabaseError):
        _made_and_broken()

    assert list(StaffUser.objects.values_list("username", flat=True)) == ["before"]


def _made_and_broken() -> None:
    with apart():
        StaffUserFactory.create(username="within")
        broken()


@pytest.mark.parametrize("fails", [False, True])
def test_a_part_that_begins_with_a_savepoint_of_its_own_keeps_the_order(fails):
    StaffUserFactory.create(username="before")
    try:
        with apart(), transaction.atomic():
            StaffUserFactory.create(username="within")
            if fails:
                broken()
    except DatabaseError:
        assert fails

    names = set(StaffUser.objects.values_list("username", flat=True))
    assert names == ({"before"} if fails else {"before", "within"})


def test_a_failure_that_the_part_itself_answers_leaves_what_it_asks_next():
    with apart():
        with pytest.raises(DatabaseError), transaction.atomic():
            broken()
        assert StaffUser.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_none_is_opened():
    with apart():
        assert not connection.in_atomic_block
        StaffUser.objects.count()
        assert not connection.in_atomic_block
