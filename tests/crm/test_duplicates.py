"""Records that may be one person: found by normalised values, decided once."""

import json
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Customer, CustomerMerge
from core.choices import Role
from core.models import Job
from crm.models import DuplicateCustomers
from crm.people import duplicates
from tests.factories import CustomerFactory, OrderFactory, StaffUserFactory

pytestmark = pytest.mark.django_db


def pairs():
    return {(row.one.name, row.other.name): row.reasons for row in DuplicateCustomers.objects.filter(state="open")}


def test_values_written_differently_are_the_same_sign():
    CustomerFactory.create(name="A", email="lin.wei@shop.test", phone="138 0013 8000")
    CustomerFactory.create(name="B", email=" Lin.Wei+news@SHOP.test")
    CustomerFactory.create(name="C", phone="+86 (138) 0013-8000")
    CustomerFactory.create(name="王 伟", city="Shanghai", birthday=date(1990, 1, 2))
    CustomerFactory.create(name="王伟", city=" shanghai", birthday=date(1990, 1, 2))
    CustomerFactory.create(name="Nobody like that", email="else@shop.test", phone="1")

    assert duplicates.find() == 3

    assert pairs() == {("A", "B"): ["email"], ("A", "C"): ["phone"], ("王 伟", "王伟"): ["name_birthday", "name_city"]}
    first, second = duplicates.groups()
    assert (len(first.ids), first.strength, first.signs) == (3, 3, ["email", "phone"])
    assert (len(second.ids), second.strength) == (2, 3)


def test_a_value_that_many_share_tells_nothing():
    for number in range(duplicates.MOST_SHARING + 1):
        CustomerFactory.create(name=f"Guest {number}", email="none@shop.test", phone="000000000")

    assert duplicates.find() == 0


def test_not_the_same_is_remembered_and_can_be_taken_back():
    one, other = (CustomerFactory.create(email="a@shop.test") for _each in range(2))
    duplicates.find()
    decided = duplicates.decide_different([one.pk, other.pk])

    assert (duplicates.find(), duplicates.groups()) == (0, [])
    assert duplicates.reopen(decided) == 1
    assert len(duplicates.groups()) == 1


def test_a_pair_goes_when_its_values_differ_by_now():
    one, _other = (CustomerFactory.create(email="a@shop.test") for _each in range(2))
    duplicates.find()
    Customer.objects.filter(pk=one.pk).update(email="b@shop.test")

    assert duplicates.find() == 0


def test_a_group_is_merged_as_a_whole_and_asked_again_after_an_undo():
    from catalog import merging

    rows = [CustomerFactory.create(email="a@shop.test") for _each in range(3)]
    duplicates.find()
    merges = duplicates.merge_group(rows[1].pk, [row.pk for row in rows])

    assert list(Customer.objects.existing()) == [rows[1]]
    assert duplicates.find() == 0
    for merge in reversed(merges):
        merging.undo(merge)
    assert duplicates.find() == 3


# --- pages ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def client():
    found = Client()
    found.force_login(StaffUserFactory.create(role=Role.SUPPORT))
    return found


def test_the_page_suggests_the_record_with_orders_and_merges_into_it(client, django_assert_max_num_queries):
    older = CustomerFactory.create(name="Old", email="a@shop.test")
    busy = CustomerFactory.create(name="Busy", email="a@shop.test")
    OrderFactory.create(customer=busy)
    duplicates.find()
    address = reverse("admin:crm_duplicates")
    client.get(address)
    with django_assert_max_num_queries(15):
        page = client.get(address).content.decode()

    assert f'value="{busy.pk}"' in page.split("checked", 1)[0][-120:] or "checked" in page
    client.post(address, {"act": "merge", "keep": busy.pk, "ids": [older.pk, busy.pk]})
    older.refresh_from_db()
    assert older.merged_into == busy
    assert client.get(reverse("admin:catalog_customer_change", args=[older.pk])).url.endswith(f"/{busy.pk}/change/")

    panel = reverse("admin:catalog_customer_panel", args=[busy.pk, "catalog.merges"])
    assert reverse("admin:catalog_customer_merge_undo") in client.get(panel).content.decode()
    client.post(reverse("admin:catalog_customer_merge_undo"), {"merge": CustomerMerge.objects.get().pk})
    older.refresh_from_db()
    assert older.merged_into is None


def test_a_group_that_was_merged_is_put_back_as_a_whole(client):
    three = [CustomerFactory.create(name=name, email="a@shop.test") for name in ("A", "B", "C")]
    address = reverse("admin:crm_duplicates")
    ids = [one.pk for one in three]

    page = client.post(address, {"act": "merge", "keep": ids[0], "ids": ids}, follow=True)
    asked = json.loads(next(iter(page.context["messages"])).extra_tags)
    assert Customer.objects.filter(merged_into=ids[0]).count() == 2
    page = client.post(asked["url"], asked["fields"], follow=True)

    assert [str(one) for one in page.context["messages"]] == ["All are as they were"]
    assert not Customer.objects.exclude(merged_into=None).exists()


def test_two_records_are_compared_before_they_are_merged(client):
    kept = CustomerFactory.create(name="Lin", email="lin@shop.test", city="Wuhan")
    other = CustomerFactory.create(name="Lin Wei", city="Wuhan")
    address = reverse("admin:catalog_customer_merge", args=[kept.pk])

    assert "Lin Wei" in client.get(f"{address}?q=wei").content.decode()
    page = client.get(f"{address}?with={other.pk}").content.decode()
    assert "Are these one person?" in page
    assert page.count("Wuhan") == 2
    for wrong in ("", "x", str(kept.pk), "9" * 30):
        client.post(address, {"gone": wrong})
    assert not CustomerMerge.objects.exists()
    assert client.post(address, {"gone": other.pk}).status_code == 302
    assert CustomerMerge.objects.get().gone == other


def test_looking_again_is_one_job(client):
    for _twice in range(2):
        client.post(reverse("admin:crm_duplicates"), {"act": "look"})

    assert Job.objects.filter(kind="crm.duplicates").count() == 1


def test_who_may_not_merge_sees_neither_page_nor_button(db):
    analyst = Client()
    analyst.force_login(StaffUserFactory.create(role=Role.ANALYST))
    kept = CustomerFactory.create()

    assert analyst.get(reverse("admin:crm_duplicates")).status_code == 403
    assert analyst.get(reverse("admin:catalog_customer_merge", args=[kept.pk])).status_code == 403
    page = analyst.get(reverse("admin:catalog_customer_panel", args=[kept.pk, "catalog.merges"])).content.decode()
    assert "Merge with another record" not in page
