"""What a web process remembers of the shop finds and counts what the tables would."""

import random
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product as each

import pytest
from django.db import OperationalError, connection, transaction

from catalog import showcase
from catalog.models import Category, Product, ProductTag, Variant
from catalog.search import index, parsing, questions, vocabulary
from catalog.search import shown as remembered
from catalog.search.parsing import Synonyms
from catalog.search.questions import Filters, Found
from catalog.search.shown import shown
from tests.factories import BrandFactory, CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db(transaction=True)
DAY = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def web(settings, monkeypatch):
    """A web process that looks whenever it is asked."""
    settings.WEB_PROCESS = True
    monkeypatch.setattr(showcase, "LOOK_SECONDS", 0.0)
    shown.forget()


@pytest.fixture
def shop() -> list[Product]:
    """Thirty products of every sort in three categories and two brands, some without, some not to be seen."""
    chance = random.Random(7)
    categories = [None, *(CategoryFactory.create(name=name) for name in ("Mugs", "Lamps", "Empty"))]
    brands = [None, BrandFactory.create(), BrandFactory.create()]
    made = []
    for number in range(30):
        one = ProductFactory.create(
            name=f"{chance.choice(['Red', 'Blue'])} {chance.choice(['mug', 'lamp'])} {number}",
            description=chance.choice(["", "For a red room.", "A mug."]),
            category=chance.choice(categories[:3]), brand=chance.choice(brands), stock=chance.choice([0, 2]),
            price=chance.choice([Decimal("9.9999"), Decimal(10), Decimal("49.5"), Decimal(0)]),
            status=chance.choice(["live", "live", "live", "hidden"]),
            published_at=chance.choice([None, DAY, DAY + timedelta(microseconds=number)]),
        )  # fmt: skip
        for kind, value in (("colour", "red"), ("colour", "blue"), ("style", "plain")):
            if chance.random() < 0.4:
                ProductTag.objects.create(product=one, kind=kind, value=value)
        made.append(one)
    index.refresh()
    index.count_terms()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_searchdocument SET popularity = (product_id % 4) / 4.0")
    return made


def same(groups=(), filters: Filters | None = None, **more) -> Found:
    """The answer of the memory, which is also that of the tables."""
    filters = filters or Filters()
    answer = questions.find(groups, filters, **more)
    with transaction.atomic():
        assert answer == questions.find(groups, filters, **more)
    return answer


def narrowings() -> list[Filters]:
    categories = [None, list(Category.objects.values_list("pk", flat=True)[:1])]
    prices = [(None, None), (Decimal(10), None), (Decimal("9.99985"), Decimal("49.50"))]
    tags = [(), (("colour", "red"), ("colour", "blue")), (("colour", "red"), ("style", "plain")), (("colour", "no"),)]
    return [
        Filters(categories=category, price_min=low, price_max=high, in_stock=in_stock, tags=tag)
        for category, (low, high), in_stock, tag in each(categories, prices, (None, True, False), tags)
    ]


def test_everything_is_found_and_counted_as_the_tables_do(web, shop):
    brand = [one.brand_id for one in shop if one.brand_id][:1]

    for sort in ("relevance", "price", "-price", "newest"):
        assert same(sort=sort).total == sum(one.status == "live" for one in shop)
        same(sort=sort, filters=Filters(brands=brand))
        for filters in narrowings():
            same(filters=filters, sort=sort)


def test_words_are_found_as_in_the_tables_and_those_of_names_come_first(web, shop):
    for words in ("red", "mug", "red mug", "red lamp room", "nothing of it"):
        groups = parsing.parse(words)
        for missing, sort in each(range(len(groups)), ("relevance", "price")):
            same(groups, missing=missing, sort=sort)
            same(groups, Filters(in_stock=True, tags=[("colour", "red")]), missing=missing, sort=sort)
        same(groups, missing=len(groups) - 1, needed=groups[:1])
        assert same(groups, with_facets=False).categories == {}


def test_no_more_is_ranked_than_can_be_paged_through(web, shop, monkeypatch):
    monkeypatch.setattr(questions, "WINDOW", 5)
    monkeypatch.setattr(questions, "RANKED", 3)

    found = same(parsing.parse("red"))

    assert found.total > len(found.candidates) == 5
    assert [bool(one.fields[0]) for one in found.candidates] == [True, True, True, False, False]


