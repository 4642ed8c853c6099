"""A picture and its table say the same; a file has safe cells and stands in the ledger."""

import json

import pytest
from django.template.loader import render_to_string

from core.components import HeatCell, HeatRow, heat
from core.reports import Line, bar_chart, line_chart

pytestmark = pytest.mark.django_db
DAYS = [f"day {n}" for n in range(10)]


def test_a_line_and_its_table_have_the_same_numbers():
    now = Line("Revenue", [n * 10.5 for n in range(10)], "money", is_open=True)
    before = Line("Before", [None, *range(9)], "money", is_reference=True)

    chart = line_chart("It rose", DAYS, [now, before], urls=[f"/{n}" for n in range(10)])
    spec = json.loads(chart.spec)

    assert [one["data"] for one in spec["series"]] == [[n * 10.5 for n in range(10)], [None, *range(9)]]
    assert spec["series"][0]["open"]
    assert spec["series"][1]["colour"] == "0"
    assert chart.table[0] == ("day 9", ["¥94.50", "¥8.00"], "/9")
    assert chart.table[-1] == ("day 0", ["¥0.00", "–"], "/0")
    assert spec["before"] == "¥"


def test_shares_are_drawn_in_percent():
    spec = json.loads(line_chart("t", DAYS, [Line("Rate", [0.125] * 10, "share")]).spec)

    assert (spec["unit"], spec["series"][0]["data"][0]) == ("%", 12.5)


def test_a_likely_range_is_drawn_in_the_unit_of_its_line():
    line = Line("Rate", [0.1] * 8, "share", low=[None] + [0.05] * 7, high=[None] + [0.15] * 7)

    series = json.loads(line_chart("t", DAYS[:8], [line]).spec)["series"][0]

    assert (series["low"][:2], series["high"][:2]) == ([None, 5.0], [None, 15.0])


def test_fewer_than_eight_points_are_a_table():
    assert line_chart("t", DAYS[:7], [Line("n", range(7))]).spec == ""
    assert bar_chart("t", DAYS[:1], [Line("n", [1])]).spec == ""
    assert json.loads(bar_chart("t", DAYS[:2], [Line("n", [1, 2])], is_horizontal=True).spec)["horizontal"]


def test_the_table_has_the_newest_points_of_a_long_line():
    chart = line_chart("t", [str(n) for n in range(200)], [Line("n", range(200))], urls=["/"] * 200)

    assert (len(chart.table), chart.table[0][0], chart.table[-1][0]) == (92, "199", "108")


def test_labels_cannot_end_the_picture():
    chart = line_chart('"><script>', ["</canvas>'\""] * 8, [Line("<b>", range(8))])
    page = render_to_string("core/reports/chart.html", {"chart": chart, "id": "c"})

    assert "<script>" not in page
    assert "<b>" not in page
    assert "</canvas>'" not in page


def test_cells_are_coloured_by_their_share_and_keep_their_number():
    cells = [HeatCell("–"), HeatCell("0", 0.0), HeatCell("5", 0.5, url="/people"), HeatCell("9", 1.0, is_open=True)]

    page = heat([HeatRow("Mon", cells, leads=["12"])], ["a", "b", "c", "d"], lead_heads=["n"])

    assert [cell.level for cell in cells] == [0, 1, 4, 7]
    assert 'href="/people">5' in page
    assert "zg-heat-7 is-open" in page
