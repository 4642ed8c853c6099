"""Large shops are made as columns. Tried at the size of a small one, by the same rules."""

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from catalog.demo.chance import SHOP_ZONE
from catalog.demo.sizes import SIZES, Size
from catalog.demo.world import TASTES
from catalog.demo.writer import write_demo
from tests.catalog.demo import test_folder
from tests.catalog.demo.conftest import TINY, UNTIL
from tests.catalog.demo.test_folder import rows

SIZE = replace(SIZES["small"], name="columns", orders=16_000, in_columns=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("columns") / "shop"
    write_demo(3, SIZE, UNTIL, path)
    return path


@pytest.fixture(scope="module")
def truth(folder):
    return json.loads((folder / "truth.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def baskets(folder):
    """(order, its products) by time."""
    product_of = {row["sku"]: row["product"] for row in rows(folder, "variants")}
    lines = defaultdict(list)
    for line in rows(folder, "order_lines"):
        lines[line["order"]].append(product_of[line["sku"]])
    return [(order, lines[order["number"]]) for order in rows(folder, "orders")]


@pytest.mark.parametrize(
    "rule",
    [
        test_folder.test_every_reference_has_its_row,
        test_folder.test_payments_are_what_the_orders_cost_and_refunds_stay_within,
        test_folder.test_status_follows_payment,
        test_folder.test_interactions_leave_purchases_to_the_orders_and_some_visitors_unnamed,
        test_folder.test_nobody_can_own_an_address_or_number_and_no_two_customers_have_the_same,
        test_folder.test_truth_names_every_customer_and_product,
    ],
)
def test_a_shop_in_columns_keeps_the_rules_of_every_demo_shop(rule, folder):
    rule(folder)


def test_nothing_happens_before_its_time(folder, tmp_path):
    class Ending:
        calendar = type("Calendar", (), {"end": datetime(2026, 11, 1, tzinfo=SHOP_ZONE).timestamp()})

    test_folder.test_nothing_happens_before_its_time(folder, Ending)


def test_sizes_are_met(folder):
    counts = {path.stem: len(rows(folder, path.stem)) for path in folder.glob("*.csv")}

    assert counts["products"] == counts["images"] == 240
    assert counts["customers"] == 2_000
    assert 15_500 <= counts["orders"] <= 16_500
    assert counts["interactions"] == 60_000
    assert counts["reviews"] == 1_500


def test_keys_are_unique_and_names_of_products_too(folder):
    keys = {
        "products": ("id",), "variants": ("sku",), "customers": ("id",), "orders": ("number",), "payments": ("id",),
        "order_lines": ("order", "line"), "interactions": ("event_id",), "reviews": ("id",),
        "images": ("product", "file"),
    }  # fmt: skip
    for name, columns in keys.items():
        found = rows(folder, name)
        assert len({tuple(row[column] for column in columns) for row in found}) == len(found), name
    for column in ("name_en", "name_zh"):
        assert len({row[column] for row in rows(folder, "products")}) == 240


def test_a_name_carries_a_collection_in_both_languages(folder):
    for row in rows(folder, "products"):
        assert row["name_en"].isascii()
        assert "系列" in row["name_zh"]


def test_products_of_one_form_and_colour_share_one_picture(folder):
    files = Counter(row["file"] for row in rows(folder, "images"))
    drawn = {f"images/{path.name}" for path in (folder / "images").iterdir()}

    assert set(files) == drawn
    assert len(files) < 240


def test_same_seed_writes_the_same_bytes_and_another_seed_another_shop(tmp_path, monkeypatch):
    monkeypatch.setattr("catalog.demo.columns.writer.draw_product", lambda look: repr(look).encode())
    size = replace(TINY, in_columns=True)
    prints = []
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        write_demo(seed, size, UNTIL, tmp_path / name)
        files = [path for path in sorted((tmp_path / name).rglob("*")) if path.is_file()]
        prints.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files})

    assert prints[0] == prints[1]
    assert prints[0]["orders.csv"] != prints[2]["orders.csv"]
    assert prints[0]["interactions.csv"] != prints[2]["interactions.csv"]


def test_customers_buy_from_their_own_taste_far_more_than_chance(baskets, truth):
    bought = Counter(
        (truth["customers"][order["customer"]]["taste"], truth["products"][product]["taste"])
        for order, products in baskets
        for product in products
    )
    total = sum(bought.values())

    for taste in TASTES:
        own = bought[taste, taste] / sum(count for (buyer, _), count in bought.items() if buyer == taste)
        overall = sum(count for (_, made_for), count in bought.items() if made_for == taste) / total
        assert own > 2 * overall, taste


def test_planted_companions_share_baskets(baskets, truth):
    planted = {(one, other) for one, facts in truth["products"].items() for other in facts["bought_with"]}
    single = Counter(product for _order, products in baskets for product in products)
    together = Counter((a, b) for _order, products in baskets for a in products for b in products if a != b)
    chance = sum(single[a] * single[b] / len(baskets) for a, b in planted)

    assert sum(together[pair] for pair in planted) > 3 * chance


def test_winter_things_sell_in_winter_and_baskets_hold_different_products(baskets, folder):
    kind = {row["id"]: row["category"] for row in rows(folder, "products")}
    months = defaultdict(Counter)
    for order, products in baskets:
        assert len(set(products)) == len(products) > 0
        month = datetime.fromisoformat(order["placed_at"]).astimezone(SHOP_ZONE).month
        for product in products:
            months["all"][month] += 1
            months[kind[product]][month] += 1

    def share(name, which):
        return sum(months[name][month] for month in which) / sum(months["all"][month] for month in which)

    assert share("scarves", (12, 1)) > 2.5 * share("scarves", (6, 7))
    assert share("dresses", (6, 7)) > 1.5 * share("dresses", (12, 1))


def test_who_is_gone_buys_no_more(baskets, truth):
    last = {order["customer"]: order["placed_at"] for order, _products in baskets}
    counts = Counter(order["customer"] for order, _products in baskets)
    gone = {name: facts for name, facts in truth["customers"].items() if facts["gone_at"]}

    assert 0.2 < len(gone) / len(truth["customers"]) < 0.8
    for name, facts in gone.items():
        assert last[name] == facts["gone_at"]
        assert counts[name] == facts["leaves_after"] + 1
    assert all(counts[name] == 0 for name, facts in truth["customers"].items() if not facts["buys"])


def test_careful_customers_choose_cheaper_things_within_a_kind(baskets, truth, folder):
    products = {row["id"]: (row["category"], float(row["price"])) for row in rows(folder, "products")}
    by_kind = defaultdict(list)
    for kind, price in products.values():
        by_kind[kind].append(price)
    paid = defaultdict(list)
    for order, bought in baskets:
        group = truth["customers"][order["customer"]]["price_group"]
        paid[group] += [np.log(products[one][1] / np.median(by_kind[products[one][0]])) for one in bought]
    means = {group: np.mean(values) for group, values in paid.items()}

    assert means["careful"] + 0.05 < means["middle"] < means["generous"]


def test_the_large_size_is_what_it_says():
    large: Size = SIZES["large"]

    assert (large.products, large.customers, large.orders, large.interactions) == (50_000, 100_000, 10**6, 5 * 10**6)
    assert large.in_columns
