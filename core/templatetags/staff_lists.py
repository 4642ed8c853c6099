"""Parts of a list page that the theme leaves out: filter chips, sorting on a small screen, compact rows, counts."""

import re
from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib.admin.templatetags.admin_list import result_hidden_fields
from django.contrib.admin.templatetags.base import InclusionAdminNode
from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.core.cache import cache
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.template.base import Parser, Token
from django.urls import reverse
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import saved_views
from core.choices import Role
from core.components import figure
from core.components.words import count_words, listed
from core.exports.sources import page_source
from core.list_rows import head_of, rows_of
from core.lists import MoreColumn
from core.paginator import MOST_PAGES, RowCount
from core.roles import roles_of

register = template.Library()
register.filter("count_words", count_words)
COMPACT_CELLS = 3
REMEMBER_SECONDS = 30
MOST_DIGITS = 19
_COLUMN_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Chip:
    """One filter that is on, and the address without it."""

    label: str
    value: str
    remove: str


@register.inclusion_tag("core/lists/chips.html")
def filter_chips(cl: Any) -> dict[str, Any]:
    """The truth about the list: every filter and the search that narrow it, each with its own cross."""
    chips = [_chip(cl, spec) for spec in cl.filter_specs if _is_used(cl, spec)]
    if cl.query:
        chips.insert(0, Chip(_("search"), cl.query, cl.get_query_string(remove=["q"])))
    return {"chips": chips, "clear": "?view="}


def _is_used(cl: Any, spec: Any) -> bool:
    """Tabs show themselves."""
    is_tab = getattr(spec, "is_tab", False)
    return not is_tab and any(name in cl.filter_params for name in spec.expected_parameters())


def _chip(cl: Any, spec: Any) -> Chip:
    names = spec.expected_parameters()
    if hasattr(spec, "chip_text"):
        return Chip(capfirst(str(spec.title)), spec.chip_text(), cl.get_query_string(remove=names))
    selected = [
        str(strip_tags(str(choice["display"])))
        for choice in spec.choices(cl)
        if choice.get("selected") and choice.get("display")
    ]
    raw = [str(value) for name in names for value in _values(cl.filter_params.get(name))]
    text = listed(selected) or _chosen(spec, raw) or " – ".join(raw)
    return Chip(capfirst(str(spec.title)), text, cl.get_query_string(remove=names))


def _chosen(spec: Any, raw: list[str]) -> str:
    """Words for raw values where a filter knows them."""
    field = getattr(spec, "field", None)
    pairs = getattr(spec, "lookup_choices", None) or getattr(field, "flatchoices", None) or []
    known = {str(key): str(text).strip() for key, text in pairs}
    related: Any = getattr(field, "related_model", None)
    if not known and related is not None:
        known = _names(related, [value for value in raw if value.isdecimal() and len(value) < MOST_DIGITS])
    return listed(known[value] for value in raw if value in known)


def _names(model: Any, keys: list[str]) -> dict[str, str]:
    """Names of rows that a filter chose, at most half a minute old."""
    places = {key: f"chip.{model._meta.label_lower}.{key}.{get_language()}" for key in keys}
    cached = cache.get_many(list(places.values()))
    known = {key: cached[place] for key, place in places.items() if place in cached}
    missing = [key for key in keys if key not in known]
    if missing:
        found = {str(row.pk): str(row) for row in model._default_manager.filter(pk__in=missing)}
        cache.set_many({places[key]: name for key, name in found.items()}, REMEMBER_SECONDS)
        known |= found
    return known


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    return [part for part in (value if isinstance(value, list | tuple) else [value]) if part not in ("", None)]


