"""Files brought in on a page: read, matched, rehearsed, imported; nothing is written before the last step."""

import gzip
import io
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.importing import runner
from catalog.importing import uploads as files
from catalog.models import Customer, ImportBatch, Product
from catalog.services import uploads
from core.choices import Role
from core.models import Job
from tests.factories import CategoryFactory, CustomerFactory, ProductFactory, ShopProfileFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
PRODUCTS = "id,name,price\nP1,Linen shirt,25.00\nP2,Mug,7.50\nP3,,3.00\n"
ADD = "/admin/catalog/importbatch/add/"


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    ShopProfileFactory.create()
    return tmp_path


@pytest.fixture
def client():
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.OWNER))
    return client


def csv_file(name="products.csv", text=PRODUCTS):
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def send(client, *uploaded, format="native"):
    return client.post(ADD, {"format": format, "tables": list(uploaded)}, follow=True)


def address(step, batch):
    return reverse(f"admin:catalog_importbatch_{step}", args=[batch.pk])


def work(batch):
    """What the worker does with the job of this batch."""
    job = ImportBatch.objects.get(pk=batch.pk).job
    runner.run(batch.pk)
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE)
    ImportBatch.objects.filter(pk=batch.pk).update(job=job)
    batch.refresh_from_db()


def test_files_are_matched_rehearsed_and_imported_and_nothing_is_written_before(client):
    page = send(client, csv_file()).content.decode()
    batch = ImportBatch.objects.get()
    assert "Linen shirt" in page
    assert (batch.title, batch.is_dry_run, batch.state) == ("products.csv", True, "waiting")

    client.post(address("columns", batch), {})
    assert "Counting what would change" in client.get(address("preview", batch)).content.decode()
    work(batch)
    page = client.get(address("preview", batch)).content.decode()

    assert "Import 2 rows" in page
    assert "is empty" in page
    assert Product.objects.count() == 0

    answer = client.post(address("start", batch), follow=True)
    assert answer.redirect_chain[-1][0] == f"/admin/catalog/importbatch/{batch.pk}/change/"
    work(batch)
    assert sorted(Product.objects.values_list("external_id", flat=True)) == ["P1", "P2"]
    assert (batch.is_dry_run, batch.state) == (False, "done")


def test_the_preview_shows_what_would_change_from_what_to_what(client):
    mugs = CategoryFactory.create(name="Mugs", external_id="C1")
    ProductFactory.create(external_id="P1", name="Linen shirt", price="25.00", category=mugs)
    ProductFactory.create(external_id="P2", name="Mug", price="7.50", category=mugs)
    bowls = CategoryFactory.create(name="Bowls", external_id="C2")
    changed = f"id,name,price,category\nP1,Linen shirt,19.90,{mugs.external_id}\nP2,Big mug,7.50,{bowls.external_id}\n"
    send(client, csv_file(text=changed))
    batch = ImportBatch.objects.get()

    client.post(address("columns", batch), {})
    work(batch)
    page = client.get(address("preview", batch)).content.decode()

    found = [(row["name"], row["field"], row["old"], row["new"]) for row in batch.report["changed_sample"]]
    assert sorted(found) == [
        ("Linen shirt", "price", "25.00", "19.90"),
        ("Mug", "category", "Mugs", "Bowls"),
        ("Mug", "name", "Mug", "Big mug"),
    ]
    assert "What would change" in page
    assert "Big mug" in page
    assert Product.objects.get(external_id="P1").price == 25


def test_the_sample_of_changes_is_bounded_and_says_nothing_about_people(client):
    for number in range(40):
        ProductFactory.create(external_id=f"P{number}", name=f"Mug {number}", price="7.50")
    CustomerFactory.create(external_id="K1", name="Lin", email="lin@shop.example")
    products = "id,name,price\n" + "".join(f"P{number},Mug {number},8.00\n" for number in range(40))
    send(client, csv_file(text=products), csv_file("customers.csv", "id,name,email\nK1,Anna,anna@shop.example\n"))
    batch = ImportBatch.objects.get()

    client.post(address("columns", batch), {})
    work(batch)

    sample = batch.report["changed_sample"]
    assert len(sample) == 30
    assert {row["model"] for row in sample} == {"catalog.product"}
    assert batch.report["sections"]["customers"]["changed"] == 1


