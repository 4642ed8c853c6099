"""Pictures, variants, products, brands, categories and the shop's currency.

That prices and stock go back stands in the ledger by the triggers of the tables, as every change does.
"""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from catalog.importing.staging import execute, stream
from catalog.importing.undo import rows, tree
from catalog.importing.undo.rows import LEFT, ROWS
from catalog.models import ImportBatch, StockMovement

IMAGE, VARIANT, PRODUCT = "catalog_productimage", "catalog_variant", "catalog_product"
BRAND, CATEGORY, PROFILE = "catalog_brand", "catalog_category", "core_shopprofile"
SOLD = (
    "(EXISTS (SELECT 1 FROM catalog_orderline x WHERE x.product_id = u.row_id)"
    " OR EXISTS (SELECT 1 FROM catalog_refund x WHERE x.product_id = u.row_id))"
)


def undo(batch: ImportBatch, tables: Sequence[str], marks: Mapping[str, int]) -> set[str]:
    """Runs after the orders of this import are gone. Names of picture files that no row may need any more."""
    files = _files() if IMAGE in tables else set()
    if VARIANT in tables:
        _keep_variants(int(marks.get("catalog_stockmovement", 0)))
    if PRODUCT in tables:
        _decide_products()
        for table in (VARIANT, IMAGE):
            if table in tables:
                _follow_products(table)
    if IMAGE in tables:
        rows.remove(IMAGE)
        rows.restore(IMAGE)
    if VARIANT in tables:
        rows.remove(VARIANT)
        _move_stock_back(batch)
        rows.restore(VARIANT)
    if PRODUCT in tables:
        execute(
            f"DELETE FROM catalog_interaction i USING {ROWS} u WHERE u.table_name = '{PRODUCT}' AND u.is_new"  # noqa: S608
            f" AND {LEFT} AND i.product_id = u.row_id"
        )
        rows.remove(PRODUCT)
        rows.restore(PRODUCT)
    if BRAND in tables:
        unused = "NOT EXISTS (SELECT 1 FROM catalog_product p WHERE p.brand_id = u.row_id)"
        rows.keep(BRAND, f"u.is_new AND NOT {unused}", "in_use")
        rows.remove(BRAND)
        rows.restore(BRAND)
    if CATEGORY in tables:
        tree.undo()
    if PROFILE in tables:
        rows.keep(PROFILE, "EXISTS (SELECT 1 FROM catalog_order)", "in_use")
        rows.restore(PROFILE)
    return files


def _keep_variants(newest_movement: int) -> None:
    """New variants that an order knows, or whose stock moved since."""
    bought = "EXISTS (SELECT 1 FROM catalog_orderline l WHERE l.variant_id = u.row_id)"
    moved = f"EXISTS (SELECT 1 FROM catalog_stockmovement m WHERE m.variant_id = u.row_id AND m.id > {newest_movement})"  # noqa: S608
    rows.keep(VARIANT, f"u.is_new AND ({bought} OR {moved})", "in_use")


def _decide_products() -> None:
    """A new product that was sold since is archived; one with a variant that stays, stays."""
    execute(
        f"UPDATE catalog_product p SET deleted_at = now(), updated_at = now() FROM {ROWS} u"  # noqa: S608
        f" WHERE u.table_name = '{PRODUCT}' AND u.is_new AND {LEFT} AND p.id = u.row_id"
        f" AND p.deleted_at IS NULL AND {SOLD}"
    )
    rows.mark(PRODUCT, f"u.is_new AND {SOLD}", "archived")
    staying = (
        f"SELECT 1 FROM catalog_variant v WHERE v.product_id = u.row_id AND NOT EXISTS (SELECT 1 FROM {ROWS} w"  # noqa: S608
        f" WHERE w.table_name = '{VARIANT}' AND w.is_new AND w.row_id = v.id AND w.reason = '' AND w.outcome = '')"
    )
    rows.keep(PRODUCT, f"u.is_new AND EXISTS ({staying})", "in_use")


def _follow_products(table: str) -> None:
    """New variants and pictures share the fate of a new product that stays."""
    product = (
        f"FROM {table} t, {ROWS} w WHERE u.table_name = '{table}' AND u.is_new AND t.id = u.row_id"
        f" AND w.table_name = '{PRODUCT}' AND w.is_new AND w.row_id = t.product_id"
    )
    execute(f"UPDATE {ROWS} u SET outcome = 'archived', reason = '' {product} AND w.outcome = 'archived'")  # noqa: S608
    execute(f"UPDATE {ROWS} u SET reason = 'product' {product} AND w.reason <> '' AND {LEFT}")  # noqa: S608


def _move_stock_back(batch: ImportBatch) -> None:
    """What `rows.restore` is about to do to the stock of variants, in the ledger of stock."""
    execute(
        f"""
        INSERT INTO catalog_stockmovement (variant_id, delta, balance, reason, note, created_at)
        SELECT v.id, (u.before ->> 'stock')::integer - v.stock, (u.before ->> 'stock')::integer, %s, %s, now()
        FROM {ROWS} u JOIN catalog_variant v ON v.id = u.row_id
        WHERE u.table_name = '{VARIANT}' AND NOT u.is_new AND {LEFT} AND (u.before ->> 'stock')::integer <> v.stock
        ORDER BY v.id
        """,  # noqa: S608
        [StockMovement.Reason.IMPORT, _("Import #%(number)d undone") % {"number": batch.pk}],
    )


def _files() -> set[str]:
    """Files of pictures that the import made or put in the place of others; those still used are not removed."""
    statement = (
        f"SELECT t.file FROM {ROWS} u JOIN catalog_productimage t ON t.id = u.row_id"  # noqa: S608
        f" WHERE u.table_name = '{IMAGE}' AND {LEFT}"
    )
    return {name for (name,) in stream(statement) if name}
