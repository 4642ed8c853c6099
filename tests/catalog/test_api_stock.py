import pytest

from catalog.models import StockMovement
from tests.factories import ProductFactory, VariantFactory

pytestmark = pytest.mark.django_db


def test_rows_are_set_or_added_one_by_one_and_reported_in_order(server):
    a, b, c = (VariantFactory.create(sku=sku, stock=5) for sku in "ABC")

    response = server.post(
        "/stock",
        {
            "rows": [
                {"sku": "C", "set": 0},
                {"sku": "nobody", "set": 1},
                {"sku": "A", "add": -2},
                {"sku": "B", "add": -6},
                {"sku": "A", "add": 10},
                {"sku": "B", "set": 5},
            ],
            "reason": "receipt",
            "note": "delivery 7",
        },
    )

    assert response.status_code == 200
    answer = response.json()
    assert {name: answer[name] for name in ("changed", "same", "refused")} == {"changed": 3, "same": 1, "refused": 2}
    assert [(r["index"], r["sku"], r["status"], r["stock"], r["code"]) for r in answer["results"]] == [
        (0, "C", "changed", 0, ""),
        (1, "nobody", "refused", None, "unknown_sku"),
        (2, "A", "changed", 3, ""),
        (3, "B", "refused", 5, "out_of_range"),
        (4, "A", "changed", 13, ""),
        (5, "B", "same", 5, ""),
    ]
    for variant, stock in ((a, 13), (b, 5), (c, 0)):
        variant.refresh_from_db()
        assert variant.stock == stock
    moves = StockMovement.objects.order_by("id").values_list("variant__sku", "delta", "balance", "reason", "note")
    assert sorted(moves) == [
        ("A", -2, 3, "receipt", "delivery 7"),
        ("A", 10, 13, "receipt", "delivery 7"),
        ("C", -5, 0, "receipt", "delivery 7"),
    ]


def test_the_last_piece_gone_takes_the_product_out_of_stock(server):
    product = ProductFactory.create(stock=1)

    server.post("/stock", {"rows": [{"sku": product.variants.get().sku, "add": -1}]})

    product.refresh_from_db()
    assert not product.is_in_stock


@pytest.mark.parametrize(
    "row",
    [
        None,
        "A",
        {},
        {"sku": "A"},
        {"sku": "A", "set": 1, "add": 1},
        {"sku": "A", "set": "1"},
        {"sku": "A", "set": 1.5},
        {"sku": "A", "set": True},
        {"sku": "A", "set": -1},
        {"sku": "A", "add": 10**20},
        {"sku": "A", "add": 1_000_000_000},
        {"sku": 7, "set": 1},
        {"sku": "x" * 81, "set": 1},
    ],
)
def test_a_bad_row_is_refused_and_the_good_one_counts(server, row):
    variant = VariantFactory.create(sku="A", stock=5)
    good = VariantFactory.create(sku="good", stock=0)

    answer = server.post("/stock", {"rows": [row, {"sku": "good", "set": 2}]}).json()

    assert [result["status"] for result in answer["results"]] == ["refused", "changed"]
    variant.refresh_from_db()
    good.refresh_from_db()
    assert (variant.stock, good.stock) == (5, 2)


@pytest.mark.parametrize("rows", [[], None, "A", {}, [{"sku": "A", "set": 1}] * 501])
def test_a_batch_has_1_to_500_rows(server, rows):
    response = server.post("/stock", {"rows": rows})

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "rows")


def test_an_unknown_reason_is_400(server):
    response = server.post("/stock", {"rows": [{"sku": "A", "set": 1}], "reason": "theft"})

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "reason")
