import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Customer, SearchQuery, Visitor
from catalog.search import ids, log
from core import redis_client
from core.metrics import counters
from tests.factories import CustomerFactory, InteractionFactory, ProductFactory, VisitorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _redis(redis_server):
    log.breaker.succeeded()


def logged() -> list[tuple[str, int]]:
    log.write()
    return list(SearchQuery.objects.order_by("searched_at").values_list("text", "results"))


def test_a_search_is_written_with_what_it_found(browser, wardrobe):
    answer = browser.get("/search", q="Red  Mug", lang="en", in_stock="false").json()
    log.write()

    row = SearchQuery.objects.get()
    assert (row.text, row.normalised, row.language, row.results, row.matched) == ("Red Mug", "red mug", "en", 1, "all")
    assert row.filters == {"in_stock": "False"}
    assert row.key == ids.read(answer["id"])
    assert (row.visitor, row.customer) == (None, None)


def test_further_pages_are_no_further_searches(browser, wardrobe):
    browser.get("/search", q="mug", limit=1)
    browser.get("/search", q="mug", limit=1, offset=1)

    assert logged() == [("mug", 2)]


def test_nothing_is_kept_of_people_who_say_no(server, wardrobe):
    VisitorFactory.create(key="open")
    VisitorFactory.create(key="shy", may_track=False)
    CustomerFactory.create(external_id="shy", is_personalised=False)
    for who in ({"visitor": "open"}, {"visitor": "shy"}, {"customer": "ext:shy"}):
        server.get("/search", q="mug", **who)
    log.write()

    assert SearchQuery.objects.filter(visitor__isnull=False).count() == 1
    assert not SearchQuery.objects.filter(customer__isnull=False).exists()


def test_somebody_who_says_no_before_it_is_written_is_not_kept_either(server, wardrobe):
    visitor = VisitorFactory.create(key="v")
    server.get("/search", q="mug", visitor="v")
    Visitor.objects.filter(pk=visitor.pk).update(may_track=False)
    log.write()

    assert SearchQuery.objects.get().visitor is None


def test_the_next_query_of_the_same_person_knows_the_one_before(server, wardrobe):
    VisitorFactory.create(key="v")
    for text in ("gown", "dress", "dress"):
        server.get("/search", q=text, visitor="v")
    server.get("/search", q="mug")
    log.write()

    pairs = SearchQuery.objects.order_by("searched_at").values_list("text", "refined_from__text")
    assert list(pairs) == [("gown", None), ("dress", "gown"), ("dress", None), ("mug", None)]


def test_writing_again_after_a_kill_writes_nothing_twice(browser, wardrobe):
    browser.get("/search", q="mug")
    left = redis_client.client().lrange(log.LIST, 0, -1)
    log.write()
    redis_client.client().rpush(log.WORK, *left)
    browser.get("/search", q="dress")

    assert logged() == [("mug", 2), ("dress", 2)]


def test_rubbish_in_the_list_is_passed_over(browser, wardrobe):
    redis_client.client().rpush(log.LIST, b"{", b"[]", b'{"key": "x"}')
    browser.get("/search", q="mug")

    assert logged() == [("mug", 2)]


def test_without_redis_searches_are_answered_and_counted(browser, wardrobe, monkeypatch):
    def away() -> None:
        raise ConnectionRefusedError

    counters.forget()
    monkeypatch.setattr(log.redis_client, "client", away)

    assert browser.get("/search", q="mug").json()["total"] == 2
    monkeypatch.undo()
    assert counters.totals()[("search_log_dropped", ())] >= 1


def test_a_look_at_a_product_is_credited_to_its_search(browser, wardrobe):
    VisitorFactory.create(key="v")
    token = browser.get("/search", q="mug", visitor="v").json()["id"]
    browser.get("/search", q="dress", visitor="v")
    event = {"kind": "view", "product": wardrobe["mug"].public_id, "visitor": "v", "search": token}
    assert browser.post("/events", {"events": [event]}).json()["accepted"] == 1
    log.write()
    InteractionFactory.create(
        product=wardrobe["mug"], context={"search": token}, occurred_at=timezone.now() - timedelta(minutes=1)
    )

    assert log.credit() == 1
    row = SearchQuery.objects.get(text="mug")
    assert row.clicked_product_id == wardrobe["mug"].pk
    assert row.clicked_at is not None
    assert SearchQuery.objects.get(text="dress").clicked_at is None
    assert log.credit() == 0


def test_a_forged_id_is_credited_to_nothing(db):
    InteractionFactory.create(product=ProductFactory.create(), context={"search": uuid.uuid4().hex})

    assert log.credit() == 0


def test_old_searches_are_forgotten(db, settings):
    settings.EVENT_RETENTION_MONTHS = 1
    for days in (1, 40):
        SearchQuery.objects.create(
            key=uuid.uuid4(), text=str(days), normalised=str(days), results=0, matched="none",
            searched_at=timezone.now() - timedelta(days=days),
        )  # fmt: skip

    assert log.forget_old() == 1
    assert SearchQuery.objects.get().text == "1"


def test_an_erasure_takes_searches_of_the_person_and_their_browsers(db):
    from core.extensions import personal_data
    from core.rights.holdings import holding

    ana = CustomerFactory.create()
    browser = VisitorFactory.create(customer=ana)
    for number, who in enumerate(({"customer": ana}, {"visitor": browser}, {})):
        SearchQuery.objects.create(
            key=uuid.uuid4(), text=str(number), normalised="x", results=0, matched="none",
            searched_at=timezone.now(), **who,
        )  # fmt: skip

    assert holding(personal_data.get("catalog.SearchQuery")).erase(ana.pk) == 2
    assert SearchQuery.objects.get().text == "2"
    assert Customer.objects.filter(pk=ana.pk).exists()
