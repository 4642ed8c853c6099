"""Custom fields as columns of the customer import: each field in use by its key or one of its titles.

An empty cell leaves the field as it is, as a file that does not have the column does.
"""

from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext_noop

from catalog.importing import columns as c
from catalog.importing.columns import Column, Problem
from catalog.importing.header import squash
from catalog.importing.sections import MoreCustomerColumns
from catalog.importing.sql import Value, Written, upsert
from catalog.importing.staging import Stage
from crm.exceptions import BadInput
from crm.models import CustomField
from crm.models.people import VALUE_LENGTH
from crm.people.notes import clean_value

TABLE = "crm_customfieldvalue"
YES, NO = frozenset({"yes", "y", "true", "1", "是"}), frozenset({"no", "n", "false", "0", "否"})


class CustomerFields(MoreCustomerColumns):
    """The fields in use."""

    def columns(self, known: Sequence[Column]) -> list[Column]:
        """One for each field in use. A name that the format has for something else already stays with that; the field
        is then called `field_` and its key."""
        taken = {squash(name) for column in known for name in column.names}
        made = []
        for field in CustomField.objects.filter(is_on=True).order_by("position", "pk"):
            names = []
            for name in (field.key, f"field_{field.key}", field.title_en, field.title_zh):
                if name and squash(name) not in taken:
                    taken.add(squash(name))
                    names.append(name)
            if names:
                made.append(_column(field, names))
        return made

    def write(self, stage: Stage) -> Written:
        """What the staged customers have in their fields. A customer that was erased was refused before."""
        new = changed = 0
        people = f"{stage.table} s JOIN catalog_customer t ON t.external_id = s.id"
        for pk in _present(stage):
            written = upsert(
                TABLE,
                key=["customer_id", "field_id"],
                values={
                    "customer_id": Value("t.id"), "field_id": Value(str(pk)), "value": Value(f"s.{_name(pk)}"),
                    "updated_at": Value("now()", once=True),
                },
                source=f"{people} WHERE s.{_name(pk)} IS NOT NULL",
                present=stage.present,
            )  # fmt: skip
            new, changed = new + written.new, changed + written.changed
        return Written(new, changed)


def _name(pk: int) -> str:
    """Of the column in the stage: keys hold hyphens and may be words of SQL."""
    return f"custom_{pk}"


def _present(stage: Stage) -> list[int]:
    return sorted(int(name.removeprefix("custom_")) for name in stage.present if name.startswith("custom_"))


def _column(field: CustomField, names: list[str]) -> Column:
    text = c.text(_name(field.pk), VALUE_LENGTH, title=names[0], aliases=tuple(names[1:]))

    def parse(value: str) -> str:
        if field.kind == CustomField.Kind.YES_NO:
            word = value.strip().lower()
            value = "yes" if word in YES else "no" if word in NO else value
        try:
            return text.parse(clean_value(field, value.strip().removeprefix("'")))
        except BadInput as refusal:
            if field.kind == CustomField.Kind.NUMBER:
                raise Problem(gettext_noop("is not a number such as 1234.5")) from refusal
            raise Problem(gettext_noop("does not fit the field %(field)s"), {"field": str(field)}) from refusal

    return replace(text, parse=parse)
