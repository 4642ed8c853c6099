"""Cells of lists: the same as the theme's but for its classes, and made without its head for every row."""

import re

import pytest
from django.contrib import admin
from django.urls import resolve, reverse
from django.utils.safestring import mark_safe
from unfold.templatetags.unfold_list import results

from catalog.models import Brand, Order, Product
from core.list_rows import head_of, rows_of
from core.models import Job, StaffUser
from tests.factories import BrandFactory, OrderFactory, ProductFactory, StaffUserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def list_of(rf):
    def ask(model, query: str = ""):
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        request = rf.get(f"{path}?{query}")
        request.resolver_match = resolve(path)
        request.user = StaffUserFactory.create(is_superuser=True)
        return admin.site.get_model_admin(model).get_changelist_instance(request)

    return ask


def plain(cells) -> list[str]:
    """Without the classes of the cell and of its link, which are all that may differ."""
    found = []
    for cell in cells:
        text = re.sub(r'^<(t[dh]) class="[^"]*"', r"<\1", str(cell))
        found.append(re.sub(r'(<a href="[^"]*") class="[^"]*" ?>', r"\1>", text, count=1))
    return found


@pytest.mark.parametrize("model", [Brand, Job, Order, Product, StaffUser])
@pytest.mark.parametrize("query", ["", "q=a&p=1"])
def test_rows_say_what_the_theme_would_say(model, query, list_of):
    if model is Brand:
        BrandFactory.create(name="A <b>bold</b> brand")
    OrderFactory.create()
    ProductFactory.create(name="A <script>alert(1)</script>")
    changelist = list_of(model, query)

    ours = [plain(row) for row in rows_of(changelist)]

    assert ours == [plain(row) for row in results(changelist)]
    assert "<script>alert" not in str(ours)
    assert "<b>bold" not in str(ours)


def test_what_a_method_returns_is_escaped_unless_it_is_markup(list_of, monkeypatch):
    OrderFactory.create()
    orders = admin.site.get_model_admin(Order)
    monkeypatch.setattr(type(orders), "order_cell", lambda self, row: "<i>typed</i>", raising=True)
    monkeypatch.setattr(type(orders), "total_cell", lambda self, row: mark_safe("<i>made</i>"), raising=True)

    (row,) = rows_of(list_of(Order))

    assert "&lt;i&gt;typed&lt;/i&gt;" in "".join(row)
    assert "<i>made</i>" in "".join(row)


def test_rows_lead_to_their_pages_and_keep_the_filters_of_the_list(list_of):
    first, second = OrderFactory.create(status="paid"), OrderFactory.create(status="paid")
    changelist = list_of(Order, "status=paid")

    links = re.findall(r'<a href="([^"]*)"', "".join("".join(row) for row in rows_of(changelist)))

    kept = "?_changelist_filters=status%3Dpaid"
    assert sorted(links) == sorted(f"/admin/catalog/order/{one.pk}/change/{kept}" for one in (first, second))


def test_the_head_is_made_once_for_all_rows(list_of, monkeypatch):
    OrderFactory.create_batch(3)
    changelist, asked = list_of(Order), []
    monkeypatch.setattr("core.list_rows.result_headers", lambda cl: asked.append(cl) or [{"text": "x"}] * 7)
    changelist.list_display = changelist.list_display[:7]

    head_of(changelist)
    rows_of(changelist)
    rows_of(changelist)

    assert len(asked) == 1
