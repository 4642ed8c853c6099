"""Numbers in addresses that only look like numbers: the page is not found, and nothing fails."""

from collections import Counter

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.factories import StaffUserFactory

pytestmark = pytest.mark.django_db
ODD = ("²", "①", "٣", "९", "9" * 18, "9" * 40, "-1", "1.5", "0x1", "1e3", "1_0")
NAMES = ("p", "o", "e", "id__exact", "batch", "category", "q")
PAGES = sorted(model._meta.label_lower for model in admin.site._registry)


@pytest.fixture
def owner():
    client = Client()
    client.force_login(StaffUserFactory.create(is_superuser=True))
    return client


@pytest.mark.parametrize("label", PAGES)
def test_a_page_of_an_odd_number_is_never_a_failure(label, owner):
    name = label.replace(".", "_")

    for odd in ODD:
        for act in ("change", "history"):
            assert owner.get(reverse(f"admin:{name}_{act}", args=[odd])).status_code < 500, (act, odd)


@pytest.mark.parametrize("label", PAGES)
def test_a_list_with_odd_numbers_in_its_address_is_never_a_failure(label, owner):
    """Every list gets every name and every number; every pair of both comes up at several lists."""
    page = reverse(f"admin:{label.replace('.', '_')}_changelist")

    for at, odd in enumerate(ODD, start=PAGES.index(label)):
        for name in (NAMES[at % len(NAMES)], NAMES[(at + 3) % len(NAMES)]):
            assert owner.get(page, {name: odd}).status_code < 500, (name, odd)


def test_each_name_meets_each_number_at_several_lists():
    met = Counter(
        (NAMES[(at + step) % len(NAMES)], odd)
        for first in range(len(PAGES)) for at, odd in enumerate(ODD, start=first) for step in (0, 3)
    )  # fmt: skip

    assert len(met) == len(NAMES) * len(ODD)
    assert min(met.values()) >= 10


def test_a_data_request_about_an_odd_number_is_not_found(owner):
    page = reverse("admin:core_datarequest_ask")

    for odd in ODD:
        answer = owner.post(page, {"kind": "export", "subject": "catalog.Customer", "id": odd})
        assert answer.status_code == 404, odd
