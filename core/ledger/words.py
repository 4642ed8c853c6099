"""Entries of the ledger as people read them: names are looked up when the page is drawn, never stored."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from core.choices import Role
from core.components.words import listed
from core.extensions import ledger_subjects, staff_pages
from core.models import (
    ApiKey,
    DataRequest,
    Experiment,
    Job,
    LedgerEntry,
    ModelVersion,
    StaffRole,
    StaffToken,
    StaffUser,
)

ARROW = "→"
NOTHING = "–"
MOST_IN_A_CELL = 4
ACTORS = {
    "system": gettext_lazy("the program"),
    "database": gettext_lazy("somebody in the database"),
    "customer": gettext_lazy("the customer"),
    "visitor": gettext_lazy("a visitor"),
}
ACTS = {
    "asked": pgettext_lazy("ledger", "asked for"),
    "approved": pgettext_lazy("ledger", "approved"),
    "refused": pgettext_lazy("ledger", "refused"),
    "erased": pgettext_lazy("ledger", "erased"),
    "sent": pgettext_lazy("ledger", "sent"),
    "made": pgettext_lazy("ledger", "made"),
    "fetched": pgettext_lazy("ledger", "fetched"),
    "copy fetched": pgettext_lazy("ledger", "copy fetched"),
    "restored": pgettext_lazy("ledger", "restored"),
}
CHANNELS = {"staff": gettext_lazy("the staff site"), "api": gettext_lazy("the shop's API")}


@dataclass(frozen=True)
class Named:
    """A row by name, and where its page is. `page` is the URL name in the admin's namespace, `pk` its argument."""

    name: str
    page: str = ""
    pk: int = 0


@dataclass(frozen=True)
class Told:
    """One thing of an entry: what it is called, before and after. Without `before` and `after` only `text`."""

    label: str
    before: str = ""
    after: str = ""
    text: str = ""

    def __str__(self) -> str:
        return _line(self.label, self.text or f"{self.before} {ARROW} {self.after}")


class Names:
    """Names for a page of entries, with one query for each kind of thing."""

    def __init__(self, entries: Iterable[LedgerEntry]) -> None:
        wanted: dict[str, set[int]] = {}
        for entry in entries:
            for text in (entry.subject, _as_subject(entry.actor)):
                label, number = split(text)
                if number is not None and label in ledger_subjects:
                    wanted.setdefault(label, set()).add(number)
        self._found: dict[str, Mapping[int, Named]] = {
            label: ledger_subjects.get(label).resolve()(numbers) for label, numbers in wanted.items()
        }

    def subject(self, entry: LedgerEntry) -> Named:
        label, number = split(entry.subject)
        known = self._found.get(label, {}).get(number or 0)
        return known or Named(_kind_and_number(label, number) or entry.subject, *_page(label, number))

    def actor(self, entry: LedgerEntry) -> str:
        kind, _colon, ident = entry.actor.partition(":")
        if kind in ACTORS:
            return str(ACTORS[kind])
        if kind == "command":
            return f"manage.py {ident}"
        label, number = split(_as_subject(entry.actor))
        known = self._found.get(label, {}).get(number or 0)
        if known is None and kind == "job":
            return _("job #%(number)s") % {"number": ident}
        return known.name if known else _kind_and_number(label, number) or entry.actor


def details(entry: LedgerEntry) -> list[Told]:
    """What changed, in the reader's language."""
    try:
        body = json.loads(entry.body)
    except ValueError:
        return [Told(_("Details"), text=entry.body)]
    before, after = body.pop("before", None), body.pop("after", None)
    label = split(entry.subject)[0]
    found = []
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = before or {}, after or {}
        for name in dict.fromkeys([*old, *new]):
            if before is not None and after is not None and old.get(name) == new.get(name):
                continue
            words = _choices(label, name)
            found.append(Told(_field(label, name), _value(old.get(name), words), _value(new.get(name), words)))
    elif before is not None or after is not None:
        found.append(Told(str(entry.get_kind_display()), _value(before), _value(after)))
    for name, value in sorted(body.items()):
        found.append(Told(_word(label, name), text=_value(value, _words_for(label, name))))
    return found


def short(entry: LedgerEntry) -> str:
    """The same on one line, for a list."""
    found = details(entry)
    return " · ".join(map(str, _shortened(found)))


def subjects_named(term: str) -> list[str]:
    """Subjects that a search for this text means."""
    found = []
    for entry in ledger_subjects:
        if "search" in entry.meta:
            found += [f"{entry.key}:{number}" for number in import_string(entry.meta["search"])(term)]
    return found


