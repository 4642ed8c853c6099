"""What machines read: suggested, applied, withdrawn; never over what people said."""

import pytest
from django.utils import timezone

from catalog.models import Category, ProductTag, SearchDocument
from tests.factories import (
    CategoryFactory,
    LabelFactory,
    LabelSetFactory,
    ProductFactory,
    ProductImageFactory,
    ReviewDecisionFactory,
)
from vision import suggesting, thresholds
from vision.models import Label, LabelSet, ReviewDecision, TagSuggestion
from vision.suggesting import Found, Written
from vision.thresholds import Limits

pytestmark = pytest.mark.django_db
State = TagSuggestion.State


@pytest.fixture
def sure(monkeypatch) -> None:
    """Whatever is read: applied from .9, suggested from .6."""
    monkeypatch.setattr(
        thresholds, "limits",
        lambda labels, source: {one.pk: thresholds._automatic(Limits(0.9, 0.6), one) for one in labels},
    )  # fmt: skip


@pytest.fixture
def image():
    return ProductImageFactory.create(content_sha256="a" * 64)


@pytest.fixture
def pattern() -> LabelSet:
    return LabelSet.objects.get(key="pattern")


def label(pattern: LabelSet, key: str) -> Label:
    return pattern.labels.get(key=key)


def read(image, label, confidence: float, source: str = "network") -> Found:
    return Found(image.product_id, image.pk, label.pk, confidence, source, [{"share": confidence}])


def tags(product) -> list[tuple[str, str, str]]:
    return list(product.tags.order_by("kind", "value").values_list("kind", "value", "source"))


def test_shipped_sets_are_there_with_sixteen_colours(db):
    sets = dict(LabelSet.objects.values_list("key", "kind"))

    assert sets == {
        "category": "category", "colour": "colour", "pattern": "attribute", "material": "attribute",
        "style": "attribute", "season": "attribute",
    }  # fmt: skip
    assert Label.objects.filter(label_set__key="colour").count() == 16


def test_sure_readings_become_tags_in_both_languages_and_doubtful_ones_wait(sure, image, pattern):
    dotted, striped = label(LabelSet.objects.get(key="style"), "casual"), label(pattern, "striped")

    written = suggesting.write([read(image, striped, 0.95), read(image, dotted, 0.7)])

    assert written == Written(suggested=1, applied=1)
    tag = ProductTag.objects.get()
    assert (tag.kind, tag.value, tag.source, tag.confidence) == ("pattern", "Striped", "model", 0.95)
    assert tag.value_translations == {"en": "Striped", "zh-hans": "条纹"}
    assert dict(TagSuggestion.objects.values_list("label__key", "state")) == {
        "striped": State.APPLIED,
        "casual": State.PENDING,
    }


def test_hardly_likely_readings_are_not_shown(sure, image, pattern):
    assert suggesting.write([read(image, label(pattern, "striped"), 0.59)]) == Written()


def test_of_a_set_with_one_answer_only_the_likeliest_counts(sure, image, pattern):
    suggesting.write([read(image, label(pattern, "striped"), 0.92), read(image, label(pattern, "checked"), 0.95)])

    assert tags(image.product) == [("pattern", "Checked", "model")]
    assert TagSuggestion.objects.count() == 1


def test_a_set_that_waits_for_people_applies_nothing(sure, image, pattern):
    LabelSet.objects.filter(pk=pattern.pk).update(is_automatic=False)

    suggesting.write([read(image, label(pattern, "striped"), 0.99)])

    assert tags(image.product) == []
    assert TagSuggestion.objects.get().state == State.PENDING


@pytest.mark.parametrize("source", ["staff", "import"])
def test_what_staff_or_an_import_said_is_never_overwritten(sure, image, pattern, source):
    ProductTag.objects.create(product=image.product, kind="Pattern", value="Checked", source=source)

    suggesting.write([read(image, label(pattern, "striped"), 0.99), read(image, label(pattern, "checked"), 0.99)])

    assert tags(image.product) == [("Pattern", "Checked", source)]
    assert not TagSuggestion.objects.exists()


def test_where_staff_gave_colours_further_ones_wait_for_a_person(sure, image):
    colour = LabelSet.objects.get(key="colour")
    ProductTag.objects.create(product=image.product, kind="colour", value="红色", source="staff")

    suggesting.write([read(image, label(colour, "red"), 0.99), read(image, label(colour, "blue"), 0.99)])

    assert tags(image.product) == [("colour", "红色", "staff")]
    assert list(TagSuggestion.objects.values_list("label__key", "state")) == [("blue", State.PENDING)]


def test_reading_again_changes_nothing_twice(sure, image, pattern):
    found = [read(image, label(pattern, "striped"), 0.95)]
    suggesting.write(found)

    suggesting.write(found)

    assert TagSuggestion.objects.count() == ProductTag.objects.count() == 1


def test_what_is_not_found_any_more_goes_with_its_tag(sure, image, pattern):
    suggesting.write([read(image, label(pattern, "striped"), 0.95)])

    assert suggesting.write([], read=[image.product_id], source="network") == Written(withdrawn=1)

    assert tags(image.product) == []
    assert TagSuggestion.objects.get().state == State.WITHDRAWN


