"""What a report says, on the page of the import it is about."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.models import DataQualityReport
from analytics.quality.checks import BY_NAME, KINDS, Kind
from catalog.models import ImportBatch
from core.components import figure
from core.panels import Panel

RIGHT = "analytics.view_dataqualityreport"


def import_quality(request: HttpRequest, batch: ImportBatch) -> Panel | None:
    """Rows found in what the import made, by kind."""
    if not request.user.has_perm(RIGHT) or batch.state != ImportBatch.State.DONE or batch.is_dry_run:
        return None
    report = DataQualityReport.objects.filter(batch=batch).prefetch_related("findings").first()
    if report is None:
        return Panel(_("Data quality"), empty=_("What came in is looked at within minutes after the import."))
    sums: dict[Kind, int] = {}
    for finding in report.findings.all():
        if finding.check_name in BY_NAME and finding.rows:
            kind = BY_NAME[finding.check_name].kind
            sums[kind] = sums.get(kind, 0) + finding.rows
    rows: list[tuple[Any, Any]] = [(KINDS[kind], figure(sums[kind])) for kind in Kind if kind in sums]
    return Panel(
        _("Data quality"), context={"rows": rows}, as_of=report.as_of,
        empty="" if rows else _("Nothing wrong was found in what came in."),
        url=f"{reverse('admin:analytics_quality')}?report={report.pk}", url_label=_("Open the report"),
    )  # fmt: skip
