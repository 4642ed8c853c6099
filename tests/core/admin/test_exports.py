"""Cells of exported files: harmless in a spreadsheet, and unchanged when they come back."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from core.admin.base import StaffModelAdmin
from core.exports import csv_response, is_risky, restore_cell, safe_cell
from core.models import StaffUser
from tests.factories import StaffUserFactory

RISKY = [
    "=1+1",
    "+86 138 0000",
    "-2+3",
    "@SUM(A1)",
    "|calc",
    "\t=1",
    "\r=1",
    "\n=1",
    "\tplain",
    "  =1",
    "\u3000=1",
    "\u00a0-x",
    "\ufeff=1",
    "\u200b=1",
    "＝1",
    "＋1",
    "－x",
    "＠x",
    "'=1",
    "''=1",
    "' =1",
    '=HYPERLINK("http://x.test","y")',
    "-5,6",
]
HARMLESS = ["", "linen shirt", "it's", "'", "a=b", "1-2", "12", "-12", "-12.50", "3 + 4", "中文", "’=1"]


@pytest.mark.parametrize("text", RISKY, ids=repr)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe_and_comes_back(text):
    assert safe_cell(text) == f"'{text}"
    assert restore_cell(safe_cell(text)) == text


@pytest.mark.parametrize("text", HARMLESS, ids=repr)
def test_other_text_stays_as_it_is(text):
    assert safe_cell(text) == text
    assert restore_cell(text) == text


@given(st.text(alphabet="'=+-@|\t\r\n \u3000＝a1.", max_size=8))
def test_every_text_comes_back_and_no_cell_is_risky(text):
    cell = safe_cell(text)

    assert restore_cell(cell) == text
    assert not is_risky(cell) or cell.startswith("'")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (-3, "-3"),
        (-0.5, "-0.5"),
        (Decimal("-4.2000"), "-4.2"),
        (Decimal("1000.0000"), "1000"),
        (Decimal("0.0000"), "0"),
        (date(2026, 11, 23), "2026-11-23"),
        ({"b": 1, "a": "=x"}, '{"a": "=x", "b": 1}'),
        (["=x"], '["=x"]'),
    ],
    ids=repr,
)
def test_values_that_are_no_text_keep_their_kind(value, cell):
    assert safe_cell(value) == cell


def test_moments_are_written_in_the_time_zone_of_the_shop():
    with timezone.override("Asia/Shanghai"):
        assert safe_cell(datetime(2026, 11, 23, 20, 30, tzinfo=UTC)) == "2026-11-24T04:30:00+08:00"


class People(StaffModelAdmin):
    export_fields = ("username", "first_name", "language_words", "date_joined")

    @admin.display(description="Language")
    def language_words(self, person):
        return translation.gettext("yes")


def rows_of(language: str) -> list[list[str]]:
    with translation.override(language), timezone.override("Asia/Shanghai"):
        response = csv_response(
            People(StaffUser, admin.site), RequestFactory().get("/"), StaffUser.objects.order_by("pk")
        )
    body = b"".join(response.streaming_content)  # read after the language of the request has ended
    assert body.startswith(b"\xef\xbb\xbf")
    assert response["Content-Disposition"].startswith("attachment")
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


@pytest.mark.django_db
def test_the_first_row_names_the_columns_in_the_language_of_the_reader():
    StaffUserFactory.create(username="lin", first_name='=HYPERLINK("x")', date_joined=datetime(2026, 1, 1, tzinfo=UTC))

    english, chinese = rows_of("en"), rows_of("zh-hans")

    assert english[0][:3] == ["Username", "First name", "Language"]
    assert chinese[0][0] == "用户名"
    assert english[1] == ["lin", '\'=HYPERLINK("x")', "yes", "2026-01-01T08:00:00+08:00"]
    assert chinese[1][3] == english[1][3]


@pytest.mark.django_db
def test_an_export_reads_any_number_of_rows_with_one_query(django_assert_num_queries):
    StaffUserFactory.create_batch(5)

    with django_assert_num_queries(1):
        assert len(rows_of("en")) == 6
