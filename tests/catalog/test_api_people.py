from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Customer
from core.models import Scope
from tests.factories import CustomerFactory
from tests.plugins.api import Caller

pytestmark = pytest.mark.django_db

WHOLE = {
    "name": "Ana Lima",
    "email": "ana@example.com",
    "phone": "+55 11 5550 1000",
    "language": "pt",
    "country": "BR",
    "city": "São Paulo",
    "birthday": "1990-02-28",
    "personalised": False,
    "joined_at": "2024-05-01T10:00:00Z",
}


def test_a_customer_is_created_under_the_shops_own_id_and_the_answer_names_nobody(server):
    response = server.put("/customers/ext:4711", WHOLE)

    customer = Customer.objects.get(external_id="4711")
    assert response.status_code == 201
    assert response.json() == {
        "id": customer.public_id,
        "external_id": "4711",
        "language": "pt",
        "personalised": False,
        "joined_at": "2024-05-01T10:00:00Z",
    }
    assert (customer.name, customer.email, customer.city) == ("Ana Lima", "ana@example.com", "São Paulo")
    assert str(customer.birthday) == "1990-02-28"


def test_replacing_empties_what_is_left_out_and_keeps_since_when(server):
    server.put("/customers/ext:4711", WHOLE)

    response = server.put("/customers/ext:4711", {"name": "Ana"})

    customer = Customer.objects.get()
    assert response.status_code == 200
    assert (customer.name, customer.email, customer.birthday, customer.is_personalised) == ("Ana", "", None, True)
    assert customer.joined_at.year == 2024


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"birthday": "2999-01-01"}, "birthday"),
        ({"birthday": "1990-02-30"}, "birthday"),
        ({"language": "<script>"}, "language"),
        ({"joined_at": "2999-01-01T00:00:00Z"}, "joined_at"),
        ({"joined_at": "0001-01-01T00:00:00+14:00"}, "joined_at"),
        ({"name": "x" * 201}, "name"),
        ({"personalised": "perhaps"}, "personalised"),
    ],
)
def test_a_customer_that_cannot_be_is_400_and_not_written(server, change, field):
    response = server.put("/customers/ext:1", {**WHOLE, **change})

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not Customer.objects.exists()


def test_an_erased_customer_does_not_come_back_under_our_id(server):
    customer = CustomerFactory.create(erased_at=timezone.now())

    assert server.put(f"/customers/{customer.public_id}", WHOLE).status_code == 404

    customer.refresh_from_db()
    assert customer.email == ""


def test_an_unknown_id_of_ours_creates_nobody(server):
    assert server.put(f"/customers/{'0' * 32}", WHOLE).status_code == 404
    assert not Customer.objects.exists()


def test_a_back_end_issues_a_token_with_which_the_browser_reads_its_own_name(server):
    customer = CustomerFactory.create(external_id="4711", name="Ana", language="pt")

    response = server.post("/customers/ext:4711/tokens", {"lifetime_seconds": 600})

    assert response.status_code == 201
    issued = response.json()
    left = timezone.datetime.fromisoformat(issued["expires_at"]) - timezone.now()
    assert timedelta(seconds=595) < left <= timedelta(seconds=600)
    assert Caller(issued["token"]).get("/me").json() == {
        "id": customer.public_id,
        "name": "Ana",
        "language": "pt",
        "personalised": True,
    }


def test_a_token_says_nothing_about_the_customer_but_the_public_id(server):
    customer = CustomerFactory.create(external_id="4711", name="Ana", email="ana@example.com")

    token = server.post("/customers/ext:4711/tokens", {}).json()["token"]

    import base64

    payload = token.removeprefix("zg_ct_").split(":")[0]
    content = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    assert customer.public_id.encode() in content
    assert b"4711" not in content


@pytest.mark.parametrize("seconds", [59, 86_401, -1, "long"])
def test_a_lifetime_out_of_range_is_400(server, seconds):
    CustomerFactory.create(external_id="1")

    assert server.post("/customers/ext:1/tokens", {"lifetime_seconds": seconds}).status_code == 400


def test_nobody_gets_a_token_for_somebody_who_is_not_there(server):
    CustomerFactory.create(external_id="gone", erased_at=timezone.now())

    assert server.post("/customers/ext:gone/tokens", {}).status_code == 404
    assert server.post("/customers/ext:none/tokens", {}).status_code == 404


def test_issuing_tokens_is_a_scope_of_its_own(with_scopes):
    CustomerFactory.create(external_id="1")
    others = with_scopes(*(scope for scope in Scope if scope is not Scope.TOKENS))

    assert others.post("/customers/ext:1/tokens", {}).status_code == 403
    assert with_scopes(Scope.TOKENS).post("/customers/ext:1/tokens", {}).status_code == 201


def test_the_page_of_an_erased_customer_is_404(as_customer):
    customer = CustomerFactory.create()
    caller = as_customer(customer)
    Customer.objects.filter(pk=customer.pk).update(erased_at=timezone.now())

    assert caller.get("/me").status_code == 404
