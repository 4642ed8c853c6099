"""The section `tags` of native imports: what a shop itself says that its products show.

A word that a label has (its key or one of its names) becomes that label, so photos of these products teach it; other
words are tags as they stand.
"""

from django.utils.translation import gettext_noop

from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.sections import Load, Section
from catalog.importing.sql import TIMESTAMPS, Value, upsert
from catalog.importing.staging import execute

TABLE = "catalog_producttag"
KNOWN = "import_known_tags"


class Tags(Section):
    """A tag that staff gave stays theirs; one that a model gave is the import's from now on."""

    name = "tags"
    key = ("product", "kind", "value")

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("product", required=True, blank=False),
            c.text("kind", 40, required=True, blank=False),
            c.text("value", 80, required=True, blank=False),
            c.text("value_zh", 80),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        stage.refuse(
            "NOT EXISTS (SELECT 1 FROM catalog_product p WHERE p.external_id = s.product)",
            column="product", value="s.product", reason=gettext_noop("product %(value)s is unknown"),
        )  # fmt: skip
        stage.refuse(
            "lower(s.kind) IN (SELECT lower(w) FROM vision_labelset g, unnest(array[g.key, g.name_en, g.name_zh]) w"
            " WHERE g.kind = 'category')",
            column="kind", value="s.kind", reason=gettext_noop("%(value)s: the category stands in products.csv"),
        )  # fmt: skip
        execute(f"DROP TABLE IF EXISTS {KNOWN}")
        execute(
            f"""
            CREATE TEMPORARY TABLE {KNOWN} ON COMMIT DROP AS
            SELECT DISTINCT ON (p.id, kind, value) p.id AS product_id, coalesce(g.key, s.kind) AS kind,
                   coalesce(l.name_en, s.value) AS value, coalesce(l.name_zh, s.value_zh) AS value_zh
            FROM {stage.table} s JOIN catalog_product p ON p.external_id = s.product
            LEFT JOIN vision_labelset g
                ON lower(s.kind) IN (lower(g.key), lower(g.name_en), lower(g.name_zh)) AND g.is_active
            LEFT JOIN vision_label l
                ON l.label_set_id = g.id AND l.is_active
                AND lower(s.value) IN (lower(l.key), lower(l.name_en), lower(l.name_zh))
            ORDER BY p.id, kind, value, s.line
            """  # noqa: S608
        )
        written = upsert(
            TABLE,
            key=["product_id", "kind", "value"],
            values={
                "product_id": Value("s.product_id"), "kind": Value("s.kind"), "value": Value("s.value"),
                "value_translations": Value(
                    "CASE WHEN s.value_zh IS NULL THEN '{}'::jsonb"
                    " ELSE jsonb_build_object('en', s.value, 'zh-hans', s.value_zh) END",
                    update=f"{TABLE}.value_translations || EXCLUDED.value_translations",
                ),
                "source": Value("'import'", update=f"CASE {TABLE}.source WHEN 'staff' THEN 'staff' ELSE 'import' END"),
                "confidence": Value("NULL::double precision"),
                "model_version_id": Value("NULL::bigint"),
                **TIMESTAMPS,
            },
            source=f"{KNOWN} s",
            present=stage.present,
        )  # fmt: skip
        count = load.report.section(self.name)
        count.new, count.changed = written.new, written.changed
        count.same = stage.count() - written.new - written.changed
