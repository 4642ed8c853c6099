"""What people really send: every bad row is named with file, line, column and reason, and the good rows arrive."""

import gzip
import re

import pytest
from django.conf import settings
from django.db import connection

from catalog.extensions import import_sections
from catalog.importing import staging
from catalog.importing.errors import FileRefused, ImportRefused
from catalog.importing.native import orders as order_sections
from catalog.models import Category, Customer, ImportBatch, Interaction, Order, OrderLine, Product, ProductImage
from core import jobs
from tests.catalog.importing.conftest import SMALL_SHOP, counts, do_import, picture, table_hashes

pytestmark = pytest.mark.django_db
PRODUCTS = "id,name,price\n"


def refused_products(write, content):
    result = do_import(write({"products.csv": content}))
    return result, [refusal[1:] for refusal in result.refused]


def names():
    return list(Product.objects.order_by("external_id").values_list("external_id", flat=True))


def test_a_missing_column_stops_the_import_before_anything_is_written(small_shop):
    (small_shop / "order_lines.csv").write_text("order,line,name\nN1,1,Mug\n")

    with pytest.raises(FileRefused) as refusal:
        do_import(small_shop)

    assert str(refusal.value) == "order_lines.csv, line 1, column sku, quantity, unit_price: the column is missing."
    assert (refusal.value.file, refusal.value.line) == ("order_lines.csv", 1)
    assert not Product.objects.exists()
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.error) == ("failed", str(refusal.value))


def test_an_empty_file_stops_the_import(write):
    with pytest.raises(FileRefused, match=r"products.csv, line 1: the file is empty."):
        do_import(write({"products.csv": b"", "categories.csv": "id,name\na,A\n"}))

    assert not Category.objects.exists()


def test_a_file_with_a_header_alone_has_no_rows(write):
    assert counts(do_import(write({"products.csv": PRODUCTS})).sections["products"]) == (0, 0, 0, 0, 0)


def test_a_folder_without_known_files_is_refused(write):
    with pytest.raises(ImportRefused, match=r"has none of the files categories\.csv, brands\.csv"):
        do_import(write({"notes.txt": "hello"}))


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(ImportRefused, match=r"There is no file or folder .*nowhere\."):
        do_import(tmp_path / "nowhere")


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_other_signs_between_columns_are_found(write, sign):
    rows = f"id{sign}name{sign}price\nP1{sign}Mug, red{sign}12,50\nP2{sign}Cup{sign}3.25\n"

    _result, refused = refused_products(write, rows.encode())

    assert refused == []
    assert [(p.name, str(p.price)) for p in Product.objects.order_by("external_id")] == [
        ("Mug, red", "12.5000"), ("Cup", "3.2500"),
    ]  # fmt: skip


