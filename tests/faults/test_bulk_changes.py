"""Changes of many products whose worker is killed between two writes: each product is changed once, and undo brings
every value back."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.harness import Shop, locked_row, until

pytestmark = pytest.mark.installs
QUICK = {
    "JOB_RELAY_SECONDS": "0.5", "JOB_HEARTBEAT_SECONDS": "0.2", "JOB_LOST_SECONDS": "2", "JOB_PATIENCE_SECONDS": "1",
}  # fmt: skip
WORKER = "worker-bulk"
MADE, IN_ALL, CHUNK = 2_400, 2_460, 500
"""Products of these tests, those with the sixty that every shop has, and how many are changed in one transaction."""
FILL = f"""
from decimal import Decimal
from catalog.models import Product, Variant
made = Product.objects.bulk_create(
    Product(name=f"Many {{n}}", external_id=f"m{{n}}", price=Decimal(n + 100) / 100, status="live")
    for n in range({MADE})
)
Variant.objects.bulk_create(
    Variant(product=one, sku=f"M{{n}}", stock=n % 50, price=Decimal(n + 200) / 100) for n, one in enumerate(made)
)
"""
ASK = """
from catalog import bulk
from catalog.models import BulkChange, Product
from core.models import StaffUser
who = StaffUser.objects.get(username="owner")
"""
ASK_UNDO = f"{ASK}\nbulk.ask_undo(change=BulkChange.objects.get(), by=who)"
OPERATIONS = {
    "price": {"way": "percent", "value": "-10", "rounding": "cent"},
    "stock": {"way": "add", "value": "3"},
}
CHANGED = {
    "price": "SELECT p.id, v.id, round(p.price * 0.9, 2), round(v.price * 0.9, 2), v.stock",
    "stock": "SELECT p.id, v.id, p.price, v.price, v.stock + 3",
}
NOW = "SELECT p.id, v.id, p.price, v.price, v.stock"
OF_ALL = " FROM catalog_product p JOIN catalog_variant v ON v.product_id = p.id ORDER BY p.id, v.id"
BOOKS = {"price": "core_ledgerentry", "stock": "catalog_stockmovement"}
TRACES = {
    "price": "SELECT subject, count(*) FROM core_ledgerentry WHERE kind = 'price' AND id > %s GROUP BY subject",
    "stock": "SELECT variant_id, count(*) FROM catalog_stockmovement WHERE id > %s GROUP BY variant_id",
}
"""What the books say of each change, so that a second one is seen even where it wrote the same value."""
TRACED = {"price": IN_ALL + MADE, "stock": IN_ALL}


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    made = make_shop(environment=QUICK)
    made.run(FILL)
    made.start(WORKER, "scheduler")
    return made


def last_trace(shop: Shop, operation: str) -> int:
    return int(shop.ask(f"SELECT coalesce(max(id), 0) FROM {BOOKS[operation]}")[0][0])


def is_waiting(shop: Shop) -> bool:
    """The change stands before the row that is held."""
    return bool(
        shop.ask(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'catalog_variant'"
            " AND application_name <> 'harness'"
        )
    )


def still_to_do(shop: Shop, state: str) -> int:
    return int(shop.ask("SELECT count(*) FROM catalog_bulkchangerow WHERE state = %s", [state])[0][0])


def killed_twice(shop: Shop, program: str, state: str) -> None:
    """Ask for it, then take the process away in the middle of the second and of the fourth chunk, when a part of the
    chunk is written: first the child that works, then the worker with all its children."""
    variants = [row[0] for row in shop.ask("SELECT v.id" + OF_ALL)]
    for number, kill in ((1, lambda: shop.part(WORKER).kill_child()), (3, lambda: shop.part(WORKER).kill())):
        with locked_row(shop.postgres, "catalog_variant", variants[number * CHUNK + CHUNK // 2]):
            if number == 1:
                shop.run(program)
            until(lambda: is_waiting(shop), seconds=40, what="the change waits in a chunk")
            assert still_to_do(shop, state) == IN_ALL - number * CHUNK
            kill()
        if not shop.part(WORKER).runs:
            shop.start(WORKER)


def ended(shop: Shop, state: str) -> tuple[Any, ...]:
    until(
        lambda: shop.ask("SELECT state FROM catalog_bulkchange") == [(state,)],
        seconds=40,
        what=f"the change is {state}",
    )
    kind = "catalog.bulk.undo" if state == "undone" else "catalog.bulk"
    until(
        lambda: shop.ask("SELECT state FROM core_job WHERE kind = %s", [kind]) == [("done",)],
        seconds=20,
        what="the job",
    )
    return shop.ask("SELECT starts FROM core_job WHERE kind = %s", [kind])[0]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_change_and_its_undo_killed_in_the_middle_of_chunks_touch_each_product_once(shop, operation):
    before, wanted = shop.ask(NOW + OF_ALL), shop.ask(CHANGED[operation] + OF_ALL)
    for program, state, ends, values in (
        (
            f"{ASK}bulk.ask(rows=Product.objects.existing(), operation={operation!r},"
            f" arguments={OPERATIONS[operation]!r}, by=who)",
            "todo", "done", wanted,
        ),
        (ASK_UNDO, "changed", "undone", before),
    ):  # fmt: skip
        start = last_trace(shop, operation)
        killed_twice(shop, program, state)

        assert ended(shop, ends) == (3,)
        assert shop.ask(NOW + OF_ALL) == values
        traces = shop.ask(TRACES[operation], [start])
        assert (len(traces), {count for _what, count in traces}) == (TRACED[operation], {1})

    assert shop.ask('SELECT total, changed, put_back, kept, "left" FROM catalog_bulkchange') == [
        (IN_ALL, IN_ALL, IN_ALL, 0, 0)
    ]
    assert shop.manage("verify_ledger").returncode == 0
