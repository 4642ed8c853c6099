"""Three hundred names that nobody should send: as filter, order, search and id, at every list."""

import re
from collections.abc import Iterator
from itertools import product as pairs
from urllib.parse import quote, urlencode

import pytest
from django.contrib import admin
from django.test import Client

from core.models import StaffUser
from tests.factories import (
    ApiKeyFactory,
    BrandFactory,
    CategoryFactory,
    CustomerFactory,
    JobFactory,
    OrderFactory,
    ProductFactory,
    StaffUserFactory,
)
from tests.plugins.api import Caller

pytestmark = pytest.mark.django_db

SECRETS = ["password", "key_hash", "secret", "email", "phone", "is_superuser", "last_login", "arguments", "token"]
ROADS = [
    "",
    "created_by__",
    "customer__",
    "user__",
    "order__customer__",
    "variant__product__",
    "groups__user__",
    "by__",
]
LOOKUPS = ["", "__startswith", "__regex", "__contains", "__gt"]
GUESSES = [f"{road}{secret}{lookup}" for road, secret, lookup in pairs(ROADS[:5], SECRETS[:6], LOOKUPS)][:150]
ORDERS = [
    "o", "ordering", "order_by", "sort", "order", "o__", "-o", "fields", "exclude", "filter", "where", "having",
    "group_by", "limit_to", "offset", "page", "p", "e", "q__regex", "all", "_popup", "_to_field",
    "_changelist_filters", "_facets", "lang__startswith", "cursor__gt", "limit__lt", "expand", "include",
    "select_related",
]  # fmt: skip
INSIDES = [
    "__class__", "__class__.__mro__", "__init__.__globals__", "__dict__", "_meta", "_meta__model", "objects",
    "pk__in__regex", "id__regex", "__proto__", "constructor", "prototype[x]", "$where", "$ne", "a[$gt]", "a.b.c",
    "a[]", "a[0][b]", "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "../../etc/passwd", "..%2f..%2f",
    "file:///etc/passwd", "|id", ";id", "`id`", "$(id)", "&&id", "\\u0000", "\\x00", "%s", "%(password)s", "%n%n%n",
    "{0.__class__}", "{password}", "__", "___", "a__", "__a", "a__b__c__d__e__f__g__h", "_" * 60, "-" * 60,
    "id__isnull__isnull", "name__unaccent__trigram_similar", "name__search", "name_translations__en__regex",
    "attributes__colour", "attributes__0__1", "public_id__iregex",
]  # fmt: skip
SQL = [
    "'", '"', "';--", "' OR '1'='1", '" OR ""="', "1) OR (1=1", "1;SELECT pg_sleep(9)", "id) FROM core_staffuser--",
    "UNION SELECT password FROM core_staffuser", "name\" FROM core_staffuser --", "id\"; DROP TABLE core_job; --",
    "CASE WHEN 1=1 THEN id END", "(SELECT 1)", "1/0", "CAST('a' AS int)", "$$a$$", "E'\\\\'", "/**/id", "id--",
    "id#", "id;", "id,password", "password DESC", "RANDOM()", "NULL", "0x41", "1e309", "-1", "9" * 40, "1 AND 1=1",
]  # fmt: skip
TEXTS = [
    "é", "名", "🧵", "\u202eadmin", "\u200b", "\ufeffid", "ｐａｓｓｗｏｒｄ", "ı", "ﬁ", "A\u0301" * 50, "\t",
    "\r\n", "\r\nSet-Cookie: a=1", "a\nb", " ", "\x1b[31m", "\x7f", "\u0085", "\u2028", "x" * 100, "x" * 1_000,
    "x" * 7_000, "名" * 2_000, "\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"),
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "{}", "[]",
    "[object Object]", "true", "undefined", "NaN", "Infinity", "null", "%", "%%", "%zz", "%c0%af", "+", "=", "==",
    "&", "&&", "?", "??", "#", "/", "//",
]  # fmt: skip
NAMES = [*GUESSES, *ORDERS, *INSIDES, *SQL, *TEXTS]
TOLD = re.compile(rb"ana@person|psycopg|Traceback|md5\$|syntax error")
API_LISTS = ["/products", "/categories", "/recommendations", "/products/ext:A/similar"]


def test_there_are_three_hundred_different_names():
    assert len(set(NAMES)) == len(NAMES) >= 300


@pytest.fixture
def shop(db):
    owner = StaffUserFactory.create(is_superuser=True, username="owner-of-all", email="owner@shop.example")
    product = ProductFactory.create(external_id="A", name="Tea")
    BrandFactory.create()
    CategoryFactory.create()
    CustomerFactory.create(name="Ana", email="ana@person.example")
    OrderFactory.create()
    JobFactory.create()
    ApiKeyFactory.create(created_by=owner)
    client = Client(raise_request_exception=False)
    client.force_login(owner)
    return client, product


