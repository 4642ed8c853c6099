import uuid
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from catalog.experiment_metrics import SEARCH_SUCCESS
from catalog.models import Customer, SearchQuery, Visitor
from catalog.search import ids, log, reports
from core import redis_client
from core.metrics import counters
from tests.factories import CustomerFactory, InteractionFactory, JobFactory, ProductFactory, VisitorFactory

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


def view_of(product, token, **more):
    return InteractionFactory.create(product=product, context={"search": token}, **more)


@pytest.mark.parametrize(("days", "last_run", "credited"), [(2, None, 1), (5, None, 0), (5, 4, 1), (9, 4, 0)])
def test_clicks_of_a_pause_are_credited(browser, wardrobe, days, last_run, credited):
    token = browser.get("/search", q="mug").json()["id"]
    log.write()
    view_of(wardrobe["mug"], token, occurred_at=timezone.now() - timedelta(days=days))
    if last_run:
        JobFactory.create(kind=log.TIDY, state="done", started_at=timezone.now() - timedelta(days=last_run))

    assert log.credit() == credited
    assert log.credit() == 0


def test_what_is_opened_after_narrowing_counts_for_the_search_before(browser, wardrobe):
    VisitorFactory.create(key="v")
    browser.get("/search", q="mug", visitor="v")
    browser.get("/search", q="dress", visitor="v")
    narrowed = browser.get("/search", q="mug", visitor="v", price_max="50").json()["id"]
    log.write()
    view_of(wardrobe["mug"], narrowed, occurred_at=timezone.now() - timedelta(minutes=1))

    log.credit()

    clicked = SearchQuery.objects.filter(clicked_product=wardrobe["mug"]).order_by("searched_at")
    assert list(clicked.values_list("text", "filters")) == [("mug", {}), ("mug", {"price_max": "50.0000"})]


def test_filters_and_other_orders_are_no_searches_of_their_own(browser, wardrobe):
    for more in ({}, {"in_stock": "true"}, {"price_max": "50"}, {"sort": "price"}, {"category": "ext:mugs"}):
        browser.get("/search", q="mug", **more)
    browser.get("/search", q="mug", price_max="1")
    log.write()

    span = timezone.now() - timedelta(hours=1), timezone.now()
    assert SearchQuery.objects.count() == 6
    assert [(row.text, row.searches) for row in reports.top(*span)] == [("mug", 2)]
    assert reports.failing(*span) == []
    assert reports.totals(*span).searches == 2


def test_narrowing_takes_nothing_from_the_searches_that_lead_to_a_product(server, wardrobe):
    visitor = VisitorFactory.create(key="v")
    for more in ({}, {"sort": "price"}, {"price_max": "50"}):
        server.get("/search", q="mug", visitor="v", **more)
    log.write()
    now = timezone.now()
    exposed = (
        "WITH exposed AS (SELECT %s AS subject, %s::timestamptz AS before, %s::timestamptz AS exposed_at,"
        " %s::timestamptz AS until) SELECT d FROM ("
    )
    with connection.cursor() as cursor:
        values = [visitor.key, now - timedelta(days=2), now - timedelta(days=1), now + timedelta(days=1)]
        cursor.execute(f"{exposed}{SEARCH_SUCCESS.sql['visitor']}) found", values)
        assert cursor.fetchall() == [(1,)]


def test_what_comes_between_the_commit_and_the_clearing_is_not_lost(browser, wardrobe, monkeypatch):
    """Another writer took the lock when the first one committed, and has its own batch at the same place."""
    browser.get("/search", q="mug")
    real, client = log.transaction.atomic, redis_client.client()

    @contextmanager
    def then_another():
        with real():
            yield
        if client.llen(log.WORK):
            monkeypatch.undo()
            client.delete(log.WORK)
            browser.get("/search", q="dress")
            client.rename(log.LIST, log.WORK)

    monkeypatch.setattr(log.transaction, "atomic", then_another)

    assert logged() == [("mug", 2), ("dress", 2)]


def test_a_browser_whose_first_events_are_on_the_way_is_known_to_its_search(browser, wardrobe):
    browser.get("/search", q="mug", visitor="new")
    browser.get("/search", q="dress")
    assert logged() == [("dress", 2)]

    VisitorFactory.create(key="new")

    assert logged() == [("mug", 2), ("dress", 2)]
    assert SearchQuery.objects.get(text="mug").visitor.key == "new"
    assert redis_client.client().llen(log.LIST) == 0


def test_a_search_does_not_wait_for_ever_for_a_browser_that_never_comes(browser, wardrobe, monkeypatch):
    monkeypatch.setattr(log, "KNOWN_WITHIN_SECONDS", 0)
    browser.get("/search", q="mug", visitor="never seen")

    assert logged() == [("mug", 2)]
    assert SearchQuery.objects.get().visitor is None


def test_who_says_no_while_the_search_waits_is_not_kept(browser, wardrobe):
    browser.get("/search", q="mug", visitor="new")
    VisitorFactory.create(key="new", may_track=False)

    assert logged() == [("mug", 2)]
    assert SearchQuery.objects.get().visitor is None


@pytest.mark.parametrize(("caller", "noted"), [("browser", 0), ("server", 1)])
def test_bots_are_told_by_their_name_unless_a_server_speaks_for_people(request, wardrobe, caller, noted):
    asks = request.getfixturevalue(caller)
    asks.client.get("/api/v1/search", {"q": "mug"}, headers={**asks._headers(), "User-Agent": "Googlebot/2.1"})
    log.write()

    assert SearchQuery.objects.count() == noted
