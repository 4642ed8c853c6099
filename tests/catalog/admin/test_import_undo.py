"""Undoing an import from its page."""

import re

import pytest

from catalog.importing import undo
from catalog.models import ImportBatch, Product
from core.models import Job
from tests.catalog.importing.conftest import SMALL_SHOP, do_import, write_files

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(tmp_path):
    return do_import(write_files(tmp_path / "shop", SMALL_SHOP)).batch


def address(batch, rest: str = "undo/") -> str:
    return f"/admin/catalog/importbatch/{batch.pk}/{rest}"


def test_the_question_says_how_many_rows_would_go(batch, client, django_assert_max_num_queries):
    assert address(batch) in client.get(address(batch, "change/")).content.decode()

    with django_assert_max_num_queries(20):
        page = client.get(address(batch)).content.decode()

    assert f"Undo import #{batch.pk}?" in page
    for label, count in (("Products", 3), ("Orders", 3), ("Order lines", 5), ("Customers", 2)):
        row = re.search(rf'<th scope="row">{label}</th>\s*<td class="zg-right">(\d+)</td>', page)
        assert row is not None
        assert int(row[1]) == count
    assert Product.objects.count() == 3


def test_the_answer_queues_one_job_that_takes_the_import_back(batch, client):
    for _press in range(2):
        answer = client.post(address(batch))
        assert answer["Location"] == address(batch, "change/")
    job = Job.objects.get(kind="catalog.import.undo")
    assert (job.arguments["batch_id"], job.queue, job.state) == (batch.pk, "bulk", "queued")

    undo.perform(**job.arguments)

    batch.refresh_from_db()
    assert (batch.state, batch.undone_by_id) == ("undone", job.created_by_id)
    assert not Product.objects.exists()
    page = client.get(address(batch, "change/")).content.decode()
    assert "Undone" in page
    assert "Undo this import" not in page


def test_what_stayed_is_listed_with_its_reason(batch, client):
    Product.objects.filter(external_id="P1").update(name="Staff know better")
    undo.perform(batch.pk)

    page = client.get(address(batch, "change/")).content.decode()

    assert "Products P1" in page
    assert "somebody changed it since" in page


def test_newer_imports_are_pointed_at(batch, client, tmp_path):
    newer = write_files(tmp_path / "newer", {"products.csv": "id,name,price\nP1,Cup,1\n"})
    do_import(newer)

    assert "1 newer import wrote to the shop" in client.get(address(batch)).content.decode()


def test_an_import_that_cannot_be_undone_says_why(batch, client):
    undo.perform(batch.pk)

    assert "This import was undone already." in client.get(address(batch)).content.decode()
    client.post(address(batch))
    assert not Job.objects.filter(kind="catalog.import.undo").exists()


def test_who_may_only_look_is_not_asked(batch, client_with):
    looker = client_with("catalog.view_importbatch")

    assert "Undo this import" not in looker.get(address(batch, "change/")).content.decode()
    assert looker.get(address(batch)).status_code == 403
    assert looker.post(address(batch)).status_code == 403
    assert ImportBatch.objects.get().state == "done"
