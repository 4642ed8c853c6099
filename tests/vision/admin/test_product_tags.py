"""The card "Tags" on the page of a product: who gave each and why, adding, taking off, taking back."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import ProductTag
from core import model_registry
from tests.factories import ModelVersionFactory, ProductFactory, ProductImageFactory, TagSuggestionFactory
from vision.models import Label, ReviewDecision, TagSuggestion

pytestmark = pytest.mark.django_db
State = TagSuggestion.State
RIGHTS = ("catalog.view_product", "vision.view_tagsuggestion")


@pytest.fixture
def label():
    return lambda key: Label.objects.select_related("label_set").get(
        key=key, label_set__key__in=("pattern", "material")
    )


@pytest.fixture
def image():
    return ProductImageFactory.create()


def card(client, product) -> str:
    return client.get(f"/admin/catalog/product/{product.pk}/panel/vision.tags/").content.decode()


def said(client, product, **data):
    return client.post(reverse("admin:vision_product_tags", args=[product.pk]), data, follow=True)


def tags(product) -> list[tuple[str, str]]:
    return list(product.tags.order_by("value").values_list("value", "source"))


def give(product, label, source, **more) -> ProductTag:
    return ProductTag.objects.create(
        product=product, kind=label.label_set.key, value=label.name_en, source=source, **more
    )


def test_each_tag_says_who_gave_it_how_sure_by_which_version_and_why(client_with, image, label, monkeypatch):
    monkeypatch.setattr(model_registry, "active", lambda kind: None)
    version = ModelVersionFactory.create(kind="vision", number=7)
    product = image.product
    give(product, label("striped"), "model", confidence=0.97, model_version=version)
    give(product, label("cotton"), "import")
    TagSuggestionFactory.create(
        image=image, label=label("striped"), state=State.APPLIED, confidence=0.97, model_version=version,
        reasons=[{"kind": "photos", "photos": 2, "best": 0.99}],
    )  # fmt: skip
    TagSuggestionFactory.create(image=image, label=label("linen"), confidence=0.71)
    ProductTag.objects.create(product=product, kind="neckline", value="Round", source="staff")

    text = card(client_with(*RIGHTS), product)

    for words in ("Striped", "0.97", "vision.v7", "99% on the photo that shows it best", "Cotton",
                  "An import brought it.", "Linen", "0.71", "Round", "Staff gave it."):  # fmt: skip
        assert words in text, words
    assert "Sure enough to be given without a person." in text
    assert "<form" not in text


def test_staff_take_a_tag_off_for_good_and_take_that_back(client, image, label):
    striped = label("striped")
    give(image.product, striped, "import")
    row = TagSuggestionFactory.create(image=image, label=striped, state=State.APPLIED)

    page = said(client, image.product, act="remove", label=striped.pk)

    assert tags(image.product) == []
    decision = ReviewDecision.objects.get()
    assert (decision.is_right, decision.came_from, decision.image_id) == (False, "product", None)
    row.refresh_from_db()
    assert row.state == State.REJECTED
    assert "Tag taken off: Striped" in str(next(iter(page.context["messages"])))

    key = page.content.decode().split('name="key" value="')[1].split('"')[0]
    said(client, image.product, act="undo", key=key)

    assert tags(image.product) == [("Striped", "import")]
    assert not ReviewDecision.objects.exists()


def test_staff_add_a_tag_and_in_a_set_with_one_answer_the_other_goes(client, image, label):
    give(image.product, label("plain"), "staff")
    give(image.product, label("cotton"), "model", confidence=0.9)

    said(client, image.product, act="add", label=label("striped").pk)
    said(client, image.product, act="add", label=label("linen").pk)

    assert tags(image.product) == [("Cotton", "model"), ("Linen", "staff"), ("Striped", "staff")]
    told = dict(ReviewDecision.objects.values_list("label__key", "is_right"))
    assert told == {"plain": False, "striped": True, "linen": True}
    assert "decided" not in card(client, image.product)
    assert "page of the product" in card(client, image.product)


def test_a_reading_that_waits_is_accepted_on_the_page(client, image, label):
    row = TagSuggestionFactory.create(image=image, label=label("linen"))

    said(client, image.product, act="add", label=row.label_id)

    row.refresh_from_db()
    assert (row.state, tags(image.product)) == (State.ACCEPTED, [("Linen", "staff")])


def test_nonsense_changes_nothing_and_who_may_not_review_is_refused(client, client_with, image, label):
    for data in ({}, {"act": "add"}, {"act": "add", "label": "9" * 30}, {"act": "x", "label": label("linen").pk},
                 {"act": "undo", "key": "x"}):  # fmt: skip
        assert said(client, image.product, **data).status_code == 200
    gone = reverse("admin:vision_product_tags", args=[10**9])
    assert client.post(gone, {"act": "add", "label": label("linen").pk}).status_code == 302
    refused = client_with(*RIGHTS).post(
        reverse("admin:vision_product_tags", args=[image.product_id]), {"act": "add", "label": label("linen").pk}
    )

    assert refused.status_code == 403
    assert not ReviewDecision.objects.exists()


def test_the_card_asks_as_many_queries_for_many_tags_as_for_one(client, label):
    one, many = ProductFactory.create(), ProductFactory.create()
    give(one, label("striped"), "import")
    for row in Label.objects.filter(label_set__key="material").select_related("label_set"):
        give(many, row, "staff")
    card(client, one)
    with CaptureQueriesContext(connection) as few:
        card(client, one)
    with CaptureQueriesContext(connection) as more:
        card(client, many)

    assert len(more) == len(few)
