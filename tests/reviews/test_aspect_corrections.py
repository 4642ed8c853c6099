"""Staff say what a review says of an aspect: it counts, stays, and is taken back."""

import json

import pytest
from django.utils import timezone

from core.reports import Period
from reviews import aspect_counts, aspect_updating, reading, selectors, services, summarising
from reviews.admin.marks import marked
from reviews.exceptions import BadInput, UndoExpired
from reviews.models import Aspect, AspectCorrection, Polarity, ReviewAspect, ReviewSummary
from tests.catalog.admin.conftest import boss, client, client_with, shop
from tests.factories import AspectCorrectionFactory, ProductFactory, ReviewFactory, StaffUserFactory

__all__ = ["boss", "client", "client_with", "shop"]
pytestmark = pytest.mark.django_db
Said = AspectCorrection.Said
TEXT = "Terrible quality, bad quality. Fast delivery."


@pytest.fixture
def somebody():
    return StaffUserFactory.create()


@pytest.fixture
def quality():
    return Aspect.objects.get(key="quality")


@pytest.fixture
def review():
    """It blames the quality twice and praises the delivery."""
    found = ReviewFactory.create(text=TEXT, published=True)
    reading.read([found.pk])
    return found


def rows(review, aspect):
    found = ReviewAspect.objects.filter(review=review, aspect=aspect).order_by("pk")
    return list(found.values_list("polarity", "is_clearest"))


def counted(review):
    """Aspect → what the chart of the review's day counts."""
    day = timezone.localdate(review.written_at)
    told = aspect_counts.count(aspect_counts.Asked(Period("between", day, day, ""))).groups
    return {one.key: (one.now.positive, one.now.neutral, one.now.negative) for one in told}


def test_what_staff_say_counts_stays_when_it_is_read_anew_and_is_taken_back(review, quality, somebody):
    was = rows(review, quality)
    assert [polarity for polarity, _counts in was] == ["negative", "negative"]

    undo = services.correct_aspect(review.pk, quality.pk, Said.POSITIVE, by=somebody)
    assert counted(review)[quality.pk] == (1, 0, 0)
    reading.read([review.pk])
    review.text = "Bad quality"
    review.save()
    reading.read([review.pk])

    assert rows(review, quality) == [("positive", True)]
    assert counted(review) == {quality.pk: (1, 0, 0)}
    said = AspectCorrection.objects.get()
    assert (said.said, said.corrected_by) == ("positive", somebody)
    assert services.undo_aspect(undo, by=somebody)
    assert counted(review) == {quality.pk: (0, 0, 1)}
    assert not AspectCorrection.objects.exists()


def test_a_second_correction_is_undone_to_the_first(review, quality, somebody):
    was = rows(review, quality)
    first = services.correct_aspect(review.pk, quality.pk, Said.NEUTRAL, by=somebody)
    second = services.correct_aspect(review.pk, quality.pk, Said.POSITIVE, by=somebody)

    assert not services.undo_aspect(first, by=somebody), "corrected again since"
    assert counted(review)[quality.pk] == (1, 0, 0)
    assert services.undo_aspect(second, by=somebody)
    assert AspectCorrection.objects.get().said == "neutral"
    assert counted(review)[quality.pk] == (0, 1, 0)
    assert services.undo_aspect(first, by=somebody)
    assert rows(review, quality) == was


def test_what_is_not_meant_does_not_count_has_no_mark_and_is_not_looked_for_again(review, quality, somebody):
    undo = services.correct_aspect(review.pk, quality.pk, Said.NOT_MEANT, by=somebody)

    assert quality.pk not in counted(review)
    mentions = list(review.aspects.select_related("aspect"))
    assert "delivery" in marked(review, mentions).text
    assert marked(review, mentions).text.count("<mark") == 1
    assert aspect_updating.update()["read"] == 0
    reading.read([review.pk])
    assert quality.pk not in counted(review)
    services.undo_aspect(undo, by=somebody)
    assert counted(review)[quality.pk] == (0, 0, 1)
    assert marked(review, review.aspects.select_related("aspect")).text.count("<mark") > 1


