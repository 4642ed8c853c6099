"""From a figure to a segment: the rule in the link finds whom the figure counts."""

import json
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from analytics.reports import people
from analytics.segments.rules import parse
from core.choices import Role
from tests.factories import DailySalesFactory, ProductDayFactory

pytestmark = pytest.mark.django_db


def rule_of(address):
    query = parse_qs(urlsplit(address).query)
    rule = json.loads(query["rule"][0])
    assert parse(rule)
    return rule["all"], query["name"][0]


def test_a_cohort_is_its_days_of_first_orders():
    rule, name = rule_of(people.of_cohort("month", date(2026, 2, 1), "February"))

    assert [(part["field"], part["op"], part["value"]) for part in rule] == [
        ("first_day", "since", "2026-02-01"), ("first_day", "before", "2026-03-01"),
    ]  # fmt: skip
    assert name == "February"


@pytest.mark.parametrize(("role", "may"), [(Role.MARKETER, True), (Role.MERCHANDISER, False)])
def test_only_those_who_may_make_segments_see_links_and_buttons(staff, role, may):
    today = timezone.localdate()
    DailySalesFactory.create(day=today)
    ProductDayFactory.create(day=today)
    member = staff(role)
    add = reverse("admin:analytics_segment_add")

    assert ("Save buyers" in member.get(reverse("admin:analytics_products")).content.decode()) is may
    buyers = reverse("admin:analytics_sales") + "?part=buyers"
    assert (add in member.get(buyers).content.decode()) is may
    # No rule can tell who bought in days that are over: they are kept as a list.
    past = f"&within=between&from={today - timedelta(days=9)}&to={today - timedelta(days=2)}"
    text = member.get(buyers + past).content.decode()
    assert add not in text
    assert ('value="buyers"' in text) is may
