"""What a precision asked of a set promises, from the curves of the live version."""

from types import SimpleNamespace

import pytest
from django.urls import reverse

from core import model_registry
from tests.factories import TagSuggestionFactory
from vision import deciding, promises
from vision.choices import VISION
from vision.models import LabelSet
from vision.promises import Promise

pytestmark = pytest.mark.django_db


def row(positives: int, *points: tuple[float, float, float, int]) -> dict[str, object]:
    names = ("threshold", "precision", "low", "told")
    return {"positives": positives, "curve": [dict(zip(names, point, strict=True)) for point in points]}


@pytest.fixture
def pattern(monkeypatch: pytest.MonkeyPatch) -> LabelSet:
    """Striped is told well, dotted only at a lower share, checked by too few photos; another set does not count."""
    meta = {
        "pattern/striped": row(40, (0.4, 0.8, 0.7, 40), (0.8, 1.0, 0.95, 30)),
        "pattern/dotted": row(50, (0.5, 0.9, 0.8, 20)),
        "pattern/checked": row(10, (0.1, 1.0, 0.99, 10)),
        "style/maxi": row(90, (0.1, 1.0, 0.99, 90)),
    }
    live = SimpleNamespace(meta={"thresholds": meta})
    monkeypatch.setattr(model_registry, "active", lambda kind: live)
    return LabelSet.objects.get(key="pattern")


def test_each_label_is_told_from_the_smallest_threshold_that_keeps_the_share(pattern):
    found = {one.target: one for one in promises.promises(pattern)}

    assert len(found) == 50
    assert found[0.7] == Promise(0.7, 2, 3, (32 + 18) / 100, (32 + 18) / 60)
    assert found[0.8] == Promise(0.8, 2, 3, (30 + 18) / 100, (30 + 18) / 50)
    assert found[0.95] == Promise(0.95, 1, 3, 0.3, 1.0)
    assert found[0.96] == Promise(0.96, 0, 3, 0.0, None)


def test_without_a_live_version_nothing_is_promised(db):
    assert promises.promises(LabelSet.objects.get(key="pattern")) == []


def test_the_page_of_a_set_shows_slider_curve_and_words(pattern, admin_client):
    page = admin_client.get(reverse("admin:vision_labelset_change", args=[pattern.pk])).content.decode()

    assert '<input type="range" name="apply_precision" value="0.95" min="0.5" max="0.99" step="0.01"' in page
    assert "At 95%, 1 of 3 labels are tagged by themselves, on 30% of the photos that show one." in page
    assert "What each share brings" in page
    assert (
        "What each share brings"
        not in admin_client.get(
            reverse("admin:vision_labelset_change", args=[LabelSet.objects.get(key="season").pk])
        ).content.decode()
    )


def test_a_curve_on_which_nothing_is_told_is_not_drawn(pattern, admin_client):
    live = model_registry.active(VISION)
    assert live is not None
    live.meta["thresholds"] = {"pattern/checked": row(10, (0.1, 1.0, 0.99, 10))}

    page = admin_client.get(reverse("admin:vision_labelset_change", args=[pattern.pk])).content.decode()

    assert "At 95% no label is tagged by itself: everything waits for a person." in page
    assert "What each share brings" not in page


def test_a_set_that_waits_for_people_says_so_and_promises_only_what_would_be(pattern, admin_client):
    LabelSet.objects.filter(pk=pattern.pk).update(is_automatic=False)

    page = admin_client.get(reverse("admin:vision_labelset_change", args=[pattern.pk])).content.decode()

    assert "A person decides about each tag of this set. If it tagged by itself, at 95% it would be 1 of 3" in page
    assert "are tagged by themselves" not in page


def test_the_set_of_colours_has_no_slider_and_says_what_was_measured(admin_client, boss):
    colours = LabelSet.objects.get(key="colour")
    row = TagSuggestionFactory.create(
        label=colours.labels.first(), source="colours", state="applied", is_audit=True
    )  # fmt: skip
    deciding.decide([row.pk], is_right=True, by=boss, came_from="audit")
    address = reverse("admin:vision_labelset_change", args=[colours.pk])

    page = admin_client.get(address).content.decode()

    assert 'name="apply_precision"' not in page
    assert "On the photos of the demo shop 98% of what was applied was right." in page
    assert "In the sample of this shop: 1 of 1 (likely 21% to 100%)." in page
    assert "clear shades; 98% right when measured" in admin_client.get(
        reverse("admin:vision_labelset_changelist")
    ).content.decode()  # fmt: skip
    fields = {"name_en": "Colour", "name_zh": "颜色", "position": 1, "is_multiple": "on", "is_active": "on"}
    assert admin_client.post(address, fields).status_code == 302
    colours.refresh_from_db()
    assert (colours.is_automatic, colours.apply_precision) == (False, 0.95)
