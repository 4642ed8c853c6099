"""Customers. Those who were erased stay erased."""

from django.utils.translation import gettext_noop

from catalog.extensions import customer_import_columns
from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.sections import Load, Section
from catalog.importing.sql import TIMESTAMPS, Value, upsert
from catalog.importing.staging import analyse


class Customers(Section):
    name = "customers"
    key = ("id",)

    def columns(self) -> tuple[Column, ...]:
        found = list(self._own())
        for entry in customer_import_columns:
            found += entry.resolve()().columns(found)
        return tuple(found)

    @staticmethod
    def _own() -> tuple[Column, ...]:
        return (
            c.key("id", required=True, blank=False),
            c.email("email"),
            c.text("phone", 40),
            c.text("name", 200),
            c.language("locale", aliases=("language",)),
            c.text("country", 60),
            c.text("city", 120),
            c.moment("created_at"),
            c.day("birthday"),
            c.boolean("personalisation", aliases=("personalization",)),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        stage.refuse(
            "c.external_id = s.id AND c.erased_at IS NOT NULL", using="catalog_customer c",
            column="id", reason=gettext_noop("this customer was erased and stays so"),
        )  # fmt: skip
        texts = {"name": "name", "email": "email", "phone": "phone", "language": "locale", "country": "country"}
        written = upsert(
            "catalog_customer",
            key=["external_id"],
            values={
                "external_id": Value("s.id"),
                **{
                    field: Value(f"coalesce(s.{column}, '')", needs=(column,))
                    for field, column in {**texts, "city": "city"}.items()
                },
                "birthday": Value("s.birthday", needs=("birthday",)),
                "is_personalised": Value("coalesce(s.personalisation, true)", needs=("personalisation",)),
                "joined_at": Value(
                    "coalesce(s.created_at, now())",
                    needs=("created_at",),
                    update="CASE WHEN EXCLUDED.joined_at = now() THEN catalog_customer.joined_at"
                    " ELSE EXCLUDED.joined_at END",
                ),
                **TIMESTAMPS,
            },
            source=f"{stage.table} s",
            present=stage.present,
        )
        analyse("catalog_customer")
        count = load.report.section(self.name)
        for entry in customer_import_columns:
            beside = entry.resolve()().write(stage)
            if beside.new or beside.changed:
                load.report.rule(entry.meta["told"], beside.new + beside.changed)
        count.new, count.changed = written.new, written.changed
        count.same = stage.count() - written.new - written.changed