def test_what_was_applied_and_is_less_sure_now_waits_without_its_tag(sure, image, pattern):
    suggesting.write([read(image, label(pattern, "striped"), 0.95)])

    suggesting.write([read(image, label(pattern, "striped"), 0.8)])

    assert tags(image.product) == []
    assert TagSuggestion.objects.get().state == State.PENDING


def test_one_source_leaves_what_another_found(sure, image, pattern):
    suggesting.write([read(image, label(pattern, "striped"), 0.8)])

    suggesting.write([], read=[image.product_id], source="colours")

    assert TagSuggestion.objects.get().state == State.PENDING


def test_rejected_content_is_never_suggested_again_also_on_another_product(sure, image, pattern):
    twin = ProductImageFactory.create(content_sha256=image.content_sha256)
    other = ProductImageFactory.create(product=image.product, content_sha256="b" * 64)
    striped = label(pattern, "striped")
    ReviewDecisionFactory.create(image=image, label=striped, is_right=False)

    suggesting.write([read(image, striped, 0.99), read(twin, striped, 0.99)])
    assert not TagSuggestion.objects.exists()

    suggesting.write([read(other, striped, 0.99)])
    assert TagSuggestion.objects.get().image == other


def test_the_last_word_about_a_content_counts(sure, image, pattern):
    striped = label(pattern, "striped")
    ReviewDecisionFactory.create(image=image, label=striped, is_right=False)
    ReviewDecisionFactory.create(image=image, label=striped, is_right=True)

    assert suggesting.write([read(image, striped, 0.99)]) == Written(applied=1)


def test_a_tag_that_somebody_took_off_is_not_given_again_and_is_learned_from(sure, image, pattern):
    striped = label(pattern, "striped")
    suggesting.write([read(image, striped, 0.99)])
    image.product.tags.all().delete()

    suggesting.write([read(image, striped, 0.99)])

    assert tags(image.product) == []
    assert TagSuggestion.objects.get().state == State.REJECTED
    decision = ReviewDecision.objects.get()
    assert (decision.is_right, decision.content_sha256, decision.came_from) == (False, "a" * 64, "product")


def test_labels_and_sets_out_of_use_are_not_suggested(sure, image, pattern):
    off = LabelFactory.create(is_active=False)
    in_off_set = LabelFactory.create(label_set=LabelSetFactory.create(is_active=False))

    assert suggesting.write([read(image, off, 0.99), read(image, in_off_set, 0.99)]) == Written()


def test_deleted_products_and_photos_are_left_alone(sure, image, pattern):
    gone = ProductImageFactory.create(product=ProductFactory.create(deleted_at=timezone.now()))
    striped = label(pattern, "striped")
    found = read(image, striped, 0.8)
    image.delete()

    suggesting.write([found, read(gone, striped, 0.99)])

    row = TagSuggestion.objects.get()
    assert (row.product, row.image) == (image.product, None)


def test_doubtful_readings_of_products_that_people_open_come_first(sure, image, pattern):
    seen = ProductImageFactory.create()
    SearchDocument.objects.update_or_create(pk=seen.product_id, defaults={"is_shown": True, "popularity": 1.0})

    suggesting.write([read(image, label(pattern, "striped"), 0.75), read(seen, label(pattern, "striped"), 0.75)])

    assert dict(TagSuggestion.objects.values_list("product_id", "priority")) == {
        seen.product_id: 0.75,
        image.product_id: 0.0375,
    }


def test_two_of_a_hundred_applied_tags_are_looked_at_afterwards():
    drawn = [suggesting._is_audited(Found(n, None, 7, 0.99, "network", version_id=1)) for n in range(20_000)]

    assert 0.018 < sum(drawn) / len(drawn) < 0.022


# --- categories ---------------------------------------------------------------------------------------------------


@pytest.fixture
def shoes() -> Label:
    category = LabelSet.objects.get(key="category")
    return LabelFactory.create(label_set=category, category=CategoryFactory.create())


def test_a_category_is_suggested_only_where_the_product_lies_elsewhere(sure, image, shoes):
    image.product.category = Category.objects.add_child(shoes.category, {"name": "Boots"})
    image.product.save()
    assert suggesting.write([read(image, shoes, 0.99)]) == Written()

    image.product.category = CategoryFactory.create()
    image.product.save()
    assert suggesting.write([read(image, shoes, 0.99)]) == Written(suggested=1)


def test_products_without_a_category_get_a_sure_one_where_the_set_may(sure, image, shoes):
    LabelSet.objects.filter(key="category").update(is_automatic=True)
    image.product.category = None
    image.product.save()

    suggesting.write([read(image, shoes, 0.99)])
    suggesting.write([read(image, shoes, 0.99)])

    image.product.refresh_from_db()
    assert image.product.category == shoes.category
    assert TagSuggestion.objects.get().state == State.APPLIED


def test_writing_asks_the_same_number_of_queries_for_one_and_for_many(sure, pattern, django_assert_max_num_queries):
    striped = label(pattern, "striped")
    found = [read(ProductImageFactory.create(), striped, 0.95) for _each in range(20)]

    with django_assert_max_num_queries(20):
        suggesting.write(found)
