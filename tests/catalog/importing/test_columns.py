"""Cells become what COPY wants, or a reason. No database."""

import uuid
from zoneinfo import ZoneInfo

import pytest

from catalog.importing import columns as c
from catalog.importing.columns import NULL, Problem
from catalog.importing.reader import Place, open_source


@pytest.mark.parametrize(
    ("column", "cell", "copied"),
    [
        (c.text("x", 50), "  a\tb\\c\nd ", "a\\tb\\\\c\\nd"),
        (c.text("x", 50), "   ", NULL),
        (c.text("x", 50), "'=1+1", "=1+1"),
        (c.text("x", 50), "'s Hertogenbosch", "'s Hertogenbosch"),
        (c.text("x", 50), "עברית", "עברית"),
        (c.key("x"), "A\\1", "A\\\\1"),
        (c.money("x"), "12.50", "12.50"),
        (c.money("x"), "0.10000000", "0.10000000"),
        (c.money("x", negative=True), "-3", "-3"),
        (c.integer("x"), "12.0", "12"),
        (c.moment("x"), "2024-05-01T08:00:00+08:00", "2024-05-01T08:00:00+08:00"),
        (c.moment("x"), "2024-05-01", "2024-05-01T00:00:00+00:00"),
        (c.moment("x"), "2024-05-01 08:00:00Z", "2024-05-01T08:00:00+00:00"),
        (c.local_moment("x", ZoneInfo("Europe/London")), "2024-07-01T12:00:00Z", "2024-07-01T13:00:00"),
        (c.day("x"), "1990-12-31", "1990-12-31"),
        (c.boolean("x"), "Yes", "t"),
        (c.boolean("x"), "0", "f"),
        (c.language("x"), "zh_CN", "zh-hans"),
        (c.language("x"), "zh-TW", "zh-hant"),
        (c.language("x"), "zh-Hans-HK", "zh-hans"),
        (c.language("x"), "en-GB", "en"),
        (c.currency("x"), "eur", "EUR"),
        (c.email("x"), " ann@example.com ", "ann@example.com"),
        (c.json_object("x"), '{"b": "\\u7ea2", "a": "x\\ny"}', '{"a":"x\\\\ny","b":"红"}'),
        (c.choice("x", ["live"]), " LIVE ", "live"),
        (c.number("x", 0, 10), "2.5e0", "2.5e0"),
    ],
)
def test_cells_are_written_as_copy_wants_them(column, cell, copied):
    assert column.read(cell) == copied


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        (c.key("x"), "a\nb", "holds control characters"),
        (c.key("x", 3), "abcd", "has 4 characters, more than 3"),
        (c.money("x", positive=True), "0.00", "must be more than 0"),
        (c.money("x"), "12,50", "is not an amount such as 12.50"),
        (c.integer("x"), "99999999999", "is not between 0 and 2147483647"),
        (c.integer("x"), "1.5", "is not a whole number"),
        (c.integer("x", 1), "0", "is not between 1 and 2147483647"),
        (c.number("x", 1, 5), "1e999", "is not between 1 and 5"),
        (c.number("x", 1, 5), "inf", "is not a number"),
        (c.day("x"), "1899-01-01", None),
        (c.day("x"), "17.05.1990", "is not a date such as 1990-12-31"),
        (c.boolean("x"), "maybe", "is neither true nor false"),
        (c.language("x"), "english", "is not a language such as en or zh-CN"),
        (c.currency("x"), "¥", "is not a currency of three letters such as CNY"),
        (c.email("x"), "ann at example.com", "is not an e-mail address"),
        (c.email("x"), "ann@example.com, bob@example.com", "is not an e-mail address"),
        (c.choice("x", ["live", "draft"]), "gone", "is not one of live, draft"),
        (c.json_object("x"), "{" * 5_000, "is not JSON"),
        (c.text("x", 50, blank=False), "  ", "is empty"),
    ],
)
def test_cells_that_cannot_be_kept_say_why(column, cell, reason):
    with pytest.raises(Problem) as problem:
        column.read(cell)

    assert reason is None or str(problem.value) == reason


def test_an_event_is_known_by_its_text_or_its_uuid():
    column = c.event_key("x")
    given = "0f8fad5b-d9cb-469f-a165-70867728950e"

    assert column.read(given.upper()) == given
    assert column.read("click-1") == column.read("click-1") != column.read("click-2")
    assert uuid.UUID(column.read("x" * 32))


def rows(path, *columns):
    refused = []
    found = [row.rstrip("\n").split("\t") for row in open_source(Place(path), columns).rows(refused.append)]
    return found, [(refusal.line, str(refusal.reason)) for refusal in refused]


def test_columns_are_found_by_name_in_any_order_and_spelling(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Extra,Unit Price,CUSTOMER_ID\n1,2.00,c1\n")

    found, _refused = rows(path, c.key("customer_id"), c.money("price", aliases=("unit_price",)))

    assert found == [["2", "c1", "2.00"]]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'id,text\r\n1,"a\r\nb"\r\n\r\n2,\r\nx\r\n3,c')

    found, refused = rows(path, c.integer("id"), c.text("text", 10))

    assert found == [["2", "1", "a\\r\\nb"], ["5", "2", NULL], ["7", "3", "c"]]
    assert refused == [(6, "has 1 cells where the header has 2")]


def test_an_open_quote_at_the_end_gives_the_lines_after_it_back(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,"open\n' + "".join(f"{n},x\n" for n in range(2, 3_000)))

    found, refused = rows(path, c.integer("id"), c.text("text", 10))

    assert refused == [(2, "the quotes are broken")]
    assert len(found) == 2_998


def test_a_quote_inside_a_cell_without_quotes_is_a_letter(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,frame 7" wide\n')

    assert rows(path, c.integer("id"), c.text("text", 20)) == ([["2", "1", 'frame 7" wide']], [])
