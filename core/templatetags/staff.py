"""Components for templates: `{% load staff %}`. What they promise stands at the functions they call."""

import json
from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core import components
from core.components.progress import job_progress
from core.components.scores import explanation_button
from core.components.words import day_text
from core.components.words import duration as duration_text
from core.components.words import plain as plain_text
from core.countries import country_name
from core.paginator import RowCount
from core.panels import panel_html
from core.reports.charts import Chart
from core.reports.periods import AGAINST, PRESETS, Period

register = template.Library()

register.simple_tag(components.pill, name="pill")
register.simple_tag(components.score_badge, name="score_badge")
register.simple_tag(components.confidence_bar, name="confidence")
register.simple_tag(components.sparkline, name="sparkline")
register.simple_tag(explanation_button, name="why")
register.simple_tag(components.range_chart, name="range_chart")
register.simple_tag(components.heat, name="heat")

register.filter("money", components.money)
register.filter("figure", components.figure)
register.filter("compact", components.compact)
register.filter("percent", components.percent)
register.filter("when", components.when)
register.filter("country", country_name)
register.filter("day", day_text)
register.filter("ago", components.ago)
register.filter("day", day_text)
register.filter("duration", duration_text)
register.filter("plain", plain_text)

THEME_MEANINGS = {
    "success": components.Meaning.GOOD,
    "warning": components.Meaning.WAITING,
    "danger": components.Meaning.STOPPED,
    "info": components.Meaning.MOVING,
}


register.simple_tag(job_progress, name="job_progress")


@register.inclusion_tag("core/components/empty.html")
def empty(
    title: Any,
    text: Any = "",
    label: Any = "",
    url: str = "",
    more_label: Any = "",
    more_url: str = "",
    icon: str = "inbox",
    *,
    act: Any = "",
    act_url: str = "",
    may_act: bool = False,
    running: Any = None,
) -> dict[str, Any]:
    """Why it is empty, what will be here, one button, one link to learn. `act` fills it for who
    may: its button posts to `act_url`, and `label` is then the link beside it; `running` is the job that does it."""
    return {
        "title": title, "text": text, "label": label, "url": url, "more_label": more_label, "more_url": more_url,
        "icon": icon, "act": act, "act_url": act_url,
        "may_act": may_act, "running": running,
    }  # fmt: skip


@register.inclusion_tag("core/components/figure.html")
def figure_card(figure: components.Figure) -> dict[str, Any]:
    """A large value, how it compares, and its line."""
    return {"figure": figure}


@register.inclusion_tag("core/reports/chart.html")
def chart_card(chart: Chart, name: str) -> dict[str, Any]:
    """A picture with its table twin; `name` tells the charts of a page apart."""
    return {"chart": chart, "id": f"chart-{name}"}


@register.inclusion_tag("core/components/table_card.html")
def table_card(table: components.TableCard, name: str) -> dict[str, Any]:
    """A table in a card; `name` tells the tables of a page apart."""
    return {"table": table, "id": f"table-{name}"}


@register.inclusion_tag("core/reports/days.html")
def days_form(period: Period, kept: Any = (), choices: Any = (), search: Any = None) -> dict[str, Any]:
    """Which days a page shows and what they are compared with. `kept`: (name, value) of the address that stay;
    `choices`: more to choose from (core.reports.Choice), `search`: a Choice without options, typed."""
    return {
        "period": period, "kept": kept, "choices": choices, "presets": PRESETS.items(),
        "compared_with": AGAINST.items(), "search": search,
    }  # fmt: skip


@register.inclusion_tag("core/reports/choices.html")
def choices_form(choices: Any, kept: Any = (), search: Any = None) -> dict[str, Any]:
    """What a page without days lets people choose. `search`: a Choice without options, typed."""
    return {"choices": choices, "kept": kept, "search": search}


