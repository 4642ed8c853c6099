"""What a person is shown before an import: columns, guesses, first rows, and a rehearsal of them."""

from pathlib import Path

import pytest
from django.utils import translation

from catalog.importing import runner, uploads
from catalog.importing.errors import FileRefused, ImportRefused
from catalog.importing.formats import plan
from catalog.importing.inspection import columns_of, inspect
from catalog.importing.report import words
from catalog.models import ImportBatch, Product
from core.models import Job
from tests.catalog.importing.conftest import do_import
from tests.factories import StaffUserFactory

pytestmark = pytest.mark.django_db
GERMAN = "Artikel;Bezeichnung;Preis;Notiz\nA1;Käsemesser;12,50;gut\nA2;Löffel;frei;\n"
MAPPING = {"products": {"Artikel": "id", "Bezeichnung": "name", "Preis": "price", "Notiz": ""}}


def test_a_file_is_shown_with_its_columns_and_what_they_would_become(small_shop):
    found = inspect(small_shop)

    assert found.is_ready
    assert [file.section for file in found.files][:3] == ["categories", "products", "variants"]
    customers = next(file for file in found.files if file.section == "customers")
    assert (customers.name, customers.encoding, customers.delimiter, customers.row_count) == (
        "customers.csv", "UTF-8", ",", 2,
    )  # fmt: skip
    assert (customers.columns[0].title, customers.columns[0].becomes, customers.columns[0].examples) == (
        "id", "id", ("C1", "C2"),
    )  # fmt: skip
    assert customers.first_rows[1][3] == "王芳"
    assert not Product.objects.exists()


def test_what_is_missing_is_named_and_nothing_is_raised(write):
    found = inspect(write({"products.csv": GERMAN.encode("cp1252"), "customers.csv": b"", "odd.csv": b"a\n1\n"}))

    products, customers = sorted(found.files, key=lambda file: file.section, reverse=True)
    assert (products.encoding, products.delimiter, products.missing) == ("Windows-1252", ";", ("id", "name", "price"))
    assert [column.becomes for column in products.columns] == ["", "", "", ""]
    assert customers.problem == "customers.csv, line 1: the file is empty."
    assert found.left == ("odd.csv",)
    assert not found.is_ready


def test_what_a_person_said_about_columns_is_honoured(write):
    folder = write({"products.csv": GERMAN.encode("cp1252")})

    assert inspect(folder, mappings=MAPPING).is_ready
    batch = ImportBatch.objects.create(format="native", source=str(folder), mapping=MAPPING)
    report = runner.run(batch.pk)

    product = Product.objects.get()
    assert (product.external_id, product.name, str(product.price)) == ("A1", "Käsemesser", "12.5000")
    assert [words(note) for note in report["notes"]] == [
        "products.csv: not UTF-8, read as Windows-1252.", "products.csv: columns left unread: Notiz.",
    ]  # fmt: skip
    assert report["refused_sample"][0]["column"] == "Preis"


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"Artikel": "nonsense"}, "column Artikel: the format has no column nonsense."),
        ({"Artikel": "id", "Bezeichnung": "id"}, "column Bezeichnung: another column is taken for id already."),
        ({"Gone": "id"}, "column id, name, price: the column is missing."),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(write, mapping, sentence):
    folder = write({"products.csv": GERMAN.encode()})

    assert sentence in (inspect(folder, mappings={"products": mapping}).files[0].problem or _refusal(folder, mapping))


def _refusal(folder: Path, mapping: dict[str, str]) -> str:
    with pytest.raises(FileRefused) as refusal:
        plan("native", folder, {"products": mapping})
    return str(refusal.value)


def test_a_column_that_shall_be_ignored_is_not_found_by_its_name(write):
    folder = write({"products.csv": "id,name,price,brand\nP1,Mug,1,Clay\n"})

    columns = inspect(folder, mappings={"products": {"brand": ""}}).files[0].columns

    assert [column.becomes for column in columns] == ["id", "name", "price", ""]


def test_one_file_of_one_section_is_enough(write):
    folder = write({"products.csv": "id,name,price\nP1,Mug,1\n", "other.csv": "x\n1\n"})

    assert [file.section for file in inspect(folder / "products.csv").files] == ["products"]
    do_import(folder / "products.csv")
    assert Product.objects.get().name == "Mug"


def test_columns_of_a_section_are_listed():
    names = {column.name: column.is_required for column in columns_of("products")}

    assert (names["id"], names["brand"]) == (True, False)
    with pytest.raises(LookupError):
        columns_of("nothing")


def test_uploads_have_a_folder_and_a_name_of_their_own():
    batch = ImportBatch.objects.create(format="native", source="")

    assert uploads.folder_of(batch).parts[-3:] == ("imports", str(batch.pk), "files")
    assert uploads.name_for("products", "Unsere Artikel 2026.XLSX") == "products.xlsx"
    assert uploads.name_for("orders", "x.csv.gz") == "orders.csv.gz"
    for section, name in (("products", "list.exe"), ("nothing", "a.csv")):
        with pytest.raises(ImportRefused):
            uploads.name_for(section, name)


def test_an_import_is_queued_once(small_shop):
    batch = ImportBatch.objects.create(format="native", source=str(small_shop))
    person = StaffUserFactory.create()

    first, second = uploads.start(batch, person), uploads.start(batch, person)

    assert first == second == Job.objects.get(kind="catalog.import")
    assert (first.queue, first.arguments, batch.created_by) == ("bulk", {"batch_id": batch.pk}, person)


def test_notes_are_read_in_the_language_of_the_reader(write):
    with translation.override("zh-hans"):
        result = do_import(write({"products.csv": "id,name,price,size\nP1,Mug,free,1\n"}))

    note = result.batch.report["notes"][0]
    assert note == {
        "text": "%(file)s: columns left unread: %(columns)s.", "values": {"file": "products.csv", "columns": "size"},
    }  # fmt: skip
    reason = result.batch.report["refused_sample"][0]["reason"]
    assert words(reason) == "is not an amount such as 12.50"
    with translation.override("zh-hans"):
        assert words(note) != "products.csv: columns left unread: size."
        assert "products.csv" in words(note)
        assert words(reason) != "is not an amount such as 12.50"
