"""What is shown while the database is away."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from catalog.models import Product
from core import model_registry as registry
from recommender import selectors, services, wishes
from recommender import shelf as shelves
from recommender.choices import RECOMMENDER
from recommender.ml.serving import build
from recommender.models import Placement, PlacementRule
from recommender.shelf import shelf
from tests.recommender.conftest import NOW


@pytest.fixture(autouse=True)
def nothing_on_the_shelf(settings):
    settings.WEB_PROCESS = True
    shelf.empty()
    shelf._renew_at = float("inf")  # the tests renew it themselves
    wishes._known.wishes = {}
    wishes.forget()
    yield
    shelf.empty()


@pytest.fixture
def away(monkeypatch):
    """The database is away for every look at products and people."""

    def refuses(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    def go() -> None:
        monkeypatch.setattr("recommender.selectors.person", refuses)
        monkeypatch.setattr("core.api.ids.get", refuses)
        monkeypatch.setattr("core.api.ids.primary_keys", refuses)

    return go


def names(body: dict) -> list[str]:
    return [item["product"]["name"] for item in body["items"]]


def test_popular_products_are_shown_and_marked(trained, server, away):
    before = server.get("/recommendations", limit=20).json()
    shelf.renew()
    away()

    body = server.get("/recommendations", limit=20).json()

    assert (body["source"], body["stale"], body["model_version"]) == ("fallback", True, "recommender.v1")
    assert body["items"][0]["reason"]["code"] == "popular"
    assert body["items"][0]["product"] in [item["product"] for item in before["items"]]
    assert sorted(names(body)) == sorted(names(before))
    assert (before["source"], before["stale"]) == ("popular", False)


def test_page_basket_and_exclusions_are_respected_by_either_id(trained, server, away):
    Product.objects.filter(pk=trained.green[1].pk).update(external_id="g1")
    shelf.renew()
    away()

    body = server.get(
        "/recommendations",
        limit=20, product=trained.green[0].public_id, basket="ext:g1", exclude=trained.blue[0].public_id,
    ).json()  # fmt: skip

    assert len(body["items"]) == 17
    assert {"green-0", "green-1", "blue-0"}.isdisjoint(names(body))
    assert names(body)[0].startswith("green")


def test_similar_products_come_from_memory_too(trained, server, away):
    shelf.renew()
    away()

    body = server.get(f"/products/{trained.blue[0].public_id}/similar", limit=5).json()

    assert (body["source"], body["stale"], len(body["items"])) == ("fallback", True, 5)
    assert body["placement"] == "product/similar"
    assert "blue-0" not in names(body)
    assert names(body)[0].startswith("blue")
    assert sum(name.startswith("blue") for name in names(body)) >= 3  # everybody's last act was of the other colour


def test_one_method_alone_speaks_from_memory_too(trained, server, away):
    model = registry.active(RECOMMENDER).built(build)
    page, name = trained.green[0], model.voices[0]
    Placement.objects.filter(key="product").update(strategy=name, fallback="nothing")
    wishes.forget()
    before = server.get("/recommendations", placement="product", product=page.public_id, limit=3).json()
    shelf.renew()
    away()

    body = server.get("/recommendations", placement="product", product=page.public_id, limit=3).json()

    alone = model.recommend([(page.pk, 8.0)], 3, exclude=[page.pk], fill=False, voice=name)
    assert names(body) == names(before) == [Product.objects.get(pk=one.product_id).name for one in alone]
    assert (body["strategy"], body["stale"]) == (name, True)


def test_names_come_in_the_language_that_is_asked_for(trained, server, away):
    Product.objects.update(name_translations={"zh-hans": "绿色"})
    shelf.renew()
    away()

    assert names(server.get("/recommendations", limit=1, lang="zh-hans").json()) == ["绿色"]


def test_what_an_answer_found_sold_out_is_gone_at_once_and_back_after_the_next_look(trained, server):
    shelf.renew()
    Product.objects.filter(pk=trained.green[0].pk).update(status="hidden")

    server.get("/recommendations", limit=20)

    assert trained.green[0].pk in shelf.gone()
    answer = selectors.from_memory(placement="home", limit=20)
    assert trained.green[0].pk not in {item.product_id for item in answer.items}
    Product.objects.filter(pk=trained.green[0].pk).update(status="live")
    shelf.renew()
    assert shelf.gone() == set()
    assert len(selectors.from_memory(placement="home", limit=20).items) == 20


def test_an_empty_shelf_and_an_old_one_are_503(trained, server, away, monkeypatch):
    away()
    empty = server.get("/recommendations")
    assert (empty.status_code, empty.json()["code"], empty["Retry-After"]) == (503, "database_away", "5")

    shelf.renew()
    assert server.get("/recommendations").status_code == 200
    monkeypatch.setattr(shelves, "STALE_SECONDS", 0.0)

    assert server.get("/recommendations").status_code == 503


def sources(body: dict) -> list[str]:
    return [item["source"] for item in body["items"]]


def test_the_chain_goes_on_from_the_page_over_the_category_and_what_is_popular_now(trained, listed, server, away):
    """What goes with the page says so; the rest are the lists that this process remembers."""
    page, leader, now = trained.green[0], trained.blue[8], trained.blue[9]
    listed("category", [leader], key=page.category_id)
    listed("trending", [now])
    shelf.renew()
    away()

    body = server.get("/recommendations", limit=19, product=page.public_id).json()

    assert (body["source"], body["shortfall"]) == ("fallback", None)
    spoken = body["items"][0]
    assert (spoken["source"], spoken["reason"]["code"]) == ("personal", "goes_with_this_product")
    assert spoken["reason"]["text"] == "Often chosen together with green-0"
    assert spoken["reason"]["product"] == page.public_id
    told = {item["product"]["name"]: (item["source"], item["reason"]["code"]) for item in body["items"]}
    assert len(told) == 19
    assert set(told.values()) <= {
        ("personal", "goes_with_this_product"), ("item", "goes_with_this_product"),
        ("category", "popular_in_category"), ("trending", "popular_now"), ("popular", "popular"),
    }  # fmt: skip
    assert told["blue-8"][0] in ("personal", "item", "category")


def test_somebody_unknown_sees_what_is_popular_now_first(trained, listed, server, away):
    listed("trending", [trained.blue[9], trained.green[9]])
    shelf.renew()
    away()

    body = server.get("/recommendations", limit=5).json()

    assert names(body)[:2] == ["blue-9", "green-9"]
    assert sources(body) == ["trending", "trending", "popular", "popular", "popular"]


def test_without_a_model_new_products_are_called_new(shop, listed, server, away):
    Product.objects.filter(pk=shop.blue[3].pk).update(published_at=NOW + timedelta(days=1))
    listed("trending", [shop.green[4]])
    shelf.renew()
    away()

    body = server.get("/recommendations", limit=3).json()

    assert (body["source"], body["model_version"]) == ("fallback", None)
    assert names(body)[:2] == ["green-4", "blue-3"]
    assert sources(body) == ["trending", "newest", "newest"]
    assert [item["reason"]["code"] for item in body["items"]] == ["popular_now", "new", "new"]


def test_pins_and_the_strategy_of_staff_are_obeyed(trained, server, away):
    home = Placement.objects.get(key="home")
    home.strategy = "newest"
    services.save_placement(home, [PlacementRule(kind="pin", product=trained.green[7], slot=2)], by=None)
    wishes.forget()
    wishes.wish("home")
    shelf.renew()
    away()

    body = server.get("/recommendations", limit=4).json()

    assert names(body)[1] == "green-7"
    assert sources(body) == ["newest", "pinned", "newest", "newest"]


def test_what_somebody_did_is_left_out_because_their_consent_cannot_be_asked(trained, server, away):
    trained.act(trained.visitor, trained.green[0])
    shelf.renew()
    away()

    body = server.get("/recommendations", limit=20, visitor="somebody").json()

    assert set(sources(body)) == {"popular"}


def test_an_answer_from_memory_asks_the_database_nothing(trained, listed, django_assert_num_queries):
    listed("trending", [trained.green[4]])
    selectors.recommend()
    shelf.renew()

    with django_assert_num_queries(0):
        answer = selectors.from_memory(placement="home", page=trained.green[0].public_id, limit=10)

    assert len(answer.items) == 10


def test_only_the_web_process_keeps_a_shelf(trained, server, settings):
    settings.WEB_PROCESS = False
    shelf.empty()

    server.get("/recommendations", limit=20)

    assert shelf.goods() is None


def test_a_look_costs_few_queries(trained, django_assert_max_num_queries):
    selectors.recommend()

    with django_assert_max_num_queries(7):
        shelf.renew()
