"""The staff home: one work list and the live figures, made of cards that each app registers.

A card is a callable `(request) -> Card | None` in `core.extensions.dashboard_cards`. It returns None when the person
may not see any of it. All cards together ask at most twelve queries, so a card counts with one query per table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import Count, DateTimeField, F, Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core.apart import apart
from core.components import Figure, Meaning, figure
from core.extensions import dashboard_cards, model_kinds
from core.models import Job, ModelVersion

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class WorkItem:
    """Something that waits for a person: `count` things behind `url`. Zero counts are left out of the list."""

    label: Any
    count: int
    url: str
    meaning: Meaning = Meaning.WAITING
    hint: Any = ""


@dataclass(frozen=True)
class Step:
    """What to do next in a shop that is still empty. `done` steps are shown ticked."""

    label: Any
    url: str
    done: bool = False
    hint: Any = ""


@dataclass(frozen=True)
class Card:
    """What one app gives to the home page.

    `work` joins the common work list, `figures` the common row of figures, `steps` the list "what to do next" of an
    empty shop. With a `template` the card also stands on its own below them, with `title` and `context`.
    `note` is a sentence below the figures, such as the date they stand for. `leads` says by the name of a figure, also
    of another app, which page explains it.
    """

    title: Any = ""
    work: Sequence[WorkItem] = ()
    figures: Sequence[Figure] = ()
    steps: Sequence[Step] = ()
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    url_label: Any = ""
    note: Any = ""
    leads: Mapping[str, str] = field(default_factory=dict)


MOST_FIGURES = 4
FAILED = [Job.State.FAILED, Job.State.QUARANTINED]


@dataclass(frozen=True)
class Live:
    """A model that serves."""

    pk: int
    number: int
    created_at: datetime
    title: str


@dataclass(frozen=True)
class Home:
    """What the home page shows to one person."""

    work: Sequence[WorkItem]
    figures: Sequence[Figure]
    steps: Sequence[Step]
    notes: Sequence[Any]
    cards: Sequence[Card]

    @property
    def waiting(self) -> int:
        return sum(item.count for item in self.work)


def collect(request: HttpRequest) -> Home:
    """All cards that this person may see. A failing card is named in `notes` and the rest stays."""
    cards, notes = [], []
    for entry in dashboard_cards.entries():
        try:
            with apart():
                card = entry.resolve()(request)
        except Exception:
            log.exception("dashboard.card_failed", card=entry.key)
            notes.append(_("The figures of “%(part)s” could not be loaded.") % {"part": entry.key})
            continue
        if card is not None:
            cards.append(card)
    leads = {name: url for card in cards for name, url in card.leads.items()}
    figures = [replace(figure, url=leads.get(figure.name, figure.url)) for card in cards for figure in card.figures]
    return Home(
        work=[item for card in cards for item in card.work if item.count],
        figures=figures[: max(MOST_FIGURES, len(figures) // MOST_FIGURES * MOST_FIGURES)],
        steps=[step for card in cards for step in card.steps],
        notes=[*notes, *(card.note for card in cards if card.note)],
        cards=[card for card in cards if card.template],
    )


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Context of the home page (the theme's DASHBOARD_CALLBACK)."""
    found = collect(request)
    context.update(home=found, title=_("Home"), page_title=_greeting(request, found.waiting))
    return context


def _greeting(request: HttpRequest, waiting: int) -> str:
    name = request.user.first_name or request.user.get_username()  # type: ignore[union-attr]
    hour = timezone.localtime().hour
    if hour < 5 or hour >= 18:
        hello = _("Good evening, %(name)s.")
    elif hour < 12:
        hello = _("Good morning, %(name)s.")
    else:
        hello = _("Good afternoon, %(name)s.")
    if not waiting:
        rest = _("Nothing waits for you.")
    else:
        rest = ngettext("%(count)s thing waits for you.", "%(count)s things wait for you.", waiting) % {
            "count": figure(waiting)
        }
    return f"{hello % {'name': name}} {rest}" if not _is_chinese() else f"{hello % {'name': name}}{rest}"


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def cards(request: HttpRequest) -> Card | None:
    """Core's own card: jobs that failed or run, and how old the models are. One query for both."""
    user = request.user
    parts: list[QuerySet[Any, Any]] = []
    sees_jobs = user.has_perm("core.view_job")
    if sees_jobs:
        since = timezone.now() - timedelta(days=7)
        failed, active = Q(state__in=FAILED, finished_at__gte=since), Q(state__in=Job.ACTIVE)
        counted = Job.objects.filter(failed | active).order_by().annotate(what=Value("")).values("what")
        parts.append(
            counted.annotate(
                first=Count("pk", filter=failed), second=Count("pk", filter=active),
                moment=Value(None, output_field=DateTimeField()),
            )
        )  # fmt: skip
    if user.has_perm("core.view_modelversion"):
        live = ModelVersion.objects.active().order_by()
        parts.append(live.values(what=F("kind"), first=F("pk"), second=F("number"), moment=F("created_at")))
    if not parts:
        return None
    rows = list(parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0])
    states = next((row for row in rows if not row["what"]), {"first": 0, "second": 0})
    versions = [
        Live(row["first"], row["second"], row["moment"], _title_of(row["what"]))
        for row in sorted(rows, key=lambda row: (row["what"], -row["second"]))
        if row["what"]
    ]
    if not sees_jobs and not versions:
        return None
    work: list[WorkItem] = []
    if sees_jobs and user.has_perm("core.change_job"):
        label = ngettext("job failed", "jobs failed", states["first"])
        address = f"{reverse('admin:core_job_changelist')}?state__exact={Job.State.FAILED}"
        work.append(WorkItem(label, states["first"], address, Meaning.STOPPED, _("in the last 7 days")))
    return Card(
        title=_("Models and jobs"),
        work=work,
        template="core/home_system.html",
        context={"versions": versions, "running": states["second"] if sees_jobs else None},
    )


def _title_of(kind: str) -> str:
    return str(model_kinds.get(kind).meta.get("title", kind)) if kind in model_kinds else kind
