"""Data requests on the staff site."""

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Customer
from core import rights
from core.choices import Role
from core.models import DataRequest, Job, LedgerEntry
from tests.factories import CustomerFactory, DataRequestFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
LABEL = "catalog.Customer"


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def client_of(role):
    client = Client()
    client.force_login(StaffUserFactory.create(role=role))
    return client


def ask(client, kind, customer):
    return client.post(
        reverse("admin:core_datarequest_ask"), {"kind": kind, "subject": LABEL, "id": customer.pk}, follow=True
    )


def test_an_erasure_asked_for_by_support_waits_until_the_owner_approves_it():
    ana = CustomerFactory.create(name="Ana")
    support, owner = client_of(Role.SUPPORT), client_of(Role.OWNER)

    page = ask(support, "erase", ana)

    row = DataRequest.objects.get()
    assert (row.is_approved, row.state, Job.objects.count()) == (False, "open", 0)
    assert "To approve" in page.content.decode()
    assert support.post(reverse("admin:core_datarequest_approve", args=[row.pk])).status_code == 403
    assert rights.carry_out(row.pk) == {"state": "open"}
    assert Customer.objects.get(pk=ana.pk).name == "Ana"

    owner.post(reverse("admin:core_datarequest_approve", args=[row.pk]))

    assert Job.objects.get().arguments == {"request_id": row.pk}
    rights.carry_out(row.pk)
    assert Customer.objects.get(pk=ana.pk).name == ""
    acts = [entry.body for entry in LedgerEntry.objects.filter(kind="rights").order_by("id")]
    assert ['"act": "asked"' in acts[0], '"act": "approved"' in acts[1], '"act": "erased"' in acts[2]] == [True] * 3


def test_the_owner_refuses_with_a_reason_and_the_data_stays():
    ana = CustomerFactory.create(name="Ana")
    owner = client_of(Role.OWNER)
    ask(client_of(Role.SUPPORT), "erase", ana)
    row = DataRequest.objects.get()

    owner.post(reverse("admin:core_datarequest_refuse", args=[row.pk]), {"reason": ""})
    assert DataRequest.objects.get().state == "open"
    owner.post(reverse("admin:core_datarequest_refuse", args=[row.pk]), {"reason": "Somebody else's number"})

    row.refresh_from_db()
    assert (row.state, row.reason) == ("refused", "Somebody else's number")
    assert Customer.objects.get(pk=ana.pk).name == "Ana"


def test_a_copy_is_fetched_by_whoever_may_carry_out_and_each_fetch_stands_in_the_ledger():
    ana = CustomerFactory.create()
    owner, support = client_of(Role.OWNER), client_of(Role.SUPPORT)
    ask(owner, "export", ana)
    row = DataRequest.objects.get()
    rights.carry_out(row.pk)
    address = reverse("admin:core_datarequest_file", args=[row.pk])

    answer = owner.get(address)

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert "no-store" in answer["Cache-Control"]
    assert support.get(address).status_code == 403
    assert LedgerEntry.objects.filter(kind="export", subject=f"core.datarequest:{row.pk}").count() == 1


@pytest.mark.parametrize(
    "given",
    [{"kind": "gone"}, {"subject": "core.StaffUser"}, {"subject": "auth.Group"}, {"id": "x"}, {"id": "9" * 30}],
)
def test_what_is_not_a_request_about_a_customer_is_not_found(given):
    ana = CustomerFactory.create()
    fields = {"kind": "erase", "subject": LABEL, "id": str(ana.pk)} | given

    answer = client_of(Role.OWNER).post(reverse("admin:core_datarequest_ask"), fields)

    assert (answer.status_code, DataRequest.objects.count()) == (404, 0)


def test_the_customer_page_offers_both_rights_to_those_who_may_ask():
    ana = CustomerFactory.create()
    address = reverse("admin:catalog_customer_change", args=[ana.pk])

    assert "Copy of the data" in client_of(Role.SUPPORT).get(address).content.decode()
    assert "Copy of the data" not in client_of(Role.MARKETER).get(address).content.decode()


def test_the_list_names_nobody_and_asks_the_same_queries_for_one_row_and_fifty(django_assert_max_num_queries):
    ana = CustomerFactory.create(name="Ana Li")
    client = client_of(Role.OWNER)
    DataRequestFactory.create(subject_id=ana.pk)
    for number in range(49):
        DataRequestFactory.create(subject_id=ana.pk + 1000 + number)

    with django_assert_max_num_queries(12):
        page = client.get(reverse("admin:core_datarequest_changelist")).content.decode()

    assert "Ana Li" not in page
    assert f"Customer #{ana.pk}" in page
    assert "29 days left" in page or "30 days left" in page


def test_an_empty_list_says_where_requests_begin():
    page = client_of(Role.OWNER).get(reverse("admin:core_datarequest_changelist")).content.decode()

    assert "No data requests yet" in page


def test_who_may_not_see_customers_reads_a_number_and_no_name():
    ana = CustomerFactory.create(name="Ana Li")
    address = reverse("admin:core_datarequest_change", args=[DataRequestFactory.create(subject_id=ana.pk).pk])

    pages = {role: client_of(role).get(address).content.decode() for role in (Role.OPERATOR, Role.SUPPORT)}

    assert "Ana Li" in pages[Role.SUPPORT]
    assert "Ana Li" not in pages[Role.OPERATOR]
    assert f"Customer #{ana.pk}" in pages[Role.OPERATOR]
