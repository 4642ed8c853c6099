"""Search and categories, which are searches without words."""

import pytest

from catalog.models import Brand
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def found(shop, visit, indexed):
    """`found("?q=mug")`: the page of results."""
    indexed()

    def page(address="", path="search"):
        return visit.get(f"/shop/{path}{address}").content.decode()

    return page


def test_words_of_both_languages_find_the_product_and_the_page_marks_the_search(shop, found):
    page = found("?q=blue+mug")
    assert "Results for “blue mug”" in page
    assert f"/shop/p/{shop.blue.public_id}/" in page
    assert 'data-zg-query="blue mug"' in page
    assert "<mark>" in page

    assert f"/shop/p/{shop.blue.public_id}/" in found("?q=蓝色杯子")


def test_what_people_type_is_shown_as_text(found):
    page = found('?q=<script>alert(1)</script>"')

    assert "<script>alert" not in page
    assert "Nothing found for “&lt;script&gt;" in page


@pytest.mark.parametrize("words", ["", "%20", "！？。", "😀", "' OR 1=1 --", ".*", "杯", "a" * 1000, "Mug 杯子 кружка"])
def test_no_words_break_the_page(found, words):
    page = found(f"?q={words}")

    assert "<h1>" in page
    assert "That did not work" not in page


def test_nothing_found_says_so_and_offers_a_way_on(found):
    page = found("?q=zzqqxx")

    assert "Nothing found for “zzqqxx”" in page
    assert "See everything" in page
    assert 'data-zg-placement="search"' in page
    assert 'data-zg-query="zzqqxx"' in page  # so that staff hear of it


def test_filters_narrow_and_are_cleared(shop, found):
    assert shop.red.public_id in found("?q=mug")
    page = found("?q=mug&stock=1")
    assert shop.red.public_id not in page
    assert 'href="/shop/search?q=mug">Clear filters' in page

    assert shop.blue.public_id not in found("?q=mug&from=100")
    assert shop.blue.public_id in found("?q=mug&from=100&to=5")  # the other way round
    assert shop.blue.public_id in found("?q=mug&from=cheap&to=nothing")  # no prices


def test_sorting_by_price_turns_the_order(found):
    up, down = found("?q=mug&sort=price"), found("?q=mug&sort=-price")

    assert up.index(">Red") > up.index(">Blue")
    assert down.index(">Red") < down.index(">Blue")


def test_a_brand_that_is_not_there_is_left_out_and_the_words_stay(shop, visit, indexed):
    answer = visit.get("/shop/search?q=mug&in=none&brand=none")

    assert answer["Location"] == "/shop/search?q=mug"


def test_brands_are_offered_and_chosen(shop, found, indexed):
    for name in ("Acre", "Bell"):
        ProductFactory.create(name=f"{name} mug", brand=Brand.objects.create(name=name))
    indexed()
    acre = Brand.objects.get(name="Acre")

    assert "Bell mug" in found("?q=mug").replace("<mark>", "").replace("</mark>", "")
    page = found(f"?q=mug&brand={acre.public_id}").replace("<mark>", "").replace("</mark>", "")
    assert "Acre mug" in page
    assert "Bell mug" not in page


def test_a_category_shows_what_lies_in_it_and_below_it_and_the_way_back(shop, found, indexed):
    below = CategoryFactory.create(name="Tea mugs", parent=shop.category)
    ProductFactory.create(name="Tea mug", category=below)
    ProductFactory.create(name="Chair")
    indexed()

    page = found(path=f"c/{shop.category.public_id}/")
    assert all(name in page for name in ("Blue mug", "Tea mug", "Tea mugs"))
    assert "Chair" not in page
    page = found(path=f"c/{below.public_id}/")
    assert f'href="/shop/c/{shop.category.public_id}/">Mugs</a>' in page
    assert "data-zg-query" not in page


def test_a_category_that_is_not_there_gets_a_page_that_says_so(visit):
    assert visit.get(f"/shop/c/{'0' * 32}/").status_code == 404


def test_results_go_on_behind_the_first_page_and_only_the_first_is_a_search(shop, found, indexed):
    for number in range(30):
        ProductFactory.create(name=f"Mug {number}")
    indexed()

    first = found("?q=mug&sort=price")
    assert 'href="?q=mug&amp;sort=price&amp;offset=24"' in first
    assert "data-zg-page" not in first
    second = found("?q=mug&sort=price&offset=24")
    assert 'data-zg-page="next"' in second
    assert "Next products" not in second
