"""What customers say: the page of figures, the reviews behind a number, the marks in a review, the product's panel."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from core.shop import current_shop
from reviews.admin.marks import marked
from reviews.models import Aspect, Polarity
from tests.factories import (
    BrandFactory,
    CategoryFactory,
    ProductFactory,
    ReviewAspectFactory,
    ReviewFactory,
)

pytestmark = pytest.mark.django_db
PAGE, BEHIND = "/admin/reviews/aspects/", "/admin/reviews/aspects/reviews/"
MOST_QUERIES = 12


def say(key, polarity, text, quote, **review):
    made = ReviewFactory.create(text=text, **review)
    term = quote.split()[0]
    start = text.index(term)
    return ReviewAspectFactory.create(
        review=made, aspect=Aspect.objects.get(key=key), polarity=polarity, term=term.lower(), quote=quote, start=start,
        end=start + len(term),
    )  # fmt: skip


def praise(**review):
    return say("quality", Polarity.POSITIVE, "Quality is superb. I like it.", "Quality is superb", **review)


def blame(**review):
    return say("delivery", Polarity.NEGATIVE, "Nice. Delivery was late!", "Delivery was late", **review)


def queries(client, path):
    current_shop()  # remembered for seconds, so it would be counted now and then
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)


def test_the_answer_names_what_is_praised_and_blamed_most(client):
    for _one in range(3):
        praise()
    for _one in range(2):
        blame()

    page = client.get(PAGE).context

    assert page["page_title"] == "Praised most: Quality (3). Most complaints: Delivery (2)"
    assert [(row["name"], row["said"].now.positive, row["said"].now.negative) for row in page["rows"]] == [
        ("Delivery", 0, 2), ("Quality", 3, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("show", ["aspects", "products", "categories", "brands", "languages"])
def test_the_page_asks_as_few_queries_for_many_reviews_as_for_few(client, show):
    def fill(size):
        for _one in range(size):
            product = ProductFactory.create(category=CategoryFactory.create(), brand=BrandFactory.create())
            praise(product=product)
            blame(product=product)

    fill(1)
    client.get(f"{PAGE}?show={show}")
    few = queries(client, f"{PAGE}?show={show}")
    fill(4)

    many = queries(client, f"{PAGE}?show={show}")

    assert (many, many <= MOST_QUERIES) == (few, True)


def test_every_number_leads_to_its_reviews_with_the_words_marked(client):
    blame(), praise()
    row = client.get(f"{PAGE}?show=aspects").context["rows"][0]

    page = client.get(row["complaints_url"])

    assert page.context["title"] == "Complaints about Delivery: 1 review"
    assert '<mark class="rev-said rev-said-negative" title="Delivery: complaint">Delivery was late' in (
        page.content.decode()
    )


def test_the_list_behind_a_number_asks_as_few_queries_for_many_as_for_few(client):
    blame()
    client.get(BEHIND)
    few = queries(client, BEHIND)
    for _one in range(6):
        blame()

    many = queries(client, BEHIND)

    assert (many, many <= MOST_QUERIES) == (few, True)


def test_the_page_is_narrowed_by_product_language_and_days(client):
    shirt = ProductFactory.create(name="Linen shirt")
    blame(product=shirt, language="zh-hans")
    blame(product=shirt, written_at=timezone.now() - timedelta(days=120))
    praise()

    def counted(query):
        return [(row["name"], row["said"].now.reviews) for row in client.get(f"{PAGE}?{query}").context["rows"]]

    assert counted(f"product={shirt.pk}") == [("Delivery", 1)]
    assert counted("q=linen") == [("Delivery", 1)]
    assert counted("language=zh-hans&show=products") == [("Linen shirt", 1)]
    assert counted("aspect=quality") == [("Quality", 1)]
    assert counted("within=today&against=none&aspect=delivery") == [("Delivery", 1)]


@pytest.mark.parametrize(
    "query",
    ["product=x", "product=9" * 9, "category=-1", "brand=1e9", "aspect=x", "language=%22", "show=none", "page=0",
     "q=%25", "polarity=x", "within=between&from=2026-99-99&to=2020-01-01"],
)  # fmt: skip
def test_what_is_not_understood_is_what_is_usual(client, query):
    blame()

    assert client.get(f"{PAGE}?{query}").status_code == 200
    assert client.get(f"{BEHIND}?{query}").status_code == 200


def test_both_languages_name_the_aspects(client):
    blame()
    client.cookies["django_language"] = "zh-hans"

    content = client.get(PAGE).content.decode()

    assert "物流" in content
    assert "顾客怎么说" in content


def test_nobody_without_the_right_sees_what_customers_say(client_with):
    assert client_with("catalog.view_product").get(PAGE).status_code == 403
    assert client_with("catalog.view_product").get(BEHIND).status_code == 403
    assert client_with("reviews.view_review").get(PAGE).status_code == 200


def test_the_names_of_customers_stay_with_those_who_may_see_them(client_with):
    said = blame()
    said.review.customer.name = "Lin Xiaoyu"
    said.review.customer.save()

    assert "Lin Xiaoyu" not in client_with("reviews.view_review").get(BEHIND).content.decode()
    both = client_with("reviews.view_review", "catalog.view_customer")
    assert "Lin Xiaoyu" in both.get(BEHIND).content.decode()


def test_marks_share_a_clause_and_never_let_through_what_a_customer_wrote_as_markup():
    text = '<b>Quality and price are "great"</b>, bye'
    first = say("quality", Polarity.POSITIVE, text, 'Quality and price are "great"')
    second = ReviewAspectFactory.create(
        review=first.review, aspect=Aspect.objects.get(key="price"), polarity=Polarity.NEGATIVE, term="price",
        quote=first.quote, start=text.index("price"), end=text.index("price") + 5,
    )  # fmt: skip

    words = marked(first.review, [second, first])

    assert words.text == (
        '&lt;b&gt;<mark class="rev-said rev-said-mixed" title="Quality: praise, Price: complaint">'
        f'{escape(first.quote)}<span class="zg-sr"> (Quality: praise, Price: complaint)</span></mark>'
        "&lt;/b&gt;, bye"
    )


def test_a_mark_stands_in_the_title_where_the_words_do():
    review = ReviewFactory.create(title="Late delivery", text="Delivery again late")
    mention = ReviewAspectFactory.create(
        review=review, aspect=Aspect.objects.get(key="delivery"), start=5, end=13, quote="Late delivery"
    )

    words = marked(review, [mention])

    assert ("<mark" in words.title, words.text) == (True, "Delivery again late")


def test_a_review_that_was_changed_since_it_was_read_is_shown_without_a_fault():
    review = ReviewFactory.create(text="New")
    mention = ReviewAspectFactory.create(review=review, start=100, end=110, quote="gone")

    assert marked(review, [mention]).text == "New"


def test_the_page_of_a_review_marks_what_it_praises_and_blames(client):
    said = blame()

    content = client.get(f"/admin/reviews/review/{said.review_id}/change/").content.decode()

    assert 'rev-said-negative" title="Delivery: complaint">Delivery was late' in content


def test_the_panel_of_a_product_shows_its_aspects_with_quotes(client):
    product = ProductFactory.create()
    blame(product=product), praise(product=product), praise()

    content = client.get(f"/admin/catalog/product/{product.pk}/panel/reviews.aspects/").content.decode()

    assert "Delivery was late" in content
    assert "Quality is superb" in content


def test_the_table_goes_into_a_file(client):
    blame(), praise()

    answer = client.post(f"{PAGE}export/", {"format": "csv"})

    lines = (
        b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode("utf-8-sig").splitlines()
    )
    assert lines[1:3] == ["Delivery,1,0,0.0,1,1.0,0,0,0,", "Quality,1,1,1.0,0,0.0,0,0,0,"]
