"""Panels: what other apps show on the page of one object, such as a product or a customer.

An owner registers a callable `(request, object) -> Panel | None` in a registry of panels. The page of the object
shows them in the order of the registry; a panel that fails says so in its place and the rest of the page works.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.extensions import Registry

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


def collect(registry: Registry, request: HttpRequest, obj: Any) -> list[Panel]:
    """All panels for this object. Never raises: a failing owner becomes a panel that says so."""
    panels = []
    for entry in registry.entries():
        try:
            with transaction.atomic():
                panel = entry.resolve()(request, obj)
        except (Exception, DatabaseError):
            log.exception("panel.failed", registry=registry.name, panel=entry.key)
            title = entry.meta.get("title", entry.key.capitalize())
            panel = Panel(title=title, error=_("This part could not be loaded. The rest of the page works."))
        if panel is not None:
            panels.append(panel)
    return panels
