"""What the registry of personal data says, checked and ready to use."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.apps import apps
from django.db.models import Field, JSONField, Model, QuerySet
from django.utils.module_loading import import_string

from core.extensions import Entry, data_subjects, personal_data
from core.said import Said

DELETE, BLANK = "delete", "blank"


@dataclass(frozen=True)
class Identity:
    """Texts by which a person can be recognised: name, e-mail, telephone, the shop's own id, browser ids."""

    texts: Collection[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, *texts: str | None) -> "Identity":
        """Empty texts say nothing; one character stands in every file."""
        return cls(frozenset(text.strip() for text in texts if text and len(text.strip()) > 1))


class Subject(Protocol):
    """How the owner of a table of people speaks about one of them: what `data_subjects` resolves to."""

    def identity(self, pk: int) -> Identity: ...

    def language(self, pk: int) -> str: ...

    def others(self, pk: int) -> list[int]:
        """More rows of the same person, which are copied and erased with this one."""

    def hindrance(self, pk: int) -> Said: ...

    def exists(self, pk: int) -> bool: ...

    def title(self, pk: int) -> str: ...

    def page(self, pk: int) -> str: ...


@dataclass(frozen=True)
class Holding:
    """One table with data about people.

    `fields` hold personal data. `path` leads from the table to the key of the person. `on_erase` is DELETE (the rows
    go) or BLANK (`fields` are emptied and the rows stay); `keeps` names fields that stay with the reason; `replace`
    gives other values than empty ones, as dotted names of callables without arguments. Where no path leads to the
    person, `find` is the dotted name of a callable `(key of the person) -> condition` (a Q) for the rows.
    """

    label: str
    fields: tuple[str, ...]
    subject: str
    path: str = ""
    find: str = ""
    on_erase: str = BLANK
    keeps: Mapping[str, str] = field(default_factory=dict)
    replace: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> type[Model]:
        return apps.get_model(self.label)

    def rows_of(self, pk: int) -> QuerySet[Any]:
        rows = self.model._default_manager.all()
        return rows.filter(import_string(self.find)(pk)) if self.find else rows.filter(**{self.path: pk})

    def erase(self, pk: int) -> int:
        """Delete or empty the rows of this person. Running it again finds nothing to change."""
        rows = self.rows_of(pk)
        if self.on_erase == DELETE:
            return int(rows._raw_delete(rows.db))
        changes = {name: self._emptied(name) for name in self.fields if name not in self.keeps}
        return int(rows.update(**changes)) if changes else 0

    def _emptied(self, name: str) -> Any:
        if name in self.replace:
            return import_string(self.replace[name])()
        column = self.model._meta.get_field(name)
        assert isinstance(column, Field)
        if column.null:
            return None
        return {} if isinstance(column, JSONField) else column.get_default() if column.has_default() else ""


def holding(entry: Entry) -> Holding:
    """The entry of the registry in full. Raises ValueError for an entry that leaves out what happens on erasure."""
    meta = dict(entry.meta)
    meta.pop("order", None)
    if meta.get("on_erase", BLANK) not in (DELETE, BLANK):
        raise ValueError(f"personal_data: {entry.key} has on_erase={meta['on_erase']!r}.")
    return Holding(label=entry.key, fields=tuple(meta.pop("fields")), **meta)


def holdings(subject: str) -> list[Holding]:
    """Tables with data about people of this kind, in the order in which they are erased: details first."""
    found = (holding(entry) for entry in personal_data if entry.meta.get("subject") == subject)
    return sorted(found, key=lambda one: one.path == "pk")


def subject(label: str) -> Subject:
    """Raises KeyError for a table that holds no people."""
    found: Subject = data_subjects.get(label).resolve()()
    return found
