"""Search and categories, which are searches without words."""

from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string

from catalog.extensions import personal_rankers
from catalog.models import Brand, SearchQuery
from catalog.search import log
from catalog.search.answers import Taste
from core.experiments import Subject, arm_for, services
from core.experiments.exposures import exposures
from core.experiments.services import NewArm
from core.models import ShopProfile
from tests.factories import CategoryFactory, ProductFactory, VisitorFactory

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


def test_filters_leave_the_products_in_sight_and_say_how_many_are_chosen(found):
    """On a phone the form stands above them: it is open only where there is nothing to see."""
    assert ">Filter and sort</summary>" in found("?q=mug")
    narrowed, nothing = found("?q=mug&stock=1&from=1&to=90"), found("?q=mug&from=5000")

    assert "Filter and sort · 2</summary>" in narrowed
    assert '<details class="filters" id="filters" >' in narrowed
    assert '<details class="filters" id="filters" open>' in nothing


def test_large_numbers_are_grouped():
    many = {"categories": [], "brands": [], "tags": [{"kind": "colour", "name": "Colour", "values": [
        {"value": "red", "name": "red", "tag": "colour:red", "count": 12_345, "is_chosen": False},
    ]}]}  # fmt: skip

    assert "12,345" in render_to_string("shop/parts/filters.html", {"facets": many})


def test_a_correction_is_one_sentence(found):
    """Words in bold stay in the line, with the full stop behind them."""
    page = " ".join(found("?q=blue+mugg").split())

    assert "<span> Nothing is called that. These are results for <strong>blue mug</strong>. </span>" in page


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
    assert 'data-zg-placement="category"' in page
    assert f'data-zg-category="{below.public_id}" data-zg-distinct' in page
    assert "data-zg-category" not in found("?q=mug")


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


ARMS = [NewArm("Same", 50, {"personal": False}, is_control=True), NewArm("Own", 50, {"personal": True})]


@pytest.fixture
def trial(monkeypatch, redis_server):
    """An experiment on the order of results; who gets the personal one sees the oldest of like products first."""
    log.breaker.succeeded()
    likes = lambda *, customer, visitor, product_ids: Taste(scores={min(product_ids): 1.0})  # noqa: E731
    entry = SimpleNamespace(key="test", resolve=lambda: likes)
    monkeypatch.setattr(personal_rankers, "entries", lambda: [entry])
    ShopProfile.objects.update(holdout_percent=0)
    made = services.create(name="Order", kind="search", target="results", primary_metric="search_success", arms=ARMS)
    return services.start(made)


def search_as(visit, visitor, address="?q=mug", **headers):
    """The first product on the page."""
    visit.cookies["shop_visitor"] = visitor
    page = visit.get(f"/shop/search{address}", headers=headers).content.decode()
    return page[page.index("data-zg-product") :][:80]


def test_a_browser_without_a_name_gets_its_order_takes_part_and_is_in_the_log(shop, visit, indexed, trial):
    for _number in range(3):
        ProductFactory.create(name="Kettle")
    indexed()
    firsts = {}
    for number in range(12):
        VisitorFactory.create(key=f"v{number}")
        arm = arm_for(kind="search", target="results", subject=Subject(visitor=f"v{number}"))
        firsts.setdefault(arm.arm, set()).add(search_as(visit, f"v{number}", "?q=kettle"))
    log.write()

    assert exposures.hand_over() == 12
    assert len(firsts) == 2
    assert firsts["control"].isdisjoint(firsts["arm-b"])
    assert sorted(SearchQuery.objects.values_list("visitor__key", flat=True)) == sorted(f"v{n}" for n in range(12))


@pytest.mark.parametrize("cookie", ["", "shy", "<b>", "x" * 65])
def test_who_does_not_want_it_or_brings_nonsense_sees_what_everybody_sees(shop, visit, indexed, trial, cookie):
    indexed()
    VisitorFactory.create(key="shy", may_track=False)

    assert "data-zg-product" in search_as(visit, cookie)
    log.write()

    assert exposures.hand_over() == 0
    assert SearchQuery.objects.get().visitor is None


def test_searches_of_bots_are_answered_and_not_noted(shop, visit, indexed, trial):
    indexed()

    assert "data-zg-product" in search_as(visit, "", **{"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"})
    log.write()

    assert not SearchQuery.objects.exists()