def test_the_summary_follows(quality, somebody):
    product = ProductFactory.create()
    reviews = [ReviewFactory.create(product=product, text="Terrible quality", published=True) for _each in range(8)]
    reading.read([one.pk for one in reviews])
    services.note_changed([one.pk for one in reviews])
    summarising.make_all()
    assert [(one.key, one.negative) for one in selectors.summary_of(product.pk, "en").aspects] == [("quality", 8)]

    undo = services.correct_aspect(reviews[0].pk, quality.pk, Said.POSITIVE, by=somebody)
    services.correct_aspect(reviews[1].pk, quality.pk, Said.NOT_MEANT, by=somebody)
    summarising.make_all()
    (told,) = selectors.summary_of(product.pk, "en").aspects
    assert (told.positive, told.neutral, told.negative) == (1, 0, 6)

    services.undo_aspect(undo, by=somebody)
    assert ReviewSummary.objects.get().changed_at is not None


def test_what_makes_no_sense_is_refused_and_saying_the_same_twice_changes_nothing(review, quality, somebody):
    taste = Aspect.objects.get(key="taste")
    for aspect, said in ((quality, "angry"), (taste, Said.POSITIVE)):
        with pytest.raises(BadInput):
            services.correct_aspect(review.pk, aspect.pk, said, by=somebody)
    assert not AspectCorrection.objects.exists()
    services.correct_aspect(review.pk, quality.pk, Said.NEGATIVE, by=somebody)

    assert services.correct_aspect(review.pk, quality.pk, Said.NEGATIVE, by=StaffUserFactory.create()) == ""
    assert AspectCorrection.objects.get().corrected_by == somebody


def test_nobody_undoes_what_somebody_else_said_or_with_a_made_up_key(review, quality, somebody):
    undo = services.correct_aspect(review.pk, quality.pk, Said.POSITIVE, by=somebody)

    for key, who in ((undo, StaffUserFactory.create()), ("made up", somebody)):
        with pytest.raises(UndoExpired):
            services.undo_aspect(key, by=who)

    assert counted(review)[quality.pk] == (1, 0, 0)


def test_a_correction_of_an_aspect_that_is_not_named_any_more_waits(review, quality):
    AspectCorrectionFactory.create(review=review, aspect=Aspect.objects.get(key="taste"), said=Said.NEGATIVE)
    review.text = "Awful taste? No: it tastes wonderful."
    review.save()

    reading.read([review.pk])

    assert {polarity for polarity, _counts in rows(review, Aspect.objects.get(key="taste"))} == {Polarity.NEGATIVE}


# --- the page ---------------------------------------------------------------------------------------------------------


def test_one_click_on_the_page_says_otherwise_with_who_and_when_and_the_toast_takes_it_back(
    client, boss, review, quality
):
    page = f"/admin/reviews/review/{review.pk}/change/"
    assert "What it says of aspects" in client.get(page).content.decode()

    answer = client.post(
        f"/admin/reviews/review/{review.pk}/aspect/", {"aspect": quality.pk, "said": "not_meant"}, follow=True
    )

    (row,) = [one for one in answer.context["aspect_rows"] if one.aspect == quality]
    assert row.correction.corrected_by == boss
    assert [(value, is_said) for value, _label, is_said in row.choices if is_said] == [("not_meant", True)]
    assert any("Quality: corrected to not meant" in text for _shape, text, _who, _at in answer.context["timeline"])
    undo = json.loads(next(one.extra_tags for one in answer.context["messages"] if one.extra_tags))
    client.post(undo["url"], undo["fields"], follow=True)
    assert not AspectCorrection.objects.exists()


def test_the_page_asks_as_few_queries_for_many_aspects_as_for_few(client, review, django_assert_max_num_queries):
    page = f"/admin/reviews/review/{review.pk}/change/"
    client.get(page)
    for aspect in Aspect.objects.all():
        AspectCorrectionFactory.create(review=review, aspect=aspect)

    with django_assert_max_num_queries(12):
        client.get(page)


def test_what_is_posted_by_accident_changes_nothing(client, client_with, review, quality):
    here = f"/admin/reviews/review/{review.pk}/aspect/"

    assert client.post(here, {"aspect": "1" * 30, "said": "positive"}).status_code == 404
    assert client.post(here, {"aspect": quality.pk, "said": "angry"}).status_code == 302
    assert client_with("reviews.view_review").post(here, {"aspect": quality.pk, "said": "positive"}).status_code == 403
    assert not AspectCorrection.objects.exists()
