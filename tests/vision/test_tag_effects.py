"""What tags are worth, and thresholds that follow what a set asks for."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import ProductTag
from tests.factories import ReviewDecisionFactory, SearchQueryFactory, TagSuggestionFactory
from vision import tag_effects, thresholds
from vision.models import Label, TagSuggestion
from vision.thresholds import Limits

pytestmark = pytest.mark.django_db


@pytest.fixture
def striped(db) -> Label:
    return Label.objects.select_related("label_set").get(label_set__key="pattern", key="striped")


def searched(text: str, results: int, days: int) -> None:
    SearchQueryFactory.create(
        text=text, normalised=text, results=results, searched_at=timezone.now() - timedelta(days=days)
    )


def test_the_share_of_right_ones_has_its_likely_range():
    assert tag_effects.wilson(0, 0) == (0.0, 1.0)
    assert tag_effects.wilson(95, 100) == pytest.approx((0.8882, 0.9785), abs=1e-3)


def test_checked_tags_are_counted_by_label(striped):
    TagSuggestionFactory.create_batch(3, label=striped, state=TagSuggestion.State.APPLIED)
    ReviewDecisionFactory.create_batch(2, label=striped, came_from="audit")
    ReviewDecisionFactory.create(label=striped, came_from="audit", is_right=False)
    ReviewDecisionFactory.create(label=striped, came_from="queue", is_right=False)

    (one,) = tag_effects.checked()

    assert (one.label, one.applied, one.looked_at, one.right) == (striped, 3, 3, 2)


def test_queries_that_found_nothing_before_tags_are_told(striped):
    row = TagSuggestionFactory.create(label=striped, state=TagSuggestion.State.APPLIED)
    ProductTag.objects.create(product=row.product, kind="pattern", value="Striped", source="model")
    searched("striped jug", 0, 9)
    searched("striped jug", 4, 1)
    searched("条纹杯", 2, 1)
    searched("kettle", 0, 1)

    effect = tag_effects.on_search(timezone.now() - timedelta(days=28), timezone.now())

    assert (effect.searches, effect.served) == (4, 3)
    assert [(one.query.text, one.label, one.products) for one in effect.new] == [("striped jug", striped, 1)]
    assert {one.query.text for one in effect.queries} == {"striped jug", "条纹杯"}


def test_the_page_says_it_in_one_sentence(admin_client, striped):
    searched("kettle", 0, 1)

    page = admin_client.get(reverse("admin:vision_tag_effects"))

    assert page.status_code == 200
    assert "of 1 searches name a tag from photos" in page.content.decode()


def test_thresholds_follow_the_set_from_the_curve_of_the_model(striped):
    curve = [{"threshold": t, "low": low} for t, low in ((0.4, 0.6), (0.6, 0.82), (0.8, 0.91), (0.95, 0.97))]
    row = {"apply": 0.93, "suggest": 0.5, "positives": 40, "curve": curve}
    assert thresholds._learned(row, striped) == Limits(0.93, 0.5)

    striped.label_set.apply_precision, striped.label_set.suggest_precision = 0.9, 0.8
    assert thresholds._learned(row, striped) == Limits(0.8, 0.6)
    assert thresholds._learned({**row, "positives": 19}, striped).apply is None
    assert thresholds._learned(None, striped) == Limits(None, None)
