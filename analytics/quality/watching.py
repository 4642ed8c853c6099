"""When to look, what to keep, and who hears when the data got worse."""

from datetime import timedelta
from statistics import median
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from analytics.models import DataQualityReport, LateEvents, QualityFinding
from analytics.quality import looking
from catalog.models import ImportBatch
from core.alerts.checks import keep
from core.alerts.kinds import AlertKind
from core.alerts.rules import threshold_of
from core.choices import Role
from core.jobs import enqueue
from core.models import Alert, Job
from core.said import Said

LOOK = "analytics.tasks.look_at_import"
KEPT = timedelta(days=400)
NOTES_KEPT = timedelta(days=28)
IMPORTS_OF = timedelta(days=7)
NIGHTS = 7
LEAST_MORE = 20
"""Fewer rows than this on top are no news."""

DATA_WORSE = AlertKind(
    title=_("Data got worse"),
    level=Alert.Level.WARNING,
    roles=(Role.ANALYST,),
    threshold=50,
    unit=pgettext_lazy("unit", "% more rows than in the nights before"),
    by_mail=False,
    help=_(
        "More rows than usual are missing something, impossible or twice. The page shows which, with examples; an "
        "import or a changed storefront is the usual reason."
    ),
    page="analytics_quality",
    page_label=_("Open the data quality"),
    permission="analytics.view_dataqualityreport",
)


def look_every_night() -> dict[str, Any]:
    """Look at everything, tell what got worse, and forget old reports. Safe to run twice."""
    report = looking.look()
    worse = tell_what_got_worse(report)
    DataQualityReport.objects.filter(batch=None, as_of__lt=timezone.now() - KEPT).delete()
    LateEvents.objects.filter(arrived_at__lt=timezone.now() - NOTES_KEPT).delete()
    return {"rows": report.rows, "worse": len(worse)}


def look_at_import(batch_id: int) -> dict[str, Any]:
    """Look at what an import made. One that is gone or was undone meanwhile has no report."""
    if not ImportBatch.objects.filter(pk=batch_id, state=ImportBatch.State.DONE).exists():
        return {"rows": 0}
    return {"rows": looking.look(batch_id).rows}


def follow_imports() -> None:
    """Every minute: imports that are done and were not looked at yet get their job, once."""
    since = timezone.now() - IMPORTS_OF
    done = ImportBatch.objects.filter(state=ImportBatch.State.DONE, is_dry_run=False, finished_at__gt=since)
    seen = DataQualityReport.objects.filter(batch__in=done).values_list("batch_id", flat=True)
    for batch_id in done.exclude(pk__in=list(seen)).values_list("pk", flat=True):
        if not Job.objects.filter(task=LOOK, arguments={"batch_id": batch_id}).exists():
            enqueue(LOOK, dedupe_key=f"analytics.quality:{batch_id}", batch_id=batch_id)


def tell_what_got_worse(report: DataQualityReport) -> list[str]:
    """Checks that found more than in the nights before, by the share of rows. Raises and resolves one alert."""
    earlier = DataQualityReport.objects.filter(batch=None, as_of__lt=report.as_of)[:NIGHTS]
    shares: dict[str, list[float]] = {}
    for finding in QualityFinding.objects.filter(report__in=list(earlier)):
        shares.setdefault(finding.check_name, []).append(finding.rows / finding.of if finding.of else 0.0)
    limit = 1 + threshold_of("data_worse") / 100
    worse = []
    for finding in report.findings.order_by("check_name"):
        before = shares.get(finding.check_name)
        if before and finding.of:
            usual = median(before)
            if finding.rows > usual * finding.of * limit and finding.rows - usual * finding.of >= LEAST_MORE:
                worse.append(finding.check_name)
    said = None
    if worse:
        text = gettext_noop("%(checks)d checks of the data found clearly more rows than in the nights before.")
        said = Said(text, {"checks": len(worse)})
    keep("data_worse", said=said, link=reverse("admin:analytics_quality"))
    return worse


def first_look() -> None:
    """Before the shop opens: look unless it was done."""
    if not DataQualityReport.objects.filter(batch=None).exists():
        looking.look()
