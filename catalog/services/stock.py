"""Stock: counted per variant, changed only by conditional updates, each change in the ledger."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from catalog import facts
from catalog.exceptions import OutOfStock
from catalog.models import Order, Product, StockMovement, Variant
from core.models import StaffUser

MOST = 1_000_000_000

SET = """
UPDATE catalog_variant v SET stock = %(number)s, updated_at = now()
FROM (SELECT id, stock FROM catalog_variant WHERE id = %(id)s FOR NO KEY UPDATE) old
WHERE v.id = old.id AND %(number)s BETWEEN 0 AND %(most)s
RETURNING old.stock, v.stock
"""
ADD = """
UPDATE catalog_variant v SET stock = v.stock::bigint + %(number)s, updated_at = now()
FROM (SELECT id, stock FROM catalog_variant WHERE id = %(id)s FOR NO KEY UPDATE) old
WHERE v.id = old.id AND v.stock::bigint + %(number)s BETWEEN 0 AND %(most)s
RETURNING old.stock, v.stock
"""
CHANGED, SAME, REFUSED = "changed", "same", "refused"


@dataclass(frozen=True)
class StockChange:
    """Set the stock of a SKU to a counted number, or add to it (negative: take away). One of both."""

    sku: str
    set_to: int | None = None
    add: int | None = None


@dataclass(frozen=True)
class StockResult:
    """What became of one change. `stock` is the number afterwards; None when the SKU is unknown."""

    sku: str
    status: str
    stock: int | None
    code: str = ""
    message: str = ""


@transaction.atomic
def change_stock(
    changes: Sequence[StockChange],
    *,
    reason: str = StockMovement.Reason.COUNT,
    note: str = "",
    created_by: StaffUser | None = None,
) -> list[StockResult]:
    """Apply each change or refuse it by itself; results in the order given. A SKU named twice is changed twice."""
    known = {v.sku: v for v in Variant.objects.filter(sku__in={change.sku for change in changes})}
    before_all = lock_products(variant.product_id for variant in known.values())
    results: dict[int, StockResult] = {}
    movements: list[StockMovement] = []
    in_order = sorted(
        (i for i, change in enumerate(changes) if change.sku in known),
        key=lambda i: (known[changes[i].sku].product_id, known[changes[i].sku].pk, i),
    )
    for i in in_order:
        change, variant = changes[i], known[changes[i].sku]
        before, after = _change_one(variant.pk, change)
        if after is None:
            message = _("%(sku)s has %(stock)d in stock; it cannot go below 0.")
            if change.add is not None and change.add > 0:
                message = _("%(sku)s has %(stock)d in stock; that many cannot be added.")
            text = message % {"sku": variant.sku, "stock": before}
            results[i] = StockResult(variant.sku, REFUSED, before, "out_of_range", text)
            continue
        results[i] = StockResult(variant.sku, CHANGED if after != before else SAME, after)
        if after != before:
            movements.append(
                StockMovement(
                    variant=variant,
                    delta=after - before,
                    balance=after,
                    reason=reason,
                    note=note,
                    created_by=created_by,
                )
            )
    StockMovement.objects.bulk_create(movements)
    facts.stock_flipped(before_all)
    unknown = _("No variant has this SKU.")
    return [results.get(i) or StockResult(c.sku, REFUSED, None, "unknown_sku", unknown) for i, c in enumerate(changes)]


def take_for_order(order: Order, wanted: Mapping[Variant, int]) -> None:
    """Take these pieces, all or none: runs in the transaction of the order.

    Conditional updates in one order for everybody, so that of many buyers exactly as many succeed as there are
    pieces, and no two of them wait for each other. Raises OutOfStock.
    """
    before_all = lock_products(variant.product_id for variant in wanted)
    movements = []
    for variant in sorted(wanted, key=lambda v: (v.product_id, v.pk)):
        if not variant.track_stock:
            continue
        quantity = wanted[variant]
        before, after = _change_one(variant.pk, StockChange(variant.sku, add=-quantity))
        if after is None:
            raise OutOfStock(
                _("%(sku)s: %(wanted)d wanted, %(stock)d in stock.")
                % {"sku": variant.sku, "wanted": quantity, "stock": before},
                extra={"sku": variant.sku, "wanted": quantity, "available": before},
            )
        movements.append(
            StockMovement(
                variant=variant, delta=-quantity, balance=after, reason=StockMovement.Reason.SALE, order=order
            )
        )
    StockMovement.objects.bulk_create(movements)
    facts.stock_flipped(before_all)


def return_from_order(
    order: Order, *, reason: str, quantities: Mapping[int, int] | None = None, created_by: StaffUser | None = None
) -> None:
    """Put pieces of an order back, by variant id; without `quantities` all that the ledger says are still out.

    Never more than the order took: a return before a cancellation is not counted twice.
    """
    moved = StockMovement.objects.filter(order=order).values("variant").annotate(moved=Sum("delta")).order_by()
    out = {row["variant"]: -row["moved"] for row in moved if row["moved"] < 0}
    back = Counter(out if quantities is None else {v: min(n, out.get(v, 0)) for v, n in quantities.items()})
    variants = {v.pk: v for v in Variant.objects.filter(pk__in=[pk for pk, number in back.items() if number > 0])}
    before_all = lock_products(variant.product_id for variant in variants.values())
    movements = []
    for variant in sorted(variants.values(), key=lambda v: (v.product_id, v.pk)):
        number = back[variant.pk]
        _before, after = _change_one(variant.pk, StockChange(variant.sku, add=number))
        if after is not None:
            movements.append(
                StockMovement(
                    variant=variant, delta=number, balance=after, reason=reason, order=order, created_by=created_by
                )
            )
    StockMovement.objects.bulk_create(movements)
    facts.stock_flipped(before_all)


def lock_products(ids: Iterable[int]) -> dict[int, bool]:
    """Hold the products, lowest id first, until the end of the transaction. Whether each is in stock now.

    Whether a product is in stock follows from all its variants; two changes at once would each miss the other's.
    """
    rows = Product.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk")
    return dict(rows.values_list("pk", "is_in_stock"))


def _change_one(variant_id: int, change: StockChange) -> tuple[int, int | None]:
    """Stock before and after; after is None when the change would leave the range, and then nothing was changed."""
    with connection.cursor() as cursor:
        if change.set_to is not None:
            cursor.execute(SET, {"id": variant_id, "number": change.set_to, "most": MOST})
        else:
            cursor.execute(ADD, {"id": variant_id, "number": change.add, "most": MOST})
        row = cursor.fetchone()
        if row is not None:
            return row[0], row[1]
        cursor.execute("SELECT stock FROM catalog_variant WHERE id = %s", [variant_id])
        row = cursor.fetchone()
        return (row[0] if row else 0), None
