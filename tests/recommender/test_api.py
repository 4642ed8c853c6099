import pytest
from rest_framework.test import APIClient

from catalog.models import Customer, Product
from core.api import tokens
from core.api.keys import forget_keys
from core.models import ApiKey, ModelVersion, Scope
from recommender import tokens as recommendation_ids
from recommender import wishes
from recommender.models import Placement, PlacementRule
from recommender.services import save_placement
from tests.factories import CategoryFactory
from tests.recommender.conftest import NOW

URL = "/api/v1/recommendations"


def make_key(kind: str, scopes: list[str]) -> tuple[ApiKey, str]:
    value = ApiKey.new_value(kind)
    key = ApiKey.objects.create(
        name="storefront", kind=kind, prefix=value[:12], key_hash=ApiKey.hash_of(value), scopes=scopes
    )
    return key, value


@pytest.fixture(autouse=True)
def _no_remembered_keys():
    forget_keys()


@pytest.fixture
def server(db) -> APIClient:
    _key, value = make_key("server", [Scope.RECOMMENDATIONS])
    return APIClient(headers={"authorization": f"Bearer {value}"})


@pytest.fixture
def browser(db) -> APIClient:
    _key, value = make_key("publishable", [Scope.RECOMMENDATIONS])
    return APIClient(headers={"authorization": f"Bearer {value}"})


def test_an_answer_carries_reasons_version_source_and_a_signed_id(trained, browser):
    trained.act(trained.visitor, trained.green[0])

    body = browser.get(URL, {"visitor": "somebody", "placement": "cart", "limit": 2}).json()

    assert body["source"] == "personal"
    assert body["model_version"] == "recommender.v1"
    assert body["strategy"] == ModelVersion.objects.get().report["chosen"]
    assert body["as_of"].startswith("2026-06-")
    assert recommendation_ids.read(body["id"]).placement == "cart"
    assert len(body["items"]) == 2
    reason = body["items"][0]["reason"]
    assert reason["code"] == "because_you_viewed"
    assert reason["text"] == "Because you looked at green-0"
    assert reason["product"] == trained.green[0].public_id


def test_the_language_of_names_and_reasons_can_be_asked_for(trained, browser):
    trained.act(trained.visitor, trained.green[0])
    Product.objects.filter(pk=trained.green[0].pk).update(name_translations={"zh-hans": "绿色 0 号"})

    body = browser.get(URL, {"visitor": "somebody", "lang": "zh-hans", "limit": 1}).json()

    assert "绿色 0 号" in body["items"][0]["reason"]["text"]
    assert "Because" not in body["items"][0]["reason"]["text"]


def test_a_browser_may_not_ask_for_a_customer_by_id(trained, browser):
    answer = browser.get(URL, {"customer": trained.customers[0].public_id})

    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"


def test_a_customer_token_asks_for_its_own_customer_and_no_other(trained):
    key, _value = make_key("server", [Scope.TOKENS])
    token, _until = tokens.mint(customer=trained.customers[0].public_id, key_id=key.pk)
    client = APIClient(headers={"authorization": f"Bearer {token}"})

    own = client.get(URL)
    other = client.get(URL, {"customer": trained.customers[1].public_id})

    assert own.json()["source"] == "personal"
    assert other.status_code == 403


def test_a_server_key_asks_for_any_customer_by_either_id(trained, server):
    customer = trained.customers[0]
    customer.external_id = "C-7"
    customer.save()

    by_public = server.get(URL, {"customer": customer.public_id}).json()
    by_external = server.get(URL, {"customer": "ext:C-7"}).json()

    assert by_public["items"] == by_external["items"]
    assert by_public["source"] == "personal"


def test_an_unknown_visitor_or_customer_gets_what_is_popular(trained, server):
    assert server.get(URL, {"visitor": "never seen"}).json()["source"] == "popular"
    assert server.get(URL, {"customer": "ext:nobody"}).json()["source"] == "popular"


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 51}, {"limit": "many"}, {"placement": "No Spaces"}, {"product": "x"}, {"basket": "a,b"},
     {"lang": "tlh"}, {"visitor": "v" * 65}, {"exclude": ",".join(["ext:1"] * 61)}],
)  # fmt: skip
def test_a_question_that_cannot_be_used_says_which_field(trained, browser, query):
    answer = browser.get(URL, query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].split(".")[0] == next(iter(query))


def test_products_in_the_basket_are_known_by_the_shops_own_ids(trained, browser):
    Product.objects.filter(pk=trained.blue[0].pk).update(external_id="B0")

    body = browser.get(URL, {"basket": "ext:B0,ext:unknown", "limit": 3}).json()

    assert body["items"][0]["reason"]["code"] == "because_of_your_basket"


