"""What staff said reviews are: by whom, against what was read."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import ReviewFactory, ReviewLabelFactory, ReviewReadingFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/reviews/reviewlabel/"


@pytest.fixture
def said(shop):
    lin = StaffUserFactory.create(username="lin")
    against = ReviewFactory.create(text="Leaks")
    ReviewReadingFactory.create(review=against, predicted="positive", confidence=0.61)
    same = ReviewFactory.create(text="Warm")
    ReviewReadingFactory.create(review=same, predicted="negative", confidence=0.9)
    return [ReviewLabelFactory.create(review=one, sentiment="negative", by=lin) for one in (against, same)]


def test_each_correction_stands_beside_what_was_read_and_how_sure(client, said):
    text = client.get(LIST).content.decode()

    for part in ("Leaks", "Warm", "lin", "61%", "90%"):
        assert part in text


def test_corrections_are_narrowed_to_those_against_the_reading_and_by_person(client, said):
    shown = lambda query: [row.pk for row in client.get(f"{LIST}?{query}").context["cl"].result_list]  # noqa: E731

    assert shown("view=against") == [said[0].pk]
    assert shown("view=confirmed") == [said[1].pk]
    assert shown(f"by__id__exact={said[0].by_id}") == [said[1].pk, said[0].pk]
    assert shown("q=leaks") == [said[0].pk]


def test_the_list_asks_as_few_queries_for_many_as_for_few(client, said):
    def queries():
        with CaptureQueriesContext(connection) as found:
            assert client.get(LIST).status_code == 200
        return len(found)

    client.get(LIST)
    few = queries()
    for _number in range(4):
        ReviewLabelFactory.create(review=ReviewReadingFactory.create().review)

    assert queries() == few
