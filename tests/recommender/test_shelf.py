"""What is shown while the database is away."""

import pytest
from django.db import OperationalError

from catalog.models import Product
from recommender import selectors
from recommender import shelf as shelves
from recommender.shelf import shelf


@pytest.fixture(autouse=True)
def nothing_on_the_shelf(settings):
    settings.WEB_PROCESS = True
    shelf.empty()
    shelf._renew_at = float("inf")  # the tests renew it themselves
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


def test_only_the_web_process_keeps_a_shelf(trained, server, settings):
    settings.WEB_PROCESS = False
    shelf.empty()

    server.get("/recommendations", limit=20)

    assert shelf.goods() is None


def test_a_look_costs_few_queries(trained, django_assert_max_num_queries):
    selectors.recommend()

    with django_assert_max_num_queries(6):
        shelf.renew()
