"""Staff pages: suggested tags, labelling, probable errors, labels."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from catalog.models import ProductTag
from core import model_registry
from tests.factories import (
    CategoryFactory,
    ModelVersionFactory,
    ProductFactory,
    ProductImageFactory,
    ReviewDecisionFactory,
    TagSuggestionFactory,
)
from vision import label_sets
from vision.admin import tag_cards as cards
from vision.models import Label, LabelSet, ReviewDecision, TagSuggestion

pytestmark = pytest.mark.django_db
State = TagSuggestion.State
JSON = {"Accept": "application/json"}


@pytest.fixture
def striped(db) -> Label:
    return Label.objects.get(label_set__key="pattern", key="striped")


@pytest.fixture
def red(db) -> Label:
    return Label.objects.get(label_set__key="colour", key="red")


@pytest.fixture
def queue() -> str:
    return reverse("admin:vision_queue")


def ids(response) -> list[int]:
    return [card.pk for section in response.context["sections"] for card in section.cards]


# --- the queue ----------------------------------------------------------------------------------------------------


def test_an_empty_queue_says_what_will_come(client, queue):
    assert "Nothing to review" in client.get(queue).content.decode()


def test_photos_stand_under_their_label_the_most_urgent_first(client, queue, striped, red):
    late = TagSuggestionFactory.create(label=striped, priority=0.1)
    urgent = TagSuggestionFactory.create(label=striped, priority=0.9)
    colour = TagSuggestionFactory.create(label=red, priority=0.5)

    page = client.get(queue)

    assert ids(page) == [urgent.pk, late.pk, colour.pk]
    assert [section.label for section in page.context["sections"]] == [striped, red]


def test_a_page_asks_the_same_number_of_queries_for_one_and_for_many(client, queue, striped, red):
    TagSuggestionFactory.create(label=striped)
    client.get(queue)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(queue + f"?label={striped.pk}")
    TagSuggestionFactory.create_batch(20, label=striped)
    with CaptureQueriesContext(connection) as many:
        client.get(queue + f"?label={striped.pk}")

    assert len(many) <= len(one) + 1  # what is looked up once a minute may fall into either
    assert len(many) <= 22


def test_filters_by_set_label_category_and_source(client, queue, striped, red):
    product = ProductFactory.create(category=CategoryFactory.create())
    one = TagSuggestionFactory.create(label=striped, product=product, image=None)
    two = TagSuggestionFactory.create(label=red, source="colours")

    assert ids(client.get(queue, {"set": "colour"})) == [two.pk]
    assert ids(client.get(queue, {"label": striped.pk})) == [one.pk]
    assert ids(client.get(queue, {"source": "colours"})) == [two.pk]
    assert ids(client.get(queue, {"category": product.category_id})) == [one.pk]
    assert "No suggestion matches" in client.get(queue, {"set": "season"}).content.decode()


def test_nonsense_in_the_address_is_no_error(client, queue, striped):
    TagSuggestionFactory.create(label=striped)

    for query in ("label=x", "label=99999999999999999999", "category=-1", "source=q", "page=99", "show=q"):
        assert client.get(f"{queue}?{query}").status_code in (200, 302)


def test_deleted_products_and_labels_out_of_use_do_not_wait(client, queue, striped, red):
    TagSuggestionFactory.create(label=striped, product=ProductFactory.create(deleted_at=timezone.now()), image=None)
    TagSuggestionFactory.create(label=red)
    Label.objects.filter(pk=red.pk).update(is_active=False)

    assert "Nothing to review" in client.get(queue).content.decode()


def test_a_decision_tells_what_tabs_and_labels_count_now_and_undoing_it_does_too(client, queue, striped, red):
    one, _two = TagSuggestionFactory.create_batch(2, label=striped)
    TagSuggestionFactory.create(label=red)
    sample, stripes, reds = f"{queue}?show=sample", f"{queue}?label={striped.pk}", f"{queue}?label={red.pk}"

    told = client.post(queue, {"accept": one.pk}, headers=JSON).json()
    back = client.post(queue, {"act": "undo", "key": told["undo"]}, headers=JSON).json()

    assert told["counts"] == {queue: "2", sample: "0", stripes: "1", reds: "1"}
    assert back["counts"] == {queue: "3", sample: "0", stripes: "2", reds: "1"}
    page = client.get(queue).content.decode()
    assert all(f'href="{address}"' in page for address in told["counts"])


def test_one_button_decides_one_photo_and_the_script_hears_it(client, queue, striped):
    one, two = TagSuggestionFactory.create_batch(2, label=striped)

    told = client.post(queue, {"accept": one.pk, "ids": [two.pk]}, headers=JSON).json()

    assert told["text"] == "1 accepted"
    assert told["summary"] == "1 to review · 1 done today"
    assert set(TagSuggestion.objects.values_list("pk", "state")) == {(one.pk, "accepted"), (two.pk, "pending")}

    told = client.post(queue, {"act": "undo", "key": told["undo"]}, headers=JSON).json()
    assert told["text"] == "1 waits again"
    assert TagSuggestion.objects.pending().count() == 2


def test_ticked_photos_are_decided_together_without_a_script(client, queue, striped):
    rows = TagSuggestionFactory.create_batch(3, label=striped)

    page = client.post(queue, {"act": "reject", "ids": [row.pk for row in rows]}, follow=True)

    assert "3 rejected" in page.content.decode()
    assert ReviewDecision.objects.filter(is_right=False).count() == 3


def test_who_comes_second_is_told_so(client, queue, striped):
    row = TagSuggestionFactory.create(label=striped, state=State.REJECTED)

    told = client.post(queue, {"accept": row.pk}, headers=JSON)

    assert told.json()["text"] == "Somebody else decided it meanwhile"
    assert not ProductTag.objects.exists()


def test_changing_needs_the_label_and_gives_it(client, queue, striped):
    row = TagSuggestionFactory.create(label=striped)
    plain = Label.objects.get(key="plain")

    assert "Choose the label" in client.post(queue, {"act": "change", "ids": [row.pk]}, headers=JSON).json()["text"]
    told = client.post(queue, {"act": "change", "ids": [row.pk], "to": plain.pk}, headers=JSON).json()

    assert told["summary"] == "0 to review · 1 done today"
    assert row.product.tags.get().value == "Plain"


def test_the_sample_shows_applied_tags_and_its_decisions_are_told_apart(client, queue, striped):
    row = TagSuggestionFactory.create(label=striped, state=State.APPLIED, is_audit=True)
    TagSuggestionFactory.create(label=striped, state=State.APPLIED)
    ProductTag.objects.create(product=row.product, kind="pattern", value="Striped", source="model")

    assert ids(client.get(queue, {"show": "sample"})) == [row.pk]
    client.post(f"{queue}?show=sample", {"reject": row.pk})

    assert ReviewDecision.objects.get().came_from == "audit"
    assert not ProductTag.objects.exists()


def whys(client, address) -> list[str]:
    """What the buttons of the cards say, by product."""
    page = client.get(address)
    return [str(card.why) for section in page.context["sections"] for card in section.cards]


def test_every_card_says_its_reason_and_truly_why_a_person_is_asked(client, queue, striped, red, monkeypatch):
    curve = [{"threshold": 0.9, "low": 0.96, "precision": 0.98, "told": 40, "coverage": 0.5}]
    live = SimpleNamespace(meta={"thresholds": {"pattern/striped": {"positives": 40, "curve": curve}}})
    monkeypatch.setattr(model_registry, "active", lambda kind: live)
    read = [{"kind": "photos", "photos": 3, "best": 0.91}]
    row = TagSuggestionFactory.create(label=striped, confidence=0.8, reasons=read)

    (text,) = whys(client, queue)
    assert "91% on the photo that shows it best" in text
    assert "the confidence is the mean of 3 photos" in text
    assert "Confidence 0.80. Below the threshold of 0.90, so a person decides." in text

    TagSuggestion.objects.filter(pk=row.pk).update(confidence=0.95, reasons=[{"photos": 1, "best": 0.95}])
    assert "it waits because somebody had answered" in whys(client, queue)[0]
    LabelSet.objects.filter(pk=striped.label_set_id).update(is_automatic=False)
    assert "Sure enough, but tags of this set wait for a person." in whys(client, queue)[0]
    TagSuggestion.objects.filter(pk=row.pk).update(state=State.APPLIED, is_audit=True)
    (text,) = whys(client, f"{queue}?show=sample")
    assert "Sure enough to be given without a person; this one was drawn to be checked." in text
    assert "so a person decides" not in text
    TagSuggestion.objects.filter(pk=row.pk).update(label=Label.objects.get(key="plain"), state=State.PENDING)
    assert "This label is not given without a person yet, so a person decides." in whys(client, queue)[0]


def test_reasons_are_told_in_chinese_too(client, queue, striped):
    TagSuggestionFactory.create(label=striped, reasons=[{"kind": "photos", "photos": 2, "best": 0.5}])

    with translation.override("zh-hans"):
        row = TagSuggestion.objects.select_related("label__label_set", "product").get()
        assert cards.reasons(row) == ["在最能看出它的照片上为 50%", "置信度是 2 张照片的平均值"]


def test_foreign_keys_of_undo_are_refused(client, queue):
    told = client.post(queue, {"act": "undo", "key": "x"}, headers=JSON)

    assert (told.status_code, told.json()["text"]) == (409, "This can no longer be undone from here.")


def test_who_may_not_review_does_not_come_in(queue, client_with):
    client = client_with("vision.view_tagsuggestion")

    for name in ("vision_queue", "vision_labelling", "vision_label_errors"):
        assert client.get(reverse(f"admin:{name}")).status_code == 403


# --- labelling ----------------------------------------------------------------------------------------------------


def test_labelling_shows_photos_nobody_spoke_about_and_keeps_what_is_said(client, striped):
    page = reverse("admin:vision_labelling")
    one, two = ProductImageFactory.create_batch(2, content_sha256="", position=0)
    ProductImageFactory.create(product=one.product, position=5)
    known = ProductImageFactory.create(content_sha256="c" * 64)
    ReviewDecisionFactory.create(image=known, label=striped)
    ProductImageFactory.create(content_sha256="c" * 64)

    assert ids(client.get(page, {"set": "pattern", "label": striped.pk})) == [one.pk, two.pk]

    told = client.post(page, {"act": "accept", "ids": [one.pk, two.pk], "label": striped.pk}, headers=JSON).json()
    assert told["text"] == "2 photos labelled"
    assert one.product.tags.get().source == "staff"
    shown = client.get(page, {"set": "pattern", "label": striped.pk})
    assert shown.context["hint"].startswith("3 photos show it, 0 do not.")


def test_labelling_searches_products_by_name(client, striped):
    page = reverse("admin:vision_labelling")
    image = ProductImageFactory.create(product=ProductFactory.create(name="Breton shirt"))
    ProductImageFactory.create()

    found = client.get(page, {"set": "pattern", "label": striped.pk, "q": "breton"})
    assert ids(found) == [image.pk]


# --- probable errors ----------------------------------------------------------------------------------------------


def test_probable_errors_of_the_live_version_are_kept_or_corrected_once(client, striped):
    page = reverse("admin:vision_label_errors")
    one, two = ProductImageFactory.create_batch(2)
    for image in (one, two):
        ProductTag.objects.create(product=image.product, kind="pattern", value="Striped", source="import")
    ModelVersionFactory.create(
        kind="vision", state="active",
        report={"label_errors": [
            {"image": image.pk, "label": "pattern/striped", "looks_like": "pattern/plain", "confidence": 0.98}
            for image in (one, two)
        ] + [{"image": 0, "label": "x/y", "looks_like": "z"}, {}]},
    )  # fmt: skip

    assert [row["card"].pk for row in client.get(page).context["errors"]] == [one.pk, two.pk]
    assert client.get(page).context["summary"] == "2 to look at · 0 done today"
    kept = client.post(page, {"accept": one.pk}, headers=JSON).json()
    assert (kept["text"], kept["summary"]) == ("1 kept", "1 to look at · 1 done today")
    told = client.post(page, {"reject": two.pk}, headers=JSON).json()

    assert told["text"] == "1 changed"
    assert (one.product.tags.get().value, two.product.tags.get().value) == ("Striped", "Plain")
    assert "agrees with what stands" in client.get(page).content.decode()
    client.post(page, {"act": "undo", "key": told["undo"]}, headers=JSON)
    assert two.product.tags.get().value == "Striped"


def test_without_a_model_there_are_no_probable_errors(client):
    assert "When a model has been trained" in client.get(reverse("admin:vision_label_errors")).content.decode()


# --- sets and labels ----------------------------------------------------------------------------------------------


def test_lists_of_sets_and_labels_count_what_waits(client, striped, django_assert_max_num_queries):
    TagSuggestionFactory.create(label=striped)

    with django_assert_max_num_queries(14):
        sets = client.get(reverse("admin:vision_labelset_changelist")).content.decode()
    with django_assert_max_num_queries(14):
        labels = client.get(reverse("admin:vision_label_changelist"), {"q": "striped"}).content.decode()

    assert "?set=pattern" in sets
    assert f"?label={striped.pk}" in labels


def test_renaming_a_label_takes_tags_along(client, striped):
    tag = ProductTag.objects.create(product=ProductFactory.create(), kind="pattern", value="Striped", source="model")

    client.post(
        reverse("admin:vision_label_change", args=[striped.pk]),
        {"name_en": "Stripes", "name_zh": "条纹", "position": 1, "is_active": "on"},
    )

    tag.refresh_from_db()
    assert tag.value == "Stripes"


def test_merging_asks_and_names_how_many_it_is_about(client, striped):
    plain = Label.objects.get(key="plain")
    ProductTag.objects.create(product=ProductFactory.create(), kind="pattern", value="Striped", source="model")
    data = {"action": "merge_chosen", "_selected_action": [striped.pk], "index": 0}
    page = reverse("admin:vision_label_changelist")

    assert "Tags (1)" in client.post(page, data).content.decode()
    client.post(page, {**data, "confirmed": 1, "into": plain.pk})

    assert ProductTag.objects.get().value == "Plain"


def test_sets_and_labels_are_switched_off_and_on(client, striped):
    page, data = reverse("admin:vision_label_changelist"), {"_selected_action": [striped.pk], "index": 0}

    client.post(page, {**data, "action": "switch_off_chosen"})
    assert Label.objects.get(pk=striped.pk).is_active is False
    client.post(page, {**data, "action": "switch_on_chosen"})
    assert Label.objects.get(pk=striped.pk).is_active is True


def test_what_is_applied_must_be_surer_than_what_is_suggested(client):
    row = LabelSet.objects.get(key="pattern")
    page = client.post(
        reverse("admin:vision_labelset_change", args=[row.pk]),
        {"name_en": "P", "name_zh": "图", "position": 1, "apply_precision": 0.6, "suggest_precision": 0.9},
    )

    assert "at least as sure" in page.content.decode()


def test_names_of_categories_are_those_of_the_catalogue(client):
    CategoryFactory.create(name="Shoes")
    label_sets.mirror_categories()
    label = Label.objects.get(label_set__kind="category")

    client.post(
        reverse("admin:vision_label_change", args=[label.pk]), {"name_en": "X", "name_zh": "X", "is_active": "on"}
    )

    label.refresh_from_db()
    assert label.name_en == "Shoes"
