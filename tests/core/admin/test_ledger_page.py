"""The ledger on screen."""

import json

import pytest
from django.urls import reverse
from django.utils import translation

from core import ledger
from core.acting import acting_as
from core.choices import Role
from core.ledger import words
from core.models import Job, LedgerEntry
from tests.factories import CustomerFactory, JobFactory, ProductFactory, StaffUserFactory, VariantFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/core/ledgerentry/"


@pytest.fixture
def auditor(client):
    person = StaffUserFactory.create(role=Role.AUDITOR)
    client.force_login(person)
    return person


def test_a_price_is_told_in_words_with_the_name_of_who_changed_it(client, auditor):
    boss = StaffUserFactory.create(username="mei", first_name="Mei", last_name="Li")
    product = ProductFactory.create(name="Red mug", price="12.50")
    with acting_as(f"staff:{boss.pk}"):
        type(product).objects.filter(pk=product.pk).update(price="9")

    page = client.get(LIST).content.decode()

    assert "Red mug" in page
    assert "Price: 12.5 → 9" in page
    assert "Mei Li" in page


def test_who_left_and_what_is_gone_stay_as_numbers(client, auditor):
    person = StaffUserFactory.create()
    product = ProductFactory.create(price="1")
    with acting_as(f"staff:{person.pk}"):
        type(product).objects.filter(pk=product.pk).update(price="9")
    number, member = product.pk, person.pk
    product.delete()
    person.delete()

    page = client.get(LIST).content.decode()

    assert f"Product #{number}" in page
    assert f"Staff member #{member}" in page


def test_customers_are_numbers_here(client, auditor):
    customer = CustomerFactory.create(name="Ana Ortega")
    type(customer).objects.filter(pk=customer.pk).update(is_personalised=False)

    page = client.get(LIST).content.decode()

    assert f"Customer #{customer.pk}" in page
    assert "yes → no" in page
    assert "Ana Ortega" not in page


@pytest.mark.parametrize("term", ["MUG-RED", "Red mu", "subject"])
def test_a_search_finds_by_sku_name_and_subject(term, client, auditor):
    product = ProductFactory.create(name="Red mug", price="1")
    variant = VariantFactory.create(product=product, sku="MUG-RED-1", stock=1)
    ProductFactory.create(name="Blue plate", price="7777")
    wanted = f"catalog.variant:{variant.pk}" if term == "subject" else term

    found = client.get(LIST, {"q": wanted}).context["cl"].result_list

    assert len(found) == 1
    assert found[0].subject == (
        f"catalog.product:{product.pk}" if term == "Red mu" else f"catalog.variant:{variant.pk}"
    )


def test_the_page_of_an_entry_shows_the_change_and_what_else_happened_there(client, auditor):
    variant = VariantFactory.create(sku="MUG-1", stock=5)
    type(variant).objects.filter(pk=variant.pk).update(stock=3)
    entry = LedgerEntry.objects.latest("id")

    page = client.get(f"{LIST}{entry.pk}/change/").content.decode()

    assert "5 → 3" in page
    assert "MUG-1" in page
    assert "– → 5" in page
    assert reverse("admin:catalog_product_change", args=[variant.product_id]) in page


def test_an_export_says_how_many_rows_went_out(client, auditor):
    ledger.record("export", "catalog.order", list="catalog.order", rows=1200, format="csv", actor="job:77")
    known = JobFactory.create(task="core.tasks.verify_ledger", kind="core.ledger.verify")
    ledger.record("export", "catalog.order", list="catalog.order", rows=5, actor=f"job:{known.pk}")

    page = client.get(LIST, {"kind__exact": "export"}).content.decode()

    assert "Rows: 1200" in page
    assert "job #77" in page
    assert f"Verify the ledger #{known.pk}" in page


def test_the_last_verification_stands_above_the_list(client, auditor):
    assert "has not been verified yet" in client.get(LIST).content.decode()

    job = JobFactory.create(
        kind="core.ledger.verify",
        state=Job.State.DONE,
        result={"entries": 1234, "is_whole": True, "first_broken": None},
    )
    Job.objects.filter(pk=job.pk).update(finished_at="2026-03-04T04:20:00Z")
    assert "1,234 entries." in client.get(LIST).content.decode()

    Job.objects.filter(pk=job.pk).update(result={"entries": 7, "is_whole": False, "first_broken": 8})
    assert "The chain is broken at entry 8" in client.get(LIST).content.decode()


def test_a_list_of_fifty_names_costs_a_known_number_of_queries(client, auditor, django_assert_max_num_queries):
    for person in StaffUserFactory.create_batch(5):
        with acting_as(f"staff:{person.pk}"):
            VariantFactory.create_batch(5, stock=2)
    client.get(LIST)

    with django_assert_max_num_queries(12):
        client.get(LIST)


def test_the_list_goes_out_as_a_file_in_words(client):
    client.force_login(StaffUserFactory.create(is_superuser=True))
    product = ProductFactory.create(name="Red mug", price="12.50")

    answer = client.post(f"{LIST}export/", {"format": "csv"}, query_params={"q": f"catalog.product:{product.pk}"})

    rows = b"".join(answer.streaming_content).decode()
    assert "Red mug" in rows
    assert "– → 12.5" in rows


@pytest.mark.parametrize("role", [Role.MERCHANDISER, Role.SUPPORT])
def test_others_do_not_see_it(role, client):
    client.force_login(StaffUserFactory.create(role=role))

    assert client.get(LIST).status_code == 403


def test_a_body_that_is_no_json_is_shown_as_it_is(client, auditor):
    LedgerEntry.objects.create(kind="price", subject="gone.table:5", actor="weird:1", body="not {json")

    page = client.get(LIST).content.decode()

    assert "not {json" in page
    assert "gone.table:5" in page


def test_every_detail_of_a_known_act_has_words():
    entry = LedgerEntry(
        kind="permission", subject="core.staffrole:1", body=json.dumps({"given": ["a", "b", "c", "d", "e"]})
    )

    assert words.short(entry) == "Given: 5 entries"
    assert str(words.details(entry)[0]) == "Given: a, b, c, d, e"


@pytest.mark.parametrize(
    ("subject", "body", "said"),
    [
        ("catalog.customer:1", {"act": "asked", "right": "erase"}, ["What: asked for", "Right: erasure"]),
        ("core.staffuser:1", {"given": ["support", "auditor"]}, ["Given: Support agent, Auditor"]),
        (
            "core.modelversion:1",
            {"before": {"state": "candidate"}, "after": {"state": "active"}},
            ["State: candidate → live"],
        ),
        ("catalog.customer:1", {"act": "new act"}, ["What: new act"]),
    ],
)
def test_codes_are_told_by_their_words_and_unknown_ones_as_they_are(subject, body, said):
    entry = LedgerEntry(kind="rights", subject=subject, body=json.dumps(body))

    assert list(map(str, words.details(entry))) == said


def test_in_chinese_a_line_has_chinese_punctuation():
    entry = LedgerEntry(kind="permission", subject="core.staffuser:1", body=json.dumps({"given": ["support", "owner"]}))

    with translation.override("zh-hans"):
        assert words.short(entry) == "授予：客服、店主"
