"""Models: which version serves, how good it is beside the others, and going back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import model_registry as registry
from core.admin.base import LedgerAdmin
from core.components import Meaning, pill, toast
from core.exceptions import DomainError
from core.extensions import model_kinds
from core.jobs import enqueue
from core.models import Job, ModelVersion

ACTIVATE = "core.activate_modelversion"
MOST_VERSIONS = 30
MEANINGS = {
    ModelVersion.State.CANDIDATE: Meaning.PROPOSED,
    ModelVersion.State.ACTIVE: Meaning.GOOD,
    ModelVersion.State.RETIRED: Meaning.IDLE,
    ModelVersion.State.REFUSED: Meaning.STOPPED,
}


@dataclass(frozen=True)
class Measure:
    """One row of the comparison: this version beside the live one, and the difference."""

    name: str
    label: Any
    value: str
    live: str
    difference: str
    tone: str


def version_pill(version: ModelVersion) -> SafeString:
    return pill(MEANINGS[ModelVersion.State(version.state)], ModelVersion.State(version.state).label)


def kind_title(kind: str) -> str:
    return str(model_kinds.get(kind).meta.get("title", kind)) if kind in model_kinds else kind


@admin.register(ModelVersion)
class ModelVersionAdmin(LedgerAdmin):
    """One page per kind: `?kind=recommender&version=3`. Every link to a version leads there."""

    actions = ()

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/activate/", wrap(require_POST(self.activate_view)), name="core_modelversion_activate"),
            path("kind/<str:kind>/back/", wrap(require_POST(self.back_view)), name="core_modelversion_back"),
            path("kind/<str:kind>/train/", wrap(require_POST(self.train_view)), name="core_modelversion_train"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        known = [entry.key for entry in model_kinds]
        stored = ModelVersion.objects.order_by().values_list("kind", flat=True).distinct()
        kinds = list(dict.fromkeys([*known, *sorted(stored)]))
        wanted = request.GET.get("kind", "")
        if not wanted and len(kinds) == 1:
            wanted = kinds[0]
        if wanted:
            if wanted not in kinds:
                raise Http404
            return self._kind_page(request, wanted, several=len(kinds) > 1)
        live = {version.kind: version for version in ModelVersion.objects.active()}
        context = {
            **self.admin_site.each_context(request),
            "title": _("Models"),
            "kinds": [(kind, kind_title(kind), live.get(kind)) for kind in kinds],
        }
        return TemplateResponse(request, "admin/core/models.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not object_id.isdecimal() or len(object_id) > 18:
            raise Http404
        version = get_object_or_404(ModelVersion, pk=int(object_id))
        return HttpResponseRedirect(_address(version.kind, version.number))

    def _kind_page(self, request: HttpRequest, kind: str, *, several: bool) -> TemplateResponse:
        versions = list(
            ModelVersion.objects.of(kind).select_related("activated_by", "job").order_by("-number")[:MOST_VERSIONS]
        )
        live = next((version for version in versions if version.is_active), None)
        if live is None:
            live = ModelVersion.objects.of(kind).active().select_related("activated_by", "job").first()
        chosen = _chosen(request.GET.get("version", ""), versions, live)
        meta = model_kinds.get(kind).meta if kind in model_kinds else {}
        measures = _compare(chosen, live, meta.get("metrics", {}))
        main = [m for m in measures if m.name in meta.get("metrics", {})] or measures[:4]
        tasks = [task for task in (meta.get("train"), meta.get("hands_over_to")) if task]
        training = Job.objects.active().filter(task__in=tasks).first() if tasks else None
        may = request.user.has_perm(ACTIVATE)
        previous = registry.previous_version(kind) if may and live else None
        context = {
            **self.admin_site.each_context(request),
            "title": kind_title(kind),
            "judged": model_kinds.get(kind).meta.get("judged", "") if kind in model_kinds else "",
            "crumbs": [{"title": _("Models"), "url": _list_url()}] if several else [],
            "kind": kind,
            "versions": [(version, version_pill(version), _own_score(version)) for version in versions],
            "live": live,
            "chosen": chosen,
            "chosen_pill": version_pill(chosen) if chosen else "",
            "verdict": _verdict(chosen, live) if chosen else "",
            "measures": main,
            "other_measures": [m for m in measures if m not in main],
            "groups": _groups(chosen, meta) if chosen else None,
            "sizes": _sizes(chosen, meta),
            "pages": _pages(chosen, meta) if chosen else [],
            "damaged": _load_error(kind),
            "training": training,
            "can_train": bool(meta.get("train")) and training is None and may,
            "can_activate": may and chosen is not None and not chosen.is_active and not _hindrance(chosen),
            "hindrance": _hindrance(chosen) if chosen and not chosen.is_active else "",
            # not beside "Activate": it would be the same act twice
            "previous": previous if previous is not None and previous != chosen else None,
            "may_activate": may,
        }
        return TemplateResponse(request, "admin/core/model.html", context)

    # --- acts -------------------------------------------------------------------------------------------------

    def activate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let a version serve; the toast offers to put the one before back."""
        self._check(request)
        version = get_object_or_404(ModelVersion, pk=pk)
        before = ModelVersion.objects.of(version.kind).active().first()
        hindrance = _hindrance(version)
        if hindrance:
            self.refuse(request, DomainError(hindrance))
        elif not version.is_active:
            self._switch(request, version, before)
        return HttpResponseRedirect(_address(version.kind, version.number))

    def back_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        self._check(request)
        before = ModelVersion.objects.of(kind).active().first()
        try:
            version = registry.roll_back(kind, by=request.user)  # type: ignore[arg-type]
        except (DomainError, registry.DamagedModel) as error:
            self.refuse(request, error if isinstance(error, DomainError) else DomainError(str(error)))
            return HttpResponseRedirect(_address(kind))
        self._say(request, version, before)
        return HttpResponseRedirect(_address(kind, version.number))

    def train_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Queue the training of a new version; while one waits or runs there is no second."""
        self._check(request)
        task = model_kinds.get(kind).meta.get("train") if kind in model_kinds else None
        if not task:
            raise Http404
        enqueue(task, dedupe_key=f"schedule:{task}", created_by=request.user)  # type: ignore[arg-type]
        toast(request, _("Training queued"))
        return HttpResponseRedirect(_address(kind))

    def _check(self, request: HttpRequest) -> None:
        if not request.user.has_perm(ACTIVATE):
            raise PermissionDenied

    def _switch(self, request: HttpRequest, version: ModelVersion, before: ModelVersion | None) -> None:
        try:
            registry.activate(version, by=request.user, reason="by hand")  # type: ignore[arg-type]
        except (DomainError, registry.DamagedModel) as error:
            self.refuse(request, error if isinstance(error, DomainError) else DomainError(str(error)))
        else:
            self._say(request, version, before)

    def _say(self, request: HttpRequest, version: ModelVersion, before: ModelVersion | None) -> None:
        undo = ""
        if before is not None and before.pk != version.pk and not _hindrance(before, retired=True):
            undo = reverse("admin:core_modelversion_activate", args=[before.pk])
        toast(request, _("v%(number)d is live") % {"number": version.number}, undo=undo)


def _list_url() -> str:
    return reverse("admin:core_modelversion_changelist")


def _address(kind: str, number: int | None = None) -> str:
    return f"{_list_url()}?{urlencode({'kind': kind} | ({'version': number} if number else {}))}"


def _chosen(wanted: str, versions: list[ModelVersion], live: ModelVersion | None) -> ModelVersion | None:
    """The version asked for, else the live one, else the newest."""
    for version in versions:
        if wanted == str(version.number):
            return version
    return live or (versions[0] if versions else None)


def _hindrance(version: ModelVersion, *, retired: bool = False) -> str:
    """Why this version cannot serve; empty when it can."""
    if version.state == ModelVersion.State.REFUSED and not retired:
        return _("The gate refused this version, so it cannot serve.")
    if not version.folder:
        return _("The files of this version were removed to save space.")
    return ""


def _sizes(version: ModelVersion | None, meta: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What the report says it learned from and how, as far as it says so. The kind's `strategy_name` has words."""
    report = (version.report if version else None) or {}
    found = [(_("Customers"), report.get("customers")), (_("Products"), report.get("items"))]
    strategy = report.get("chosen")
    if isinstance(strategy, str) and "strategy_name" in meta:
        strategy = import_string(meta["strategy_name"])(strategy)
    found.append((_("Strategy"), strategy))
    if report.get("quick") is True:
        found.append((_("Training"), _("quick, so that the shop could open")))
    return [(label, value) for label, value in found if isinstance(value, int | str)]