@register.simple_tag(takes_context=True)
def show_panel(context: template.Context, panel: Any, obj: Any = None) -> SafeString:
    """One panel of an object page."""
    return panel_html(context["request"], panel, obj)


@register.simple_tag(takes_context=True)
def home_card(context: template.Context, card: Any) -> SafeString:
    """One card of the home page with a body of its own."""
    request: HttpRequest = context["request"]
    body = render_to_string(card.template, {**card.context, "card": card}, request)
    return render_to_string("core/components/card.html", {"card": card, "body": SafeString(body)}, request)


@register.simple_tag
def pick(mapping: Any, key: Any) -> Any:
    """The value of a dictionary under a key that is itself a variable."""
    return mapping.get(key, "") if mapping else ""


@register.simple_tag
def theme_label(text: Any, kind: str = "", variant: str = "") -> SafeString:
    """The theme's own label in the look of our pills."""
    meaning = THEME_MEANINGS.get(str(kind or variant))
    return components.pill(meaning, text) if meaning else format_html('<span class="zg-label">{}</span>', text)


@register.simple_tag
def undo_of(message: Any) -> dict[str, Any] | None:
    """Where the "Undo" of a message posts to (see core.components.toasts)."""
    try:
        found = json.loads(message.extra_tags or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) and "url" in found else None


@register.simple_tag(takes_context=True)
def error_links(context: template.Context) -> list[dict[str, Any]]:
    """Every field of the form that was not accepted: its name, its first error, where it stands."""
    form = context.get("form") or getattr(context.get("adminform"), "form", None)
    bound = [form] if form is not None else []
    for formset in context.get("inline_admin_formsets") or []:
        bound.extend(formset.formset.forms)
    return [
        {"id": one[name].id_for_label or one[name].auto_id, "label": one[name].label, "text": errors[0]}
        for one in bound
        for name, errors in one.errors.items()
        if name in one.fields
    ]


@dataclass(frozen=True)
class Head:
    title: Any
    crumbs: list[dict[str, Any]]
    crumbs_label: str
    count: RowCount | None = None
    pill: Any = ""


@register.simple_tag(takes_context=True)
def page_head(context: template.Context) -> Head:
    """Title of the page, where it belongs, how many rows a list has.

    A view sets `title`; a page below another sets `crumbs` ([{"title", "url"}]); `head_pill` stands beside the title. A
    list whose title names more than its rows sets `hide_count`.
    """
    opts, original, cl = context.get("opts"), context.get("original"), context.get("cl")
    title = context.get("title") or ""
    crumbs = list(context.get("crumbs") or [])
    hide = bool(context.get("hide_crumbs"))
    if cl is not None:
        title = context.get("page_title") or capfirst(str(cl.opts.verbose_name_plural))
    elif opts is not None and not crumbs and not hide:
        try:
            page = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        except NoReverseMatch:
            page = ""
        if page:
            crumbs.append({"title": capfirst(str(opts.verbose_name_plural)), "url": page})
        if original is not None and context.get("adminform") is not None:
            title = str(original)
    return Head(
        title=context.get("page_title") or title,
        crumbs=crumbs,
        crumbs_label=_("Where this page belongs"),
        count=None if context.get("hide_count") else getattr(getattr(cl, "paginator", None), "bounded_count", None),
        pill=context.get("head_pill") or "",
    )


@register.simple_tag
def list_empty(cl: Any) -> dict[str, Any]:
    """What a list that was never used says; its model admin may set `empty_title`, `empty_text`, `empty_action`."""
    admin = cl.model_admin
    name = cl.opts.verbose_name_plural
    action = getattr(admin, "empty_action", None)
    try:
        label, url = (action[0], reverse(action[1])) if action else ("", "")
    except NoReverseMatch:
        label, url = "", ""
    return {
        "title": getattr(admin, "empty_title", "") or _("No %(name)s yet") % {"name": name},
        "text": getattr(admin, "empty_text", "") or _("They appear here as soon as there are any."),
        "label": label,
        "url": url,
    }
