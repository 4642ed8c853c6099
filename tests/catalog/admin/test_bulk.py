"""The form that changes many products, its preview, and the list of what was changed."""

import re

import pytest

from catalog.bulk import asking
from catalog.models import BulkChange, Product
from core.models import Job
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db
BULK = "/admin/catalog/product/bulk/"
LESS = {"operation": "price", "price_way": "percent_down", "price_value": "10", "rounding": "cent"}


@pytest.fixture
def products(shop):
    return [
        ProductFactory.create(price="20", name="Mug"),
        ProductFactory.create(price="30", name="Mug two"),
        ProductFactory.create(price="50", name="Bowl"),
    ]


def prices() -> list[str]:
    return [f"{price:.2f}" for price in Product.objects.order_by("pk").values_list("price", flat=True)]


def test_all_that_match_lead_to_the_form_with_the_filters_of_the_list(client, products):
    answer = client.post(
        "/admin/catalog/product/?q=mug",
        {"action": "change_many", "select_across": "1", "_selected_action": [products[0].pk]},
    )

    assert answer.status_code == 302
    assert answer["Location"] == f"{BULK}?q=mug"
    assert "2 products chosen" in client.get(answer["Location"]).content.decode()


def test_ticked_products_stay_ticked_through_the_preview(client, products):
    page = client.post(
        "/admin/catalog/product/", {"action": "change_many", "_selected_action": [products[0].pk, products[2].pk]}
    ).content.decode()
    assert "2 products chosen" in page

    preview = client.post(BULK, {**LESS, "_selected_action": [products[0].pk, products[2].pk]}).content.decode()

    assert "2 of 2 products change" in preview
    assert "¥20.00" in preview
    assert "¥18.00" in preview
    assert "¥45.00" in preview
    assert prices() == ["20.00", "30.00", "50.00"]


def test_few_products_change_at_once_and_the_toast_takes_it_back(client, products):
    answer = client.post(f"{BULK}?q=mug", {**LESS, "go": "1", "expected": "2"}, follow=True)

    assert prices() == ["18.00", "27.00", "50.00"]
    change = BulkChange.objects.get()
    page = answer.content.decode()
    assert "2 products changed" in page
    assert f'action="/admin/catalog/bulkchange/{change.pk}/undo/"' in page
    assert 'data-toast="12"' in page

    undone = client.post(f"/admin/catalog/bulkchange/{change.pk}/undo/", follow=True).content.decode()

    assert "2 products put back" in undone
    assert prices() == ["20.00", "30.00", "50.00"]


def test_many_products_change_in_a_job_whose_page_says_how_far_it_is(client, products, monkeypatch):
    monkeypatch.setattr("catalog.admin.bulk.SMALL", 1)
    monkeypatch.setattr(asking, "SMALL", 1)

    page = client.post(BULK, {**LESS, "go": "1", "expected": "3"}, follow=True).content.decode()

    change = BulkChange.objects.get()
    assert prices() == ["20.00", "30.00", "50.00"]
    assert Job.objects.get().arguments == {"change_id": change.pk}
    assert "Changing 3 products" in page
    assert "Price −10%" in page
    assert "waits for a worker" in page


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({**LESS, "price_value": ""}, "price_value", "Enter a number."),
        ({**LESS, "price_value": "101"}, "price_value", "A price cannot be lowered by more than 100%."),
        ({**LESS, "price_value": "x"}, "price_value", "Enter a number."),
        ({**LESS, "price_way": "percent_up", "price_value": "1001"}, "price_value", "That is too much."),
        ({"operation": "brand", "brand": "nobody"}, "brand", "No brand has this name."),
        ({"operation": "stock", "stock_way": "set", "stock_value": "-1"}, "stock_value", None),
        ({"operation": "tag", "tag_kind": "style", "tag_value": " "}, "tag_value", "Enter a word."),
        ({"operation": "deleted"}, "operation", None),
        ({}, "operation", None),
    ],
)
def test_what_cannot_be_done_is_said_at_its_field_and_changes_nothing(values, field, words, client, products):
    answer = client.post(BULK, {**values, "go": "1"})

    errors = answer.context["form"].errors
    assert list(errors) == [field]
    assert words is None or errors[field] == [words]
    assert prices() == ["20.00", "30.00", "50.00"]
    assert not BulkChange.objects.exists()


def test_a_list_that_changed_since_the_preview_shows_it_again(client, products):
    page = client.post(BULK, {**LESS, "go": "1", "expected": "2"}).content.decode()

    assert "The list has changed meanwhile: 3 products match now." in page
    assert "3 of 3 products change" in page
    assert prices() == ["20.00", "30.00", "50.00"]


def test_a_double_click_changes_once(client, products):
    page = client.post(BULK, LESS).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None

    for _ in range(2):
        client.post(BULK, {**LESS, "go": "1", "expected": "3", "key": key[1]})

    assert prices() == ["18.00", "27.00", "45.00"]


def test_publishing_all_that_match_is_a_job_when_they_are_many(client, products, monkeypatch):
    monkeypatch.setattr("catalog.admin.bulk.SMALL", 2)
    monkeypatch.setattr(asking, "SMALL", 2)
    selected = {"select_across": "1", "_selected_action": [products[0].pk]}

    for action in ("hide", "delete_chosen"):
        client.post("/admin/catalog/product/", {"action": action, **selected})

    assert [(one.operation, one.arguments, one.total) for one in BulkChange.objects.order_by("pk")] == [
        ("status", {"value": "hidden"}, 3),
        ("deleted", {"value": True}, 3),
    ]


def test_who_may_only_look_sees_what_was_changed_and_no_way_to_do_it(client, client_with, products):
    client.post(BULK, {**LESS, "go": "1", "expected": "3"})
    change = BulkChange.objects.get()
    looking = client_with("catalog.view_product", "catalog.view_bulkchange")

    page = looking.get(f"/admin/catalog/bulkchange/{change.pk}/change/").content.decode()

    assert "¥18.00" in page
    assert "Undo this change" not in page
    assert looking.post(f"/admin/catalog/bulkchange/{change.pk}/undo/").status_code == 403
    assert looking.post(BULK, {**LESS, "go": "1"}).status_code == 403
    assert looking.get(BULK).status_code == 403
    assert "Change many" not in looking.get("/admin/catalog/product/").content.decode()
    assert prices() == ["18.00", "27.00", "45.00"]


def test_undoing_a_deletion_needs_the_right_to_delete(client, client_with, products, monkeypatch):
    monkeypatch.setattr("catalog.admin.bulk.SMALL", 0)
    client.post(
        "/admin/catalog/product/",
        {"action": "delete_chosen", "select_across": "1", "_selected_action": [products[0].pk]},
    )
    change = BulkChange.objects.get()
    assert change.state == "done"

    answer = client_with("catalog.change_product").post(f"/admin/catalog/bulkchange/{change.pk}/undo/")

    assert answer.status_code == 403
    assert not Product.objects.filter(deleted_at=None).exists()


def test_the_list_of_changes_asks_few_queries(client, products, django_assert_max_num_queries):
    client.post(BULK, {**LESS, "go": "1", "expected": "3"})
    client.get("/admin/catalog/bulkchange/")

    with django_assert_max_num_queries(12):
        page = client.get("/admin/catalog/bulkchange/").content.decode()

    assert "Price −10%" in page
