"""Whatever is typed gets an answer, and none of it keeps the database busy."""

import pytest
from django.db import connection

from catalog.models import Product
from catalog.search.shown import Shown, shown
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db

ODD = {
    "spaces": "   ",
    "punctuation": "!?.,;:—…·「」《》()[]{}<>/\\|\"'`~@#$%^&*+=-_",
    "emoji": "😀👗🔥",
    "emoji with skin and joiners": "👩🏽\u200d🔧",
    "quotes of SQL": "'; DROP TABLE catalog_product; --",
    "operators of tsquery": "a & | !b <-> 'c' :* (d",
    "a lexeme that ends early": "x' | 'y",
    "backslashes": "\\' \\\\' \\",
    "regular expressions": "(a+)+$ .* [^x]{1,999}",
    "LIKE": "%_%",
    "format characters": "%s %(q)s {0} {q}",
    "right to left": "فستان أحمر שמלה",
    "controls": "red\u202edress\u200b\u00ad\ufeff",
    "lone accents": "\u0301\u0302\u0303",
    "zalgo": "d\u0300\u0301\u0302r\u0303e\u0304s\u0305s",
    "hangul and kana": "빨간 드레스 ワンピース あか",
    "far planes": "𠀀𠀁𪜀 𝓻𝓮𝓭",
    "private use": "\ue000\ue001",
    "ligatures and circles": "ﬁ ① ㈱ ㎏",
    "html": "<script>alert(1)</script>",
    "a long word": "x" * 1_000,
    "a long row of characters": "裙" * 1_000,
    "many words": " ".join(f"w{n}" for n in range(250))[:1_000],
    "many known words": ("red dress linen white mug " * 40)[:1_000],
    "digits": "9" * 400,
    "dots and dashes": "a.b-c/d_e&f'g" * 50,
}


@pytest.fixture
def quick():
    """The time that a page of the web process has, and a tenth of it."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 500")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")


@pytest.fixture(params=["tables", "columns"])
def way(request, monkeypatch):
    """Asked of the tables, and as a web process asks."""
    shown.forget()
    monkeypatch.setattr(Shown, "_remembers", staticmethod(lambda: request.param == "columns"))


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_queries_are_answered_and_change_nothing(browser, wardrobe, quick, way, text):
    answer, suggested = browser.get("/search", q=text), browser.get("/search/suggestions", q=text)

    assert answer.status_code == 200
    assert set(answer.json()) >= {"total", "results", "matched", "did_you_mean"}
    assert suggested.status_code == 200
    assert browser.get("/search").json()["total"] == 5
    assert Product.objects.count() == 6


READ = {
    "one character": ("杯", "zh-hans", ["白色马克杯", "红色马克杯"]),
    "one character that says nothing": ("的", "zh-hans", []),
    "one letter": ("t", "en", []),
    "traditional characters": ("藍色T恤", "en", ["Blue T-shirt"]),
    "traditional and simplified ones": ("紅色马克杯", "en", ["Red striped mug"]),
    "three scripts": ("red 马克杯 ①", "en", ["Red striped mug"]),
    "a word among SQL": ("' OR 1=1; SELECT mug FROM x --", "en", []),
    "a word among operators": ("mug & ! | :*", "en", ["White mug", "Red striped mug"]),
    "a word in a regular expression": ("^mug.*$", "en", ["White mug", "Red striped mug"]),
    "a word among emoji": ("🔥mug🔥", "en", ["White mug", "Red striped mug"]),
    "a word among punctuation": ("……《mug》！！", "en", ["White mug", "Red striped mug"]),
    "1,000 characters around a word": (
        ("!" * 498 + " mug " + "!" * 500)[:1_000],
        "en",
        ["White mug", "Red striped mug"],
    ),
}


@pytest.mark.parametrize(("text", "language", "names"), READ.values(), ids=READ)
def test_what_odd_queries_say_is_found_and_nothing_else(browser, wardrobe, way, text, language, names):
    answer = browser.get("/search", q=text, lang=language).json()

    assert [row["name"] for row in answer["results"]] == names
    assert answer["total"] == len(names)


@pytest.mark.parametrize("text", [ODD["punctuation"], ODD["emoji"], ODD["lone accents"]])
def test_what_holds_no_word_finds_nothing(browser, wardrobe, text):
    answer = browser.get("/search", q=text).json()

    assert (answer["total"], answer["matched"], answer["results"]) == (0, "none", [])


def test_nothing_typed_shows_everything(browser, wardrobe):
    assert browser.get("/search", q="").json()["total"] == 5
    assert browser.get("/search", q="   ").json()["total"] == 5


def test_styled_letters_are_read_as_letters(browser, wardrobe):
    assert browser.get("/search", q="𝓻𝓮𝓭 ｄｒｅｓｓ", lang="en").json()["results"][0]["name"] == "Red linen dress"


def test_accents_do_not_matter(browser, wardrobe):
    assert browser.get("/search", q="wh\u00eete m\u00fag", lang="en").json()["results"][0]["name"] == "White mug"


@pytest.mark.parametrize(("text", "code"), [("red\x00dress", "nul_character"), ("x" * 1_001, "bad_input")])
def test_nul_and_too_much_are_refused(browser, wardrobe, text, code):
    for path in ("/search", "/search/suggestions"):
        answer = browser.get(path, q=text)

        assert answer.status_code == 400
        assert answer.json()["code"] == code


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("category", "x"), ("brand", "x"), ("price_min", "-1"), ("price_max", "NaN"), ("in_stock", "perhaps"),
        ("tag", "colour"), ("sort", "best"), ("offset", "-1"), ("limit", "0"), ("limit", "101"), ("facets", "some"),
        ("visitor", "v" * 65),
    ],
)  # fmt: skip
def test_odd_parameters_are_refused_by_name(browser, wardrobe, name, value):
    answer = browser.get("/search", q="mug", **{name: value})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == name


def test_bait_in_a_product_is_only_text(browser, db, indexed):
    ProductFactory.create(name="'; DROP TABLE catalog_product; -- \\' & | !", attributes={"a": ["' | '", {"b": "\\"}]})
    indexed()

    assert browser.get("/search", q="drop table", lang="en").json()["total"] == 1


def test_a_customer_is_named_only_by_those_who_may(browser, wardrobe):
    assert browser.get("/search", q="mug", customer="ext:c1").status_code == 403