@register.inclusion_tag("core/lists/tabs.html", takes_context=True)
def view_tabs(context: template.Context, cl: Any) -> dict[str, Any]:
    """The tabs above a list: those that it has, the saved views, and what can be done with the one that is open."""
    request, model_admin = context["request"], cl.model_admin
    source = cl.opts.label_lower
    views = saved_views.visible_on(request, source)
    shown = ["action_checkbox", *saved_views.every_column(model_admin, _plain(request), request)]
    if "action_checkbox" not in cl.list_display:
        shown = shown[1:]
    known = saved_views.known_counts(request.user, views)
    opened = next((view for view in views if str(view.pk) == request.GET.get(saved_views.SAVED)), None)
    tabs = [
        {"view": view, "url": f"?{saved_views.address_of(view, list(map(str, shown)))}", "count": known.get(view.pk)}
        for view in views
    ]
    own = context.get("list_views") or []
    if views and not own:
        own = [{"label": _("All"), "url": "?view=", "count": None, "is_current": opened is None}]
    may_share = request.user.has_perm("core.manage_roles")
    roles = [(role.value, role.label) for role in Role] if may_share else _own_roles(request.user)
    return {
        "list_views": own,
        "tabs": tabs,
        "opened": opened,
        "is_owner": opened is not None and opened.owner_id == request.user.pk,
        "is_changed": opened is not None and saved_views.is_changed(opened, cl, request.GET),
        "source": source,
        "params": request.GET.urlencode(),
        "roles": [*([("*", _("Everybody"))] if may_share else []), *roles],
        "is_uncounted": any(view.pk not in known for view in views),
        "may_save": bool(cl.filter_specs or cl.model_admin.search_fields) and not cl.is_popup,
        "csrf_token": context.get("csrf_token", ""),
    }


def _plain(request: HttpRequest) -> HttpRequest:
    """The same person without the columns of the address."""
    plain = HttpRequest()
    plain.method, plain.user = "GET", request.user
    return plain


def _own_roles(user: Any) -> list[tuple[str, Any]]:
    """What they may be shared with is looked at when a view is saved; here half a minute does no harm."""
    key = f"staff-roles.{user.pk}"
    names = cache.get(key)
    if names is None:
        names = [role.value for role in roles_of(user)]
        cache.set(key, names, REMEMBER_SECONDS)
    return [(name, Role(name).label) for name in names]


@register.inclusion_tag("core/lists/columns.html", takes_context=True)
def column_menu(context: template.Context, cl: Any) -> dict[str, Any]:
    """Which columns are shown. The first, the name, always is."""
    request = context["request"]
    shown = {str(name) for name in cl.list_display}
    every = saved_views.every_column(cl.model_admin, _plain(request), request)
    columns = [
        (str(name), capfirst(str(label_for_field(name, cl.model, cl.model_admin))), str(name) in shown)
        for name in every[1:]
    ]
    kept = [
        (name, value)
        for name, values in request.GET.lists()
        for value in values
        if name not in (saved_views.COLUMNS, PAGE_VAR, ORDER_VAR)
    ]
    return {
        "columns": columns if len(columns) > 1 else [],
        "kept": kept,
        "name": saved_views.COLUMNS,
    }


@register.inclusion_tag("core/lists/sort.html")
def sort_menu(cl: Any) -> dict[str, Any]:
    """On a small screen there is no table head to sort by."""
    options = [
        {"title": capfirst(str(header["text"])), "url": header["url_primary"], "sorted": header.get("sorted"),
         "arrow": ("↑" if header.get("ascending") else "↓") if header.get("sorted") else ""}
        for header in head_of(cl)
        if header.get("sortable")
    ]  # fmt: skip
    return {"options": options if cl.result_list else []}


def _table(context: template.Context, cl: Any) -> dict[str, Any]:
    return {
        "cl": cl,
        "result_hidden_fields": list(result_hidden_fields(cl)),
        "result_headers": head_of(cl),
        "results": rows_of(cl),
        "actions_row": context.get("actions_row"),
    }


@register.tag
def list_table(parser: Parser, token: Token) -> Any:
    """The table of a list, drawn by the template of the model, of its app, or of all."""
    node: Any = InclusionAdminNode  # the stubs know the form of a later Django
    return node(parser, token, func=_table, template_name="change_list_results.html")


