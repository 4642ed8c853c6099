import pytest
from django.utils import timezone

from catalog.models import Product, ProductTag, SearchSynonym
from catalog.search import ids, index, vocabulary
from tests.factories import CategoryFactory, ProductFactory, ProductImageFactory

pytestmark = pytest.mark.django_db


def found(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["name"] for row in response.json()["results"]]


def test_english_words_find_other_forms_of_themselves(browser, wardrobe):
    assert found(browser.get("/search", q="dresses", lang="en")) == ["Black silk slip dress", "Red linen dress"]
    assert found(browser.get("/search", q="stripes", lang="en")) == ["Red striped mug"]


def test_chinese_words_find_what_holds_them(browser, wardrobe):
    assert found(browser.get("/search", q="连衣裙", lang="zh-hans")) == ["红色亚麻连衣裙", "黑色真丝吊带裙"]
    assert found(browser.get("/search", q="红色马克杯", lang="zh-hans")) == ["红色马克杯"]


def test_a_query_in_one_language_is_answered_in_the_other(browser, wardrobe):
    assert found(browser.get("/search", q="马克杯", lang="en")) == ["White mug", "Red striped mug"]
    assert found(browser.get("/search", q="mug", lang="zh-hans")) == ["白色马克杯", "红色马克杯"]


def test_traditional_characters_find_simplified_ones(browser, wardrobe):
    assert found(browser.get("/search", q="紅色連衣裙", lang="zh-hans")) == ["红色亚麻连衣裙"]


def test_letters_and_characters_may_be_mixed(browser, wardrobe):
    assert found(browser.get("/search", q="蓝色T恤", lang="en")) == ["Blue T-shirt"]
    assert found(browser.get("/search", q="red 马克杯", lang="en")) == ["Red striped mug"]


def test_one_character_finds_the_words_that_hold_it(browser, wardrobe):
    assert found(browser.get("/search", q="杯", lang="zh-hans")) == ["白色马克杯", "红色马克杯"]


def test_what_the_description_says_counts_less_than_the_name(browser, wardrobe, indexed):
    ProductFactory.create(name="Dishwasher tablets")
    indexed()

    assert found(browser.get("/search", q="dishwasher", lang="en")) == ["Dishwasher tablets", "White mug"]


def test_a_code_finds_its_product(browser, wardrobe):
    sku = wardrobe["mug"].variants.get().sku

    assert found(browser.get("/search", q=sku.lower(), lang="en")) == ["White mug"]


def test_products_that_are_hidden_deleted_or_drafts_are_not_found(browser, wardrobe):
    assert "Red coat" not in found(browser.get("/search", q="red coat", lang="en"))

    Product.objects.filter(pk=wardrobe["mug"].pk).update(deleted_at=timezone.now())
    Product.objects.filter(pk=wardrobe["red mug"].pk).update(status="draft")

    assert found(browser.get("/search", q="mug", lang="en")) == []


def test_what_is_sold_out_comes_last_and_can_be_left_out(browser, wardrobe):
    Product.objects.filter(pk=wardrobe["mug"].pk).update(is_in_stock=False)
    Product.objects.filter(pk=wardrobe["red mug"].pk).update(is_in_stock=True)

    assert found(browser.get("/search", q="mug", lang="en")) == ["Red striped mug", "White mug"]
    assert found(browser.get("/search", q="mug", lang="en", in_stock="true")) == ["Red striped mug"]


def test_a_slip_of_the_finger_is_corrected_and_said(browser, wardrobe):
    answer = browser.get("/search", q="blakc drses", lang="en")

    assert found(answer)[0] == "Black silk slip dress"
    assert answer.json()["did_you_mean"] == "black dress"


def test_a_wrong_character_is_corrected(browser, wardrobe):
    answer = browser.get("/search", q="红色连依裙", lang="zh-hans")

    assert found(answer) == ["红色亚麻连衣裙"]
    assert answer.json()["did_you_mean"] == "红色连衣裙"


def test_words_that_products_hold_are_never_corrected(browser, wardrobe):
    assert browser.get("/search", q="mug", lang="en").json()["did_you_mean"] is None


def test_when_no_product_holds_all_words_those_with_most_are_shown(browser, wardrobe):
    answer = browser.get("/search", q="blue dress", lang="en").json()

    assert answer["matched"] == "some"
    assert {row["name"] for row in answer["results"]} == {"Red linen dress", "Black silk slip dress", "Blue T-shirt"}


