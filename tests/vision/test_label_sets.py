"""Labels follow the catalogue; renaming and merging take tags along."""

import pytest

from catalog.models import Category, ProductTag
from catalog.search import index
from tests.factories import (
    CategoryFactory,
    LabelFactory,
    ProductFactory,
    ReviewDecisionFactory,
    TagSuggestionFactory,
)
from vision import deciding, label_sets
from vision.datasets import _decisions
from vision.exceptions import CannotMerge
from vision.models import Label, LabelSet, ReviewDecision, TagSuggestion

pytestmark = pytest.mark.django_db


@pytest.fixture
def striped(db) -> Label:
    return Label.objects.get(label_set__key="pattern", key="striped")


@pytest.fixture
def dotted(db) -> Label:
    return Label.objects.get(label_set__key="pattern", key="dotted")


def tag(label, product=None, source="model") -> ProductTag:
    return ProductTag.objects.create(
        product=product or ProductFactory.create(), kind=label.label_set.key, value=label.name_en, source=source
    )


def test_categories_are_mirrored_with_both_names_and_their_tree():
    shoes = CategoryFactory.create(name="Shoes", name_translations={"en": "Shoes", "zh-hans": "鞋"})
    boots = Category.objects.add_child(shoes, {"name": "Boots"})

    assert label_sets.mirror_categories() == 2
    assert label_sets.mirror_categories() == 0

    label = Label.objects.get(category=boots)
    assert (label.key, label.name_en, label.parent.name_zh) == (boots.public_id, "Boots", "鞋")


def test_a_category_that_is_renamed_moved_or_deleted_is_followed():
    shoes, coats = CategoryFactory.create(name="Shoes"), CategoryFactory.create(name="Coats")
    label_sets.mirror_categories()
    Category.objects.filter(pk=shoes.pk).update(name="Footwear")

    assert label_sets.mirror_categories() == 1
    assert Label.objects.get(category=shoes).name_en == "Footwear"
    coats.delete()
    assert Label.objects.filter(label_set__kind="category").count() == 1


def test_what_people_decided_outlives_the_category(boss, photos):
    shoes, boots = CategoryFactory.create(name="Shoes"), CategoryFactory.create(name="Boots")
    label_sets.mirror_categories()
    label, other = (Label.objects.get(category=category) for category in (shoes, boots))
    images = photos(None, (9, 9, 9), 3)
    deciding.label_photos([images[0].pk], label, is_right=True, by=boss)
    waits = TagSuggestionFactory.create(image=images[1], label=label)
    applied = TagSuggestionFactory.create(image=images[2], label=label, state="applied")

    shoes.delete()

    label.refresh_from_db()
    decision = ReviewDecision.objects.get()
    assert (decision.label, decision.is_right, label.category_id, label.is_active) == (label, True, None, False)
    for row in (waits, applied):
        row.refresh_from_db()
        assert row.state == TagSuggestion.State.WITHDRAWN
    said, denied = _decisions(LabelSet.Kind.CATEGORY)
    assert (said, denied) == ({}, {})
    Label.objects.filter(pk=label.pk).update(is_active=True)
    assert label not in Label.objects.in_use()

    label_sets.merge(label, into=other)
    assert ReviewDecision.objects.get().label == other


def test_renaming_takes_tags_along_also_where_both_stand(striped):
    one, both = tag(striped), tag(striped)
    ProductTag.objects.create(product=both.product, kind="pattern", value="Lines", source="staff")
    striped.name_en, striped.name_zh = "Lines", "线条"
    striped.save()

    assert label_sets.rename(striped, was="Striped") == 1

    assert set(ProductTag.objects.values_list("product_id", "value")) == {
        (one.product_id, "Lines"), (both.product_id, "Lines"),
    }  # fmt: skip
    assert ProductTag.objects.get(product=one.product).value_translations == {"en": "Lines", "zh-hans": "线条"}


def test_merging_moves_tags_readings_and_what_people_said(striped, dotted):
    one = tag(striped)
    both = tag(striped)
    tag(dotted, both.product)
    waiting = TagSuggestionFactory.create(label=striped)
    TagSuggestionFactory.create(label=striped, product=both.product, image=None)
    TagSuggestionFactory.create(label=dotted, product=both.product, image=None)
    ReviewDecisionFactory.create(label=striped, is_right=True)
    ReviewDecisionFactory.create(label=striped, is_right=False)

    assert label_sets.merge(striped, into=dotted) == 1

    assert set(ProductTag.objects.values_list("product_id", "value")) == {
        (one.product_id, "Dotted"), (both.product_id, "Dotted"),
    }  # fmt: skip
    assert TagSuggestion.objects.pending().count() == 2
    waiting.refresh_from_db()
    assert waiting.label == dotted
    assert set(ReviewDecision.objects.values_list("label__key", "is_right")) == {("dotted", True), ("striped", False)}
    striped.refresh_from_db()
    assert striped.is_active is False


def test_labels_of_different_sets_and_categories_do_not_merge(striped):
    category = LabelFactory.create(category=CategoryFactory.create())
    other = LabelFactory.create(label_set=category.label_set)

    for label, into in ((striped, other), (category, other), (striped, striped)):
        with pytest.raises(CannotMerge):
            label_sets.merge(label, into=into)


def test_search_calls_groups_of_tags_as_their_label_sets_are_called(browser):
    product = ProductFactory.create(name="Mug", name_translations={"zh-hans": "马克杯"})
    product.tags.create(kind="season", value="winter")
    product.tags.create(kind="glaze", value="matt")
    LabelSet.objects.filter(key="season").update(name_en="Time of year")
    index.refresh()
    index.count_terms()

    groups = {lang: browser.get("/search", q="mug", lang=lang).json()["facets"]["tags"] for lang in ("en", "zh-hans")}

    assert [(one["kind"], one["name"]) for one in groups["en"]] == [("glaze", "glaze"), ("season", "Time of year")]
    assert [(one["kind"], one["name"]) for one in groups["zh-hans"]] == [("glaze", "glaze"), ("season", "季节")]
