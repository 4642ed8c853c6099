"""Jobs: what runs, what ended how, and what can be done about it."""

import json
from collections import Counter
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from core import jobs as services
from core.admin.base import LedgerAdmin
from core.components import ago, toast
from core.components.progress import REFRESHES, job_pill, job_progress, progress_of, was_shown
from core.components.words import duration, listed, plain
from core.filters import occurring_values
from core.jobs.titles import job_title
from core.models import Job

MOST_AT_ONCE = 1_000
MOST_DIGITS = 19


def _title_of_kind(kind: str) -> str:
    """By a job of this kind, because only the task knows its title. One query by index."""
    job = Job.objects.filter(kind=kind).only("kind", "task").order_by("-pk").first()
    return job_title(job) if job else ""


class QueueFilter(DropdownFilter):
    """The queues there are; those of jobs would have to be looked for in every row."""

    title = gettext_lazy("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in settings.JOB_LIMIT_SECONDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(queue=self.value()) if self.value() else queryset


@admin.register(Job)
class JobAdmin(LedgerAdmin):
    list_display = ["title", "state_pill", "progress", "started_by", "age", "took"]
    list_filter = [("state", ChoicesDropdownFilter), ("origin", ChoicesDropdownFilter), QueueFilter]
    list_select_related = ["created_by"]
    search_fields = ["kind"]
    search_help_text = gettext_lazy("Name of the job")
    compact_columns = ("state_pill", "progress", "age")
    actions = ("retry_chosen",)
    empty_title = gettext_lazy("No jobs yet")
    empty_text = gettext_lazy("Imports, training and exports run as jobs and are listed here with their progress.")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @staticmethod
    def may_steer(request: HttpRequest) -> bool:
        """Cancel and retry."""
        return bool(request.user.has_perm("core.change_job"))

    def has_steer_permission(self, request: HttpRequest) -> bool:
        return self.may_steer(request)

    @admin.action(description=gettext_lazy("Retry"), permissions=["steer"])
    def retry_chosen(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponseBase | None:
        """Says how many of which work would run again, and does it when that is confirmed."""
        chosen = queryset.filter(state__in=Job.REPEATABLE).order_by("pk")
        keys = list(chosen.values_list("pk", flat=True)[:MOST_AT_ONCE])
        if not keys:
            toast(request, _("None of them can be retried: only jobs that failed, were set aside or cancelled can."))
            return None
        if "confirmed" not in request.POST:
            return self._ask_retry(request, keys)
        count = sum(bool(services.retry(job, created_by=request.user)) for job in Job.objects.filter(pk__in=keys))  # type: ignore[arg-type]
        toast(request, ngettext("%(count)d job queued again", "%(count)d jobs queued again", count) % {"count": count})
        return None

    def _ask_retry(self, request: HttpRequest, keys: list[int]) -> HttpResponseBase:
        kinds = Counter(job_title(job) for job in Job.objects.filter(pk__in=keys).only("task", "kind"))
        question = ngettext("Retry %(count)d job?", "Retry %(count)d jobs?", len(keys)) % {"count": len(keys)}
        context = {
            **self.admin_site.each_context(request),
            "title": question,
            "opts": self.opts,
            "kinds": sorted(kinds.items()),
            "keys": keys,
            "checkbox": ACTION_CHECKBOX_NAME,
            "back": request.get_full_path(),
            "button": ngettext("Retry %(count)d job", "Retry %(count)d jobs", len(keys)) % {"count": len(keys)},
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/core/retry_jobs.html", context)

    @display(description=gettext_lazy("Job"))
    def title(self, job: Job) -> str:
        return f"{job_title(job)} #{job.pk}"

    @display(description=gettext_lazy("State"), ordering="state")
    def state_pill(self, job: Job) -> SafeString:
        return job_pill(job)

    @display(description=gettext_lazy("Progress"))
    def progress(self, job: Job) -> SafeString | str:
        if not job.is_active:
            return job.message_text if job.state != Job.State.DONE and job.message else "–"
        if job.state == Job.State.QUEUED:  # the pill beside it says so already
            return progress_of(job).words
        return job_progress(job)

    @display(description=gettext_lazy("Started by"))
    def started_by(self, job: Job) -> str:
        return job.asked_by

    @display(description=gettext_lazy("Started"), ordering="id")
    def age(self, job: Job) -> SafeString | str:
        return ago(job.created_at)

    @display(description=gettext_lazy("Took"))
    def took(self, job: Job) -> SafeString:
        return format_html('<span class="zg-num">{}</span>', _took(job))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/progress/", wrap(self.progress_view), name="core_job_progress"),
            path("<int:pk>/cancel/", wrap(require_POST(self.cancel_view)), name="core_job_cancel"),
            path("<int:pk>/retry/", wrap(require_POST(self.retry_view)), name="core_job_retry"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).defer("result", "error")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        """Kinds whose title (in the reader's language) or technical name holds every word; or a job by its number."""
        term = search_term.strip().lower()
        if not term:
            return queryset, False
        number = term.removeprefix("#")
        if number.isdecimal() and len(number) < MOST_DIGITS:
            return queryset.filter(pk=int(number)), False
        kinds = [
            kind
            for kind in occurring_values(Job, "kind")
            if all(word in f"{kind} {_title_of_kind(kind)}".lower() for word in term.split())
        ]
        return queryset.filter(kind__in=kinds), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        job = self._visible(request, object_id)
        siblings = Job.objects.filter(kind=job.kind).exclude(pk=job.pk).select_related("created_by")[:5]
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "title": f"{job_title(job)} #{job.pk}",
            "opts": self.opts,
            "head_pill": job_pill(job),
            "job": job,
            "events": _events(job),
            "result": _flat(job.result),
            "arguments": _flat(job.arguments),
            "siblings": [(one, job_pill(one), _took(one)) for one in siblings],
            "may_steer": self.may_steer(request),
            "can_cancel": job.is_active and job.cancel_requested_at is None,
            "can_retry": job.state in Job.REPEATABLE,
            "reference": job.request_id or f"job-{job.pk}",
        }
        return TemplateResponse(request, "admin/core/job.html", context)

    # --- acts -------------------------------------------------------------------------------------------------

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The progress component again; a job that has just ended also announces itself. Whoever asked for a job, or
        was shown it by a page, sees how far it is, also without the right to see all jobs."""
        rows = Job.objects.select_related("created_by").filter(pk=pk)
        is_shown = was_shown(pk, request.GET.get("shown", ""))
        job = rows.filter(Q() if is_shown else Q(created_by=request.user.pk)).first() or self._visible(request, pk)
        refreshes = request.GET.get("then") == REFRESHES
        response = render(request, "core/components/progress.html", {"progress": progress_of(job, refreshes=refreshes)})
        if not job.is_active:
            response["HX-Trigger"] = _trigger(job)
            is_own_page = request.headers.get("HX-Current-URL", "").rstrip("/").endswith(f"/{job.pk}/change")
            if refreshes or is_own_page:
                response["HX-Refresh"] = "true"
        return response

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._steerable(request, pk)
        if services.cancel(job):
            job.refresh_from_db(fields=["state"])
            toast(request, _("Job cancelled") if not job.is_active else _("The job stops at its next step"))
        return HttpResponseRedirect(reverse("admin:core_job_change", args=[pk]))

    def retry_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        job = self._steerable(request, pk)
        again = services.retry(job, created_by=request.user)  # type: ignore[arg-type]
        toast(request, _("Job queued again"))
        return HttpResponseRedirect(reverse("admin:core_job_change", args=[again.pk]))

    def _visible(self, request: HttpRequest, pk: Any) -> Job:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not str(pk).isdecimal() or len(str(pk)) > 18:
            raise Http404
        return get_object_or_404(Job.objects.select_related("created_by"), pk=int(pk))

    def _steerable(self, request: HttpRequest, pk: int) -> Job:
        if not self.may_steer(request):
            raise PermissionDenied
        return self._visible(request, pk)


def _took(job: Job) -> str:
    if job.started_at is None or job.finished_at is None:
        return "–"
    return duration((job.finished_at - job.started_at).total_seconds())


def _trigger(job: Job) -> str:
    words = {
        Job.State.DONE: _("%(job)s is done"),
        Job.State.CANCELLED: _("%(job)s was cancelled"),
    }.get(Job.State(job.state), _("%(job)s failed"))
    return json.dumps({"zg:toast": {"text": words % {"job": job_title(job)}}})


def _events(job: Job) -> list[tuple[str, str, Any]]:
    """The life of a job in plain words: shape, sentence, moment."""
    events: list[tuple[str, str, Any]] = [("○", _("Asked for by %(who)s") % {"who": job.asked_by}, job.created_at)]
    if job.published_at:
        events.append(("○", _("Sent to the workers of the queue %(queue)s") % {"queue": job.queue}, job.published_at))
    if job.started_at:
        times = job.starts + job.retries
        text = _("Started") if times <= 1 else _("Started, try %(count)d") % {"count": times}
        events.append(("◔", text, job.started_at))
    if job.state == Job.State.QUEUED and job.not_before and job.retries:
        events.append(("◔", _("It failed and will be tried again"), job.not_before))
    if job.is_active and job.heartbeat_at:
        events.append(("◔", _("Last sign of life"), job.heartbeat_at))
    if job.cancel_requested_at:
        events.append(("◆", _("Somebody asked to stop it"), job.cancel_requested_at))
    if job.finished_at:
        shape, text = {
            Job.State.DONE: ("✓", _("Done")),
            Job.State.CANCELLED: ("○", _("Stopped. What was finished before stays")),
            Job.State.FAILED: ("✕", _("Failed")),
            Job.State.QUARANTINED: ("✕", _("Set aside: it stopped its worker again and again")),
        }.get(Job.State(job.state), ("○", str(job.get_state_display())))
        events.append((shape, text, job.finished_at))
    return [(shape, text, ago(moment) if moment else "") for shape, text, moment in events]


NAMES = {
    "batch_id": gettext_lazy("import batch"),
    "version": gettext_lazy("model version"),
    "passed": gettext_lazy("passed the gate"),
    "read": gettext_lazy("read"),
    "new": gettext_lazy("new"),
    "changed": pgettext_lazy("rows", "changed"),
    "refused": gettext_lazy("refused"),
    "closed": gettext_lazy("closed"),
    "made": gettext_lazy("made"),
    "dropped": gettext_lazy("dropped"),
}
"""Words for what jobs get and give; a name that is not here is shown as it is."""


def _flat(data: Any) -> list[tuple[Any, str]]:
    """Names and values of what a job got or gave. Empty and nested ones are for programs, not for people."""
    rows = data.items() if isinstance(data, dict) else ()
    return [
        (NAMES.get(key, key.replace("_", " ")), listed(value) if isinstance(value, list) else plain(value))
        for key, value in rows
        if value not in ([], {}, None) and not isinstance(value, dict)
    ]
