"""Staff page "Quality of readings": how well reviews are read, by which version, and what may be done about it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.admin.models import version_pill
from core.components import HeatCell, HeatRow, figure, heat, percent, toast
from core.components.words import day_text
from core.models import ModelVersion
from core.reports import Chart, Line, line_chart
from core.reports.charts import LEAST_POINTS
from reviews.admin import cells
from reviews.choices import engine_title, installed_engines
from reviews.ml.sentiment import CLASSES
from reviews.models import ReadingSettings, Review, Sentiment
from reviews.quality import figures, sampling, tables
from reviews.quality.figures import Week
from reviews.roles import CHOOSE_ENGINE, CORRECT

LEAST_ANSWERS = 30
"""From so many on, a share of them says something."""
LONGEST_NUMBER = 9
"""Digits of a version's number that the column can hold, whatever they are."""


def page(request: HttpRequest) -> HttpResponse:
    """`?version=` another than the live one; `?label=&read=` the reviews of one cell of its confusions. A POST with
    `engine` chooses what the next training learns with."""
    if request.method == "POST":
        return _choose_engine(request)
    found = figures.versions(_asked(request))
    shown = _shown(request, found)
    if shown is not None and request.GET.get("label"):
        return _cell(request, shown)
    weeks, report = figures.weeks(), shown.report if shown is not None else {}
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Quality of readings"),
        "page_title": _answer(weeks, shown),
        "crumbs": _crumbs(),
        "version": shown,
        "version_pill": version_pill(shown) if shown is not None else "",
        "version_rows": _about(shown) if shown is not None else [],
        "models_url": _models_url(shown),
        "is_bare": not found and not weeks,
        "reviews_url": reverse("admin:reviews_review_changelist"),
        "languages": tables.languages(report.get("languages", {})),
        "calibration": _calibration(report.get("calibration", [])),
        "confusions": _confusions(shown) if shown is not None and report.get("cells") else "",
        "changed": _changed(report.get("changed", {})),
        "chart": _chart(weeks),
        "weeks": tables.weeks(reversed(weeks)) if weeks else None,
        "sample": _sample(request),
        "versions": tables.versions(found, shown) if found else None,
        "engines": tables.engines(figures.engines(), [one.name for one in installed_engines()]) if found else None,
        "engine": ReadingSettings.current().engine,
        "engine_choices": installed_engines() if request.user.has_perm(CHOOSE_ENGINE) else [],
    }
    return render(request, "admin/reviews/quality.html", context)


def _crumbs() -> list[dict[str, Any]]:
    return [{"title": _("Reviews"), "url": reverse("admin:reviews_review_changelist")}]


def _asked(request: HttpRequest) -> int | None:
    wanted = request.GET.get("version", "")
    return int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) <= LONGEST_NUMBER else None


def _shown(request: HttpRequest, found: list[ModelVersion]) -> ModelVersion | None:
    """The version asked for, else the live one. Http404 for a number that no version has."""
    if request.GET.get("version", ""):
        asked = _asked(request)
        chosen = next((one for one in found if one.number == asked), None)
        if chosen is None:
            raise Http404
        return chosen
    return next((one for one in found if one.is_active), None)


def _answer(weeks: list[Week], shown: ModelVersion | None) -> str:
    """The page in one sentence: by blind answers of the last four weeks, else by reviews kept apart."""
    share = figures.added(one.total for one in weeks[-4:])
    if share.texts >= LEAST_ANSWERS:
        low, high = share.range or (0.0, 0.0)
        return _("%(right)s read right in the last samples (%(low)s to %(high)s)") % {
            "right": percent(share.value or 0.0), "low": percent(low), "high": percent(high),
        }  # fmt: skip
    if shown is not None and "accuracy" in shown.metrics:
        return _("%(right)s read right on reviews kept apart") % {"right": percent(shown.metrics["accuracy"])}
    return _("Read by the product's list of words; nothing measured yet")


def _about(version: ModelVersion) -> list[tuple[Any, Any]]:
    told, labels = version.report.get("engine", {}), version.report.get("labels", {})
    taught = _("%(stars)s by stars, %(staff)s by staff") % {
        "stars": figure(labels.get("stars", 0)),
        "staff": figure(sum(count for source, count in labels.items() if source != "stars")),
    }
    rows = [
        (_("Engine"), engine_title(told.get("name", ""))),
        (_("Learned from"), taught),
        (_("Kept apart to judge"), figure(version.report.get("held", 0))),
        (_("Read right"), percent(version.metrics.get("accuracy", 0.0))),
        (_("Confidence was off by"), percent(version.metrics.get("ece", 0.0))),
    ]
    if "later_accuracy" in version.metrics:
        rows.append((_("Read right, on later reviews"), percent(version.metrics["later_accuracy"])))
    return rows


def _models_url(version: ModelVersion | None) -> str:
    query = {"kind": "sentiment", **({"version": version.number} if version is not None else {})}
    return f"{reverse('admin:core_modelversion_changelist')}?{urlencode(query)}"