@pytest.mark.parametrize(("path", "key"), [("similar", "product/similar"), ("bought-together", "product/together")])
def test_lists_beside_a_product_are_counted_by_themselves_and_follow_the_product_page(trained, browser, path, key):
    pin = PlacementRule(kind="pin", product=trained.blue[7], slot=1)
    save_placement(Placement.objects.get(key="product"), [pin], by=None)
    wishes.forget()

    body = browser.get(f"/api/v1/products/{trained.green[0].public_id}/{path}").json()

    assert body["placement"] == recommendation_ids.read(body["id"]).placement == key
    assert body["items"][0]["product"]["id"] == trained.blue[7].public_id
    assert browser.get(URL, {"placement": key}).status_code == 400


@pytest.mark.parametrize("path", ["similar", "bought-together"])
def test_what_the_person_bought_is_not_shown_beside_a_product(trained, browser, server, path):
    customer = trained.customers[0]
    Customer.objects.filter(pk=customer.pk).update(external_id="C0")
    url = f"/api/v1/products/{trained.green[0].public_id}/{path}"
    first, second = (one["product"]["id"] for one in browser.get(url).json()["items"][:2])
    for who, ident in ((trained.visitor, first), (customer, second)):
        trained.act(who, Product.objects.get(public_id=ident), "purchase")

    def shown(caller, **who):
        return {one["product"]["id"] for one in caller.get(url, who).json()["items"]}

    assert first not in shown(browser, visitor="somebody")
    assert second in shown(browser, visitor="somebody")
    assert second not in shown(server, customer="ext:C0")
    assert {first, second} <= shown(browser)
    assert browser.get(url, {"customer": "ext:C0"}).status_code == 403
    Placement.objects.filter(key="product").update(repeats_allowed=True)
    wishes.forget()
    assert first in shown(browser, visitor="somebody")
    wishes.forget()


def test_similar_products_of_a_hidden_or_unknown_product_are_not_found(trained, browser):
    hidden = trained.green[0]
    shown = browser.get(f"/api/v1/products/{hidden.public_id}/similar")
    Product.objects.filter(pk=hidden.pk).update(status="hidden")

    assert shown.status_code == 200
    assert len(shown.json()["items"]) == 10
    assert browser.get(f"/api/v1/products/{hidden.public_id}/similar").status_code == 404
    assert browser.get("/api/v1/products/ext:nothing/similar").status_code == 404


def test_without_a_key_or_without_the_scope_nothing_is_answered(trained):
    _key, value = make_key("server", [Scope.ORDERS])

    assert APIClient().get(URL).status_code == 401
    assert APIClient(headers={"authorization": f"Bearer {value}"}).get(URL).status_code == 403


def test_an_event_sent_a_moment_ago_counts_in_the_next_answer(trained, browser):
    before = browser.get(URL, {"visitor": "somebody", "limit": 3}).json()
    trained.act(trained.visitor, trained.blue[2], "cart", at=NOW)
    after = browser.get(URL, {"visitor": "somebody", "limit": 3}).json()

    assert before["source"] == "popular"
    assert after["items"][0]["reason"]["product"] == trained.blue[2].public_id


def test_a_category_keeps_the_answer_to_itself_and_what_lies_below(trained, browser):
    above = CategoryFactory.create()
    below, beside = CategoryFactory.create(parent=above), CategoryFactory.create()
    Product.objects.update(category=beside)
    Product.objects.filter(pk=trained.green[1].pk).update(category=above)
    Product.objects.filter(pk=trained.green[2].pk).update(category=below)
    pin = PlacementRule(kind="pin", product=trained.green[3], slot=1)
    save_placement(Placement.objects.get(key="category"), rules=[pin], by=None)
    wishes.forget()
    trained.act(trained.visitor, trained.green[0])

    def asked(category: str):
        return browser.get(URL, {"visitor": "somebody", "placement": "category", "category": category, "limit": 3})

    body = asked(above.public_id).json()
    assert {item["product"]["id"] for item in body["items"]} == {one.public_id for one in trained.green[1:3]}
    assert (body["placement"], body["shortfall"]) == ("category", "rules")
    assert recommendation_ids.read(body["id"]).placement == "category"
    assert [item["product"]["id"] for item in asked(below.public_id).json()["items"]] == [trained.green[2].public_id]
    here = asked(beside.public_id).json()["items"]
    assert (len(here), here[0]["product"]["id"]) == (3, trained.green[3].public_id)

    unknown = asked("ext:nowhere")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "bad_input")
    assert "category" in str(unknown.json()["errors"])


def test_a_choice_against_personal_answers_that_was_written_elsewhere_counts_at_once(trained, server):
    """No answer remembers the choice; each asks for it anew."""
    customer = trained.customers[0]
    asked = {"customer": customer.public_id, "limit": 3}
    assert server.get(URL, asked).json()["source"] == "personal"

    Customer.objects.filter(pk=customer.pk).update(is_personalised=False)  # as another process writes it

    body = server.get(URL, asked).json()
    assert body["source"] != "personal"
    assert {item["reason"]["product"] for item in body["items"]} == {None}