def test_what_the_shop_does_not_have_is_not_found(browser, wardrobe):
    answer = browser.get("/search", q="lawn mower", lang="en").json()

    assert (answer["total"], answer["matched"], answer["results"]) == (0, "none", [])


def test_synonyms_of_staff_count_in_both_ways_or_one(browser, wardrobe):
    SearchSynonym.objects.create(words="gown\ndress\n礼服")
    SearchSynonym.objects.create(words="crockery\nmug", direction="one_way")
    vocabulary.synonyms.forget()

    assert len(found(browser.get("/search", q="gown", lang="en"))) == 2
    assert len(found(browser.get("/search", q="礼服", lang="en"))) == 2
    assert len(found(browser.get("/search", q="crockery", lang="en"))) == 2
    assert browser.get("/search", q="mug", lang="en").json()["total"] == 2


def test_options_are_found_in_every_language(browser, wardrobe, indexed):
    pen = ProductFactory.create(name="Fountain pen")
    pen.variants.update(options={"ink": "amber"})
    indexed()
    assert found(browser.get("/search", q="琥珀色", lang="en")) == []

    pen.variants.update(options_translations={"zh-hans": {"墨色": "琥珀色"}})
    indexed()

    assert found(browser.get("/search", q="琥珀色", lang="en")) == ["Fountain pen"]


def test_a_synonym_that_only_a_description_says_finds_nothing(browser, wardrobe, indexed):
    ProductFactory.create(name="Paper light")
    ProductFactory.create(name="Rain jacket", description="A light jacket, 300 g.")
    ProductFactory.create(name="Shade", description="For any lamp.")
    indexed()
    SearchSynonym.objects.create(words="lamp\nlight")
    vocabulary.synonyms.forget()

    assert found(browser.get("/search", q="lamp", lang="en")) == ["Paper light", "Shade"]
    assert found(browser.get("/search", q="light", lang="en")) == ["Paper light", "Rain jacket"]


def test_only_the_words_asked_for_are_marked_in_a_description(browser, wardrobe, indexed):
    ProductFactory.create(name="Desk lamp", description="A lamp with a light shade.")
    indexed()
    SearchSynonym.objects.create(words="lamp\nlight")
    vocabulary.synonyms.forget()

    row = browser.get("/search", q="lamp", lang="en").json()["results"][0]

    assert [one["text"] for one in row["highlights"]["description"] if one["match"]] == ["lamp"]


def test_a_word_that_came_since_the_last_count_is_found_by_its_synonym(browser, wardrobe):
    ProductFactory.create(name="Hammock")
    index.refresh()
    SearchSynonym.objects.create(words="hanging bed\nhammock")
    vocabulary.synonyms.forget()

    assert found(browser.get("/search", q="hanging bed", lang="en")) == ["Hammock"]


def test_filters_narrow_and_facets_count_what_another_choice_would_bring(browser, wardrobe):
    answer = browser.get("/search", q="red", lang="en", category="ext:mugs").json()

    assert [row["name"] for row in answer["results"]] == ["Red striped mug"]
    assert answer["total"] == 1
    counts = {row["name"]: row["count"] for row in answer["facets"]["categories"]}
    assert counts == {"Home": 1, "Dresses": 1, "Mugs": 1}
    assert answer["facets"]["brands"] == []
    assert answer["facets"]["in_stock"] == {"yes": 0, "no": 1}
    assert answer["facets"]["prices"] == [{"min": "50.00", "max": "100.00", "count": 1}]


def test_a_branch_filter_holds_what_lies_below_it(browser, wardrobe):
    assert set(found(browser.get("/search", q="", lang="en", category="ext:home"))) == {"White mug", "Red striped mug"}


def test_brand_and_price_narrow(browser, wardrobe):
    brand = wardrobe["red dress"].brand.public_id

    assert found(browser.get("/search", q="dress", lang="en", brand=brand)) == ["Red linen dress"]
    assert found(browser.get("/search", q="dress", lang="en", price_min="400")) == ["Black silk slip dress"]
    assert found(browser.get("/search", q="dress", lang="en", price_max="300")) == ["Red linen dress"]