def test_a_damaged_archive_is_refused(write):
    packed = gzip.compress(b"id,name,price\n" + b"P1,Mug,1\n" * 5_000)

    with pytest.raises(FileRefused, match="the packed file is damaged"):
        do_import(write({"products.csv.gz": packed[: len(packed) // 2]}))


def test_a_byte_order_mark_is_no_part_of_the_first_column(write):
    result, refused = refused_products(write, "\ufeffid,name,price\nP1,Mug,1\n".encode())

    assert (names(), refused, result.notes) == (["P1"], [], [])


def test_chinese_in_gbk_is_read_with_a_note(write):
    result, refused = refused_products(write, "id,name,price\nP1,红色马克杯,1\nP2,蓝色盘子,2\n".encode("gbk"))

    assert Product.objects.get(external_id="P1").name == "红色马克杯"
    assert refused == []
    assert result.notes == ["products.csv: not UTF-8, read as GB18030."]


def test_one_damaged_row_does_not_make_a_file_chinese(write):
    rows = "id,name,price\nP1,Käse,1\nP2,Öl,2\nP3,Brød,3\n".encode() + b"P4,Caf\xe9,4\nP5,Tee,5\n"

    _result, refused = refused_products(write, rows)

    assert refused == [(5, "name", "holds bytes that are not text in the file's encoding")]
    assert names() == ["P1", "P2", "P3", "P5"]


def test_a_quote_that_nobody_closes_costs_one_row(write):
    rows = 'id,name,price\nP1,"Mug, red",1\nP2,"Plate,2\nP3,Bowl,3\nP4,"Cup, ""large""",4\nP5,"Jar"x,5\nP6,Pot,6\n'

    _result, refused = refused_products(write, rows)

    assert refused == [(3, "", "the quotes are broken"), (6, "", "the quotes are broken")]
    assert names() == ["P1", "P3", "P4", "P6"]
    assert Product.objects.get(external_id="P4").name == 'Cup, "large"'


def test_a_text_over_several_lines_counts_as_one_row(write):
    content = b'id,name,price,description\nP1,Mug,1,"two\nlines"\nP2,Cup,x,\n'

    _result, refused = refused_products(write, content)

    assert Product.objects.get(external_id="P1").description == "two\nlines"
    assert refused == [(4, "price", "is not an amount such as 12.50")]


def test_rows_with_too_many_or_too_few_cells_are_refused(write):
    _result, refused = refused_products(write, "id,name,price\nP1,Mug\nP2,Cup,2,3\nP3,Jar,3\n")

    assert refused == [
        (2, "", "has 2 cells where the header has 3"),
        (3, "", "has 4 cells where the header has 3"),
    ]
    assert names() == ["P3"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("999999999999999", "is larger than 99,999,999,999,999"),
        ("1e400", "is not an amount such as 12.50"),
        ("-1", "is below 0"),
        ("1.23456", "has more than 4 decimals"),
        ("NaN", "is not an amount such as 12.50"),
        ("", "is empty"),
        ("１２", "is not an amount such as 12.50"),
    ],
)
def test_prices_that_cannot_be_kept_are_refused(write, cell, reason):
    _result, refused = refused_products(write, f"id,name,price\nP1,Mug,{cell}\nP2,Cup,1.50\n")

    assert refused == [(2, "price", reason)]
    assert names() == ["P2"]


def test_a_nul_byte_costs_one_row(write):
    result, refused = refused_products(write, b"id,name,price\nP1,Mu\0g,1\nP2,Cup,2\n")

    assert refused == [(2, "name", "holds a NUL character")]
    assert names() == ["P2"]
    assert counts(result.sections["products"]) == (2, 1, 0, 0, 1)


def test_a_nul_hidden_in_json_is_found(write):
    _result, refused = refused_products(
        write, 'id,name,price,attributes\nP1,Mug,1,"{""a"": ""\\u0000""}"\nP2,Cup,1,"[1]"\nP3,Jar,1,"{bad"\n'
    )

    assert [reason for _line, _column, reason in refused] == [
        "holds a NUL character",
        'is not a JSON object such as {"colour": "red"}',
        "is not JSON",
    ]


def test_of_two_rows_with_one_id_the_first_is_taken(write):
    _result, refused = refused_products(write, "id,name,price\nP1,Mug,1\nP2,Cup,2\nP1,Other,3\n")

    assert refused == [(4, "id", "stands already in line 2")]
    assert Product.objects.get(external_id="P1").name == "Mug"


def test_a_megabyte_in_one_cell_is_refused(write):
    _result, refused = refused_products(write, f"id,name,price\nP1,{'x' * 1_000_000},1\nP2,Cup,2\n")

    assert refused == [(2, "name", "has 1000000 characters, more than 300")]
    assert names() == ["P2"]


@pytest.mark.parametrize("moment", ["1989-12-31T23:59:59Z", "2199-01-01", "9999-12-31T23:59:59-12:00", "0001-01-01"])
def test_dates_out_of_range_are_refused(write, moment):
    folder = write({"orders.csv": f"number,placed_at\nA,{moment}\nB,2024-05-01\n"})

    result = do_import(folder)

    ((file, line, column, reason),) = result.refused
    assert (file, line, column) == ("orders.csv", 2, "placed_at")
    assert reason.startswith("is not between 1990 and ")
    assert list(Order.objects.values_list("number", flat=True)) == ["B"]


def test_a_day_that_does_not_exist_is_refused(write):
    result = do_import(write({"orders.csv": "number,placed_at\nA,2023-02-29\n"}))

    assert result.refused == [
        ("orders.csv", 2, "placed_at", "is not a date and time such as 2026-11-23T14:05:00+08:00")
    ]


def test_references_to_nothing_are_refused_with_their_name(small_shop, write, media):
    do_import(small_shop)
    folder = write(
        {
            "products.csv": "id,name,price,category\nX1,Mug,1,nowhere\n",
            "variants.csv": "sku,product\nS1,nobody\nP1-S,P2\n",
            "images.csv": "product,file\nnobody,a.png\n",
            "orders.csv": "number,customer,placed_at\nX1,nobody,2024-01-01\n",
            "order_lines.csv": "order,line,sku,quantity,unit_price\nX1,1,P1-S,1,1\n",
            "payments.csv": "order,id,kind,amount,paid_at\nX9,T,payment,1,2024-01-01\nN1,T1,payment,40,2024-01-01\n"
            "N2,T1,payment,40,2024-01-01\n",
            "interactions.csv": "event_id,kind,product,customer,visitor,occurred_at\n1,view,zz,C1,,2024-01-01\n"
            "2,view,P1,zz,,2024-01-01\n3,view,P1,,,2024-01-01\n4,purchase,P1,C1,,2024-01-01\n5,view,,C1,,2024-01-01\n",
        },
        "bad",
    )

    result = do_import(folder)

    assert sorted(result.refused) == [
        ("images.csv", 2, "product", "product nobody is unknown"),
        ("interactions.csv", 2, "product", "product zz is unknown"),
        ("interactions.csv", 3, "customer", "customer zz is unknown"),
        ("interactions.csv", 4, "visitor", "names neither a customer nor a visitor"),
        ("interactions.csv", 5, "kind", "is written by the orders, not by events"),
        ("interactions.csv", 6, "product", "is empty"),
        ("order_lines.csv", 2, "order", "order X1 is unknown or was refused"),
        ("orders.csv", 2, "customer", "customer nobody is unknown"),
        ("payments.csv", 2, "order", "order X9 is unknown or was refused"),
        ("payments.csv", 4, "id", "stands already in line 3"),
        ("products.csv", 2, "category", "category nowhere is unknown"),
        ("variants.csv", 2, "product", "product nobody is unknown"),
        ("variants.csv", 3, "sku", "belongs to product P1"),
    ]


def test_money_that_does_not_add_up_is_refused(small_shop, write):
    do_import(small_shop)
    folder = write(
        {
            "orders.csv": "number,placed_at,discount\nY1,2024-05-01,100\nY2,2024-05-01,0\n",
            "order_lines.csv": "order,line,sku,quantity,unit_price,discount\nY1,1,P1-S,1,10,0\nY2,1,P1-S,1,10,11\n"
            "Y2,2,P1-S,2147483647,99999999999999,0\nY2,3,P1-S,0,1,0\nY2,4,P1-S,2,10,0\nN1,2,P2-1,1,1000,1000\n",
            "payments.csv": "order,id,kind,amount,paid_at,line,quantity\nY2,R1,refund,15,2024-05-02,4,1\n"
            "Y2,R2,refund,15,2024-05-03,4,1\nY2,R3,refund,5,2024-05-04,4,1\nN1,T1,payment,5,2024-05-04,,\n",
        },
        "bad",
    )

    result = do_import(folder)

    assert sorted(result.refused) == [
        ("order_lines.csv", 2, "order", "the order would come to -90"),
        ("order_lines.csv", 3, "discount", "is more than the line is worth (10)"),
        ("order_lines.csv", 4, "unit_price", "makes a line of 214748364699997852516353"),
        ("order_lines.csv", 5, "quantity", "is not between 1 and 2147483647"),
        ("orders.csv", 2, "discount", "the order would come to -90"),
        ("payments.csv", 3, "amount", "only 5 of the order can still be given back"),
        ("payments.csv", 5, "amount", "leaves less paid than was given back"),
    ]
    order = Order.objects.get(number="Y2")
    assert (order.total, order.paid_total, order.refunded_total) == (20, 20, 20)
    assert OrderLine.objects.get(order=order).refunded_quantity == 2


def test_more_pieces_than_were_bought_cannot_come_back(small_shop, write):
    do_import(small_shop)
    text = "order,id,kind,amount,paid_at,line,quantity\nN1,R7,refund,1,2024-05-02,1,3\nN1,R8,refund,1,2024-05-02,9,1\n"

    result = do_import(write({"payments.csv": text}, "bad"))

    assert sorted(result.refused) == [
        ("payments.csv", 2, "quantity", "only 2 pieces of the line can come back"),
        ("payments.csv", 3, "line", "the order has no line 9"),
    ]


def test_parents_in_a_circle_are_refused_and_so_are_those_below_them(write):
    rows = "id,parent,name\na,b,A\nb,c,B\nc,a,C\nd,c,D\ne,,E\nf,e,F\ng,g,G\n"

    result = do_import(write({"categories.csv": rows}))

    assert sorted(refusal[1:] for refusal in result.refused) == [
        (2, "parent", "its parents form a circle: a → b → c → a"),
        (3, "parent", "its parents form a circle: a → b → c → a"),
        (4, "parent", "its parents form a circle: a → b → c → a"),
        (5, "parent", "category c is unknown"),
        (8, "parent", "its parents form a circle: g → g"),
    ]
    assert list(Category.objects.values_list("external_id", flat=True)) == ["e", "f"]


def test_a_tree_deeper_than_paths_can_be_is_cut(write):
    rows = "id,parent,name\n" + "".join(f"c{n},{f'c{n - 1}' if n else ''},N\n" for n in range(70))

    result = do_import(write({"categories.csv": rows}))

    assert Category.objects.count() == 63
    assert len(result.refused) == 7
    assert result.refused[0] == ("categories.csv", 65, "parent", "is deeper than 63 levels")


def test_pictures_that_are_none_are_refused(write, media, tmp_path):
    (tmp_path / "secret.png").write_bytes(picture())
    folder = write(
        {
            "products.csv": "id,name,price\nP1,Mug,1\n",
            "images.csv": "product,file,position,alt\nP1,good.png,1,A red mug\nP1,missing.png,,\nP1,../secret.png,,\n"
            "P1,/etc/hostname,,\nP1,drawing.svg,,\nP1,half.jpg,,\nP1,wide.png,,\nP1,link.png,,\n",
            "good.png": picture(),
            "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            "half.jpg": picture((200, 200), kind="JPEG")[:400],
            "wide.png": picture((8_001, 2)),
        }
    )
    (folder / "link.png").symlink_to(tmp_path / "secret.png")

    result = do_import(folder)

    assert sorted(refusal[1:] for refusal in result.refused) == [
        (3, "file", "there is no such file in the folder"),
        (4, "file", "leads out of the folder"),
        (5, "file", "leads out of the folder"),
        (6, "file", "is SVG; save it as JPEG, PNG or WebP"),
        (7, "file", "is cut off or damaged; upload the original again"),
        (8, "file", "is 8001 × 2 pixels; at most 8,000 a side and 25 million in all"),
        (9, "file", "leads out of the folder"),
    ]
    assert [image.source_name for image in ProductImage.objects.all()] == ["good.png"]
    assert len([path for path in media.rglob("*") if path.is_file()]) == 1


def test_the_list_of_refused_rows_holds_no_formula(write):
    result, _refused = refused_products(write, 'id,name,price\n"=HYPERLINK(""x"")",Mug,free\n')

    text = (settings.VAR_DIR / result.batch.refused_file).read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == "file,line,column,reason,row"
    assert "products.csv,2,price,is not an amount such as 12.50," in text
    assert ',"=' not in text
    assert ",=" not in text
    assert result.refused_sample == [
        {
            "file": "products.csv",
            "line": 2,
            "column": "price",
            "reason": {"text": "is not an amount such as 12.50", "values": {}},
        }
    ]


def test_a_failure_in_the_middle_leaves_nothing_half_written(small_shop, monkeypatch):
    def fail(load):
        raise RuntimeError("the disk is full")

    do_import(small_shop)
    text = (small_shop / "products.csv").read_text().replace("Red mug", "Crimson mug")
    (small_shop / "products.csv").write_text(text)
    (small_shop / "customers.csv").write_text("id,name\nC1,Changed\nC3,New\n")
    (small_shop / "order_lines.csv").write_text("order,line,sku,quantity,unit_price\nN1,1,P1-S,9,1\n")
    monkeypatch.setattr("catalog.importing.native.settle.settle", fail)
    monkeypatch.setattr("catalog.importing.native.payments.settle.settle", lambda: fail(None))
    orders_before = table_hashes()["catalog_order"], table_hashes()["catalog_orderline"]

    with pytest.raises(RuntimeError, match="the disk is full"):
        do_import(small_shop)

    assert Product.objects.get(external_id="P1").name == "Crimson mug"  # its section was finished before
    assert Customer.objects.filter(external_id="C3").exists()
    assert (table_hashes()["catalog_order"], table_hashes()["catalog_orderline"]) == orders_before
    batch = ImportBatch.objects.latest("id")
    assert (batch.state, batch.error) == ("failed", "RuntimeError: the disk is full")
    assert batch.report["sections"]["products"]["changed"] == 1


def test_pictures_of_a_section_that_fails_are_removed(write, media, monkeypatch):
    folder = write(
        {
            "products.csv": "id,name,price\nP1,Mug,1\n",
            "images.csv": "product,file\nP1,a.png\n",
            "a.png": picture(),
        }
    )
    monkeypatch.setattr(ProductImage.objects, "bulk_create", lambda rows: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        do_import(folder)

    assert [path for path in media.rglob("*") if path.is_file()] == []


def test_stopping_an_import_takes_its_section_back(write, monkeypatch):
    def stop(done, total=None, message=""):
        if done:
            raise jobs.JobCancelled

    monkeypatch.setattr("catalog.importing.progress.jobs.progress", stop)
    folder = write({"products.csv": PRODUCTS + "".join(f"P{n},Mug,1\n" for n in range(3_000))})

    with pytest.raises(jobs.JobCancelled):
        do_import(folder)

    assert not Product.objects.exists()
    assert ImportBatch.objects.get().state == "failed"


def test_rows_are_never_gathered_in_memory(write, monkeypatch):
    sizes = []
    read = staging._Lines.read

    def watch(self, size=staging.CHUNK):
        text = read(self, size)
        sizes.append(len(text))
        return text

    monkeypatch.setattr(staging._Lines, "read", watch)
    folder = write({"products.csv": PRODUCTS + "".join(f"P{n},{'Mug' * 60},1\n" for n in range(5_000))})

    do_import(folder)

    assert len(sizes) > 3
    assert max(sizes) < 2 * staging.CHUNK


def test_sections_of_a_group_are_written_together(small_shop, monkeypatch):
    seen = []
    original = order_sections.Orders.apply

    def apply(self, load):
        seen.extend(sorted(load.stages))
        original(self, load)

    monkeypatch.setattr(order_sections.Orders, "apply", apply)

    do_import(small_shop)

    assert seen == ["order_lines", "orders", "payments"]


def test_the_documentation_lists_every_column_of_every_section():
    text = (settings.BASE_DIR / "docs" / "import.md").read_text()

    for entry in import_sections.entries():
        part = text.partition(f"### {entry.key}.csv\n")[2].partition("\n##")[0]
        listed = re.findall(r"^\| `(\w+)` \|", part, re.M)
        assert listed == [column.names[0] for column in entry.resolve()().columns()], entry.key


def test_the_columns_of_the_format_are_those_of_the_sections():
    for name, content in SMALL_SHOP.items():
        columns = import_sections.get(name.removesuffix(".csv")).resolve()().columns()
        assert set(content.splitlines()[0].split(",")) <= {column.names[0] for column in columns}


def test_no_temporary_table_is_left_behind(small_shop):
    do_import(small_shop)

    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE 'import\\_%%' AND relpersistence = 't'", [])
        left = {name for (name,) in cursor.fetchall()}
    assert left <= {"import_refused", "import_sums", "import_touched"}
    assert Interaction.objects.count() == 7
