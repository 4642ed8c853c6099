"""Variants and their stock; every change of stock is entered in its ledger."""

from django.utils.translation import gettext_noop

from catalog.importing import changes
from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.sections import Load, Section
from catalog.importing.sql import TIMESTAMPS, Value, translations, upsert
from catalog.importing.staging import analyse, execute, fetch_one
from catalog.models import StockMovement


class Variants(Section):
    name = "variants"
    key = ("sku",)

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("sku", 80, required=True, blank=False),
            c.key("product", required=True, blank=False),
            c.json_object("options"),
            c.json_object("options_en"),
            c.json_object("options_zh"),
            c.money("price"),
            c.integer("stock"),
            c.key("barcode", 40),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        stage.refuse(
            "NOT EXISTS (SELECT 1 FROM catalog_product p WHERE p.external_id = s.product)",
            column="product", value="s.product", reason=gettext_noop("product %(value)s is unknown"),
        )  # fmt: skip
        stage.refuse(
            "v.sku = s.sku AND p.external_id IS DISTINCT FROM s.product",
            using="catalog_variant v JOIN catalog_product p ON p.id = v.product_id",
            column="sku", value="p.external_id", reason=gettext_noop("belongs to product %(value)s"),
        )  # fmt: skip
        stage.refuse(
            "v.external_id = s.sku AND v.sku <> s.sku", using="catalog_variant v",
            column="sku", value="v.sku", reason=gettext_noop("is the shop's own ID of variant %(value)s"),
        )  # fmt: skip
        _remember_stock(stage.table)
        replaced = _close_variants_made_before(stage.table)
        load.report.rule("variants_replaced", replaced)
        written = upsert(
            "catalog_variant",
            key=["sku"],
            values={
                "sku": Value("s.sku"),
                "external_id": Value("s.sku", update="coalesce(catalog_variant.external_id, EXCLUDED.external_id)"),
                "product_id": Value("p.id"),
                "options": Value("coalesce(s.options, '{}'::jsonb)", needs=("options",)),
                "options_translations": translations(
                    "catalog_variant",
                    "options_translations",
                    {"en": "options_en", "zh-hans": "options_zh"},
                    stage.present,
                ),
                "price": Value("s.price", needs=("price",)),
                "track_stock": Value("s.stock IS NOT NULL", needs=("stock",)),
                "stock": Value("coalesce(s.stock, 0)", needs=("stock",)),
                "barcode": Value("coalesce(s.barcode, '')", needs=("barcode",)),
                **TIMESTAMPS,
            },
            source=f"{stage.table} s JOIN catalog_product p ON p.external_id = s.product",
            present=stage.present,
        )
        _enter_movements()
        analyse("catalog_variant")
        count = load.report.section(self.name)
        count.new, count.changed = written.new, written.changed
        count.same = stage.count() - written.new - written.changed
        without = fetch_one(
            "SELECT count(*) FROM catalog_product p WHERE p.deleted_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM catalog_variant v WHERE v.product_id = p.id)"
        )[0]
        load.report.rule("products_without_variant", without)


def make_variants_without_stock(products: str) -> int:
    """Give products (SELECT of their own ids) that have no variant one that is always available. How many.

    A shop that sends no variants counts no stock. An id that is a SKU already, or longer than one, gets none.
    """
    return changes.written(
        "catalog_variant",
        f"""
        INSERT INTO catalog_variant (sku, external_id, product_id, options, track_stock, stock, barcode,
                                     created_at, updated_at)
        SELECT p.external_id, p.external_id, p.id, '{{}}'::jsonb, false, 0, '', now(), now()
        FROM catalog_product p
        WHERE p.external_id IN ({products}) AND length(p.external_id) <= 80
          AND NOT EXISTS (SELECT 1 FROM catalog_variant v WHERE v.product_id = p.id)
        ON CONFLICT DO NOTHING
        """,  # noqa: S608
        is_new=True,
    )


def _remember_stock(table: str) -> None:
    """Lock the variants that may change, in one order so that sales at the same time cannot deadlock."""
    execute("DROP TABLE IF EXISTS import_stock")
    execute(
        f"""
        CREATE TEMPORARY TABLE import_stock ON COMMIT DROP AS
        SELECT v.id, v.sku, v.stock FROM catalog_variant v
        WHERE v.product_id IN (
            SELECT p.id FROM catalog_product p JOIN {table} s ON s.product = p.external_id
        )
        ORDER BY v.id FOR UPDATE OF v
        """  # noqa: S608
    )
    execute("INSERT INTO import_stock SELECT NULL, s.sku, 0 FROM " + table + " s"  # noqa: S608
            " WHERE NOT EXISTS (SELECT 1 FROM import_stock i WHERE i.sku = s.sku)")  # fmt: skip


def _close_variants_made_before(table: str) -> int:
    """A product that got a variant for want of any is no longer always available once the file has real ones."""
    return changes.written(
        "catalog_variant",
        f"""
        UPDATE catalog_variant v SET track_stock = true, updated_at = now()
        FROM catalog_product p
        WHERE p.id = v.product_id AND v.sku = p.external_id AND NOT v.track_stock
          AND EXISTS (SELECT 1 FROM {table} s WHERE s.product = p.external_id)
          AND NOT EXISTS (SELECT 1 FROM {table} s WHERE s.sku = v.sku)
        """,  # noqa: S608
        id="v.id",
    )


def _enter_movements() -> None:
    execute(
        """
        INSERT INTO catalog_stockmovement (variant_id, delta, balance, reason, note, created_at)
        SELECT v.id, v.stock - i.stock, v.stock, %s, '', now()
        FROM import_stock i JOIN catalog_variant v ON v.sku = i.sku
        WHERE v.stock <> i.stock ORDER BY v.id
        """,
        [StockMovement.Reason.IMPORT],
    )
    execute("DROP TABLE import_stock")
