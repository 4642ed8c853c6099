"""Staff page "Data quality": what the last night or one import found, since when, and the records behind it."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.models import DataQualityReport, FactsCheck, QualityFinding
from analytics.quality import prepared
from analytics.quality.checks import BY_NAME, KINDS, SOURCES, Check, Kind
from analytics.reports.empty import import_address
from analytics.reports.paid import orders_paid
from analytics.segments.features import FEATURES
from catalog.models import Customer, Order, Product
from core.components import Column, TableCard, TableRow, figure, percent, when
from core.components.words import day_text
from core.reports import Chart, Line, line_chart

NIGHTS = 60
RECENT = 12
FOUND: dict[str, Any] = {
    "catalog_order_change": Order, "catalog_customer_change": Customer, "catalog_product_change": Product,
}  # fmt: skip


def page(request: HttpRequest) -> HttpResponse:
    """`?report=` one report instead of the newest nightly one; `?finding=` the records behind one of its rows."""
    report = _report(request)
    if report is not None and request.GET.get("finding"):
        return _records(request, report, request.GET["finding"])
    findings = list(report.findings.all()) if report is not None else []
    rows = [_row(one, report, BY_NAME[one.check_name]) for one in findings if one.rows and one.check_name in BY_NAME]
    rows.sort(key=lambda row: (row["kind_place"], -row["rows"]))
    checked = FactsCheck.objects.first()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Data quality"),
        "page_title": _answer(report, rows),
        "crumbs": [{"title": _("Data quality"), "url": reverse("admin:analytics_quality")}],
        "report": report,
        "about": _about(report),
        "found": _found(rows, sum(1 for one in findings if not one.rows)),
        "columns": _columns(_prepared(request, report)),
        "chart": _chart() if report is not None and report.batch_id is None else None,
        "recent": _recent(report),
        "checked": checked,
        "import_url": import_address(request),
    }
    return render(request, "admin/analytics/quality.html", context)


def _report(request: HttpRequest) -> DataQualityReport | None:
    """The report asked for; Http404 when there is none of that number."""
    reports = DataQualityReport.objects.select_related("batch")
    wanted = request.GET.get("report", "")
    if wanted:
        found = reports.filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 19 else None
        if found is None:
            raise Http404
        return found
    return reports.filter(batch=None).first() or reports.first()


def _answer(report: DataQualityReport | None, rows: list[dict[str, Any]]) -> str:
    if report is None:
        return _("Data quality")
    if not rows:
        return _("Nothing wrong was found in the data")
    wrong = sum(row["is_wrong"] for row in rows)
    if not wrong:
        return _("Nothing impossible and nothing twice was found")
    return ngettext(
        "%(count)d kind of rows is impossible or twice", "%(count)d kinds of rows are impossible or twice", wrong
    ) % {"count": wrong}


def _about(report: DataQualityReport | None) -> str:
    if report is None:
        return ""
    words = {"count": figure(report.rows), "when": when(report.as_of)}
    if report.batch is not None:
        return _("What import #%(batch)s made: %(count)s rows looked at, %(when)s") % {
            "batch": report.batch.pk,
            **words,
        }
    return _("All of the shop's data: %(count)s rows looked at, %(when)s") % words


def _row(finding: QualityFinding, report: DataQualityReport | None, check: Check) -> dict[str, Any]:
    source = SOURCES.get(check.source)
    share = finding.rows / finding.of if finding.of else 0.0
    usual = ""
    if finding.low is not None and finding.high is not None:
        usual = _("usual: %(low)s to %(high)s") % {"low": _short(finding.low), "high": _short(finding.high)}
    return {
        "kind": KINDS[check.kind],
        "kind_place": list(Kind).index(check.kind),
        "is_wrong": check.kind in (Kind.IMPOSSIBLE, Kind.DUPLICATE),
        "title": check.title,
        "table": source.title if source else _("Days"),
        "rows": finding.rows,
        "count": f"≈ {figure(finding.rows)}" if finding.is_estimate else figure(finding.rows),
        "share": percent(share) if finding.rows == 0 or share >= 0.001 else f"< {percent(0.001)}",
        "usual": usual,
        "done": check.done,
        "url": f"?{urlencode({'report': report.pk, 'finding': finding.check_name})}"
        if report is not None and finding.examples
        else "",
    }


def _found(rows: list[dict[str, Any]], clean: int) -> TableCard:
    columns = [
        Column(_("Kind"), "word"), Column(_("Rows")), Column(_("Share")), Column(_("What is done"), "long")
    ]  # fmt: skip
    words = ngettext("%(clean)s check found nothing.", "%(clean)s checks found nothing.", clean) % {"clean": clean}
    far = _("A value is far from the others where the robust z score of its logarithm is above 3.5.")
    return TableCard(
        _("What was found"), _("Looked for"), columns,
        [
            TableRow(row["title"], [_kind(row), row["count"], row["share"], row["done"]], row["url"], row["usual"])
            for row in rows
        ],
        foot=f"{words} {far}",
    )  # fmt: skip


def _kind(row: dict[str, Any]) -> Any:
    return format_html('<span class="zg-tone-bad">{}</span>', row["kind"]) if row["is_wrong"] else row["kind"]


def _prepared(request: HttpRequest, report: DataQualityReport | None) -> list[dict[str, Any]]:
    """Columns of models: those of an earlier report as it says them, else those of the version that serves now."""
    if report is None or report.batch_id is not None or request.GET.get("report"):
        return report.columns if report is not None else []
    return prepared.columns()


def _columns(found: list[dict[str, Any]]) -> TableCard | None:
    if not found:
        return None
    columns = [
        Column(_("Missing")), Column(_("Filled with"), "word"), Column(_("Outliers by"), "word"),
        Column(_("Outliers")), Column(_("They are"), "word"), Column(_("Scaled to"), "word"),
    ]  # fmt: skip
    names = ("missing", "fill", "rule", "outliers", "treatment", "scale")
    rows = [TableRow(one["name"], [one[name] for name in names]) for one in map(_column, found)]
    foot = _(
        "As the clusters that serve prepare them. Churn risk and the chance of an order take days, counts and amounts"
        " mostly as logarithms, revenue below 0 as 0, and scale each to mean 0 and deviation 1; they fill in, cut and"
        " leave out nothing."
    )
    return TableCard(_("Columns that clusters of customers are learned from"), _("Column"), columns, rows, foot=foot)


def _short(value: float) -> str:
    return figure(value, 0 if value >= 100 or float(value).is_integer() else 2)


def _column(column: dict[str, Any]) -> dict[str, Any]:
    fills = {"mean": _("the mean"), "median": _("the median"), "most_frequent": _("the most frequent value")}
    rules = {
        "none": _("not looked for"), "robust_z": _("robust z above 3.5"), "tukey": _("outside of Tukey's fences"),
    }  # fmt: skip
    treatments = {"keep": _("kept"), "clip": _("cut to the fence"), "drop": _("left out")}
    scales = {"none": _("as it is"), "standard": _("mean 0, deviation 1"), "min_max": _("between 0 and 1")}
    # A version of before these were kept says where its fences were, and no more.
    rule = column.get("rule") or ("none" if column["low"] is None else "–")
    scale, fill = scales.get(column.get("scale", ""), "–"), fills.get(column.get("fill", ""), "–")
    return {
        "name": FEATURES[column["name"]].title if column["name"] in FEATURES else column["name"],
        "missing": figure(column["missing"]),
        "fill": _("%(value)s (%(how)s)") % {"value": _short(column["filled_with"]), "how": fill},
        "rule": rules.get(rule, rule),
        "outliers": figure(column["outliers"]),
        "treatment": treatments.get(column["treatment"], column["treatment"]) if rule != "none" else "–",
        "scale": _("logarithm, then %(scale)s") % {"scale": scale} if column.get("log") else scale,
    }  # fmt: skip


def _chart() -> Chart | None:
    """Rows found each night that miss something, cannot be, are twice or far from the others. None below two nights."""
    reports = list(DataQualityReport.objects.filter(batch=None)[:NIGHTS])[::-1]
    kinds = {check.name: check.kind for check in BY_NAME.values()}
    sums: dict[tuple[int, Kind], int] = {}
    found = QualityFinding.objects.filter(report__in=reports).values_list("report_id", "check_name")
    for report_id, name, rows in found.annotate(total=Sum("rows")):
        if name in kinds:
            sums[report_id, kinds[name]] = sums.get((report_id, kinds[name]), 0) + rows
    if len(reports) < 2:
        return None
    lines = [
        Line(KINDS[kind], [sums.get((report.pk, kind), 0) for report in reports], "count")
        for kind in (Kind.MISSING, Kind.IMPOSSIBLE, Kind.DUPLICATE, Kind.OUTLIER)
    ]
    labels = [day_text(timezone.localtime(report.as_of).date()) for report in reports]
    return line_chart(
        _("Rows found each night"), labels, lines, first_head=_("Night"), note=_("All checks of a kind added up.")
    )


def _recent(shown: DataQualityReport | None) -> list[dict[str, Any]]:
    reports = DataQualityReport.objects.select_related("batch").annotate(found=Sum("findings__rows"))
    reports = reports.order_by("-as_of", "-id")[:RECENT]
    return [
        {
            "title": _("Import #%(batch)d") % {"batch": one.batch_id} if one.batch_id else _("Every night"),
            "as_of": one.as_of, "rows": one.rows, "found": one.found or 0, "url": f"?report={one.pk}",
            "is_shown": shown is not None and one.pk == shown.pk,
        }
        for one in reports
    ]  # fmt: skip


def _records(request: HttpRequest, report: DataQualityReport, name: str) -> HttpResponse:
    """Some of the records behind one row, as far as they still exist."""
    finding = report.findings.filter(check_name=name).first()
    if finding is None or name not in BY_NAME:
        raise Http404
    check = BY_NAME[name]
    source = SOURCES.get(check.source)
    records: list[tuple[str, str]] = []
    if source is None:
        days = [date.fromisoformat(day) for day in finding.examples]
        records = [(day_text(day), orders_paid(day, day)) for day in days]
    elif source.page in FOUND:
        may = request.user.has_perm(f"catalog.view_{source.page.split('_')[1]}")
        rows = FOUND[source.page].objects.filter(pk__in=finding.examples).order_by("-pk")
        # Names are for those who may open the record; others get its number, to tell somebody.
        records = [
            (str(one), reverse(f"admin:{source.page}", args=[one.pk])) if may else (f"#{one.pk}", "") for one in rows
        ]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": check.title,
        "crumbs": [{"title": _("Data quality"), "url": f"{reverse('admin:analytics_quality')}?report={report.pk}"}],
        "row": _row(finding, report, check),
        "records": records,
        "about": _about(report),
        "of": figure(finding.of),
    }
    return render(request, "admin/analytics/quality_records.html", context)
