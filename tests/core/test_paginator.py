"""Counts of long lists: exact while somebody could count along, about that many beyond."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import paginator
from core.components.words import count_words
from core.models import Job
from core.paginator import RowCount, StaffPaginator, bounded_counts, in_round_figures
from tests.factories import JobFactory


@pytest.mark.parametrize(
    ("number", "shown"), [(0, 0), (987, 987), (12_345, 12_300), (1_004_713, 1_000_000), (49_960, 50_000)]
)
def test_estimates_are_said_in_three_figures(number, shown):
    assert in_round_figures(number) == shown


def test_words_say_which_count_is_an_estimate():
    assert count_words(RowCount(2_408)) == "2,408"
    assert count_words(RowCount(12_400, is_about=True)) == "about 12,400"
    assert count_words(None) == ""


@pytest.mark.django_db
def test_counts_are_exact_up_to_the_limit_and_an_estimate_beyond(monkeypatch):
    JobFactory.create_batch(3, state=Job.State.DONE)
    JobFactory.create(state=Job.State.FAILED, message="50 % of it")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE core_job")
    monkeypatch.setattr(paginator, "COUNT_LIMIT", 3)
    queries = [
        Job.objects.all(),
        Job.objects.filter(state=Job.State.DONE).order_by("-id"),
        Job.objects.filter(message__contains="50 % of"),
        Job.objects.none(),
    ]

    with CaptureQueriesContext(connection) as asked:
        found = bounded_counts(queries)

    assert found == [RowCount(4, is_about=True), RowCount(3), RowCount(1), RowCount(0)]
    assert len(asked) == 1


@pytest.mark.django_db
def test_what_is_asked_for_twice_is_counted_once():
    JobFactory.create(state=Job.State.DONE)
    done, again = Job.objects.filter(state=Job.State.DONE), Job.objects.filter(state=Job.State.DONE).order_by("pk")

    with CaptureQueriesContext(connection) as asked:
        found = bounded_counts([done, Job.objects.all(), again])

    assert found == [RowCount(1)] * 3
    assert asked[0]["sql"].count("COUNT(*)") == 2


@pytest.mark.django_db
def test_an_estimate_is_never_below_what_was_counted(monkeypatch):
    JobFactory.create_batch(4)  # the statistics know of none
    monkeypatch.setattr(paginator, "COUNT_LIMIT", 3)

    (found,) = bounded_counts([Job.objects.filter(message="")])

    assert found.is_about
    assert found.number >= 3


def test_pages_end_where_the_database_would_read_half_a_table_to_show_one():
    assert StaffPaginator(["row"], 50).num_pages == 1_000
