"""What tags are worth, and thresholds that follow what a set asks for."""

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import ProductTag
from core import model_registry
from tests.factories import ModelVersionFactory, ReviewDecisionFactory, SearchQueryFactory, TagSuggestionFactory
from vision import deciding, promises, tag_effects, thresholds
from vision.ml import decisions
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


def sampled(label: Label, **how) -> TagSuggestion:
    return TagSuggestionFactory.create(label=label, state=TagSuggestion.State.APPLIED, is_audit=True, **how)


def test_checked_tags_are_counted_by_label_and_source_of_what_serves_now(striped, boss):
    old, live = ModelVersionFactory.create(kind="vision"), ModelVersionFactory.create(kind="vision")
    TagSuggestionFactory.create(label=striped, state=TagSuggestion.State.APPLIED, model_version=live)
    right = [sampled(striped, model_version=live) for _each in range(2)]
    wrong = [sampled(striped, model_version=live), sampled(striped, model_version=old)]
    by_colour = sampled(striped, source="colours")
    deciding.decide([row.pk for row in [*right, by_colour]], is_right=True, by=boss, came_from="audit")
    deciding.decide([row.pk for row in wrong], is_right=False, by=boss, came_from="audit")
    ReviewDecisionFactory.create(label=striped, came_from="queue", is_right=False)

    found = [(one.label, one.source, one.applied, one.looked_at, one.right) for one in tag_effects.checked(live.pk)]

    assert found == [(striped, "colours", 0, 1, 1), (striped, "network", 1, 3, 2)]


def test_a_sampled_tag_that_is_changed_counts_once_as_wrong_and_not_as_a_right_one_of_the_other_label(striped, boss):
    live = ModelVersionFactory.create(kind="vision")
    checked = Label.objects.get(label_set__key="pattern", key="checked")
    row = sampled(striped, model_version=live)
    TagSuggestionFactory.create(label=checked, image=row.image, model_version=live)

    deciding.change([row.pk], to=checked, by=boss, came_from="audit")

    found = [(one.label, one.looked_at, one.right) for one in tag_effects.checked(live.pk)]
    assert found == [(striped, 1, 0)]


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


def test_the_page_counts_decisions_since_the_live_version_and_says_what_the_share_rests_on(admin_client, striped):
    live = ModelVersionFactory.create(kind="vision", number=1, state="active")
    ReviewDecisionFactory.create_batch(2, label=striped)
    ModelVersionFactory.create(kind="vision", number=2, state="refused")
    ReviewDecisionFactory.create(label=striped)
    for _each in range(20):
        row = sampled(striped, model_version=live, decided_at=timezone.now())
        ReviewDecisionFactory.create(label=striped, suggestion=row, image=row.image, came_from="audit")

    text = admin_client.get(reverse("admin:vision_tag_effects")).content.decode()

    assert "23 decisions that the live model does not know." in text
    assert "21 of them since the newest version, which does not serve." in text
    assert "trained model vision.v1: 20 tags given without a person, 20 looked at; right: 100%" in text


def test_thresholds_follow_the_set_from_the_curve_of_the_model(striped):
    places = ((0.4, 0.6), (0.5, 0.7), (0.6, 0.82), (0.8, 0.91), (0.93, 0.95), (0.95, 0.97))
    curve = [{"threshold": at, "low": low, "precision": low + 0.02, "told": 200 - 100 * at} for at, low in places]
    row = {"apply": 0.93, "suggest": 0.5, "positives": 40, "curve": curve}
    assert thresholds._learned(row, striped) == Limits(0.93, 0.5)

    striped.label_set.apply_precision, striped.label_set.suggest_precision = 0.9, 0.8
    assert thresholds._learned(row, striped) == Limits(0.8, 0.6)
    assert thresholds._learned({**row, "positives": 19}, striped).apply is None
    assert thresholds._learned(None, striped) == Limits(None, None)


def test_nothing_is_told_below_the_least_sure_photo_that_was_measured(striped):
    """A curve has places at which nothing new is told: what stands there was measured further up."""
    places = ((0.0, 30), (0.25, 30), (0.55, 30), (0.58, 30), (0.6, 29), (0.9, 12))
    row = {"positives": 30, "curve": [{"threshold": at, "low": 0.96, "precision": 1.0, "told": n} for at, n in places]}

    assert thresholds._learned(row, striped) == Limits(0.58, 0.58)


def test_of_labels_with_few_examples_all_of_the_set_together_must_keep_the_share_too(striped):
    places = ((0.06, 0.75, 4), (0.5, 1.0, 1))
    own = [{"threshold": at, "low": 0.4, "precision": share, "told": told} for at, share, told in places]
    row = {"positives": 3, "curve": own}

    assert thresholds._learned(row, striped) == Limits(None, 0.06)  # a version from before
    assert thresholds._learned({**row, "together": []}, striped) == Limits(None, None)
    shared = [{"threshold": 0.3, "low": 0.6, "told": 40}, {"threshold": 0.55, "low": 0.75, "told": 20}]
    assert thresholds._learned({**row, "together": shared}, striped) == Limits(None, 0.55)
    assert thresholds._learned({**row, "curve": [], "together": shared}, striped) == Limits(None, None)


def test_a_version_trained_while_less_was_asked_for_applies_no_more_than_is_asked_for_now(striped):
    places = ((0.6, 0.8, 9), (0.9, 0.96, 5))
    curve = [{"threshold": at, "low": low, "precision": low, "told": told} for at, low, told in places]
    row = {"apply": 0.6, "target_apply": 0.8, "suggest": 0.6, "target_suggest": 0.7, "positives": 40, "curve": curve}

    assert thresholds._learned(row, striped).apply == 0.9
    striped.label_set.apply_precision = 0.8
    assert thresholds._learned(row, striped).apply == 0.6


def test_few_examples_are_suggested_by_their_plain_share_at_every_target(striped):
    places = ((0.3, 0.6, 20), (0.5, 0.75, 12), (0.7, 0.9, 10))
    curve = [{"threshold": at, "low": 0.4, "precision": share, "told": told} for at, share, told in places]
    row = {"positives": 12, "curve": curve}

    assert thresholds._learned(row, striped) == Limits(None, 0.5)
    striped.label_set.suggest_precision = 0.8
    assert thresholds._learned(row, striped) == Limits(None, 0.7)


def test_what_is_promised_is_what_is_done_at_every_place_of_the_slider(striped, monkeypatch):
    rng = np.random.default_rng(3)
    chances = rng.random(4_000).astype(np.float32)
    is_right = rng.random(4_000) < 0.4 + 0.6 * chances
    row = decisions.threshold_of(chances, is_right, apply=0.8, suggest=0.6).to_meta()
    live = SimpleNamespace(meta={"thresholds": {"pattern/striped": row}}, version_id=1)
    monkeypatch.setattr(model_registry, "active", lambda kind: live)

    for promise in promises.promises(striped.label_set):
        striped.label_set.apply_precision = promise.target
        limit = thresholds.limits([striped], "network")[striped.pk].apply
        told = chances >= limit if limit is not None else np.zeros(4_000, bool)
        assert promise.reaching == (limit is not None)
        assert promise.coverage == pytest.approx(is_right[told].sum() / is_right.sum())
        best = decisions.threshold_of(chances, is_right, apply=promise.target).apply
        assert told.sum() == (0 if best is None else (chances >= best).sum())