def split(subject: str) -> tuple[str, int | None]:
    """`catalog.variant:12` → ("catalog.variant", 12)."""
    label, _colon, number = subject.rpartition(":")
    return (label, int(number)) if label and number.isdecimal() and len(number) < 19 else (subject, None)


# --- names ----------------------------------------------------------------------------------------------------------


def named(model: type[Model], page: str, numbers: Iterable[int]) -> dict[int, Named]:
    """Rows of one table by what they call themselves."""
    rows = model._default_manager.in_bulk(list(numbers))
    return {pk: Named(str(row), page, pk) for pk, row in rows.items()}


def name_job(numbers: Iterable[int]) -> dict[int, Named]:
    """Jobs by the title of their work; those whose work has none are left out, like old ones that are gone."""
    found = {}
    for job in Job.objects.filter(pk__in=list(numbers)).only("task"):
        try:
            title = import_string(job.task).job_spec.title
        except (ImportError, AttributeError):
            continue
        if title:
            found[job.pk] = Named(f"{title} #{job.pk}", "core_job_change", job.pk)
    return found


name_staffuser: Callable[[Iterable[int]], dict[int, Named]] = partial(named, StaffUser, "core_staffuser_change")
name_staffrole: Callable[[Iterable[int]], dict[int, Named]] = partial(named, StaffRole, "core_staffrole_change")
name_stafftoken: Callable[[Iterable[int]], dict[int, Named]] = partial(named, StaffToken, "")
name_apikey: Callable[[Iterable[int]], dict[int, Named]] = partial(named, ApiKey, "core_apikey_change")
name_experiment: Callable[[Iterable[int]], dict[int, Named]] = partial(named, Experiment, "core_experiment_change")
name_modelversion: Callable[[Iterable[int]], dict[int, Named]] = partial(
    named, ModelVersion, "core_modelversion_change"
)


# --- helpers --------------------------------------------------------------------------------------------------------


def _as_subject(actor: str) -> str:
    """`staff:3` is `core.staffuser:3`."""
    kind, colon, ident = actor.partition(":")
    table = {"staff": "core.staffuser", "key": "core.apikey", "job": "core.job"}.get(kind, kind)
    return f"{table}{colon}{ident}"


def _model(label: str) -> type[Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _kind_and_number(label: str, number: int | None) -> str:
    model = _model(label)
    if model is None or number is None:
        return ""
    return f"{capfirst(str(model._meta.verbose_name))} #{number}"


def _page(label: str, number: int | None) -> tuple[str, int]:
    name = f"{label.replace('.', '_')}_change"
    try:
        reverse(f"admin:{name}", args=[number])
    except NoReverseMatch:
        return "", 0
    return name, number or 0


def _field(label: str, name: str) -> str:
    model = _model(label)
    try:
        found = model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        found = None
    return capfirst(str(getattr(found, "verbose_name", ""))) if found else capfirst(name.replace("_", " "))


def _word(label: str, name: str) -> str:
    words = {
        "given": _("Given"), "taken": _("Taken"), "act": _("What"), "rows": _("Rows"), "format": _("Format"),
        "list": _("List"), "sku": _("SKU"), "channel": _("Channel"), "right": pgettext("of a person", "Right"),
    }  # fmt: skip
    return str(words.get(name) or _field(label, name))


def _choices(label: str, name: str) -> Mapping[Any, Any]:
    """The words of a field that knows only some values."""
    model = _model(label)
    try:
        return dict(getattr(model._meta.get_field(name), "flatchoices", ())) if model else {}
    except FieldDoesNotExist:
        return {}


def _words_for(label: str, name: str) -> Mapping[Any, Any]:
    if name in ("given", "taken"):
        return dict(Role.choices)
    if name == "list":
        return {entry.key: entry.meta["title"] for entry in staff_pages}
    known = {"act": ACTS, "channel": CHANNELS, "right": dict(DataRequest.Kind.choices)}
    return known.get(name) or _choices(label, name)


def _line(label: str, text: str) -> str:
    return _("%(label)s: %(text)s") % {"label": label, "text": text}


def _value(value: Any, words: Mapping[Any, Any] | None = None) -> str:
    """A value as people say it: `words` has the names of those that are codes."""
    if value is None or value == "":
        return NOTHING
    if words and isinstance(value, str) and value in words:
        return str(words[value])
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return listed(_value(one, words) for one in value) or NOTHING
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _shortened(found: list[Told]) -> list[Told | str]:
    shown: list[Told | str] = []
    for told in found[:MOST_IN_A_CELL]:
        items = told.text.split(listed(["", ""]))
        if len(items) > MOST_IN_A_CELL:
            more = ngettext("%(count)d entry", "%(count)d entries", len(items)) % {"count": len(items)}
            shown.append(_line(told.label, more))
        else:
            shown.append(told)
    return shown
