"""Files as spreadsheets and old systems write them: read when the bytes leave no doubt, else refused with a place."""

import gzip
import io
import zipfile
from datetime import date

import openpyxl
import pytest

from catalog.importing import sheets
from catalog.importing.encoding import find_encoding
from catalog.importing.errors import FileRefused
from catalog.models import Customer, Product
from tests.catalog.importing.conftest import counts, do_import

PRODUCTS = "id,name,price\nP1,{name},1.50\nP2,Plain,2\n"


def found(tmp_path, data):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    encoding = find_encoding(path)
    return encoding.label, encoding.is_damaged


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("plain", "ascii", "UTF-8"),
        ("Käse, Öl und Brød", "utf-8", "UTF-8"),
        ("Käse", "utf-8-sig", "UTF-8"),
        ("马克杯", "utf-16", "UTF-16"),
        ("id,name\n1,Mug\n", "utf-16-le", "UTF-16-LE"),
        ("id,name\n1,Mug\n", "utf-16-be", "UTF-16-BE"),
        ("红色马克杯和蓝色盘子", "gbk", "GB18030"),
        ("红色马克杯和蓝色盘子", "gb18030", "GB18030"),
        ("Müller, Käse, Straße, 12 €", "cp1252", "Windows-1252"),
        ("Café crème à l'été", "latin-1", "Windows-1252"),
        ("São Paulo, coração", "latin-1", "Windows-1252"),
        ("El niño está aquí", "latin-1", "Windows-1252"),
        ("l’été d’Anne — “oui”", "cp1252", "Windows-1252"),
    ],
)
def test_encodings_that_leave_no_doubt_are_found(tmp_path, text, codec, label):
    assert found(tmp_path, text.encode(codec)) == (label, False)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Красная кружка", "cp1251"),
        ("Κόκκινη κούπα", "cp1253"),
        ("ספל אדום", "cp1255"),
        ("żółty kubek z łódką", "cp1250"),
    ],
)
def test_encodings_that_could_be_another_are_not_guessed(tmp_path, text, codec):
    assert found(tmp_path, text.encode(codec)) == ("UTF-8", True)


@pytest.mark.django_db
@pytest.mark.parametrize(("codec", "label"), [("cp1252", "Windows-1252"), ("utf-16", "UTF-16")])
def test_rows_arrive_whatever_the_encoding_with_a_note(write, codec, label):
    result = do_import(write({"products.csv": PRODUCTS.format(name="Käsemesser für Gäste").encode(codec)}))

    assert Product.objects.get(external_id="P1").name == "Käsemesser für Gäste"
    assert result.notes == [f"products.csv: not UTF-8, read as {label}."]
    assert result.refused == []


@pytest.mark.django_db
def test_the_unicode_text_of_spreadsheets_is_read(write):
    text = "id\tname\tprice\r\nP1\t红色马克杯\t12,5\r\n"

    do_import(write({"products.csv": text.encode("utf-16")}))

    product = Product.objects.get()
    assert (product.name, str(product.price)) == ("红色马克杯", "12.5000")


@pytest.mark.django_db
def test_utf_16_with_broken_characters_is_refused_with_its_line(write):
    data = "id,name,price\nP1,Mug,1\nP2,".encode("utf-16") + b"\x00\xd8" + ",2\n".encode("utf-16-le")

    with pytest.raises(FileRefused, match=r"products\.csv, line \d+: is in UTF-16 with characters that are broken\."):
        do_import(write({"products.csv": data}))

    assert not Product.objects.exists()


@pytest.mark.django_db
def test_a_decimal_comma_is_no_thousand_in_a_file_with_commas(write):
    result = do_import(write({"products.csv": 'id,name,price\nP1,Mug,"12,50"\n'}))

    assert [row[2:] for row in result.refused] == [("price", "is not an amount such as 12.50")]


