"""The cells of a list page. What is the same in all rows is made once: the theme makes the head of the table anew for
each of them and gives every cell twenty classes that our own style then overrules."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags.admin_list import _coerce_field_name  # type: ignore[attr-defined]
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import (  # type: ignore[attr-defined]
    FieldIsAForeignKeyColumnName,
    _get_non_gfk_field,
    lookup_field,
)
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db import models
from django.urls import NoReverseMatch
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.admin import checkbox
from unfold.templatetags.unfold_list import UnfoldResultList, result_headers, results
from unfold.utils import display_for_field, display_for_value

CHECKBOX = "action_checkbox"
_PLACE = "\ue000"
"""Stands for what differs between rows: a character that no key or address holds."""


@dataclass(frozen=True)
class Column:
    """One column: how a cell begins, and what is in it."""

    name: Any
    opening: str
    is_link: bool
    show: Callable[[Any], Any]


def head_of(cl: Any) -> list[dict[str, Any]]:
    """The head of the table; made once for a page, which asks for it in several places."""
    if not hasattr(cl, "known_head"):
        cl.known_head = list(result_headers(cl))
    found: list[dict[str, Any]] = cl.known_head
    return found


def rows_of(cl: Any) -> list[Any]:
    """The rows of the page, each with its finished cells. Where cells are inputs, the theme makes them."""
    if getattr(cl, "formset", None):
        return list(results(cl))
    columns, address = _columns(cl), _addresses(cl)
    return [UnfoldResultList(row, None, _cells(columns, address, row)) for row in cl.result_list]


def _cells(columns: Sequence[Column], address: Callable[[Any], str], row: Any) -> Iterator[SafeString]:
    tag = "th"  # the first link names the row
    for column in columns:
        content = column.show(row)
        if not column.is_link:
            yield SafeString(f"<td{column.opening}{content}</td>")
            continue
        url = address(row)
        link = f'<a href="{url}">{content}</a>' if url else content
        yield SafeString(f"<{tag}{column.opening}{link}</{tag}>")
        tag = "td"


def _columns(cl: Any) -> list[Column]:
    links, found = cl.list_display_links, []
    for place, (name, header) in enumerate(zip(cl.list_display, head_of(cl), strict=True)):
        is_link = links is not None and (name in links or (not links and place == 0))
        if name == CHECKBOX:
            opening = f' class="action-checkbox" data-label="{escape(_("Select record"))}">'
            found.append(Column(name, opening, is_link, _checkbox()))
            continue
        field = _field(cl.model, name)
        classes = f"field-{_coerce_field_name(name, place)}"
        if isinstance(field, models.DateField | models.TimeField | models.ForeignKey):
            classes += " nowrap"
        label = _("Select record") if place == 0 and not is_link else header["text"]
        opening = f' class="{escape(classes)}" data-label="{conditional_escape(label)}">'
        found.append(Column(name, opening, is_link, _shown(cl, name, field)))
    return found


def _checkbox() -> Callable[[Any], str]:
    before, after = checkbox.render(ACTION_CHECKBOX_NAME, _PLACE).split(_PLACE)
    return lambda row: f"{before}{escape(str(row.pk))}{after}"


def _field(model: type[models.Model], name: Any) -> Any:
    """The field of this name that the table has itself; None for anything else."""
    try:
        return _get_non_gfk_field(model._meta, name)
    except (FieldDoesNotExist, FieldIsAForeignKeyColumnName):
        return None


def _shown(cl: Any, name: Any, field: Any) -> Callable[[Any], Any]:
    """What makes the content of a cell, escaped."""
    admin = cl.model_admin
    empty = admin.get_empty_value_display()
    if field is None or field.auto_created:
        attribute = name if callable(name) else getattr(admin, name, None) if name != "__str__" else None
        if field is None and attribute is not None:
            empty = getattr(attribute, "empty_value_display", empty)
            is_boolean = getattr(attribute, "boolean", False)
            return _of_method(attribute, empty, is_boolean=is_boolean)
        return _of_lookup(admin, name, empty)
    if isinstance(field.remote_field, models.ManyToOneRel):
        return _safely(lambda row: empty if (found := getattr(row, field.name)) is None else found, empty)
    return _safely(lambda row: display_for_field(getattr(row, name), field, empty), empty)


def _of_method(method: Callable[[Any], Any], empty: str, *, is_boolean: bool) -> Callable[[Any], Any]:
    def value(row: Any) -> Any:
        found = method(row)
        if isinstance(found, str) and not is_boolean:
            return found
        return display_for_value(found, empty, is_boolean)

    return _safely(value, empty)


def _of_lookup(admin: Any, name: Any, empty: str) -> Callable[[Any], Any]:
    """Attributes of the row, and relations by `__`."""

    def value(row: Any) -> Any:
        _none, attribute, found = lookup_field(name, row, admin)
        shown = getattr(attribute, "empty_value_display", empty)
        return display_for_value(found, shown, getattr(attribute, "boolean", False))

    return _safely(value, empty)


def _safely(value: Callable[[Any], Any], empty: str) -> Callable[[Any], Any]:
    def show(row: Any) -> Any:
        try:
            return conditional_escape(value(row))
        except ObjectDoesNotExist:
            return conditional_escape(empty)

    return show


def _addresses(cl: Any) -> Callable[[Any], str]:
    """Where a row leads, escaped; "" for nowhere. What is kept of the list's filters is the same for all rows."""
    context = {"preserved_filters": cl.preserved_filters, "opts": cl.opts}
    kept: str | None = None if cl.preserved_filters else ""

    def address(row: Any) -> str:
        nonlocal kept
        try:
            url = cl.url_for_result(row)
        except NoReverseMatch:
            return ""
        if "?" in url:
            return str(escape(add_preserved_filters(context, url)))
        if kept is None:
            kept = add_preserved_filters(context, url).removeprefix(url)
        return str(escape(url + kept))

    return address