def test_a_column_under_another_name_is_chosen_by_hand(client):
    send(client, csv_file(text="id,Bezeichnung,price,name\nP1,Leinenhemd,25,old\n"))
    batch = ImportBatch.objects.get()
    chosen = {f"column-products-{at}": name for at, name in enumerate(("id", "name", "price", ""))}

    client.post(address("columns", batch), chosen)
    work(batch)
    client.post(address("start", batch))
    work(batch)

    assert Product.objects.get().name == "Leinenhemd"
    assert batch.mapping == {"products": {"id": "id", "Bezeichnung": "name", "price": "price", "name": ""}}


def test_a_missing_column_is_named_and_the_file_is_not_rehearsed(client):
    page = send(client, csv_file(text="id,Bezeichnung,Preis\nP1,Hemd,25\n")).content.decode()
    batch = ImportBatch.objects.get()
    assert "Say which column is: name, price." in page

    answer = client.post(address("columns", batch), {"column-products-1": "name"})

    assert "Say which column is: price." in answer.content.decode()
    assert Job.objects.count() == 0


def test_a_file_of_any_name_is_known_by_its_columns_or_asked_about(client):
    send(client, csv_file("spring 2026.csv", "id,name,price,brand\nP1,Hemd,25,Lin\n"))
    first = ImportBatch.objects.get()
    assert [path.name for path in files.folder_of(first).iterdir()] == ["products.csv"]

    send(client, csv_file("my_order_lines_2026.csv", "a,b\n1,2\n"))
    named = ImportBatch.objects.latest("pk")
    assert [path.name for path in files.folder_of(named).iterdir()] == ["order_lines.csv"]
    client.post(address("section", named), {"file": "order_lines.csv", "section": "payments"})
    assert [path.name for path in files.folder_of(named).iterdir()] == ["payments.csv"]

    page = send(client, csv_file("list.csv", "a,b\n1,2\n")).content.decode()
    second = ImportBatch.objects.latest("pk")
    assert "What does list.csv hold?" in page
    client.post(address("section", second), {"file": "list.csv", "section": "customers"})
    assert [path.name for path in files.folder_of(second).iterdir()] == ["customers.csv"]


def test_spreadsheets_and_packed_files_are_read(client):
    book = openpyxl.Workbook()
    book.active.title = "products"
    for row in (["id", "name", "price"], ["P1", "Mug", 7.5]):
        book.active.append(row)
    customers = book.create_sheet("customers")
    customers.append(["id", "name"])
    customers.append(["C1", "李雷"])
    out = io.BytesIO()
    book.save(out)
    for uploaded in (
        [csv_file("shop.xlsx", out.getvalue())],
        [csv_file("products.csv.gz", gzip.compress(b"id,name,price\nP2,Cup,4\n"))],
    ):
        send(client, *uploaded)
        batch = ImportBatch.objects.latest("pk")
        client.post(address("columns", batch), {})
        work(batch)
        client.post(address("start", batch))
        work(batch)

    assert sorted(Product.objects.values_list("name", flat=True)) == ["Cup", "Mug"]
    assert Customer.objects.get().name == "李雷"


@pytest.mark.parametrize(
    ("uploaded", "words"),
    [
        ([], "Choose at least one file."),
        ([csv_file("photo.png", b"\x89PNG")], "photo.png is no table"),
        ([csv_file("../../etc/passwd", b"root")], "passwd is no table"),
        ([csv_file("a.csv", b"")], "empty"),
        ([csv_file("a.csv"), csv_file("a.csv")], "Two of the files have the same name."),
        ([csv_file(f"{n}.csv") for n in range(21)], "At most 20 files at once."),
    ],
)  # fmt: skip
def test_what_cannot_be_imported_is_refused_and_nothing_stays(client, own_folder, uploaded, words):
    for one in uploaded:
        one.seek(0)

    page = send(client, *uploaded).content.decode()

    assert words in page
    assert ImportBatch.objects.count() == 0
    assert not (own_folder / "imports").exists() or list((own_folder / "imports").iterdir()) == []


