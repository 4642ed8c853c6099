"""Panels: what other apps show on the page of one object, such as a product or a customer.

An owner registers a callable `(request, object) -> Panel | None` in a registry of panels. The page of the object
shows them in the order of the registry; a panel that fails says so in its place and the rest of the page works.
`styles` names its stylesheets. With `is_lazy=True` (and `title`, `place`) a panel is asked for after the page is there:
for those that read much; with `permission` only by those who have it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.apart import apart
from core.extensions import Entry, Registry

log = structlog.get_logger(__name__)
MAIN, SIDE = "main", "side"


@dataclass
class Panel:
    """One card. `template` gets `context`, the panel as `panel` and the object as `object`.

    `place` is "main" (below the form, two thirds) or "side" (one third: status, scores, consent, history).
    `count` stands beside the title. `url` with `url_label` is the one way on. Return None instead of an empty panel
    when the person may not see it; return a panel with `empty` (a sentence) when there is nothing yet.
    """

    title: Any
    template: str = "core/components/rows.html"
    context: Mapping[str, Any] = field(default_factory=dict)
    place: str = SIDE
    count: int | None = None
    as_of: datetime | None = None
    url: str = ""
    url_label: Any = ""
    empty: Any = ""
    error: Any = ""
    styles: Sequence[str] = ()
    """As registered: static files that the template needs. The page has them in its head, so that nothing moves."""
    source: str = ""
    """Where the content is fetched from once the page is there."""


def collect(
    registry: Registry, request: HttpRequest, obj: Any, *, later: Callable[[str], str] | None = None
) -> list[Panel]:
    """All panels for this object. Never raises: a failing owner becomes a panel that says so.

    `later` gives the address of a panel by its key; without it the lazy ones are made at once too.
    """
    panels = []
    for entry in registry.entries():
        permission = entry.meta.get("permission")
        if permission and not request.user.has_perm(permission):
            continue
        if later is not None and entry.meta.get("is_lazy"):
            place = entry.meta.get("place", SIDE)
            panel = Panel(title=_title(entry), place=place, source=later(entry.key))
        elif (made := make(registry, entry, request, obj)) is not None:
            panel = made
        else:
            continue
        panel.styles = entry.meta.get("styles", ())
        panels.append(panel)
    return panels


def make(registry: Registry, entry: Entry, request: HttpRequest, obj: Any) -> Panel | None:
    """One panel; what it reads may fail alone."""
    try:
        with apart():
            panel: Panel | None = entry.resolve()(request, obj)
    except (Exception, DatabaseError):
        log.exception("panel.failed", registry=registry.name, panel=entry.key)
        return Panel(title=_title(entry), error=_("This part could not be loaded. The rest of the page works."))
    return panel


def _title(entry: Entry) -> Any:
    return entry.meta.get("title", entry.key.rpartition(".")[2].replace("_", " ").capitalize())


def panel_html(request: HttpRequest, panel: Panel, obj: Any = None) -> SafeString:
    """The card as it stands on the page."""
    body = ""
    if not panel.error and not panel.empty and not panel.source:
        body = render_to_string(panel.template, {**panel.context, "panel": panel, "object": obj}, request)
    return render_to_string("core/components/panel.html", {"panel": panel, "body": SafeString(body)}, request)
