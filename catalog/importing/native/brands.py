"""Brands and what they are called in other languages. Products name them by their name in the shop's language."""

from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.sections import Load, Section
from catalog.importing.sql import TIMESTAMPS, Value, translations, upsert


class Brands(Section):
    name = "brands"
    key = ("name",)

    def columns(self) -> tuple[Column, ...]:
        return (
            c.text("name", 300, required=True, blank=False),
            c.text("name_en", 300),
            c.text("name_zh", 300),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        languages = {"en": "name_en", "zh-hans": "name_zh"}
        written = upsert(
            "catalog_brand",
            key=["name"],
            values={
                "name": Value("s.name"),
                "name_translations": translations("catalog_brand", "name_translations", languages, stage.present),
                **TIMESTAMPS,
            },
            source=f"{stage.table} s",
            present=stage.present,
        )
        count = load.report.section(self.name)
        count.new, count.changed = written.new, written.changed
        count.same = stage.count() - written.new - written.changed
