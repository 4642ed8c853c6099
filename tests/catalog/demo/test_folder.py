"""The folder that is written: the same for the same seed, whole, and consistent within itself."""

import csv
import hashlib
import json
import re
from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal

import pytest
from PIL import Image

from catalog.demo.shop import make_shop
from catalog.demo.writer import write_shop
from tests.catalog.demo.conftest import TINY, UNTIL


def rows(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def fingerprint(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_writes_the_same_bytes_and_another_seed_another_shop(tmp_path):
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        write_shop(make_shop(seed=seed, size=TINY, until=UNTIL), tmp_path / name)

    first = fingerprint(tmp_path / "one")

    assert first == fingerprint(tmp_path / "two")
    assert first["orders.csv"] != fingerprint(tmp_path / "other")["orders.csv"]
    assert first["categories.csv"] == fingerprint(tmp_path / "other")["categories.csv"]


def test_the_date_moves_the_history_and_leaves_the_products(tmp_path):
    early = make_shop(seed=5, size=TINY, until=date(2025, 3, 1))
    late = make_shop(seed=5, size=TINY, until=UNTIL)

    assert [product.name_zh for product in early.products] == [product.name_zh for product in late.products]
    assert max(order.placed_at for order in early.orders) < early.calendar.end < late.calendar.end


def test_an_older_demo_shop_is_replaced_and_anything_else_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("catalog.demo.writer.draw_product", lambda look, close: b"")
    shop = make_shop(seed=5, size=TINY, until=UNTIL)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")

    with pytest.raises(FileExistsError):
        write_shop(shop, foreign)
    write_shop(shop, tmp_path / "shop")
    write_shop(shop, tmp_path / "shop")

    assert [path.name for path in foreign.iterdir()] == ["letter.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foreign", "shop"]


def test_a_folder_that_cannot_be_finished_does_not_appear(tmp_path, monkeypatch):
    shop = make_shop(seed=5, size=TINY, until=UNTIL)

    def full_disk(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("catalog.demo.writer.draw_product", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_shop(shop, tmp_path / "shop")

    assert list(tmp_path.iterdir()) == []


def test_sizes_are_met(folder):
    counts = {path.stem: len(rows(folder, path.stem)) for path in folder.glob("*.csv")}

    assert counts["products"] == 240
    assert counts["customers"] == 2_000
    assert 7_600 <= counts["orders"] <= 8_400
    assert 60_000 <= counts["interactions"] <= 60_100
    assert counts["reviews"] == 1_500
    assert counts["categories"] == 31
    assert counts["brands"] == 11
    assert 264 <= counts["images"] <= 312


def test_every_reference_has_its_row(folder):
    ids = {name: {row["id"] for row in rows(folder, name)} for name in ("categories", "products", "customers")}
    skus = {row["sku"] for row in rows(folder, "variants")}
    numbers = {row["number"] for row in rows(folder, "orders")}

    assert {row["parent"] for row in rows(folder, "categories")} <= ids["categories"] | {""}
    assert {row["category"] for row in rows(folder, "products")} <= ids["categories"]
    assert {row["product"] for row in rows(folder, "variants")} == ids["products"]
    assert {row["product"] for row in rows(folder, "images")} == ids["products"]
    assert {row["customer"] for row in rows(folder, "orders")} <= ids["customers"]
    assert {row["order"] for row in rows(folder, "order_lines")} == numbers
    assert {row["sku"] for row in rows(folder, "order_lines")} <= skus
    assert {row["order"] for row in rows(folder, "payments")} <= numbers
    for name in ("interactions", "reviews"):
        assert {row["product"] for row in rows(folder, name)} <= ids["products"]
        assert {row["customer"] for row in rows(folder, name)} <= ids["customers"] | {""}
    assert all((folder / row["file"]).is_file() for row in rows(folder, "images"))


def test_brands_and_options_are_there_in_chinese(folder):
    chinese = {row["name"]: row["name_zh"] for row in rows(folder, "brands")}
    inks = {row["options"]: row["options_zh"] for row in rows(folder, "variants") if "ink" in row["options"]}

    assert chinese["Lanyu"] == "岚屿"
    assert {row["brand"] for row in rows(folder, "products")} <= chinese.keys()
    assert inks == {'{"ink": "black"}': '{"墨色": "黑色"}', '{"ink": "blue"}': '{"墨色": "蓝色"}'}


def test_keys_are_unique(folder):
    keys = {
        "products": ("id",), "variants": ("sku",), "customers": ("id",), "orders": ("number",), "payments": ("id",),
        "order_lines": ("order", "line"), "interactions": ("event_id",), "reviews": ("id",), "images": ("file",),
    }  # fmt: skip
    for name, columns in keys.items():
        seen = Counter(tuple(row[column] for column in columns) for row in rows(folder, name))
        assert seen.most_common(1)[0][1] == 1, name
    for column in ("name_en", "name_zh"):
        assert len({row[column] for row in rows(folder, "products")}) == 240
    assert len({row["email"] for row in rows(folder, "customers")}) == 2_000
    assert len({row["barcode"] for row in rows(folder, "variants")}) == len(rows(folder, "variants"))


def test_payments_are_what_the_orders_cost_and_refunds_stay_within(folder):
    totals = {row["number"]: Decimal(row["shipping"]) - Decimal(row["discount"]) for row in rows(folder, "orders")}
    for line in rows(folder, "order_lines"):
        amount = int(line["quantity"]) * Decimal(line["unit_price"]) - Decimal(line["discount"])
        assert amount > 0
        totals[line["order"]] += amount
    paid, refunded = defaultdict(Decimal), defaultdict(Decimal)
    for payment in rows(folder, "payments"):
        (paid if payment["kind"] == "payment" else refunded)[payment["order"]] += Decimal(payment["amount"])

    assert all(total > 0 for total in totals.values())
    assert all(paid[number] == totals[number] for number in paid)
    assert all(Decimal(0) < refunded[number] <= paid[number] for number in refunded)
    assert 0.02 < len(refunded) / len(totals) < 0.06


def test_status_follows_payment(folder):
    status = {row["number"]: row["status"] for row in rows(folder, "orders")}
    paid = {row["order"] for row in rows(folder, "payments") if row["kind"] == "payment"}

    assert {"paid", "shipped", "delivered", "cancelled"} <= set(status.values())
    assert all(number in paid for number, state in status.items() if state in ("paid", "shipped", "delivered"))
    assert all(state == "cancelled" or state == "placed" for number, state in status.items() if number not in paid)
    assert Counter(status.values())["delivered"] / len(status) > 0.9


def test_nothing_happens_before_its_time(folder, shop):
    end = datetime.fromtimestamp(shop.calendar.end).astimezone()
    made = {row["id"]: datetime.fromisoformat(row["created_at"]) for row in rows(folder, "products")}
    joined = {row["id"]: datetime.fromisoformat(row["created_at"]) for row in rows(folder, "customers")}
    product_of = {row["sku"]: row["product"] for row in rows(folder, "variants")}
    orders = {row["number"]: row for row in rows(folder, "orders")}
    first_buy = {}
    for line in rows(folder, "order_lines"):
        order = orders[line["order"]]
        key = order["customer"], product_of[line["sku"]]
        moment = datetime.fromisoformat(order["placed_at"])
        assert made[key[1]] < moment
        first_buy[key] = min(moment, first_buy.get(key, moment))

    for order in orders.values():
        assert joined[order["customer"]] <= datetime.fromisoformat(order["placed_at"]) < end
    for payment in rows(folder, "payments"):
        placed = datetime.fromisoformat(orders[payment["order"]]["placed_at"])
        assert placed < datetime.fromisoformat(payment["paid_at"]) < end
    for act in rows(folder, "interactions"):
        moment = datetime.fromisoformat(act["occurred_at"])
        assert made[act["product"]] < moment < end
        assert not act["customer"] or joined[act["customer"]] <= moment
    praise = set(
        json.loads((folder / "truth.json").read_text(encoding="utf-8")).get("happenings", {}).get("bought", ())
    )
    for review in rows(folder, "reviews"):
        written, pair = datetime.fromisoformat(review["created_at"]), (review["customer"], review["product"])
        assert (pair in first_buy) == (review["id"] not in praise)
        assert joined[pair[0]] < written < end
        assert first_buy.get(pair, joined[pair[0]]) < written


def test_interactions_leave_purchases_to_the_orders_and_some_visitors_unnamed(folder):
    acts = rows(folder, "interactions")
    kinds = Counter(act["kind"] for act in acts)

    assert set(kinds) == {"view", "cart", "favourite", "remove_from_cart"}
    assert kinds["view"] > kinds["cart"] > kinds["favourite"]
    assert 0.08 < sum(not act["customer"] for act in acts) / len(acts) < 0.4
    assert all(act["visitor"] for act in acts)


def test_products_speak_two_languages_and_are_nearly_all_live_and_in_stock(folder):
    products = rows(folder, "products")
    status = Counter(row["status"] for row in products)
    stock = defaultdict(int)
    for variant in rows(folder, "variants"):
        stock[variant["product"]] += int(variant["stock"])
        assert Decimal(variant["price"]) > 0

    for row in products:
        assert row["name_en"].isascii()
        assert not row["name_zh"].isascii()
        words = row["name_en"].lower().split()
        assert len(words) == len(set(words))
        assert 2 <= row["description_en"].count(".") <= 4
        assert 2 <= row["description_zh"].count("。") <= 4
        assert "{" not in row["description_en"] + row["description_zh"]
        assert set(json.loads(row["attributes"])) | {"colour"} == {"colour", "pattern", "material", "style"}
    assert status["live"] >= 220
    assert status["hidden"] >= 1
    assert status["draft"] >= 1
    assert 1 <= sum(amount == 0 for amount in stock.values()) <= 24


DRAMA = re.compile(
    r"\+44(7700900|11[3-8]4960|1[2-6]14960|1632960|1914980|2079460|2896496|2920180|3069990)\d{3}"
    r"|\+1[2-9]\d\d55501\d\d|\+86100\d{7}"
)
"""Numbers that Ofcom and the North American plan keep for films, and lines that Beijing cannot have."""


def test_nobody_can_own_an_address_or_number_and_no_two_customers_have_the_same(folder):
    found = rows(folder, "customers")
    phones = [row["phone"] for row in found if row["phone"]]

    assert {row["email"].split("@")[1] for row in found} == {"example.com", "example.org"}
    assert [phone for phone in phones if not DRAMA.fullmatch(phone)] == []
    assert len({phone[-10:] for phone in phones}) == len(phones)
    assert len(phones) > 0.65 * len(found)


def test_pictures_are_small_webp_squares(folder):
    sizes = [(folder / row["file"]).stat().st_size for row in rows(folder, "images")]

    for row in rows(folder, "images")[::10]:
        with Image.open(folder / row["file"]) as picture:
            assert (picture.format, picture.size) == ("WEBP", (480, 480))
    assert sum(sizes) / len(sizes) < 10_000
    assert sum(size > 12_288 for size in sizes) / len(sizes) < 0.2
    assert max(sizes) < 40_000


def test_truth_names_every_customer_and_product(folder):
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))

    assert set(truth["customers"]) == {row["id"] for row in rows(folder, "customers")}
    assert set(truth["products"]) == {row["id"] for row in rows(folder, "products")}
    assert set(truth["reviews"]) == {row["id"] for row in rows(folder, "reviews")}
    assert truth["until"] == "2026-11-01"
