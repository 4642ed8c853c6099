"""What the customer who is signed in may do with their own data."""

import io
import json
import zipfile
from datetime import UTC, datetime

import pytest

from catalog.models import Customer
from core import rights
from core.models import DataRequest, Job, LedgerEntry
from tests.factories import CustomerFactory, OrderFactory, OrderLineFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def ana():
    return CustomerFactory.create(name="Ana", email="ana@shop.example")


def test_a_copy_is_asked_for_made_by_a_job_and_fetched(ana, as_customer):
    call = as_customer(ana)
    assert call.get("/me/export").status_code == 404

    asked = call.post("/me/export")

    assert (asked.status_code, asked.json()["state"]) == (202, "open")
    job = Job.objects.get()
    assert (job.task, set(job.arguments)) == ("core.tasks.carry_out_data_request", {"request_id"})
    assert call.get("/me/export/file").status_code == 404
    rights.carry_out(job.arguments["request_id"])
    assert call.get("/me/export").json()["state"] == "done"
    answer = call.get("/me/export/file")
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, "application/zip", "no-store")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert json.loads(archive.read("data.json"))["catalog.Customer"][0]["email"] == "ana@shop.example"
    assert LedgerEntry.objects.filter(kind="export", actor="customer").count() == 1


def test_asking_twice_is_one_request(ana, as_customer):
    call = as_customer(ana)

    first, second = call.post("/me/export").json(), call.post("/me/export").json()

    assert first == second
    assert (DataRequest.objects.count(), Job.objects.count()) == (1, 1)


def test_nobody_fetches_the_copy_of_another(ana, as_customer):
    as_customer(ana).post("/me/export")
    rights.carry_out(DataRequest.objects.get().pk)

    answer = as_customer(CustomerFactory.create()).get("/me/export/file")

    assert answer.status_code == 404


def test_an_erasure_ends_the_token_as_well(ana, as_customer):
    call = as_customer(ana)

    asked = call.delete("/me")
    rights.carry_out(DataRequest.objects.get().pk)

    assert (asked.status_code, asked.json()["kind"]) == (202, "erase")
    assert Customer.objects.get(pk=ana.pk).email == ""
    assert call.get("/me").status_code == 404
    assert call.delete("/me").status_code == 404
    assert call.get("/me/export").status_code == 404


def test_the_customers_own_orders_are_listed_newest_first_and_nobody_elses(ana, as_customer):
    OrderFactory.create()
    older = OrderFactory.create(customer=ana, placed_at=datetime(2026, 1, 1, tzinfo=UTC))
    newer = OrderFactory.create(customer=ana, placed_at=datetime(2026, 2, 1, tzinfo=UTC))
    OrderLineFactory.create(order=newer, quantity=2)
    OrderLineFactory.create(order=newer)
    call = as_customer(ana)

    first = call.get("/me/orders", limit=1).json()

    assert [(row["number"], row["pieces"]) for row in first["results"]] == [(newer.number, 3)]
    assert set(first["results"][0]) == {
        "id", "number", "status", "currency", "total", "refunded_total", "pieces", "placed_at", "paid_at",
    }  # fmt: skip
    second = call.get("/me/orders", limit=1, cursor=newer.public_id).json()
    assert ([row["number"] for row in second["results"]], second["next"]) == ([older.number], None)
    assert call.get("/me/orders", status="paid").status_code == 400


def test_the_list_of_orders_costs_two_queries_however_long_it_is(ana, as_customer, django_assert_num_queries):
    OrderFactory.create_batch(12, customer=ana)
    call = as_customer(ana)
    call.get("/me")

    with django_assert_num_queries(2):
        assert len(call.get("/me/orders").json()["results"]) == 12
