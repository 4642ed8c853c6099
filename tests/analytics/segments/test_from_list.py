"""The list of customers, as it is filtered, becomes a segment that finds the same people."""

import html
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from analytics.segments import compiling, rules
from catalog.models import Customer
from core.choices import Role
from tests.factories import CustomerFactory, SegmentFactory, ShopProfileFactory, StaffUserFactory

LIST = "/admin/catalog/customer/"
LINK = re.compile(r'href="(/admin/analytics/segment/add/\?[^"]+)"')
pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    ShopProfileFactory.create()
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.ANALYST))
    return client


def link(client, query):
    found = LINK.search(client.get(f"{LIST}{query}").content.decode())
    return html.unescape(found[1]) if found else ""


def saved_by(client, query):
    """Customers of the rule that the link of this list carries."""
    address = link(client, query)
    assert client.get(address).status_code == 200
    (text,) = parse_qs(urlsplit(address).query)["rule"]
    return set(Customer.objects.filter(compiling.compiled(rules.parse_text(text)).q))


def test_country_and_days_of_a_list_find_the_same_people(client):
    german = CustomerFactory.create(country="DE", joined_at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    CustomerFactory.create(country="DE", joined_at=datetime(2026, 4, 5, 12, tzinfo=UTC))
    CustomerFactory.create(country="FR", joined_at=datetime(2026, 3, 5, 12, tzinfo=UTC))

    assert saved_by(client, "?country=DE&joined_at_from=2026-03-05&joined_at_to=2026-03-05") == {german}


def test_people_of_a_segment_and_a_country(client):
    german = CustomerFactory.create(country="DE")
    CustomerFactory.create(country="FR")
    segment = SegmentFactory.create(rule={"all": [{"field": "country", "op": "in", "value": ["DE", "FR"]}]})

    assert saved_by(client, f"?country=DE&segment={segment.public_id}&o=1") == {german}


@pytest.mark.parametrize(
    "query", ["", "?q=Anna&country=DE", "?personalised=yes", "?segment=00000000000000000000000000000000", "?o=1"]
)
def test_what_no_rule_says_is_not_offered(client, query):
    CustomerFactory.create(country="DE", name="Anna")

    assert link(client, query) == ""


def test_nobody_without_the_right_is_offered_a_segment(client):
    CustomerFactory.create(country="DE")
    other = Client()
    other.force_login(StaffUserFactory.create(role=Role.SUPPORT))

    assert link(client, "?country=DE")
    assert link(other, "?country=DE") == ""