def test_tags_narrow_and_are_counted(browser, wardrobe, indexed):
    wardrobe["mug"].tags.create(kind="style", value="minimal", value_translations={"zh-hans": "简约"})
    wardrobe["red mug"].tags.create(kind="style", value="playful")
    indexed()

    answer = browser.get("/search", q="mug", lang="zh-hans", tag="style:minimal").json()

    assert [row["name"] for row in answer["results"]] == ["白色马克杯"]
    assert answer["facets"]["tags"] == [
        {"kind": "style", "name": "风格", "values": [
            {"value": "minimal", "name": "简约", "count": 1}, {"value": "playful", "name": "playful", "count": 1},
        ]}
    ]  # fmt: skip
    assert found(browser.get("/search", q="简约", lang="zh-hans")) == ["白色马克杯"]


def test_other_orders(browser, wardrobe):
    assert found(browser.get("/search", q="dress", lang="en", sort="-price"))[0] == "Black silk slip dress"
    assert found(browser.get("/search", q="dress", lang="en", sort="price"))[0] == "Red linen dress"
    assert found(browser.get("/search", q="dress", lang="en", sort="newest"))[0] == "Black silk slip dress"


def test_pages_follow_each_other(browser, wardrobe):
    first = browser.get("/search", q="", lang="en", sort="price", limit=2).json()
    second = browser.get("/search", q="", lang="en", sort="price", limit=2, offset=first["next_offset"]).json()
    third = browser.get("/search", q="", lang="en", sort="price", limit=2, offset=second["next_offset"]).json()

    names = [[row["name"] for row in page["results"]] for page in (first, second, third)]
    assert names == [["White mug", "Red striped mug"], ["Blue T-shirt", "Red linen dress"], ["Black silk slip dress"]]
    assert third["next_offset"] is None


def test_highlights_are_plain_segments(browser, wardrobe):
    ProductFactory.create(name="<b>Red</b> mugs")
    row = browser.get("/search", q="white mugs", lang="en").json()["results"][0]
    chinese = browser.get("/search", q="紅色馬克杯", lang="zh-hans").json()["results"][0]

    assert row["highlights"]["name"] == [
        {"text": "White", "match": True}, {"text": " ", "match": False}, {"text": "mug", "match": True},
    ]  # fmt: skip
    assert chinese["highlights"]["name"] == [{"text": "红色马克杯", "match": True}]


def test_the_id_is_signed(browser, wardrobe):
    token = browser.get("/search", q="mug").json()["id"]

    assert ids.read(token) is not None
    assert ids.read(token[:-1] + ("a" if token[-1] != "a" else "b")) is None


def test_suggestions_complete_words_and_name_places_and_products(browser, wardrobe):
    answer = browser.get("/search/suggestions", q="red dr", lang="en").json()
    chinese = browser.get("/search/suggestions", q="马克", lang="zh-hans").json()
    place = browser.get("/search/suggestions", q="mug", lang="en").json()

    assert answer["queries"][0] == "red dress"
    assert [row["name"] for row in answer["products"]] == ["Red linen dress"]
    assert chinese["queries"] == ["马克杯"]
    assert [row["name"] for row in place["categories"]] == ["Mugs"]


@pytest.mark.parametrize("typed", ["zh", "en", "h", "ans"])
def test_suggestions_are_of_names_and_not_of_the_languages_they_are_kept_by(browser, wardrobe, typed):
    answer = browser.get("/search/suggestions", q=typed, lang="zh-hans").json()

    names = [row["name"] for row in (*answer["categories"], *answer["brands"])]
    assert names == {"en": [], "zh": [], "ans": [], "h": ["家居"]}[typed]  # Home


def test_a_tag_given_without_a_name_takes_it_from_nobody(browser, wardrobe, indexed):
    named = wardrobe["tee"].tags.create(kind="colour", value="red", value_translations={"zh-hans": "红色"})
    for given in (wardrobe["mug"], wardrobe["red dress"], wardrobe["red mug"], wardrobe["black dress"]):
        given.tags.create(kind="colour", value="red")
    indexed()

    for _where_it_lies in ("first", "last"):
        (colours,) = browser.get("/search", lang="zh-hans").json()["facets"]["tags"]
        assert [(row["value"], row["name"]) for row in colours["values"]] == [("red", "红色")]
        named.save()  # a new version of the row, behind the others


def test_suggestions_offer_only_what_can_be_bought(browser, wardrobe):
    names = [row["name"] for row in browser.get("/search/suggestions", q="mug", lang="en").json()["products"]]

    assert names == ["White mug"]


