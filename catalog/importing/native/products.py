"""Products; brands are made from their names."""

from django.utils.translation import gettext_noop

from catalog.importing import changes
from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.native.variants import make_variants_without_stock
from catalog.importing.sections import Load, Section
from catalog.importing.sql import TIMESTAMPS, Value, translations, upsert
from catalog.importing.staging import analyse
from catalog.models import Product


class Products(Section):
    name = "products"
    key = ("id",)

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("id", required=True, blank=False),
            c.text("name", 300, required=True, blank=False),
            c.text("name_en", 300),
            c.text("name_zh", 300),
            c.text("description", 20_000),
            c.text("description_en", 20_000),
            c.text("description_zh", 20_000),
            c.key("category"),
            c.text("brand", 300),
            c.money("price", required=True, blank=False),
            c.choice("status", Product.Status.values),
            c.json_object("attributes"),
            c.moment("created_at"),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        stage.refuse(
            "s.category IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM catalog_category k WHERE k.external_id = s.category)",
            column="category", value="s.category", reason=gettext_noop("category %(value)s is unknown"),
        )  # fmt: skip
        brands = changes.written(
            "catalog_brand",
            f"""
            INSERT INTO catalog_brand (name, name_translations, created_at, updated_at)
            SELECT DISTINCT s.brand, '{{}}'::jsonb, now(), now() FROM {stage.table} s
            WHERE s.brand IS NOT NULL ON CONFLICT (name) DO NOTHING
            """,  # noqa: S608
            is_new=True,
        )
        load.report.rule("brands_new", brands)
        write_products(load)
        analyse("catalog_product")
        if "variants" not in load.files:
            made = make_variants_without_stock(f"SELECT id FROM {stage.table}")  # noqa: S608
            load.report.rule("variants_made", made)


def write_products(load: Load) -> None:
    """The staged products into the shop. Those that appear for the first time are published."""
    stage = load.stage("products")
    table, present = "catalog_product", stage.present
    languages = {"en": "{}_en", "zh-hans": "{}_zh"}
    status = "coalesce(s.status, 'live')"
    written = upsert(
        table,
        key=["external_id"],
        values={
            "external_id": Value("s.id"),
            "name": Value("s.name"),
            "name_translations": translations(
                table, "name_translations", {k: v.format("name") for k, v in languages.items()}, present
            ),
            "description": Value("coalesce(s.description, '')", needs=("description",)),
            "description_translations": translations(
                table, "description_translations", {k: v.format("description") for k, v in languages.items()}, present
            ),
            "category_id": Value("k.id", needs=("category",)),
            "brand_id": Value("b.id", needs=("brand",)),
            "price": Value("s.price"),
            "status": Value(status, needs=("status",)),
            "attributes": Value("coalesce(s.attributes, '{}'::jsonb)", needs=("attributes",)),
            "published_at": Value(
                f"CASE WHEN {status} = 'live' THEN coalesce(s.created_at, now()) END",
                needs=("status",),
                update=f"coalesce({table}.published_at, EXCLUDED.published_at)",
            ),
            "is_in_stock": Value("false", once=True),
            "created_at": Value("coalesce(s.created_at, now())", once=True),
            "updated_at": TIMESTAMPS["updated_at"],
        },
        source=f"{stage.table} s LEFT JOIN catalog_category k ON k.external_id = s.category"
        " LEFT JOIN catalog_brand b ON b.name = s.brand",
        present=present,
    )
    count = load.report.section("products")
    count.new, count.changed = written.new, written.changed
    count.same = stage.count() - written.new - written.changed