@pytest.mark.django_db
def test_tables_with_tabs_are_read_under_their_own_ending(write):
    do_import(write({"products.tsv.gz": gzip.compress(b"id\tname\tprice\nP1\tMug, red\t1\n")}))

    assert Product.objects.get().name == "Mug, red"


# --- spreadsheets -----------------------------------------------------------------------------------------------


def workbook(**tables) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


@pytest.mark.django_db
def test_a_spreadsheet_with_a_sheet_per_section_is_read(write):
    data = workbook(
        Products=[
            ["ID", "Name", "Price", "Created at"],
            ["P1", "Mug", 12.5, date(2025, 1, 2)],
            ["P2", "杯", 3, None],
        ],
        customers=[["id", "email", "name"], [4711, "ann@example.com", "Ann"], [], [4712, "nowhere", "Bo"]],
        notes=[["what we thought"]],
    )

    result = do_import(write({"shop.xlsx": data}))

    mug, cup = Product.objects.order_by("external_id")
    assert (mug.name, str(mug.price), mug.created_at.isoformat()) == ("Mug", "12.5000", "2025-01-02T00:00:00+00:00")
    assert cup.name == "杯"
    assert Customer.objects.get().external_id == "4711"
    assert result.refused == [("shop.xlsx (customers)", 4, "email", "is not an e-mail address")]
    assert counts(result.sections["customers"]) == (2, 1, 0, 0, 1)
    assert result.left == ["shop.xlsx (notes)"]


@pytest.mark.django_db
def test_a_single_sheet_takes_the_name_of_its_file(write):
    do_import(write({"products.xlsx": workbook(Tabelle1=[["id", "name", "price"], ["P1", "Mug", 1]])}))

    assert Product.objects.get().name == "Mug"


@pytest.mark.django_db
def test_rows_with_more_cells_than_the_header_are_refused(write):
    data = workbook(a=[["id", "name", "price"], ["P1", "Mug", 1, "more"], ["P2", "Cup", 2]])

    result = do_import(write({"products.xlsx": data}))

    assert [row[1:] for row in result.refused] == [(2, "", "has 4 cells where the header has 3")]
    assert Product.objects.get().name == "Cup"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"no archive at all", r"is not a spreadsheet in the format \.xlsx"),
        (b"PK\x03\x04 torn", r"is not a spreadsheet in the format \.xlsx"),
    ],
)
def test_what_is_no_spreadsheet_is_refused(tmp_path, data, sentence):
    path = tmp_path / "products.xlsx"
    path.write_bytes(data)

    with pytest.raises(FileRefused, match=sentence):
        sheets.sheet_names(path)


def test_an_archive_without_a_workbook_is_refused(tmp_path):
    path = tmp_path / "products.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")

    with pytest.raises(FileRefused, match="the spreadsheet is damaged"):
        sheets.sheet_names(path)


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "products.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(9):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * (64 << 20))
    assert path.stat().st_size < 1 << 20
    monkeypatch.setattr("openpyxl.load_workbook", lambda *a, **k: pytest.fail("was opened"))

    with pytest.raises(FileRefused, match="unpacks to more than 512 MB"):
        sheets.sheet_names(path)


def test_entities_that_grow_are_not_followed(tmp_path):
    good = workbook(products=[["id"], ["P1"]])
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    path = tmp_path / "products.xlsx"
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                content = bomb + content.partition(b"?>")[2].replace(b"P1", b"&b;")
            target.writestr(name, content)

    with pytest.raises(FileRefused, match="the spreadsheet is damaged"):
        list(sheets.rows(path, "products"))


def test_more_than_500_columns_are_refused(tmp_path):
    path = tmp_path / "products.xlsx"
    path.write_bytes(workbook(products=[["id"], list(range(501))]))

    with pytest.raises(FileRefused, match=r"products\.xlsx, line 2: has more than 500 columns\."):
        list(sheets.rows(path, "products"))
