"""A small shop as files, and the import of a folder."""

import csv
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from PIL import Image

from catalog.importing import runner
from catalog.importing.report import words
from catalog.models import ImportBatch

TABLES = [
    "catalog_category",
    "catalog_brand",
    "catalog_product",
    "catalog_variant",
    "catalog_productimage",
    "catalog_stockmovement",
    "catalog_customer",
    "catalog_order",
    "catalog_orderline",
    "catalog_orderevent",
    "catalog_payment",
    "catalog_refund",
    "catalog_visitor",
    "catalog_interaction",
    "core_shopprofile",
]

SMALL_SHOP = {
    "categories.csv": """id,parent,name,name_en,name_zh,position
        mugs,kitchen,Mugs,Mugs,马克杯,1
        kitchen,,Kitchen,Kitchen,厨房,1
        pans,kitchen,Pans,Pans,平底锅,2
        """,
    "products.csv": """id,name,name_en,name_zh,description,category,brand,price,status,attributes,created_at
        P1,Red mug,Red mug,红色马克杯,A mug,mugs,Clay & Co,12.50,live,"{""colour"": ""red""}",2024-01-02T08:00:00+08:00
        P2,Blue mug,,,,mugs,Clay & Co,13,live,,2024-01-03
        P3,Pan,Pan,平底锅,,pans,,49.9,hidden,,
        """,
    "variants.csv": """sku,product,options,price,stock,barcode
        P1-S,P1,"{""size"": ""S""}",,5,4006381333931
        P1-L,P1,"{""size"": ""L""}",14.00,0,
        P2-1,P2,,,,
        P3-1,P3,,,2,
        """,
    "customers.csv": """id,email,phone,name,locale,country,city,created_at,birthday,personalisation
        C1,ann@example.com,+44 20 7946 0001,Ann,en-GB,GB,London,2024-01-01T10:00:00Z,1990-05-17,true
        C2,,,王芳,zh_CN,CN,上海,2024-02-01T10:00:00Z,,false
        """,
    "orders.csv": """number,customer,placed_at,status,currency,shipping,discount,channel,country
        N1,C1,2024-03-01T10:00:00Z,delivered,CNY,5,2,web,GB
        N2,C2,2024-03-02T11:00:00Z,placed,CNY,0,0,app,CN
        N3,,2024-04-05T09:30:00Z,paid,CNY,,,web,
        """,
    "order_lines.csv": """order,line,sku,name,quantity,unit_price,discount
        N1,1,P1-S,Red mug S,2,12.50,1
        N1,2,P2-1,,1,13.00,
        N2,1,P1-L,,1,14.00,0
        N3,1,P3-1,,1,49.90,0
        N3,2,GONE,Old plate,3,2.00,0
        """,
    "payments.csv": """order,id,kind,amount,currency,paid_at,method
        N1,T1,payment,40.00,CNY,2024-03-01T10:05:00Z,card
        N1,T2,refund,12.50,CNY,2024-03-09T10:05:00Z,card
        """,
    "interactions.csv": """event_id,kind,product,customer,visitor,occurred_at,value
        e1,view,P1,C1,v1,2024-02-27T10:00:00Z,
        0f8fad5b-d9cb-469f-a165-70867728950e,cart,P1,,v1,2024-02-28T10:00:00Z,
        e3,search,,,v2,2024-03-02T10:00:00Z,
        e4,rating,P1,C1,,2024-03-20T10:00:00Z,4
        """,
}


def write_files(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Files of a folder; the indent of text is taken away."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if isinstance(content, str):
            content = "".join(f"{line.strip()}\n" for line in content.splitlines() if line.strip()).encode()
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(files: dict[str, str | bytes], folder: str = "shop") -> Path:
        return write_files(tmp_path / folder, files)

    return write


@pytest.fixture
def small_shop(write: Callable[..., Path]) -> Path:
    return write(SMALL_SHOP)


@pytest.fixture
def media(tmp_path: Path, settings) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def picture(size: tuple[int, int] = (8, 6), colour: str = "red", kind: str = "PNG", **options: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, kind, **options)
    return written.getvalue()


def do_import(path: Path, name: str = "native", *, dry_run: bool = False) -> SimpleNamespace:
    """Run an import: its report, with the refused rows as read from their file."""
    batch = ImportBatch.objects.create(format=name, source=str(path), is_dry_run=dry_run)
    report = runner.run(batch.pk)
    batch.refresh_from_db()
    refused = []
    if batch.refused_file:
        with (settings.VAR_DIR / batch.refused_file).open(encoding="utf-8-sig", newline="") as file:
            refused = [(row["file"], int(row["line"]), row["column"], row["reason"]) for row in csv.DictReader(file)]
    notes = [words(note) for note in report["notes"]]
    return SimpleNamespace(**{**report, "notes": notes, "batch": batch, "refused": refused})


def counts(section: dict[str, object]) -> tuple[object, ...]:
    """read, new, changed, same, refused."""
    return tuple(section[name] for name in ("read", "new", "changed", "same", "refused"))


def table_hashes() -> dict[str, str]:
    """A hash of every row of the shop, with all columns."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, '|' ORDER BY t::text), '') FROM {table} t")
            found[table] = hashlib.sha256(cursor.fetchone()[0].encode()).hexdigest()
    return found