def _calibration(bins: list[dict[str, Any]]) -> Chart | None:
    """How often readings of a confidence were right; where both lines meet, confidence keeps its word."""
    if len(bins) < 2:
        return None
    labels = [percent(one["confidence"]) for one in bins]
    lines = [
        Line(_("Read right"), [one["right"] for one in bins], "share"),
        Line(_("Confidence"), [one["confidence"] for one in bins], "share", is_reference=True),
    ]
    note = _("Reviews kept apart in ten groups of equal size, the least sure first.")
    return line_chart(_("How far confidence can be trusted"), labels, lines, first_head=_("Confidence"), note=note)


def _confusions(version: ModelVersion) -> Any:
    counted = {(one["label"], one["read"]): one for one in version.report["cells"]}
    rows = []
    for label in CLASSES:
        total = sum(counted[label, read]["texts"] for read in CLASSES)
        if not total:
            continue
        row = [_heat_cell(version, counted[label, read], total) for read in CLASSES]
        rows.append(HeatRow(Sentiment(label).label, row, leads=[figure(total)]))
    heads = [Sentiment(read).label for read in CLASSES]
    return heat(rows, heads, caption=_("What was taken for what"), corner=_("It is"), lead_heads=[_("Reviews")])


def _heat_cell(version: ModelVersion, one: dict[str, Any], total: int) -> HeatCell:
    if not one["texts"]:
        return HeatCell("–")
    query = urlencode({"version": version.number, "label": one["label"], "read": one["read"]})
    title = _("%(share)s of those") % {"share": percent(one["texts"] / total)}
    return HeatCell(figure(one["texts"]), one["texts"] / total, title, f"?{query}")


def _cell(request: HttpRequest, version: ModelVersion) -> HttpResponse:
    """Reviews kept apart that are `label` and were taken for `read`, the newest first."""
    label, read = request.GET["label"], request.GET.get("read", "")
    found = next((one for one in version.report.get("cells", []) if (one["label"], one["read"]) == (label, read)), None)
    if found is None:
        raise Http404
    words = {"label": Sentiment(label).label, "read": Sentiment(read).label}
    title = _("Read right: %(read)s") % words if label == read else _("%(label)s, taken for %(read)s") % words
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": title,
        "crumbs": [
            *_crumbs(),
            {"title": _("Quality of readings"), "url": f"{reverse('admin:reviews_quality')}?version={version.number}"},
        ],
        "rows": _review_rows(found["ids"]),
        "count": figure(found["texts"]),
        "version": version,
    }
    return render(request, "admin/reviews/quality_reviews.html", context)


def _review_rows(ids: list[int]) -> list[dict[str, Any]]:
    """In the order given, those that still exist. One query."""
    found = Review.objects.select_related("product", "reading").in_bulk(ids)
    return [
        {
            "pk": pk, "words": cells.words(found[pk], 160), "language": found[pk].language,
            "product": found[pk].product.localised("name"), "stars": cells.stars(found[pk].rating),
            "read": cells.sentiment(getattr(found[pk], "reading", None)), "written_at": found[pk].written_at,
        }
        for pk in ids if pk in found
    ]  # fmt: skip


def _changed(told: dict[str, Any]) -> dict[str, Any]:
    """Examples of reviews that this version reads otherwise than the one before."""
    if not told:
        return {}
    examples = told["examples"][:10]
    rows = {row["pk"]: row for row in _review_rows([one["id"] for one in examples])}
    sentence = ngettext(
        "%(changed)s of %(among)s reviews is read otherwise than by the version that was live before",
        "%(changed)s of %(among)s reviews are read otherwise than by the version that was live before",
        told["changed"],
    ) % {"changed": figure(told["changed"]), "among": figure(told["among"])}
    shown = [
        {**rows[one["id"]], "before": Sentiment(one["before"]).label, "after": Sentiment(one["after"]).label}
        for one in examples if one["id"] in rows
    ]  # fmt: skip
    return {"sentence": sentence, "rows": shown}


def _chart(weeks: list[Week]) -> Chart | None:
    answered = [one for one in weeks if one.total.texts]
    if len(answered) < LEAST_POINTS:
        return None  # the table says it
    ranges = [one.total.range or (0.0, 0.0) for one in answered]
    lines = [
        Line(
            _("Read right"), [one.total.value for one in answered], "share",
            low=[low for low, _high in ranges], high=[high for _low, high in ranges],
        )
    ]  # fmt: skip
    note = _("Answers of staff who did not see the reading; the band is the likely range (95%).")
    labels = [day_text(one.week) for one in answered]
    return line_chart(_("Read right, week by week"), labels, lines, first_head=_("Week of"), note=note)


def _sample(request: HttpRequest) -> dict[str, Any] | None:
    """The open sample and how far it is, for those who may answer."""
    sample = sampling.open_sample()
    if sample is None:
        return None
    total, answered = sample.rows.count(), sample.rows.exclude(answer="").count()
    return {
        "week": day_text(sample.week), "total": total, "answered": answered,
        "may_answer": request.user.has_perm(CORRECT), "is_done": answered == total,
    }  # fmt: skip


def _choose_engine(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(CHOOSE_ENGINE):
        raise PermissionDenied
    wanted = request.POST.get("engine", "")
    here = reverse("admin:reviews_quality")
    before = ReadingSettings.current().engine
    if wanted in {one.name for one in installed_engines()} and wanted != before:
        ReadingSettings.objects.update_or_create(pk=1, defaults={"engine": wanted})
        toast(request, _("The next training uses it"), undo=here, engine=before)
    return HttpResponseRedirect(here)