@register.inclusion_tag("core/lists/export.html", takes_context=True)
def export_menu(context: template.Context) -> dict[str, Any]:
    """The list as a file, as it is filtered now: for those who may take rows out of the house."""
    cl, url = context.get("cl"), ""
    if cl is not None and not cl.is_popup and cl.result_list:
        may = getattr(cl.model_admin, "has_export_permission", None)
        if may is not None and may(context["request"]):
            url = reverse(f"admin:{cl.opts.app_label}_{cl.opts.model_name}_export") + cl.get_query_string()
    return {"url": url, "csrf_token": context.get("csrf_token", "")}


@register.inclusion_tag("core/lists/export.html", takes_context=True)
def export_table(context: template.Context) -> dict[str, Any]:
    """The table of the staff page that is shown as a file, in the state that the address says: for those who may take
    it out."""
    request = context["request"]
    page = request.resolver_match.url_name
    source = page_source(page)
    url = ""
    if source is not None and source.is_allowed(request):
        query = request.GET.urlencode()
        url = reverse(f"admin:{page}_export") + (f"?{query}" if query else "")
    return {"url": url, "csrf_token": context.get("csrf_token", "")}


@register.simple_tag
def list_style(cl: Any) -> SafeString:
    """Right-aligned number columns, and which cells stay when a row has only two lines."""
    admin, columns = cl.model_admin, [str(name) for name in cl.list_display if _COLUMN_NAME.fullmatch(str(name))]
    columns = [name for name in columns if name != "action_checkbox"]
    numeric = [name for name in columns if name in getattr(admin, "number_columns", ()) or _is_number(cl.model, name)]
    numeric += [str(name) for name in cl.list_display if isinstance(name, MoreColumn) and name.is_number]
    kept = list(getattr(admin, "compact_columns", ())) or columns[1 : 1 + COMPACT_CELLS]
    hidden = [name for name in columns[1:] if name not in kept]
    rules = [
        f"#result_list .column-{name},#result_list td.field-{name}{{text-align:right!important;"
        "font-variant-numeric:tabular-nums;white-space:nowrap!important}"
        for name in numeric
    ]
    if hidden:
        names = ",".join(f"#result_list td.field-{name}" for name in hidden)
        rules.append(f"@media(max-width:1023px){{{names}{{display:none!important}}}}")
    return format_html("<style>{}</style>", SafeString("".join(rules))) if rules else SafeString("")


def _is_number(model: type[models.Model], name: str) -> bool:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return isinstance(field, models.IntegerField | models.DecimalField | models.FloatField) and not field.choices


@register.simple_tag
def match_count(cl: Any) -> RowCount | None:
    """How many rows match; None when the list is not counted."""
    return _count(cl)


@register.simple_tag
def has_more(cl: Any) -> bool:
    """True when there is a page after this one."""
    count, per_page = _count(cl), cl.paginator.per_page
    if len(cl.result_list) < per_page or cl.page_num >= MOST_PAGES:
        return False
    return count is None or count.is_about or cl.page_num * per_page < count.number


@register.simple_tag
def is_last_open_page(cl: Any) -> bool:
    """True where the list goes on but its pages end."""
    return bool(cl.page_num >= MOST_PAGES and len(cl.result_list) == cl.paginator.per_page)


@register.simple_tag
def page_range_words(cl: Any) -> str:
    """ "51–100 of 2,408", "51–100 of about 12,400"."""
    if not cl.result_list:
        return ""
    first = (cl.page_num - 1) * cl.paginator.per_page + 1
    words = {"first": figure(first), "last": figure(first + len(cl.result_list) - 1)}
    count = _count(cl)
    if count is None:
        return _("%(first)s–%(last)s") % words
    words["count"] = figure(count.number)
    if count.is_about:
        return _("%(first)s–%(last)s of about %(count)s") % words
    return _("%(first)s–%(last)s of %(count)s") % words


def _count(cl: Any) -> RowCount | None:
    bounded = getattr(cl.paginator, "bounded_count", None)
    if bounded is None and not getattr(cl.paginator, "template_name", ""):
        return RowCount(cl.result_count)
    return bounded