def _pages(version: ModelVersion, meta: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """Title and address of the pages that the owner of the kind has about one version."""
    return [
        (title, f"{reverse(f'admin:{name}')}?{urlencode({'version': version.number})}")
        for name, title in meta.get("pages", {}).items()
    ]


def _load_error(kind: str) -> str:
    return registry.load_error(model_kinds.get(kind).resolve()) if kind in model_kinds else ""


def _number(value: Any) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _in_column(value: Any) -> str:
    """As many decimals as the others below each other."""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _own_score(version: ModelVersion) -> str:
    metric = (version.gate or {}).get("metric", "")
    value = (version.metrics or {}).get(metric)
    return _in_column(value) if value is not None else "–"


def _compare(chosen: ModelVersion | None, live: ModelVersion | None, words: Mapping[str, Any]) -> list[Measure]:
    """The measures of a version beside the live one's, those with words first."""
    if chosen is None:
        return []
    own, other = chosen.metrics or {}, (live.metrics if live and live.pk != chosen.pk else None) or {}
    names = [name for name in words if name in own] + [name for name in own if name not in words]
    rows = []
    for name in names:
        value, before = own.get(name), other.get(name)
        numbers = isinstance(value, int | float) and isinstance(before, int | float)
        change = float(value) - float(before) if numbers else 0.0  # type: ignore[arg-type]
        shown = f"{'+' if change > 0 else '−'}{abs(change):.4f}" if numbers and abs(change) >= 0.00005 else ""
        rows.append(
            Measure(
                name=name,
                label=words.get(name, name),
                value=_in_column(value),
                live="–" if before is None else _in_column(before),
                difference=shown or ("=" if numbers else ""),
                tone="good" if change > 0 else "bad" if change < 0 else "neutral",
            )
        )
    return rows


def _groups(version: ModelVersion, meta: Mapping[str, Any]) -> dict[str, Any] | None:
    """Measures by group, as the report has them: `groups[group][measure]` or `groups[strategy][group][measure]`."""
    report = version.report or {}
    groups = report.get("groups") or {}
    nested = groups and all(
        isinstance(inner, dict) and inner and all(isinstance(value, dict) for value in inner.values())
        for inner in groups.values()
    )
    if nested:
        groups = groups.get(report.get("chosen"), {})
    measured = [name for name in meta.get("metrics", {}) if any(name in row for row in groups.values())]
    names = measured or sorted({name for row in groups.values() for name in row})[:4]
    if not groups or not names:
        return None
    words, labels = meta.get("metrics", {}), meta.get("groups", {})
    known = list(labels)
    return {
        "titles": [words.get(name, name) for name in names],
        "rows": [
            (
                labels.get(group, group),
                [_in_column(groups[group][name]) if name in groups[group] else "–" for name in names],
            )
            for group in sorted(groups, key=lambda group: known.index(group) if group in known else len(known))
        ],
    }


def _verdict(version: ModelVersion, live: ModelVersion | None) -> str:
    """What the gate said, in one sentence."""
    gate = version.gate or {}
    words = {
        "version": f"v{version.number}",
        "before": str(gate.get("active_version") or "").rpartition(".")[2],
        "own": _number(gate.get("candidate")),
        "other": _number(gate.get("active")),
        "margin": _number(gate.get("margin")),
        "metric": gate.get("metric", ""),
    }
    if gate.get("active") is None:
        return _("%(version)s was the first: there was nothing to compare it with.") % words
    if not gate.get("passed"):
        if gate["candidate"] >= gate["active"] - (gate.get("margin") or 0.0):
            return (
                _("The gate refused %(version)s for something else: %(own)s against %(other)s of %(before)s would do.")
                % words
            )
        return (
            _("The gate refused %(version)s: %(own)s against %(other)s of %(before)s; less by %(margin)s is allowed.")
            % words
        )
    if gate.get("same_data"):
        return _("%(version)s passed the gate: %(own)s against %(other)s of %(before)s on the same later data.") % words
    return (
        _("%(version)s passed the gate: %(own)s against %(other)s of %(before)s, each on its own later data.") % words
    )