CHANGES = {
    "hidden": lambda one: Product.objects.filter(pk=one.pk).update(status="hidden"),
    "sold out": lambda one: Variant.objects.filter(product=one).update(stock=0),
    "dearer": lambda one: Product.objects.filter(pk=one.pk).update(price=Decimal("77.7")),
    "moved": lambda one: Product.objects.filter(pk=one.pk).update(category=CategoryFactory.create()),
    "removed": lambda one: one.delete(),
    "tagged": lambda one: ProductTag.objects.create(product=one, kind="material", value="clay"),
    "tags taken away": lambda one: ProductTag.objects.filter(product=one).delete(),
    "tag renamed": lambda one: ProductTag.objects.filter(product=one, kind="style").update(value="odd"),
    "another": lambda one: ProductFactory.create(name="Green mug", price=5),
}


@pytest.mark.parametrize("most", [remembered.MOST_CHANGES, 0], ids=["a few", "so many that all are read"])
def test_every_change_is_heard(web, shop, monkeypatch, most):
    monkeypatch.setattr(remembered, "MOST_CHANGES", most)
    live = [one for one in shop if one.status == "live" and one.tags.filter(kind="style").exists()]
    before = same()

    for name, change in CHANGES.items():
        change(live.pop())
        after = same(filters=Filters(in_stock=None))
        assert after != before, name
        before = after


def test_what_is_read_a_moment_later_is_asked_of_the_tables_inside_a_transaction(web, shop):
    everything = questions.find((), Filters()).total
    with transaction.atomic():
        Product.objects.update(status="hidden")
        assert questions.find((), Filters()).total == 0
        transaction.set_rollback(True)

    assert questions.find((), Filters()).total == everything


def test_an_empty_shop_has_nothing_to_count(web):
    found = same(filters=Filters(in_stock=True, price_min=Decimal(1), tags=[("colour", "red")]))

    assert (found.total, found.categories, found.stock, found.tags) == (0, {}, {}, {})
    same(parsing.parse("mug"))


def test_a_look_and_an_answer_cost_few_queries(web, shop, django_assert_num_queries):
    for _look in range(3):  # a transaction that is open elsewhere on the server has the notes read once more
        questions.find((), Filters())

    with django_assert_num_queries(1):
        questions.find((), Filters(in_stock=True))
    with django_assert_num_queries(3):
        questions.find(parsing.parse("red mug"), Filters())


def test_words_are_corrected_outside_a_transaction_and_leave_no_setting_behind(web, shop):
    known, _total = vocabulary.counts(parsing.parse("bleu"))

    assert [one.surface for one in vocabulary.corrected(parsing.parse("bleu"), known, Synonyms())] == ["blue"]
    with connection.cursor() as cursor:
        cursor.execute("SHOW pg_trgm.similarity_threshold")
        assert cursor.fetchone() == ("0.3",)


def test_words_are_looked_up_in_their_index_however_many_products_hold_them(web):
    """A plan for every product would read all tokens, which lie beside the table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT proconfig FROM pg_proc WHERE proname = 'catalog_products_holding'")
        assert cursor.fetchone() == (["enable_seqscan=off"],)


def test_new_popularity_comes_with_the_next_reading_of_everything(web, shop, monkeypatch):
    for _look in range(2):  # the second one reads again what was noted while a transaction elsewhere was open
        first = questions.find((), Filters(in_stock=True)).candidates[-1].product_id
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_searchdocument SET popularity = 1 WHERE product_id = %s", [first])
    assert questions.find((), Filters(in_stock=True)).candidates[0].product_id != first

    monkeypatch.setattr(showcase, "RELOAD_SECONDS", 0.0)

    assert same(filters=Filters(in_stock=True)).candidates[0].product_id == first


def test_a_new_process_reads_before_anybody_asks(web, shop, monkeypatch):
    remembered.read_ahead()
    for thread in threading.enumerate():
        if thread.name == "shown":
            thread.join(10)

    monkeypatch.setattr(shown, "_load", lambda cursor: pytest.fail("Everything was read when somebody asked."))
    assert questions.find((), Filters()).total == sum(one.status == "live" for one in shop)


def test_reading_ahead_survives_a_database_that_is_away(web, monkeypatch):
    def away(_cursor):
        raise OperationalError("away")

    monkeypatch.setattr(shown, "_load", away)
    remembered.read_ahead()
    for thread in threading.enumerate():
        if thread.name == "shown":
            thread.join(10)

    monkeypatch.undo()
    assert questions.find((), Filters()).total == 0