def test_a_search_costs_a_known_number_of_queries(browser, wardrobe, indexed, django_assert_num_queries):
    browser.get("/search", q="red mug", lang="en")
    for number in range(30):
        ProductFactory.create(name=f"Red mug {number}")
    indexed()

    browser.get("/search", q="red mug", lang="en")  # what each process remembers for a second is fresh
    vocabulary.synonyms.forget()  # asked for every few seconds: counted here

    with django_assert_num_queries(5):
        browser.get("/search", q="red mug", lang="en")


def test_a_correction_costs_one_query_for_each_word_and_one_count_more(browser, wardrobe, django_assert_num_queries):
    browser.get("/search", q="blakc drses", lang="en")
    vocabulary.synonyms.forget()

    with django_assert_num_queries(9):
        browser.get("/search", q="blakc drses", lang="en")


def test_looking_for_what_lacks_a_word_costs_one_query(browser, wardrobe, django_assert_num_queries):
    browser.get("/search", q="red mug", lang="en")
    vocabulary.synonyms.forget()

    with django_assert_num_queries(6):
        browser.get("/search", q="red mug", lang="en")


def test_a_short_answer_is_followed_by_products_of_its_kind_that_lack_a_word(browser, wardrobe):
    answer = browser.get("/search", q="red dress", lang="en").json()

    assert (answer["matched"], answer["total"]) == ("all", 1)
    assert [row["name"] for row in answer["results"]] == ["Red linen dress"]
    assert [row["name"] for row in answer["also"]] == ["Black silk slip dress"]  # and no red mug: mugs are no dresses
    assert sum(row["count"] for row in answer["facets"]["categories"]) == 1


@pytest.mark.parametrize("more", [{"sort": "price"}, {"offset": "1"}, {"q": "dress"}, {"q": "red linen silk"}])
def test_nothing_follows_in_another_order_on_other_pages_and_where_no_word_can_be_missing(browser, wardrobe, more):
    assert browser.get("/search", **({"q": "red dress", "lang": "en"} | more)).json()["also"] == []


def test_what_follows_a_short_answer_passes_its_filters_and_can_be_seen(browser, wardrobe, indexed):
    hidden = Product.objects.get(pk=wardrobe["black dress"].pk)
    assert browser.get("/search", q="red dress", lang="en", price_max="400").json()["also"] == []

    hidden.status = "hidden"
    hidden.save()
    indexed()

    assert browser.get("/search", q="red dress", lang="en").json()["also"] == []


def test_tags_on_some_products_hide_none_of_the_others(browser, wardrobe, indexed):
    """Two dresses, no text tells that either is long; one photo did."""
    ProductTag.objects.create(
        product=wardrobe["black dress"], kind="style", value="maxi", source="model", confidence=0.97
    )
    indexed()

    answer = browser.get("/search", q="maxi dress", lang="en").json()

    assert [row["name"] for row in answer["results"]] == ["Black silk slip dress"]
    assert [row["name"] for row in answer["also"]] == ["Red linen dress"]


def test_an_unknown_category_is_a_slip_and_an_unknown_parameter_too(browser, wardrobe):
    assert browser.get("/search", q="mug", category="ext:none").json()["errors"][0]["code"] == "unknown_id"
    assert browser.get("/search", q="mug", page="2").json()["errors"][0]["code"] == "unknown_parameter"
    assert browser.get("/search", q="mug", offset="400").status_code == 400


def test_an_empty_shop_answers(browser, db):
    assert browser.get("/search", q="anything").json()["total"] == 0
    assert browser.get("/search").json()["total"] == 0


def test_categories_keep_their_counts_without_products_of_their_own(browser, indexed, db):
    root = CategoryFactory.create(name="Root")
    leaf = CategoryFactory.create(name="Leaf", parent=root)
    ProductFactory.create(name="Thing", category=leaf)
    indexed()

    rows = browser.get("/search", q="thing").json()["facets"]["categories"]

    assert [(row["name"], row["count"], row["parent"]) for row in rows] == [
        ("Root", 1, None), ("Leaf", 1, root.public_id),
    ]  # fmt: skip


def test_a_result_holds_what_a_row_of_the_product_list_holds(browser, wardrobe):
    ProductImageFactory.create(product=wardrobe["red dress"])
    result = browser.get("/search", q="red dress", lang="en").json()["results"][0]
    listed = {row["id"]: row for row in browser.get("/products", lang="en").json()["results"]}

    assert {name: value for name, value in result.items() if name not in ("highlights", "reason")} == listed[
        result["id"]
    ]
