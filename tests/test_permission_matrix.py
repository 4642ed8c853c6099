"""Who may call what: every address × every kind of caller.

The addresses come from the URL configuration, the expectations from the tables below and, for staff, from the
rights of their roles. An address without a row fails the first two tests, which name it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from analytics.models import Segment
from catalog import services
from core import roles
from core.accounts import people
from core.accounts import tokens as staff_tokens
from core.api import tokens
from core.api.permissions import READS
from core.choices import Role
from core.models import ApiKey, LedgerEntry, Scope, ShopProfile
from core.models.access import PUBLISHABLE_SCOPES
from crm import services as points
from crm.models import Conversation, LoyaltyProgramme
from marketing.models import Campaign
from reviews.models import Aspect
from tests.factories import (
    AlertFactory,
    AlertRuleFactory,
    ApiKeyFactory,
    ArrivingPictureFactory,
    ArticleFactory,
    AspectTermFactory,
    AudienceFactory,
    BrandFactory,
    BulkChangeFactory,
    BusinessHoursFactory,
    CampaignFactory,
    CannedReplyFactory,
    CareEnrolmentFactory,
    CareProgrammeFactory,
    CategoryFactory,
    ConversationFactory,
    CouponCodeFactory,
    CustomerFactory,
    CustomFieldFactory,
    DataRequestFactory,
    DeadEventFactory,
    DeskSettingsFactory,
    EarnRuleFactory,
    ExperimentFactory,
    ExportFactory,
    FollowUpFactory,
    ImageAnalysisFactory,
    ImportBatchFactory,
    IntentExampleFactory,
    IntentFactory,
    JobFactory,
    LabelFactory,
    LabelSetFactory,
    LoyaltyProgrammeFactory,
    LoyaltyTierFactory,
    MacroFactory,
    MarketingSettingsFactory,
    ModelVersionFactory,
    OfferFactory,
    OutgoingMailFactory,
    PlacementFactory,
    ProductFactory,
    ProductImageFactory,
    RecipientFactory,
    ReplyTemplateFactory,
    ReviewFactory,
    ReviewLabelFactory,
    RewardFactory,
    SearchSynonymFactory,
    SegmentFactory,
    ShopProfileFactory,
    SlaPolicyFactory,
    StaffTokenFactory,
    StaffUserFactory,
    StockMovementFactory,
    SuppressionFactory,
    TeamFactory,
    TicketFactory,
    WebhookDeliveryFactory,
    WebhookFactory,
)

pytestmark = pytest.mark.django_db

# --- the addresses ------------------------------------------------------------------------------------------------


def patterns(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in (resolver or get_resolver()).url_patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLPattern):
            yield route, one
        else:
            yield from patterns(one, route)


ALL = list(patterns())
API = {f"/{route}": one for route, one in ALL if route.startswith("api/v1/")}
ADMIN = {one.name or route: one for route, one in ALL if route.startswith("admin/")}
OTHERS = {route for route, _one in ALL if not route.startswith(("api/v1/", "admin/"))}


def methods(pattern: URLPattern) -> set[str]:
    view = pattern.callback.cls  # type: ignore[attr-defined]
    return {method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)}


# --- the API ------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """Ana has an order and a review, Ben has none; both have a token."""

    product: Any
    image: Any
    review: Any
    ana: Any
    ben: Any
    server: ApiKey
    credentials: dict[str, str | None]

    def path(self, route: str) -> str:
        for name, value in {
            "<str:product_id>": self.product.public_id,
            "<str:image_id>": self.image.public_id,
            "<str:customer_id>": self.ana.public_id,
            "<str:number>": "A1",
            "<str:key>": "exp-1",
            "<str:kind>": "recommender",
            "<str:campaign_id>": Campaign.objects.earliest("pk").public_id,
            "<str:segment_id>": Segment.objects.get(key="new").public_id,
            "<int:number>": "1",
            "<str:review_id>": self.review.public_id,
            "<str:article_key>": "returns",
            "<str:conversation_id>": Conversation.objects.get(customer=self.ana).public_id,
            "<str:code>": "GIFT23456789",
        }.items():
            route = route.replace(name, value)
        return route


@dataclass(frozen=True)
class Row:
    """Statuses for those who get past the door. Everybody else gets 401 or 403."""

    scope: Scope | None
    server: int
    body: dict[str, Any] | None = None
    browser: int = 403
    ana: int = 403
    ben: int = 403


def for_all(scope: Scope, body: dict[str, Any] | None = None) -> Row:
    return Row(scope, 200, body, browser=200, ana=200, ben=200)


SEGMENT = {"name": "Buyers", "rule": {"all": [{"field": "orders", "op": "gte", "value": 1}]}}
CAMPAIGN = {"name": "Spring", "message": {"subject": {"en": "Tea"}, "body": {"en": "Hello {{unsubscribe_url}}"}}}
CONSENTS = {"consents": [{"purpose": "offers", "channel": "sms", "given": True}]}
VIEW = {"events": [{"kind": "search", "query": "tea", "visitor": "v1"}]}
API_ROWS = {
    ("GET", "/api/v1/products"): for_all(Scope.CATALOGUE_READ),
    ("GET", "/api/v1/products/<str:product_id>"): for_all(Scope.CATALOGUE_READ),
    ("PUT", "/api/v1/products/<str:product_id>"): Row(Scope.CATALOGUE_WRITE, 200, {"name": "P", "price": "1"}),
    ("GET", "/api/v1/products/<str:product_id>/images"): Row(Scope.CATALOGUE_WRITE, 200),
    ("POST", "/api/v1/products/<str:product_id>/images"): Row(
        Scope.CATALOGUE_WRITE, 202, {"url": "https://pictures.example/a.jpg"}
    ),
    ("PATCH", "/api/v1/products/<str:product_id>/images/<str:image_id>"): Row(Scope.CATALOGUE_WRITE, 200, {"alt": "A"}),
    ("DELETE", "/api/v1/products/<str:product_id>/images/<str:image_id>"): Row(Scope.CATALOGUE_WRITE, 204),
    ("GET", "/api/v1/products/<str:product_id>/similar"): for_all(Scope.RECOMMENDATIONS),
    ("GET", "/api/v1/products/<str:product_id>/bought-together"): for_all(Scope.RECOMMENDATIONS),
    ("GET", "/api/v1/categories"): for_all(Scope.CATALOGUE_READ),
    ("GET", "/api/v1/search"): for_all(Scope.SEARCH),
    ("GET", "/api/v1/search/suggestions"): for_all(Scope.SEARCH),
    ("POST", "/api/v1/search/image"): Row(Scope.SEARCH, 400, browser=400, ana=400, ben=400),
    ("GET", "/api/v1/products/<str:product_id>/similar-looking"): for_all(Scope.SEARCH),
    ("GET", "/api/v1/recommendations"): for_all(Scope.RECOMMENDATIONS),
    ("GET", "/api/v1/products/<str:product_id>/why"): for_all(Scope.RECOMMENDATIONS),
    ("POST", "/api/v1/events"): for_all(Scope.EVENTS, VIEW),
    ("POST", "/api/v1/visitors"): Row(Scope.EVENTS, 201, {"visitor": "v2"}, browser=201, ana=201, ben=201),
    ("POST", "/api/v1/stock"): Row(Scope.CATALOGUE_WRITE, 200, {"rows": [{"sku": "S", "set": 1}]}),
    ("PUT", "/api/v1/customers/<str:customer_id>"): Row(Scope.CUSTOMERS_WRITE, 200, {"name": "Ana"}),
    ("POST", "/api/v1/customers/<str:customer_id>/tokens"): Row(Scope.TOKENS, 201, {}),
    ("POST", "/api/v1/orders"): Row(Scope.ORDERS, 201, {"lines": [{"sku": "S", "quantity": 1}]}),
    ("GET", "/api/v1/orders/<str:number>"): Row(Scope.ORDERS, 200, ana=200, ben=404),
    ("POST", "/api/v1/orders/<str:number>/events"): Row(Scope.ORDERS, 200, {"kind": "paid"}),
    ("GET", "/api/v1/me/orders"): Row(None, 403, ana=200, ben=200),
    ("GET", "/api/v1/me/preferences"): Row(None, 403, ana=200, ben=200),
    ("PUT", "/api/v1/me/preferences"): Row(None, 403, {"personalised": False}, ana=200, ben=200),
    ("POST", "/api/v1/me/preferences/reset"): Row(None, 403, ana=200, ben=200),
    ("GET", "/api/v1/me"): Row(None, 403, ana=200, ben=200),
    ("DELETE", "/api/v1/me"): Row(None, 403, ana=202, ben=202),
    ("POST", "/api/v1/me/export"): Row(None, 403, ana=202, ben=202),
    ("GET", "/api/v1/me/export"): Row(None, 403, ana=404, ben=404),
    ("GET", "/api/v1/me/export/file"): Row(None, 403, ana=404, ben=404),
    ("GET", "/api/v1/articles"): for_all(Scope.REVIEWS),
    ("GET", "/api/v1/articles/<str:article_key>"): for_all(Scope.REVIEWS),
    ("POST", "/api/v1/articles/<str:article_key>/helped"): Row(
        Scope.REVIEWS, 204, {"version": 1, "language": "en", "helped": True}, browser=204, ana=204, ben=204
    ),
    ("GET", "/api/v1/products/<str:product_id>/reviews"): for_all(Scope.REVIEWS),
    ("POST", "/api/v1/products/<str:product_id>/reviews"): Row(
        Scope.REVIEWS, 400, {"rating": 5}, browser=403, ana=409, ben=201
    ),
    ("GET", "/api/v1/products/<str:product_id>/review-summary"): for_all(Scope.REVIEWS),
    ("POST", "/api/v1/reviews/<str:review_id>/helpful"): Row(
        Scope.REVIEWS, 200, {"visitor": "v1"}, browser=200, ana=409, ben=200
    ),
    ("DELETE", "/api/v1/reviews/<str:review_id>/helpful"): Row(Scope.REVIEWS, 422, browser=422, ana=200, ben=200),
    ("POST", "/api/v1/reviews/<str:review_id>/report"): Row(
        Scope.REVIEWS, 200, {"visitor": "v1", "reason": "abusive"}, browser=200, ana=409, ben=200
    ),
    ("GET", "/api/v1/me/reviews"): Row(None, 403, ana=200, ben=200),
    ("DELETE", "/api/v1/me/reviews/<str:review_id>"): Row(None, 403, ana=204, ben=404),
    ("POST", "/api/v1/me/reviews/<str:review_id>/photos"): Row(None, 403, {}, ana=415, ben=404),
    ("POST", "/api/v1/conversations"): Row(Scope.CONVERSATIONS, 201, {}, browser=201, ana=201, ben=201),
    ("GET", "/api/v1/conversations/<str:conversation_id>"): Row(
        Scope.CONVERSATIONS, 200, browser=404, ana=200, ben=404
    ),
    ("POST", "/api/v1/conversations/<str:conversation_id>/messages"): Row(
        Scope.CONVERSATIONS, 200, {"text": "hello"}, browser=404, ana=200, ben=404
    ),
    ("POST", "/api/v1/conversations/<str:conversation_id>/handover"): Row(
        Scope.CONVERSATIONS, 200, {}, browser=404, ana=200, ben=404
    ),
    ("POST", "/api/v1/conversations/<str:conversation_id>/satisfaction"): Row(
        Scope.CONVERSATIONS, 204, {"score": 5}, browser=404, ana=204, ben=404
    ),
    ("GET", "/api/v1/me/loyalty"): Row(None, 403, ana=200, ben=200),
    ("GET", "/api/v1/me/loyalty/history"): Row(None, 403, ana=200, ben=200),
    ("POST", "/api/v1/me/loyalty/redemptions"): Row(None, 403, {"points": 5}, ana=201, ben=409),
    ("GET", "/api/v1/me/offers"): Row(None, 403, ana=200, ben=200),
    ("POST", "/api/v1/me/offers/<str:offer_id>/acts"): Row(None, 403, {"act": "seen"}, ana=404, ben=404),
    ("POST", "/api/v1/stock-requests"): Row(
        Scope.CONVERSATIONS, 404, {"sku": "none", "email": "nobody@shop.test"}, browser=404, ana=404, ben=404
    ),
    ("GET", "/api/v1/me/stock-requests"): Row(None, 403, ana=200, ben=200),
    ("POST", "/api/v1/me/stock-requests"): Row(None, 403, {"sku": "none"}, ana=404, ben=404),
    ("DELETE", "/api/v1/me/stock-requests/<str:sku>"): Row(None, 403, ana=204, ben=204),
    ("GET", "/api/v1/me/consents"): Row(None, 403, ana=200, ben=200),
    ("PUT", "/api/v1/me/consents"): Row(None, 403, CONSENTS, ana=200, ben=200),
    ("GET", "/api/v1/customers/<str:customer_id>/consents"): Row(Scope.CUSTOMERS_WRITE, 200),
    ("PUT", "/api/v1/customers/<str:customer_id>/consents"): Row(Scope.CUSTOMERS_WRITE, 200, CONSENTS),
    ("GET", "/api/v1/loyalty/codes/<str:code>"): Row(Scope.ORDERS, 200),
    ("POST", "/api/v1/loyalty/codes/<str:code>/use"): Row(Scope.ORDERS, 200, {}),
    ("POST", "/api/v1/loyalty/codes/<str:code>/void"): Row(Scope.ORDERS, 200, {}),
    ("GET", "/api/v1/staff/customers/<str:customer_id>/scores"): Row(None, 403),
    ("GET", "/api/v1/staff/customers/<str:customer_id>/portrait"): Row(None, 403),
    ("GET", "/api/v1/staff/forecasts"): Row(None, 403),
    ("GET", "/api/v1/staff/scores"): Row(None, 403),
    ("GET", "/api/v1/staff/experiments"): Row(None, 403),
    ("GET", "/api/v1/staff/experiments/<str:key>"): Row(None, 403),
    ("GET", "/api/v1/staff/segments"): Row(None, 403),
    ("POST", "/api/v1/staff/segments"): Row(None, 403, SEGMENT),
    ("POST", "/api/v1/staff/segments/count"): Row(None, 403, {"rule": SEGMENT["rule"]}),
    ("GET", "/api/v1/staff/segments/<str:segment_id>"): Row(None, 403),
    ("PUT", "/api/v1/staff/segments/<str:segment_id>"): Row(None, 403, {"name": "Newcomers"}),
    ("GET", "/api/v1/staff/segments/<str:segment_id>/members"): Row(None, 403),
    ("GET", "/api/v1/staff/campaigns"): Row(None, 403),
    ("POST", "/api/v1/staff/campaigns"): Row(None, 403, CAMPAIGN),
    ("GET", "/api/v1/staff/campaigns/<str:campaign_id>"): Row(None, 403),
    ("POST", "/api/v1/staff/campaigns/<str:campaign_id>/acts"): Row(None, 403, {"act": "cancel"}),
    ("GET", "/api/v1/staff/impact"): Row(None, 403),
    ("GET", "/api/v1/staff/jobs"): Row(None, 403),
    ("GET", "/api/v1/staff/jobs/<int:number>"): Row(None, 403),
    ("GET", "/api/v1/staff/models"): Row(None, 403),
    ("GET", "/api/v1/staff/models/<str:kind>/<int:number>"): Row(None, 403),
}
# What staff need there: the same that opens the page of the staff site.
STAFF_API = {
    "/api/v1/staff/customers/<str:customer_id>/portrait": {"catalog.view_customer"},
    "/api/v1/staff/customers": {"analytics.view_customerstats"},
    "/api/v1/staff/forecasts": {"analytics.view_dailysales"},
    "/api/v1/staff/scores": {"analytics.view_customerstats"},
    "/api/v1/staff/experiments": {"core.view_experiment", "core.change_experiment"},
    "/api/v1/staff/campaigns": {"marketing.view_campaign", "marketing.change_campaign"},
    "/api/v1/staff/impact": {"core.view_experiment", "core.change_experiment"},
    "/api/v1/staff/jobs": {"core.view_job"},
    "/api/v1/staff/models": {"core.view_modelversion"},
    "/api/v1/staff/segments": {"analytics.view_segment", "analytics.change_segment"},
}
STAFF_WRITES = {
    ("POST", "/api/v1/staff/segments"): {"analytics.add_segment"},
    ("PUT", "/api/v1/staff/segments/<str:segment_id>"): {"analytics.change_segment"},
    ("POST", "/api/v1/staff/campaigns"): {"marketing.add_campaign"},
    ("POST", "/api/v1/staff/campaigns/<str:campaign_id>/acts"): {"marketing.run_campaign"},
}
STAFF_MAKES = {"/api/v1/staff/segments", "/api/v1/staff/campaigns"}


def rights_of_staff(route: str) -> set[str] | None:
    """None: the address is not for staff."""
    return next((rights for prefix, rights in STAFF_API.items() if route.startswith(prefix)), None)


def may_call(key: tuple[str, str], has: set[str]) -> bool:
    """Whether staff with these rights get past the door of an address."""
    if key in STAFF_WRITES:
        return bool(STAFF_WRITES[key] & has)
    if key[1].endswith("/members") and "catalog.view_customer" not in has:
        return False
    return bool((rights_of_staff(key[1]) or set()) & has)


def test_every_address_of_the_api_has_a_row_in_the_matrix():
    found = {(method, route) for route, pattern in API.items() for method in methods(pattern)}

    assert found - set(API_ROWS) == set(), "add a row to API_ROWS for each of these"
    assert set(API_ROWS) - found == set(), "these rows have no address any more"


@pytest.fixture
def world() -> World:
    product = ProductFactory.create(price="1", stock=-1)
    product.variants.create(sku="S", stock=50)
    ana, ben = CustomerFactory.create(name="Ana"), CustomerFactory.create(name="Ben")
    services.place_order(services.NewOrder(lines=[services.NewLine(sku="S", quantity=1)], customer=ana, number="A1"))
    server = ApiKeyFactory.create()
    expired = ApiKeyFactory.create(expires_at=timezone.now() - timedelta(seconds=1))

    def token(customer: Any, **more: Any) -> str:
        return tokens.mint(customer=customer.public_id, key_id=server.pk, **more)[0]

    credentials = {
        "anonymous": None,
        "unknown key": "zg_sk_unknown",
        "expired key": expired.value,
        "expired token": token(ana, lifetime=timedelta(seconds=-1)),
        "server without scopes": ApiKeyFactory.create(scopes=[]).value,
        "server": server.value,
        "browser": ApiKeyFactory.create(publishable=True, scopes=list(PUBLISHABLE_SCOPES)).value,
        "ana": token(ana),
        "ben": token(ben),
    }
    review = ReviewFactory.create(product=product, customer=ana, published=True)
    ArticleFactory.create(key="returns", published=True)
    ConversationFactory.create(customer=ana, channel="chat", state="assistant", outcome="resolved")
    CampaignFactory.create()
    LoyaltyProgrammeFactory.create()
    LoyaltyProgramme.objects.update(is_on=True, started_at=timezone.now(), least_redeemed=1)
    points.adjust(customer_id=ana.pk, points=50, reason="test", key="world")
    code = points.redeem(customer_id=ana.pk, points=5)
    type(code).objects.update(code="GIFT23456789")
    return World(product, ProductImageFactory.create(product=product), review, ana, ben, server, credentials)


CALLERS = (
    "anonymous",
    "unknown key",
    "expired key",
    "expired token",
    "server without scopes",
    "server",
    "browser",
    "ana",
    "ben",
)


def expected(row: Row, caller: str) -> int:
    if caller in ("anonymous", "unknown key", "expired key", "expired token"):
        return 401
    return {"server": row.server, "browser": row.browser, "ana": row.ana, "ben": row.ben}.get(caller, 403)


def call(method: str, path: str, body: Any, credential: str | None, client: Client | None = None) -> Any:
    headers = {"Authorization": f"Bearer {credential}"} if credential else {}
    send = getattr(client or Client(), method.lower())
    if body is None:
        return send(path, headers=headers)
    return send(path, body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("key", API_ROWS, ids=" ".join)
def test_each_caller_of_the_api_gets_what_the_matrix_says(key, world):
    (method, route), row = key, API_ROWS[key]

    got = {caller: undone(call, method, world.path(route), row.body, world.credentials[caller]) for caller in CALLERS}

    assert {caller: answer.status_code for caller, answer in got.items()} == {
        caller: expected(row, caller) for caller in CALLERS
    }
    refused = [answer for answer in got.values() if answer.status_code >= 400]
    assert {answer["Content-Type"] for answer in refused} == {"application/problem+json"}


@pytest.mark.parametrize("key", [k for k, row in API_ROWS.items() if row.scope], ids=" ".join)
def test_one_scope_opens_the_address_and_all_others_together_do_not(key, world):
    (method, route), row = key, API_ROWS[key]
    only = ApiKeyFactory.create(scopes=[row.scope.value]).value
    others = ApiKeyFactory.create(scopes=[scope.value for scope in Scope if scope is not row.scope]).value

    assert undone(call, method, world.path(route), row.body, only).status_code == row.server
    assert undone(call, method, world.path(route), row.body, others).status_code == 403


@pytest.mark.parametrize("role", Role)
def test_staff_may_by_program_what_they_may_in_the_staff_site_and_nothing_else(role, world):
    person = StaffUserFactory.create(role=role)
    ExperimentFactory.create(key="exp-1")
    ModelVersionFactory.create(kind="recommender", number=1)
    job = JobFactory.create()
    client = Client()
    client.force_login(person)
    token = StaffTokenFactory.create(person=person).value
    has = person.get_all_permissions()

    def path(route: str) -> str:
        return world.path(route.replace("<int:number>", str(job.pk)) if "jobs" in route else route)

    for credential, caller in ((None, client), (token, None)):
        got = {
            key: undone(call, key[0], path(key[1]), row.body, credential, caller).status_code
            for key, row in API_ROWS.items()
        }
        assert got == {
            key: (201 if key[1] in STAFF_MAKES and key[0] == "POST" else 200) if may_call(key, has) else 403
            for key in API_ROWS
        }
    pages = {
        "experiments": "core_experiment", "jobs": "core_job", "models": "core_modelversion",
        "segments": "analytics_segment", "campaigns": "marketing_campaign",
    }  # fmt: skip
    for name, page in pages.items():
        opens = client.get(reverse(f"admin:{page}_changelist")).status_code == 200
        assert opens == bool(rights_of_staff(f"/api/v1/staff/{name}") & has), name


@pytest.mark.parametrize("how", ["revoked", "expired", "switched off", "no longer staff", "unknown", "no second step"])
def test_a_token_that_ended_opens_nothing(how, world):
    token = StaffTokenFactory.create(person__role=Role.OWNER)
    value, person = token.value, token.person
    match how:
        case "revoked":
            staff_tokens.revoke(token)
        case "expired":
            type(token).objects.update(expires_at=timezone.now())
        case "switched off":
            people.set_active(person, False, by=StaffUserFactory.create(role=Role.OWNER))
            type(person).objects.filter(pk=person.pk).update(is_active=True)
        case "no longer staff":
            type(person).objects.filter(pk=person.pk).update(is_staff=False)
        case "unknown":
            value = value[:-1] + ("A" if value[-1] != "A" else "B")
        case "no second step":
            ShopProfileFactory.create()
            ShopProfile.objects.update(second_factor_roles=[Role.OWNER.value])

    answer = call("GET", "/api/v1/staff/jobs", None, value)

    assert (answer.status_code, answer.json()["code"]) == (401, "token_unknown")


def test_ids_of_others_and_ids_of_nobody_look_the_same(world):
    for (method, route), row in API_ROWS.items():
        if "<" not in route or method not in READS or rights_of_staff(route) is not None:
            continue
        path = world.path(route).replace(world.product.public_id, "0" * 32).replace("A1", "none")
        path = path.replace("/articles/returns", "/articles/none")
        refused = row.ben == 403 and row.ana == 403  # a door that no customer may open is shut for every id
        assert call(method, path, None, world.credentials["ben"]).status_code == (403 if refused else 404), route


# --- open to everybody --------------------------------------------------------------------------------------------

OPEN = {
    "inbox/rate/<str:token>": ("/inbox/rate/nothing", 404),  # a signed link (tests/crm/test_asking.py)
    "inbox/mail": ("/inbox/mail", 405),  # takes signed mails only (tests/crm/test_desk_mail.py)
    # Signed links in messages (tests/marketing): a token that is not ours opens nothing.
    "t/<str:token>": ("/t/x", 404),
    "unsubscribe/<str:token>": ("/unsubscribe/x", 404),
    "preferences/<str:token>": ("/preferences/x", 404),
    "consent/<str:token>": ("/consent/x", 404),
    "told-of-stock/<str:token>": ("/told-of-stock/x", 404),
    "messages/events": ("/messages/events", 405),  # takes signed reports only
    "messages/events/<slug:service>": ("/messages/events/postmark", 405),  # the same, in a service's own form
    "": ("/", 302),
    "i18n/language": ("/i18n/language", 302),
    "livez": ("/livez", 200),
    "readyz": ("/readyz", 200),
    "metrics": ("/metrics", 200),
    "api/": ("/api/", 200),
    "api/schema": ("/api/schema", 200),
    "api/<path:rest>": ("/api/none", 404),
    "pictures/<int:width>/<path:name>": ("/pictures/320/products/none.png", 404),
    # Closed unless the installation opens it: tests/storefront has it open.
    "shop/": ("/shop/", 404),
    "shop/c/<str:category_id>/": ("/shop/c/A1/", 404),
    "shop/p/<str:product_id>/": ("/shop/p/A1/", 404),
    "shop/p/<str:product_id>/reviews/": ("/shop/p/A1/reviews/", 404),
    "shop/account/reviews/<str:review_id>/photos": ("/shop/account/reviews/R1/photos", 404),
    "shop/p/<str:product_id>/tell-me": ("/shop/p/A1/tell-me", 405),
    "shop/p/<str:product_id>/reviews/write": ("/shop/p/A1/reviews/write", 405),
    "shop/p/<str:product_id>/reviews/<str:review_id>": ("/shop/p/A1/reviews/R1", 405),
    "shop/account/reviews/<str:review_id>": ("/shop/account/reviews/R1", 405),
    "shop/search": ("/shop/search", 404),
    "shop/search/photo": ("/shop/search/photo", 404),
    "shop/basket/": ("/shop/basket/", 404),
    "shop/basket/add": ("/shop/basket/add", 405),
    "shop/basket/change": ("/shop/basket/change", 405),
    "shop/checkout/": ("/shop/checkout/", 404),
    "shop/orders/<str:number>/": ("/shop/orders/A1/", 404),
    "shop/account/": ("/shop/account/", 404),
    "shop/account/sign-in": ("/shop/account/sign-in", 405),
    "shop/account/sign-out": ("/shop/account/sign-out", 405),
    "shop/account/personalisation": ("/shop/account/personalisation", 405),
    "shop/account/forget": ("/shop/account/forget", 405),
    "shop/account/messages": ("/shop/account/messages", 405),
    "shop/account/offers": ("/shop/account/offers", 405),
    "shop/account/offers/<str:offer_id>": ("/shop/account/offers/O1", 405),
    "shop/account/points": ("/shop/account/points", 405),
    "shop/account/copy": ("/shop/account/copy", 405),
    "shop/account/copy/file": ("/shop/account/copy/file", 404),
    "shop/account/erase": ("/shop/account/erase", 405),
    "shop/help/": ("/shop/help/", 404),
    "shop/help/<str:key>": ("/shop/help/returns", 404),
    "shop/help/<str:key>/helped": ("/shop/help/returns/helped", 405),
    "shop/privacy/": ("/shop/privacy/", 404),
    "shop/look": ("/shop/look", 405),
    "^media/(?P<path>.+)$": ("/media/none.png", 404),
}


def test_every_address_outside_the_api_and_the_staff_site_has_a_row_in_the_matrix():
    assert OTHERS - set(OPEN) == set(), "add a row to OPEN for each of these"
    assert set(OPEN) - OTHERS == set(), "these rows have no address any more"


@pytest.mark.parametrize("route", OPEN)
def test_what_is_open_answers_everybody_the_same(route, world):
    path, status = OPEN[route]
    assert Client().get(path).status_code == status
    assert call("GET", path, None, world.credentials["server without scopes"]).status_code == status


# --- the staff site -----------------------------------------------------------------------------------------------

ANYBODY, STAFF, NOBODY = {"*"}, {"staff"}, set()

# Nobody does this by hand, not even the owner: services write these rows.
CLOSED = {
    "core.alert": "add change delete",
    "core.alertrule": "add delete",
    "core.apikey": "change delete",
    "core.datarequest": "add change delete",
    "core.job": "add change delete",
    "core.ledgerentry": "add change delete",
    "core.modelversion": "add change delete",
    "core.outgoingmail": "add change delete",
    "core.shopprofile": "add delete",
    "core.staffrole": "add change delete",
    "core.staffuser": "delete",
    "core.export": "add delete",
    "core.webhookdelivery": "add change delete",
    "analytics.segment": "delete",
    "catalog.arrivingpicture": "add change delete",
    "catalog.bulkchange": "add change delete",
    "catalog.customer": "add delete",
    "catalog.deadevent": "add change delete",
    "catalog.importbatch": "change delete",
    "catalog.order": "add change delete",
    "catalog.stockmovement": "add change delete",
    "crm.loyaltyaccount": "add change delete",
    "crm.loyaltyprogramme": "add delete",
    "crm.careenrolment": "add change delete",
    "crm.ticket": "add change delete",
    "crm.desksettings": "add delete",
    "marketing.marketingsettings": "add delete",
    "marketing.campaign": "delete",
    "marketing.couponcode": "add change delete",
    "marketing.offer": "delete",
    "marketing.recipient": "add change delete",
    "marketing.suppression": "change delete",
    "reviews.aspect": "delete",
    "reviews.followup": "add change delete",
    "reviews.reviewlabel": "add change delete",
    "reviews.review": "add change delete",
    "vision.imageanalysis": "add change delete",
    "vision.label": "delete",
    "vision.labelset": "delete",
}

# Their pages only show; sending a form there shows them again.
SHOWN_ONLY = {
    "analytics.segment",
    "core.alert",
    "core.apikey",
    "core.datarequest",
    "core.job",
    "core.ledgerentry",
    "core.modelversion",
    "core.outgoingmail",
    "core.staffrole",
    "core.webhookdelivery",
    "catalog.bulkchange",
    "catalog.importbatch",
    "catalog.order",
    "crm.loyaltyaccount",
    "crm.ticket",
    "marketing.recipient",
    "marketing.suppression",
    "reviews.followup",
    "reviews.review",
}

# Who runs campaigns sees the messages of marketing that are kept here, and no other mail.
ALSO_SEEN = {"core.outgoingmail": {"marketing.run_campaign"}}
SEGMENTS_SEEN = {"analytics.view_segment", "analytics.change_segment"}

# Method and the rights of which one is needed, for addresses that are not those of every table.
STAFF_ROWS: dict[str, tuple[str, set[str]]] = {
    "login": ("GET", ANYBODY),
    "logout": ("POST", ANYBODY),
    "index": ("GET", STAFF),
    "search": ("GET", STAFF),
    "profile": ("GET", STAFF),
    "saved_view": ("POST", {"catalog.view_product", "catalog.change_product"}),
    "saved_view_counts": ("GET", {"catalog.view_product", "catalog.change_product"}),
    "password_forgotten": ("GET", ANYBODY),
    "password_reset": ("GET", ANYBODY),
    "invitation": ("GET", ANYBODY),
    "second_factor": ("GET", STAFF),
    "second_factor_off": ("GET", STAFF),
    "recovery_codes": ("GET", STAFF),
    "sign_out_elsewhere": ("POST", STAFF),
    "staff_token_add": ("GET", STAFF),
    "staff_token_revoke": ("POST", STAFF),
    "core_outgoingmail_again": ("POST", {"core.change_outgoingmail"}),
    "core_staffuser_resend": ("POST", {"core.change_staffuser"}),
    "core_staffuser_withdraw": ("POST", {"core.change_staffuser"}),
    "core_staffuser_unlock": ("POST", {"core.change_staffuser"}),
    "core_staffuser_reset_link": ("POST", {"core.change_staffuser"}),
    "core_staffuser_second_factor": ("POST", {"core.change_staffuser"}),
    "core_staffuser_end_sessions": ("POST", {"core.change_staffuser"}),
    "password_change": ("GET", STAFF),
    "password_change_done": ("GET", STAFF),
    "jsi18n": ("GET", STAFF),
    "core_apikey_revoke": ("POST", {"core.change_apikey"}),
    "core_datarequest_ask": ("POST", {"core.add_datarequest"}),
    "core_datarequest_approve": ("POST", {"core.change_datarequest"}),
    "core_datarequest_refuse": ("POST", {"core.change_datarequest"}),
    "core_datarequest_file": ("GET", {"core.change_datarequest"}),
    "core_alert_bell": ("GET", {"core.view_alert"}),
    "core_alert_acknowledge": ("POST", {"core.change_alert"}),
    "core_alert_close": ("POST", {"core.change_alert"}),
    "core_export_changelist": ("GET", {"core.export_data"}),
    "core_export_change": ("GET", {"core.export_data"}),
    "core_export_history": ("GET", {"core.export_data"}),
    "core_export_download": ("GET", {"core.export_data"}),
    "core_alert_export": ("POST", {"core.export_data & core.view_alert"}),
    "core_ledgerentry_export": ("POST", {"core.export_data & core.view_ledgerentry"}),
    "catalog_product_export": ("POST", {"core.export_data & catalog.view_product"}),
    "catalog_category_export": ("POST", {"core.export_data & catalog.view_category"}),
    "catalog_brand_export": ("POST", {"core.export_data & catalog.view_brand"}),
    "catalog_customer_export": ("POST", {"core.export_data & catalog.view_customer"}),
    "catalog_order_export": ("POST", {"core.export_data & catalog.view_order"}),
    "catalog_searchsynonym_export": ("POST", {"core.export_data & catalog.view_searchsynonym"}),
    "recommender_placement_export": ("POST", {"core.export_data & recommender.view_placement"}),
    "catalog_stockmovement_export": ("POST", {"core.export_data & catalog.view_stockmovement"}),
    "recommender_placement_try": ("POST", {"recommender.view_placement"}),
    "recommender_placement_restore": ("POST", {"recommender.change_placement"}),
    "core_webhook_secret": ("POST", {"core.change_webhook"}),
    "core_webhook_test": ("POST", {"core.change_webhook"}),
    "core_webhook_replay": ("POST", {"core.change_webhook"}),
    "core_webhookdelivery_replay": ("POST", {"core.change_webhook"}),
    "analytics_segment_rule": ("POST", SEGMENTS_SEEN),
    "analytics_segment_preview": ("POST", SEGMENTS_SEEN),
    "analytics_segment_overlap": ("GET", SEGMENTS_SEEN),
    "analytics_segment_profile": ("GET", SEGMENTS_SEEN),
    "analytics_segment_count": ("POST", {"analytics.change_segment"}),
    "analytics_segment_members": (
        "GET",
        {"catalog.view_customer & analytics.view_segment", "catalog.view_customer & analytics.change_segment"},
    ),
    "analytics_segment_edit": ("GET", {"analytics.change_segment"}),
    "analytics_segment_back": ("POST", {"analytics.change_segment"}),
    "analytics_segment_archive": ("POST", {"analytics.change_segment"}),
    "analytics_segment_freeze": ("POST", {"analytics.change_segment"}),
    "analytics_segment_clusters": ("POST", {"analytics.change_segment"}),
    "analytics_segment_export": ("POST", {"core.export_data & analytics.view_segment"}),
    "core_experiment_plan": ("GET", {"core.view_experiment", "core.change_experiment"}),
    "core_experiment_start": ("POST", {"core.run_experiment"}),
    "core_experiment_stop": ("POST", {"core.run_experiment"}),
    "core_experiment_decide": ("POST", {"core.run_experiment"}),
    "core_experiment_look": ("POST", {"core.run_experiment"}),
    "core_experiment_archive": ("POST", {"core.run_experiment"}),
    "core_experiment_copy": ("POST", {"core.add_experiment"}),
    "core_experiment_results": ("POST", {"core.export_data & core.view_experiment"}),
    "core_experiment_export": ("POST", {"core.export_data & core.view_experiment"}),
    "core_job_progress": ("GET", {"core.view_job"}),
    "core_job_cancel": ("POST", {"core.change_job"}),
    "core_job_retry": ("POST", {"core.change_job"}),
    "core_modelversion_activate": ("POST", {"core.activate_modelversion"}),
    "core_modelversion_back": ("POST", {"core.activate_modelversion"}),
    "core_modelversion_train": ("POST", {"core.activate_modelversion"}),
    "auth_user_password_change": ("GET", {"core.change_staffuser"}),
    "catalog_importbatch_columns": ("GET", {"catalog.add_importbatch"}),
    "catalog_importbatch_section": ("POST", {"catalog.add_importbatch"}),
    "catalog_importbatch_preview": ("GET", {"catalog.add_importbatch"}),
    "catalog_importbatch_start": ("POST", {"catalog.add_importbatch"}),
    "catalog_importbatch_discard": ("POST", {"catalog.add_importbatch"}),
    "catalog_importbatch_undo": ("GET", {"catalog.undo_importbatch & catalog.view_importbatch"}),
    "catalog_importbatch_refused": (
        "GET",
        {"core.export_data & catalog.view_personal_data & catalog.view_importbatch"},
    ),
    "catalog_order_step": ("POST", {"catalog.change_order"}),
    "catalog_order_refund": ("POST", {"catalog.refund_order"}),
    "catalog_product_panel": ("GET", {"catalog.view_product", "catalog.change_product"}),
    "catalog_customer_merge": ("GET", {"catalog.merge_customers & catalog.view_customer"}),
    "catalog_customer_merge_undo": ("POST", {"catalog.merge_customers"}),
    "catalog_customer_timeline": ("GET", {"catalog.view_customer", "catalog.change_customer"}),
    "catalog_customer_panel": ("GET", {"catalog.view_customer", "catalog.change_customer"}),
    "catalog_product_bulk": ("GET", {"catalog.change_product"}),
    "catalog_bulkchange_undo": ("POST", {"catalog.change_product"}),
    "catalog_product_undo": ("POST", {"catalog.change_product", "catalog.delete_product"}),
    "catalog_product_thumbnail": ("GET", {"catalog.view_product", "catalog.change_product"}),
    "catalog_product_restore": ("POST", {"catalog.delete_product"}),
    "catalog_search_quality": ("GET", {"catalog.view_searchquery"}),
    "catalog_search_quality_export": ("POST", {"core.export_data & catalog.view_searchquery"}),
    "analytics_quality": ("GET", {"analytics.view_dataqualityreport"}),
    "analytics_sales": ("GET", {"analytics.view_dailysales"}),
    "analytics_sales_export": ("POST", {"core.export_data & analytics.view_dailysales"}),
    "analytics_sales_people": ("GET", {"analytics.view_customerstats"}),
    "analytics_products": ("GET", {"analytics.view_dailysales"}),
    "analytics_products_export": ("POST", {"core.export_data & analytics.view_dailysales"}),
    "analytics_funnel": ("GET", {"analytics.view_dailysales"}),
    "analytics_funnel_export": ("POST", {"core.export_data & analytics.view_dailysales"}),
    "analytics_funnel_people": ("GET", {"analytics.view_customerstats"}),
    "analytics_cohorts": ("GET", {"analytics.view_dailysales"}),
    "analytics_cohorts_export": ("POST", {"core.export_data & analytics.view_dailysales"}),
    "analytics_cohort_people": ("GET", {"analytics.view_customerstats"}),
    "analytics_customers": ("GET", {"analytics.view_customerstats"}),
    "analytics_customers_export": ("POST", {"core.export_data & analytics.view_customerstats"}),
    "analytics_forecast": ("GET", {"analytics.view_dailysales"}),
    "analytics_forecast_export": ("POST", {"core.export_data & analytics.view_dailysales"}),
    "analytics_anomalies": ("GET", {"analytics.view_dailysales"}),
    "analytics_anomalies_export": ("POST", {"core.export_data & analytics.view_dailysales"}),
    "recommender_online": ("GET", {"recommender.view_placement"}),
    "recommender_online_export": ("POST", {"core.export_data & recommender.view_placement"}),
    "analytics_impact": ("GET", {"core.view_experiment"}),
    "analytics_impact_export": ("POST", {"core.export_data & core.view_experiment"}),
    "analytics_live": ("GET", {"analytics.view_dailysales"}),
    "recommender_preview": ("GET", {"catalog.view_product"}),
    "recommender_trials": ("GET", {"core.view_modelversion"}),
    "reviews_aspects": ("GET", {"reviews.view_review"}),
    "reviews_aspects_export": ("POST", {"core.export_data & reviews.view_review"}),
    "reviews_aspect_export": ("POST", {"core.export_data & reviews.view_aspect"}),
    "reviews_aspectterm_export": ("POST", {"core.export_data & reviews.view_aspectterm"}),
    "reviews_aspectterm_undo": ("POST", {"reviews.change_aspectterm"}),
    "reviews_terms": ("GET", {"reviews.change_aspectterm"}),
    "reviews_aspect_reviews": ("GET", {"reviews.view_review"}),
    "vision_duplicates": ("GET", {"vision.decide_duplicates"}),
    "vision_search": ("GET", {"vision.view_imageanalysis"}),
    "catalog_product_pictures": ("GET", {"catalog.view_productimage", "catalog.change_productimage"}),
    "catalog_arrivingpicture_export": ("POST", {"core.export_data & catalog.view_arrivingpicture"}),
    "vision_tag_effects": ("GET", {"vision.view_tagsuggestion"}),
    "vision_queue": ("GET", {"vision.review_tags"}),
    "vision_labelling": ("GET", {"vision.review_tags"}),
    "vision_label_errors": ("GET", {"vision.review_tags"}),
    "vision_label_export": ("POST", {"core.export_data & vision.view_label"}),
    "vision_quality": ("GET", {"vision.view_imagereading"}),
    "vision_quality_export": ("POST", {"core.export_data & vision.view_imagereading"}),
    "vision_imageanalysis_export": ("POST", {"core.export_data & vision.view_imageanalysis"}),
    "vision_product_tags": ("POST", {"vision.review_tags"}),
    "reviews_queue": ("GET", {"reviews.moderate_review"}),
    "reviews_quality": ("GET", {"reviews.view_reviewreading"}),
    "reviews_sample": ("GET", {"reviews.correct_reading"}),
    "reviews_review_correct": ("POST", {"reviews.correct_reading"}),
    "reviews_review_uncorrect": ("POST", {"reviews.correct_reading"}),
    "reviews_review_aspect": ("POST", {"reviews.correct_reading"}),
    "reviews_review_aspect_undo": ("POST", {"reviews.correct_reading"}),
    "reviews_trends": ("GET", {"reviews.view_review"}),
    "reviews_trends_export": ("POST", {"core.export_data & reviews.view_review"}),
    "reviews_followup_settle": ("POST", {"reviews.change_followup"}),
    "reviews_followup_settle_many": ("POST", {"reviews.change_followup"}),
    "reviews_reviewlabel_export": ("POST", {"core.export_data & reviews.view_reviewlabel"}),
    "reviews_followup_export": ("POST", {"core.export_data & reviews.view_followup"}),
    "reviews_review_undo": ("POST", {"reviews.moderate_review"}),
    "reviews_review_decide": ("POST", {"reviews.moderate_review"}),
    "reviews_review_quote": ("POST", {"reviews.hide_quote"}),
    "reviews_review_photo": ("POST", {"reviews.moderate_review"}),
    "reviews_review_reply": ("POST", {"reviews.change_reviewreply"}),
    "reviews_review_export": ("POST", {"core.export_data & reviews.view_review"}),
    "reviews_answers": ("GET", {"reviews.view_intent"}),
    "reviews_facts": ("GET", {"reviews.view_article"}),
    "reviews_examples_add": ("GET", {"reviews.add_intentexample"}),
    "reviews_article_undo": ("POST", {"reviews.publish_article"}),
    "reviews_article_publish": ("POST", {"reviews.publish_article"}),
    "reviews_article_back": ("POST", {"reviews.change_article"}),
    "reviews_article_panel": ("GET", {"reviews.view_article", "reviews.change_article"}),
    "reviews_article_export": ("POST", {"core.export_data & reviews.view_article"}),
    "reviews_intent_panel": ("GET", {"reviews.view_intent", "reviews.change_intent"}),
    "reviews_intent_export": ("POST", {"core.export_data & reviews.view_intent"}),
    "reviews_intentexample_export": ("POST", {"core.export_data & reviews.view_intentexample"}),
    "crm_customer_acts": ("POST", {"crm.add_customernote & catalog.view_customer"}),
    "crm_care_switch": ("POST", {"crm.change_careprogramme"}),
    "crm_careprogramme_panel": ("GET", {"crm.view_careprogramme", "crm.change_careprogramme"}),
    "crm_careenrolment_export": ("POST", {"core.export_data & crm.view_careenrolment"}),
    "crm_next_step": ("POST", {"crm.record_next_step & catalog.view_customer"}),
    "crm_worklists": ("GET", {"crm.view_worklist"}),
    "marketing_uplift": ("GET", {"marketing.view_campaign"}),
    "marketing_uplift_act": ("POST", {"marketing.change_campaign"}),
    "marketing_privacy": ("GET", {"marketing.view_privacybudget"}),
    "marketing_privacy_act": ("POST", {"marketing.change_privacybudget"}),
    "marketing_effects": ("GET", {"marketing.view_campaign"}),
    "marketing_effects_act": ("POST", {"marketing.change_campaign"}),
    "marketing_effects_export": ("POST", {"core.export_data & marketing.view_campaign"}),
    "crm_worklist": ("GET", {"crm.view_worklist"}),
    "crm_duplicates": ("GET", {"catalog.merge_customers"}),
    "crm_assistant": ("GET", {"crm.view_desk_report"}),
    "crm_chat": ("GET", {"crm.view_conversation"}),
    "crm_assistant_export": ("POST", {"core.export_data & crm.view_desk_report"}),
    "crm_liability": ("GET", {"crm.view_loyaltyaccount"}),
    "crm_liability_export": ("POST", {"core.export_data & crm.view_loyaltyaccount"}),
    "crm_inbox": ("GET", {"crm.view_ticket"}),
    "crm_inbox_changes": ("GET", {"crm.view_ticket"}),
    "crm_inbox_side": ("GET", {"crm.view_ticket"}),
    "crm_inbox_texts": ("GET", {"crm.view_ticket"}),
    "crm_service_strategy": ("GET", {"crm.view_servicestrategy"}),
    "crm_service_strategy_export": ("POST", {"core.export_data & crm.view_servicestrategy"}),
    "crm_desk_report": ("GET", {"crm.view_desk_report"}),
    "crm_desk_report_export": ("POST", {"core.export_data & crm.view_desk_report"}),
    "crm_ticket_undo": ("POST", {"crm.change_ticket"}),
    "crm_ticket_export": ("POST", {"core.export_data & crm.view_ticket"}),
    "crm_cannedreply_export": ("POST", {"core.export_data & crm.view_cannedreply"}),
    "crm_past": ("GET", {"crm.view_loyaltyprogramme"}),
    "crm_loyaltyaccount_adjust": ("POST", {"crm.adjust_points"}),
    "crm_loyaltyaccount_undo": ("POST", {"crm.adjust_points"}),
    "crm_loyaltyaccount_export": ("POST", {"core.export_data & crm.view_loyaltyaccount"}),
    "crm_loyaltytier_export": ("POST", {"core.export_data & crm.view_loyaltytier"}),
    "crm_earnrule_export": ("POST", {"core.export_data & crm.view_earnrule"}),
    "crm_reward_export": ("POST", {"core.export_data & crm.view_reward"}),
    "marketing_audience_edit": ("POST", {"marketing.change_audience"}),
    "marketing_audience_count": ("POST", {"marketing.change_audience"}),
    "marketing_audience_lines": ("GET", {"marketing.change_audience"}),
    "marketing_audience_export": ("POST", {"core.export_data & marketing.view_audience"}),
    "marketing_strategy": ("GET", {"marketing.view_campaign"}),
    "marketing_strategy_act": ("POST", {"marketing.change_campaign & marketing.add_offer"}),
    "marketing_offer_act": ("POST", {"marketing.change_offer"}),
    "marketing_offer_export": ("POST", {"core.export_data & marketing.view_offer"}),
    "marketing_couponcode_export": ("POST", {"core.export_data & marketing.view_couponcode"}),
    "marketing_campaign_reach": ("POST", {"marketing.view_campaign", "marketing.change_campaign"}),
    "marketing_campaign_act": ("POST", {"marketing.change_campaign"}),
    "marketing_campaign_offers": ("GET", {"marketing.view_campaign", "marketing.change_campaign"}),
    "marketing_campaign_offers_act": ("POST", {"marketing.change_campaign"}),
    "marketing_campaign_preview": ("GET", {"marketing.view_campaign", "marketing.change_campaign"}),
    "marketing_recipient_settle": ("POST", {"marketing.settle_recipient & marketing.view_recipient"}),
    "marketing_recipient_again": ("POST", {"marketing.settle_recipient & marketing.view_recipient"}),
    "marketing_recipient_export": ("POST", {"core.export_data & marketing.view_recipient"}),
    "marketing_consent_withdraw": ("POST", {"marketing.change_consent & catalog.view_customer"}),
    "marketing_restrict": (
        "POST",
        {"marketing.add_restriction & marketing.delete_restriction & catalog.view_customer"},
    ),
    "marketing_suppression_lift": ("POST", {"marketing.delete_suppression"}),
    "marketing_suppression_export": ("POST", {"core.export_data & marketing.view_suppression"}),
    "reviews_replytemplate_export": ("POST", {"core.export_data & reviews.view_replytemplate"}),
}

# The walk could not go on after these; tests/core/accounts calls them.
GIVES_ANOTHER_SESSION = {"logout", "sign_out_elsewhere"}

# Answered by what stands behind them: a redirect to a page with a row, or 404 for everybody.
PASSED_ON = {"view_on_site", "autocomplete", "app_list", "admin/(?P<url>.*)$"}


def table_of(name: str) -> tuple[str, str] | None:
    """`core_job_change` → ("core.job", "change"), for the five addresses that every table has."""
    for action in ("changelist", "add", "history", "delete", "change"):
        if name.endswith(f"_{action}"):
            app, _rest, model = name.removesuffix(f"_{action}").rpartition("_")
            return f"{app}.{model}", action
    return None


def rules(name: str) -> list[tuple[str, set[str]]]:
    """Method and rights for an address of the staff site; one address may have two."""
    if name in STAFF_ROWS:
        return [STAFF_ROWS[name]]
    table = table_of(name)
    if table is None:
        return []
    label, action = table
    closed = CLOSED.get(label, "").split()

    def right(verb: str) -> set[str]:
        app, model = label.split(".")
        return NOBODY if verb in closed else {f"{app}.{verb}_{model}"}

    if action in ("add", "delete"):
        return [("GET", right(action)), ("POST", right(action))]
    seen = {f"{label.replace('.', '.view_')}"} | right("change") | ALSO_SEEN.get(label, set())
    if action != "change":
        return [("GET", seen)]
    return [("GET", seen), ("POST", seen if label in SHOWN_ONLY else right("change"))]


def may(has: set[str], needs: set[str]) -> bool:
    return bool(needs & (ANYBODY | STAFF)) or any(set(one.split(" & ")) <= has for one in needs)


def is_redirect_of_old_address(name: str) -> bool:
    """`…/7/` leads to `…/7/change/`, which has a row of its own."""
    return name.endswith("<path:object_id>/")


def test_every_address_of_the_staff_site_has_a_row_in_the_matrix():
    without = {
        name for name in ADMIN if not rules(name) and name not in PASSED_ON and not is_redirect_of_old_address(name)
    }

    assert without == set(), "add a row to STAFF_ROWS for each of these"
    assert set(STAFF_ROWS) - set(ADMIN) == set(), "these rows have no address any more"


def test_the_closed_tables_are_in_the_staff_site():
    shown = {table[0] for name in ADMIN if (table := table_of(name))}

    assert set(CLOSED) - shown == set()


@pytest.fixture
def rows(world, settings, tmp_path, monkeypatch) -> dict[str, Any]:
    """One row of each table, by label. Pages are not drawn: who may see them is decided before."""
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")
    settings.MODEL_ROOT = settings.MEDIA_ROOT = settings.EXPORT_ROOT = tmp_path
    ShopProfileFactory.create(name="Shop")
    group = StaffUserFactory.create(role=Role.SUPPORT).groups.get()
    return {
        "core.alert": AlertFactory.create(),
        "core.alertrule": AlertRuleFactory.create(),
        "core.apikey": world.server,
        "core.datarequest": DataRequestFactory.create(),
        "core.job": JobFactory.create(),
        "core.ledgerentry": LedgerEntry.objects.create(kind="export", subject="core.export:1", actor="system"),
        "core.experiment": ExperimentFactory.create(),
        "core.modelversion": ModelVersionFactory.create(),
        "core.outgoingmail": OutgoingMailFactory.create(kind="campaign"),
        "core.shopprofile": ShopProfileFactory.create(),
        "core.export": ExportFactory.create(),
        "core.webhook": WebhookFactory.create(),
        "core.webhookdelivery": WebhookDeliveryFactory.create(),
        "core.staffuser": StaffUserFactory.create(),
        "core.staffrole": group,
        "analytics.segment": SegmentFactory.create(),
        "marketing.audience": AudienceFactory.create(),
        "marketing.campaign": CampaignFactory.create(),
        "marketing.couponcode": CouponCodeFactory.create(),
        "marketing.offer": OfferFactory.create(),
        "marketing.recipient": RecipientFactory.create(),
        "marketing.suppression": SuppressionFactory.create(),
        "catalog.customer": world.ana,
        "catalog.category": CategoryFactory.create(),
        "catalog.brand": BrandFactory.create(),
        "catalog.arrivingpicture": ArrivingPictureFactory.create(),
        "catalog.bulkchange": BulkChangeFactory.create(),
        "catalog.deadevent": DeadEventFactory.create(),
        "catalog.importbatch": ImportBatchFactory.create(),
        "catalog.order": world.ana.orders.get(),
        "catalog.product": world.product,
        "catalog.searchsynonym": SearchSynonymFactory.create(),
        "catalog.stockmovement": StockMovementFactory.create(),
        "crm.careenrolment": CareEnrolmentFactory.create(),
        "crm.careprogramme": CareProgrammeFactory.create(),
        "crm.customfield": CustomFieldFactory.create(),
        "crm.loyaltyaccount": world.ana.loyalty,
        "crm.loyaltyprogramme": LoyaltyProgramme.current(),
        "crm.ticket": TicketFactory.create(),
        "crm.businesshours": BusinessHoursFactory.create(),
        "crm.slapolicy": SlaPolicyFactory.create(),
        "crm.team": TeamFactory.create(),
        "crm.cannedreply": CannedReplyFactory.create(),
        "crm.macro": MacroFactory.create(),
        "crm.desksettings": DeskSettingsFactory.create(),
        "marketing.marketingsettings": MarketingSettingsFactory.create(),
        "crm.loyaltytier": LoyaltyTierFactory.create(),
        "crm.earnrule": EarnRuleFactory.create(),
        "crm.reward": RewardFactory.create(),
        "recommender.placement": PlacementFactory.create(),  # one of staff's own; what every shop has stays
        "reviews.aspect": Aspect.objects.get(key="quality"),
        "reviews.aspectterm": AspectTermFactory.create(),
        "reviews.followup": FollowUpFactory.create(review=world.review),
        "reviews.reviewlabel": ReviewLabelFactory.create(review=world.review),
        "reviews.review": world.review,
        "reviews.replytemplate": ReplyTemplateFactory.create(),
        "reviews.article": ArticleFactory.create(),
        "reviews.intent": IntentFactory.create(),
        "reviews.intentexample": IntentExampleFactory.create(),
        "vision.imageanalysis": ImageAnalysisFactory.create(),
        "vision.label": LabelFactory.create(),
        "vision.labelset": LabelSetFactory.create(),
    }


def address(name: str, rows: dict[str, Any]) -> str:
    """Where this address is for the rows that exist."""
    pattern = ADMIN[name].pattern
    table = table_of(name) or ("_".join(name.split("_")[:2]).replace("_", ".", 1), "")
    row = rows.get(table[0])
    arguments = {
        "object_id": getattr(row, "pk", 1),
        "pk": getattr(row, "pk", 1),
        "id": rows["core.staffuser"].pk,
        "kind": "recommender",
        "key": "none",
        "token": "none",
        "version": "1",
        "number": 1,
    }
    path = reverse(f"admin:{name}", kwargs={key: arguments[key] for key in pattern.regex.groupindex})
    return f"{path}?source=catalog.product" if name == "saved_view_counts" else path


class _Undo(Exception):
    pass


def undone(action: Callable[..., Any], *arguments: Any) -> Any:
    """Do it and take back what it wrote, so that each caller finds the same rows."""
    found = None
    try:
        with transaction.atomic():
            found = action(*arguments)
            raise _Undo
    except _Undo:
        return found


def outcome(client: Client, method: str, path: str) -> str:
    """Redirects are followed: what counts is where one ends."""
    answer = (
        client.get(path, follow=True)
        if method == "GET"
        else client.post(path, {"post": "yes", "source": "catalog.product"}, follow=True)
    )
    if any("/login/" in target for target, _status in answer.redirect_chain):
        return "sign in"
    if answer.status_code == 403:
        return "no"
    return "yes" if answer.status_code < 500 else f"error {answer.status_code}"


def walk(client: Client, rows: dict[str, Any], says: Callable[[set[str]], str]) -> dict[str, tuple[str, str]]:
    """Addresses whose outcome is not what `says` makes of the rights they need: outcome and expectation."""
    wrong = {}
    for name in ADMIN:
        for method, needs in rules(name):
            if name in GIVES_ANOTHER_SESSION:
                continue
            got, wanted = undone(outcome, client, method, address(name, rows)), says(needs)
            if got != wanted:
                wrong[f"{method} {name}"] = (got, wanted)
    return wrong


@pytest.mark.parametrize("role", [*Role, None], ids=lambda role: role.value if role else "no role")
def test_each_role_opens_what_its_rights_say_and_nothing_else(role, rows):
    client = Client(raise_request_exception=False)
    client.force_login(StaffUserFactory.create(role=role))
    has = roles.permissions_of(role) if role else set()

    assert walk(client, rows, lambda needs: "yes" if may(has, needs) else "no") == {}


def test_who_is_not_signed_in_is_sent_to_the_login(rows):
    for client in (Client(), Client(headers={"Authorization": f"Bearer {rows['core.apikey'].value}"})):
        assert walk(client, rows, lambda needs: "yes" if needs == ANYBODY else "sign in") == {}


def test_customers_of_the_shop_and_switched_off_staff_are_not_staff(rows):
    for user in (StaffUserFactory.create(is_staff=False), StaffUserFactory.create(is_active=False, is_superuser=True)):
        client = Client()
        client.force_login(user)
        assert walk(client, rows, lambda needs: "yes" if needs == ANYBODY else "sign in") == {}


def test_an_address_that_nobody_knows_is_404_for_staff_and_a_login_for_others():
    client = Client()
    client.force_login(StaffUserFactory.create())

    assert client.get("/admin/nothing/").status_code == 404
    assert Client().get("/admin/nothing/").status_code == 302