def test_names_of_files_cannot_leave_the_folder(client, own_folder):
    send(client, csv_file("..\\..\\evil/..%2f<b>.csv", "a,b\n1,2\n"))

    batch = ImportBatch.objects.get()
    stored = list(files.folder_of(batch).iterdir())
    assert [path.parent for path in stored] == [files.folder_of(batch)]
    assert "<" not in stored[0].name


def test_a_full_disk_leaves_no_batch_and_no_files(client, own_folder, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads, "_store", full)

    page = send(client, csv_file()).content.decode()

    assert "No space left on device" in page
    assert ImportBatch.objects.count() == 0
    assert list((own_folder / "imports").iterdir()) == []


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused_before_it_is_read(client, own_folder):
    packed = gzip.compress(b"id,name,price\n" + b"\0" * (600 << 20), compresslevel=1)

    answer = send(client, csv_file("products.csv.gz", packed))

    assert len(packed) < 4_000_000
    assert "products.csv.gz unpacks to more than 512 MB" in answer.content.decode()
    assert not ImportBatch.objects.exists()
    assert [path for path in own_folder.rglob("*") if path.is_file()] == []


def test_an_import_is_started_once_and_only_after_its_preview(client):
    send(client, csv_file())
    batch = ImportBatch.objects.get()
    client.post(address("start", batch))
    assert Job.objects.count() == 0

    client.post(address("columns", batch), {})
    client.post(address("start", batch))
    assert Job.objects.count() == 1
    work(batch)
    client.post(address("start", batch))
    assert client.post(address("start", batch)).status_code == 404
    assert Job.objects.count() == 2


def test_discarded_files_are_gone_and_a_started_import_cannot_be_discarded(client):
    send(client, csv_file())
    batch = ImportBatch.objects.get()
    folder = files.folder_of(batch)

    client.post(address("discard", batch))

    assert (ImportBatch.objects.count(), folder.exists()) == (0, False)
    ImportBatch.objects.create(format="native", source="/x", state="done")
    assert client.post(address("discard", ImportBatch.objects.get())).status_code == 404
    assert ImportBatch.objects.count() == 1


def test_what_nobody_went_on_with_is_forgotten_after_a_day(client):
    send(client, csv_file())
    old = ImportBatch.objects.get()
    ImportBatch.objects.filter(pk=old.pk).update(started_at=timezone.now() - timedelta(hours=25))
    send(client, csv_file("customers.csv", "id,name\nC1,Ana\n"))

    assert uploads.tidy() == 1

    assert ImportBatch.objects.get().title == "customers.csv"
    assert not files.folder_of(old).exists()


def test_files_of_an_import_that_failed_go_after_their_time_though_no_import_follows(client, own_folder):
    send(client, csv_file())
    batch = ImportBatch.objects.get()
    failed = {"state": ImportBatch.State.FAILED, "is_dry_run": False}
    ImportBatch.objects.filter(pk=batch.pk).update(finished_at=timezone.now() - timedelta(days=29), **failed)
    uploads.tidy()
    assert files.folder_of(batch).is_dir()

    ImportBatch.objects.filter(pk=batch.pk).update(finished_at=timezone.now() - timedelta(days=31))
    uploads.tidy()

    assert not files.folder_of(batch).exists()


def test_an_unfinished_import_opens_where_it_was_left(client):
    send(client, csv_file())
    batch = ImportBatch.objects.get()
    change = reverse("admin:catalog_importbatch_change", args=[batch.pk])
    assert client.get(change).url == address("columns", batch)

    client.post(address("columns", batch), {})

    assert client.get(change).url == address("preview", batch)


def test_cells_of_a_file_are_shown_to_who_brought_it_in_or_may_see_people(client):
    send(client, csv_file("customers.csv", "id,name,email\nC1,Ana,ana@shop.example\n"))
    columns = address("columns", ImportBatch.objects.get())
    other = Client()
    other.force_login(StaffUserFactory.create(role=Role.MERCHANDISER))

    assert "ana@shop.example" in client.get(columns).content.decode()
    page = other.get(columns)
    assert page.status_code == 200
    assert "ana@shop.example" not in page.content.decode()


def test_those_who_may_not_add_imports_find_no_button_and_no_page():
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.ANALYST))

    assert client.get(ADD).status_code == 403
    assert "Import files" not in client.get("/admin/catalog/importbatch/").content.decode()
