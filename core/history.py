"""The history of one row: who changed what, from what to what, and the way back where there is one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import IntegrityError, models, transaction
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core.exceptions import DomainError
from core.ledger import words
from core.models import LedgerEntry, RowChange

MOST_SHOWN, LONGEST = 100, 160
ROW, LEDGER = "row", "ledger"
NOT_PUT_BACK = frozenset(
    {"path", "stock", "deleted_at", "base_currency", "second_factor_roles", "holdout_percent", "logo"}
)
"""A category is moved, stock is counted and a product restored by acts of their own; some settings have rules that only
their own page knows."""


class UndoRefused(DomainError):
    """Somebody changed it since, or this change cannot be taken back."""

    code = "undo_refused"


@dataclass(frozen=True)
class Told:
    """One column in words. `is_hidden`: about a person, so only that it changed is kept."""

    label: str
    before: str = ""
    after: str = ""
    is_hidden: bool = False


@dataclass
class Entry:
    """One change. `undo` is what its button posts; empty when there is no way back."""

    at: datetime
    who: str
    told: Sequence[Told] = ()
    about: str = ""
    undo: str = ""
    note: str = ""


@dataclass
class _Change:
    """A row of either table, in one form."""

    kind: str
    pk: int
    subject: str
    actor: str
    at: datetime
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    body: str = "{}"
    is_right: bool = False
    """Rights, keys, models and consent: given and taken by their own pages alone, never put back from a history."""


def entries(obj: models.Model, subjects: Sequence[str], *, may_undo: bool) -> list[Entry]:
    """The newest changes of these subjects, the row's own first of all. A query for each table, one for each kind of
    name in them."""
    own = subject_of(obj)
    found = sorted(_changes(subjects), key=lambda change: (change.at, change.pk), reverse=True)[:MOST_SHOWN]
    names = words.Names(found)  # type: ignore[arg-type]
    related = _related_names(obj, found)
    return [
        Entry(
            at=change.at,
            who=names.actor(change),  # type: ignore[arg-type]
            told=_told(obj if change.subject == own else None, change, related),
            about="" if change.subject == own else names.subject(change).name,  # type: ignore[arg-type]
            undo=f"{change.kind}:{change.pk}" if may_undo and change.subject == own and _can_undo(obj, change) else "",
        )
        for change in found
    ]


def subject_of(obj: models.Model) -> str:
    return f"{obj._meta.label_lower}:{obj.pk}"


@transaction.atomic
def undo(obj: models.Model, what: str) -> list[str]:
    """Put back what one change of this row did. The names of the columns. Raises UndoRefused."""
    change = next((one for one in _changes([subject_of(obj)]) if f"{one.kind}:{one.pk}" == what), None)
    model = type(obj)
    if change is None or not _is_reversible(change):
        raise UndoRefused(_("This change cannot be taken back from here."))
    row = model._default_manager.select_for_update().get(pk=obj.pk)
    if not _can_undo(row, change):
        raise UndoRefused(_("Somebody changed this since. Nothing was put back."))
    values: dict[str, Any] = {}
    for name, value in change.before.items():
        column = _column(model, name)
        if column is None:
            raise UndoRefused(_("This change cannot be taken back from here."))
        values[column.attname] = column.to_python(value)
        related: Any = column.related_model
        if related is not None and value is not None and not related._default_manager.filter(pk=value).exists():
            raise UndoRefused(_("What stood there before does not exist any more."))
    for name, value in values.items():
        setattr(row, name, value)
    try:
        with transaction.atomic():
            stamp = ["updated_at"] if _column(model, "updated_at") is not None else []
            row.save(update_fields=[*(str(_column(model, name).name) for name in values), *stamp])  # type: ignore[union-attr]
    except IntegrityError as error:
        raise UndoRefused(_("Something else has taken its place. Nothing was put back.")) from error
    return list(values)


def _changes(subjects: Sequence[str]) -> Iterable[_Change]:
    for row in RowChange.objects.filter(subject__in=subjects).order_by("-id")[:MOST_SHOWN]:
        yield _Change(ROW, row.pk, row.subject, row.actor, row.at, row.before, row.after)
    for entry in LedgerEntry.objects.filter(subject__in=subjects).order_by("-id")[:MOST_SHOWN]:
        try:
            body = json.loads(entry.body)
        except ValueError:
            body = {}
        before, after = body.get("before"), body.get("after")
        yield _Change(
            LEDGER, entry.pk, entry.subject, entry.actor, entry.at,
            before if isinstance(before, dict) else {}, after if isinstance(after, dict) else {}, entry.body,
            is_right=entry.kind != LedgerEntry.Kind.PRICE,
        )  # fmt: skip


def _column(model: type[models.Model], name: str) -> models.Field | None:
    """By the name of the column in the table."""
    return next((one for one in model._meta.concrete_fields if one.attname == name or one.name == name), None)


def _is_hidden(change: _Change) -> bool:
    return all(value is None for value in change.before.values()) and all(
        value is None for value in change.after.values()
    )


def _is_reversible(change: _Change) -> bool:
    if change.is_right or not change.before or not change.after:
        return False
    return not set(change.before) & NOT_PUT_BACK and not _is_hidden(change)


def _can_undo(obj: models.Model, change: _Change) -> bool:
    """Nobody changed the columns since, and all of them can be put back."""
    if not _is_reversible(change):
        return False
    for name, value in change.after.items():
        column = _column(type(obj), name)
        if column is None or column.to_python(value) != getattr(obj, column.attname):
            return False
    return True


def _related_names(obj: models.Model, found: Sequence[_Change]) -> dict[tuple[str, Any], str]:
    """Names of rows that columns point at: one query for each such column."""
    names: dict[tuple[str, Any], str] = {}
    for column in obj._meta.concrete_fields:
        related: Any = column.related_model
        if related is None:
            continue
        told = [part.get(column.attname) for one in found for part in (one.before, one.after)]
        values = {value for value in told if isinstance(value, int | str)}
        if values:
            rows = related._default_manager.in_bulk(list(values))
            names.update({(column.attname, pk): str(row) for pk, row in rows.items()})
    return names


def _told(obj: models.Model | None, change: _Change, related: dict[tuple[str, Any], str]) -> list[Told]:
    told = []
    for name in dict.fromkeys([*change.before, *change.after]):
        old, new = change.before.get(name), change.after.get(name)
        column = _column(type(obj), name) if obj is not None else None
        label = (
            capfirst(str(column.verbose_name))
            if column is not None
            else words._field(words.split(change.subject)[0], name)
        )
        if obj is not None and old is None and new is None:
            told.append(Told(label, is_hidden=True))
            continue
        told.append(Told(label, _said(column, name, old, related), _said(column, name, new, related)))
    return told


def _said(column: models.Field | None, name: str, value: Any, related: dict[tuple[str, Any], str]) -> str:
    if (name, value if not isinstance(value, dict | list) else None) in related:
        return related[name, value]
    if isinstance(value, dict):
        text = " · ".join(f"{key}: {one}" for key, one in value.items()) or words.NOTHING
    else:
        try:
            choices = dict(getattr(column, "flatchoices", ()) or ())
        except FieldDoesNotExist:
            choices = {}
        text = words._value(value, choices)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
