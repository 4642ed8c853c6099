"""Sorting that an index can do, and filters that do not read the table."""

from datetime import date

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.db import connection
from django.db.models.functions import Lower
from django.test.utils import CaptureQueriesContext

from catalog.models import Order
from core.filters import occurring_values
from core.reports import preset_days
from tests.factories import OrderFactory, StaffUserFactory


@pytest.fixture
def ordering_of(db, rf):
    def ask(query: str) -> list[str]:
        request = rf.get(f"/admin/catalog/order/?{query}")
        request.user = StaffUserFactory.create(is_superuser=True)
        changelist = admin.site.get_model_admin(Order).get_changelist_instance(request)
        return [str(one) for one in changelist.queryset.query.order_by]

    return ask


@pytest.mark.parametrize(
    ("query", "ordering"),
    [
        ("", ["-placed_at", "-id"]),
        ("o=5", ["status", "placed_at", "id"]),
        ("o=-5", ["-status", "-placed_at", "-id"]),
        ("o=6", ["placed_at", "id"]),
        ("o=-6", ["-placed_at", "-id"]),
        ("o=4.5", ["total", "status", "placed_at", "id"]),
        ("o=99", ["-placed_at", "-id"]),
        ("o=2", ["-placed_at", "-id"]),
    ],
)
def test_behind_the_chosen_column_rows_keep_their_order_in_one_direction(query, ordering, ordering_of):
    assert ordering_of(query) == ordering


def test_an_expression_is_an_ordering_too():
    from core.lists import _is_descending, _turned

    turned = _turned(Lower("name").desc())

    assert not turned.descending
    assert not _is_descending(turned)


@pytest.mark.django_db
def test_the_sorted_list_of_orders_reads_an_index_and_no_more_rows_than_it_shows(ordering_of):
    rows = Order.objects.order_by(*ordering_of("o=-4"))[:50]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    assert "order_by_total" in rows.explain()
    assert "Sort" not in rows.explain()


@pytest.mark.django_db
def test_values_of_a_column_are_found_without_the_empty_one_and_kept_for_a_minute():
    for country in ("DE", "CN", "DE", ""):
        OrderFactory.create(country=country)
    cache.clear()

    with CaptureQueriesContext(connection) as asked:
        found = [occurring_values(Order, "country") for _ in range(2)]

    assert found == [["CN", "DE"], ["CN", "DE"]]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("preset", "days"),
    [
        ("today", ("2026-05-20", "2026-05-20")),
        ("yesterday", ("2026-05-19", "2026-05-19")),
        ("last_7", ("2026-05-14", "2026-05-20")),
        ("last_28", ("2026-04-23", "2026-05-20")),
        ("last_90", ("2026-02-20", "2026-05-20")),
        ("month", ("2026-05-01", "2026-05-20")),
        ("quarter", ("2026-04-01", "2026-05-20")),
        ("year", ("2026-01-01", "2026-05-20")),
        ("between", None),
        ("", None),
    ],
)
def test_a_preset_is_made_of_whole_days(preset, days):
    found = preset_days(preset, date(2026, 5, 20))

    assert found == (days and tuple(map(date.fromisoformat, days)))