def lists() -> Iterator[str]:
    for model in admin.site._registry:
        yield f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def test_no_name_opens_a_door_in_the_lists_of_the_api(server, shop):
    """As the name of a parameter, and as the value of each; one list after the other gets the next name."""
    good, wrong = {path: server.get(path).content for path in API_LISTS}, {}
    for number, name in enumerate(NAMES):
        path = API_LISTS[number % len(API_LISTS)]
        for query in ({name: "a"}, {"lang": name}, {"cursor": name, "limit": name, "category": name}):
            response = server.get(path, **query)
            is_wider = response.status_code == 200 and len(response.content) > 2 * len(good[path])
            if response.status_code >= 500 or is_wider or TOLD.search(response.content):
                wrong[path, str(query)[:80]] = response.status_code

    assert wrong == {}


def test_unknown_parameters_of_product_lists_are_refused_by_name(server, shop):
    for name in NAMES:
        if name not in ("", "lang", "limit", "cursor"):
            response = server.get("/products", **{name: "a"})
            assert response.status_code == 400, name
            assert response["Content-Type"] == "application/problem+json"


def test_no_name_is_an_id(server, shop):
    wrong = {}
    for name in NAMES:
        for ident in (name, f"ext:{name}"):
            path = quote(ident, safe=":")
            for address in (f"/products/{path}", f"/orders/{path}", f"/products/{path}/similar"):
                response = server.get(address)
                if response.status_code not in (404, 400):
                    wrong[address[:90]] = response.status_code

    assert wrong == {}


def test_no_name_breaks_a_list_of_the_staff_site(shop):
    """Each name goes to two lists, one after the other through all of them; every list sees twenty or more."""
    client, _product = shop
    places, wrong = list(lists()), {}
    for number, name in enumerate(NAMES):
        place = places[number % len(places)]
        for query in ({name: "a"}, {"o": name, "q": name, "p": name}):
            response = client.get(f"{place}?{urlencode(query, errors='surrogatepass')}")
            if response.status_code >= 500:
                wrong[place, name[:60]] = response.status_code
    assert wrong == {}


def guesses_about(model: type) -> list[str]:
    """Lookups on what the model itself has, which Django alone would take from the address."""
    found = []
    for field in model._meta.get_fields():
        if field.name in ("id", "pk"):
            continue
        if field.is_relation:
            related = field.related_model
            names = (
                [one.name for one in related._meta.fields if one.name in SECRETS or one.name == "name"]
                if related
                else []
            )
            found += [f"{field.name}__{name}__startswith" for name in names]
        else:
            found += [f"{field.name}__startswith", f"{field.name}__regex"]
    return found


PAGES_WITHOUT_A_LIST = {"desksettings", "loyaltyprogramme", "marketingsettings", "modelversion", "shopprofile"}
"""They read no lookups at all."""


def test_no_list_of_the_staff_site_can_be_asked_about_what_it_does_not_show(shop):
    client, _product = shop
    taken, asked = [], 0
    for model in admin.site._registry:
        if model._meta.model_name in PAGES_WITHOUT_A_LIST:
            continue
        place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for lookup in guesses_about(model):
            response = client.get(place, {lookup: "a"})
            asked += 1
            is_refused = response.status_code == 400 or (
                response.status_code == 302 and response["Location"].endswith("?e=1")
            )
            if not is_refused and response.status_code != 403:
                taken.append((place, lookup, response.status_code))

    assert taken == []
    assert asked > 200


def test_the_password_of_staff_cannot_be_guessed_letter_by_letter(shop):
    client, _product = shop
    user = StaffUser.objects.get(username="owner-of-all")

    answers = [
        client.get(f"/admin/{place}/", {lookup: start}).status_code
        for place, lookup in (
            ("core/staffuser", "password__startswith"),
            ("core/apikey", "created_by__password__startswith"),
            ("core/apikey", "key_hash__startswith"),
            ("catalog/order", "customer__email__regex"),
            ("core/job", "created_by__password__startswith"),
        )
        for start in (user.password[:3], "nothing")
    ]

    assert answers == [400] * 10


def test_a_name_of_ten_thousand_characters_is_refused(server: Caller, shop):
    client, _product = shop
    long = "x" * 10_000

    assert server.get("/products", **{long: "1"}).status_code == 400
    assert server.get(f"/products/ext:{long}").status_code == 404
    assert client.get("/admin/catalog/product/", {long: "1"}).status_code in (302, 400)
    assert client.get("/admin/catalog/product/", {"q": long}).status_code == 200


def test_ids_in_bodies_are_looked_at_too(server, shop):
    for name in NAMES:
        for ident in (name, f"ext:{name}"):
            response = server.post("/orders", {"customer": ident, "lines": [{"product": ident, "quantity": 1}]})
            assert response.status_code in (400, 422), (ident[:60], response.status_code)
