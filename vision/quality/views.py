"""Staff page "Learning from photos": how well the shop's photos are read, by which version, and what may be done."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import ProductImage
from core.admin.models import ACTIVATE, version_pill
from core.components import figure, percent, toast
from core.exports import PageTable
from core.jobs import enqueue
from core.models import Job, ModelVersion
from vision import asking
from vision.choices import VISION, Architecture, PictureSize, in_a_row
from vision.models import VisionSettings
from vision.models.training import LEAST_SECONDS, MOST_SECONDS
from vision.quality import tables
from vision.quality.names import Names
from vision.roles import LEARN

MOST_VERSIONS = 20
LONGEST_NUMBER = 9
LARGE = 320
SETTINGS = ("architecture", "cpu_seconds", "size", "may_unfreeze")


def page(request: HttpRequest) -> HttpResponse:
    """`?version=` another than the live one; `?label=&read=` the photos of one cell of its matrix. A POST trains
    (`act` train), reads all photos again (`act` read) or saves what the next training learns with (`act` settings)."""
    if request.method == "POST":
        return _act(request)
    found = _versions()
    shown = _shown(request, found)
    names = Names()
    if shown is not None and "label" in request.GET:
        return _cell(request, shown, names)
    jobs = {job.task: job for job in Job.objects.active().filter(task__in=(asking.TRAIN, asking.READ))}
    may_train, may_change = request.user.has_perm(ACTIVATE), request.user.has_perm(LEARN)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Learning from photos"),
        "page_title": _answer(shown),
        "crumbs": _crumbs(),
        "version": shown,
        "version_pill": version_pill(shown) if shown is not None else "",
        "version_rows": _about(shown) if shown is not None else [],
        "joined": tables.joined_words(shown, names) if shown is not None else "",
        "models_url": _models_url(shown),
        "training": jobs.get(asking.TRAIN),
        "reading": jobs.get(asking.READ),
        "failed": _failed() if asking.TRAIN not in jobs else None,
        "read_words": _read_words(jobs.get(asking.READ)),
        "new_decisions": _decisions_words(),
        "may_train": may_train and asking.TRAIN not in jobs,
        "may_read": may_change and asking.READ not in jobs and any(one.is_active for one in found),
        "versions": tables.versions(found, shown, version_pill, (_("Activate, go back"), _models_url(shown)))
        if found else None,
        **(_report(shown, names) if shown is not None else {}),
        **(_settings() if may_change else {}),
    }  # fmt: skip
    return render(request, "admin/vision/quality.html", context)


def _versions() -> list[ModelVersion]:
    """The newest, and the live one if it is older."""
    rows = ModelVersion.objects.of(VISION.name).order_by("-number")
    found = list(rows[:MOST_VERSIONS])
    if len(found) == MOST_VERSIONS and not any(one.is_active for one in found):
        found += rows.active()[:1]
    return found


def _shown(request: HttpRequest, found: list[ModelVersion]) -> ModelVersion | None:
    """The version asked for, else the live one, else the newest. Http404 for a number that there is not."""
    wanted = request.GET.get("version", "")
    if wanted:
        chosen = next((one for one in found if str(one.number) == wanted), None)
        if chosen is None and wanted.isdecimal() and len(wanted) < LONGEST_NUMBER:
            chosen = ModelVersion.objects.of(VISION.name).filter(number=int(wanted)).first()
        if chosen is None:
            raise Http404
        return chosen
    return next((one for one in found if one.is_active), found[0] if found else None)


def _crumbs() -> list[dict[str, Any]]:
    return [{"title": _("Photos"), "url": reverse("admin:vision_imageanalysis_changelist")}]


def _answer(shown: ModelVersion | None) -> str:
    """The page in one sentence."""
    judged = sum(row["photos"] for row in shown.report.get("classes", [])) if shown is not None else 0
    if shown is None or not judged:
        return _("Learning from photos")
    return _("%(right)s of categories are read right on %(photos)s photos kept apart") % {
        "right": percent(shown.metrics["accuracy"]), "photos": figure(judged),
    }  # fmt: skip


def _report(shown: ModelVersion, names: Names) -> dict[str, Any]:
    return {
        "comparison": tables.comparison(shown),
        "confusions": tables.confusions(shown, names),
        "confused": tables.errors_chart(shown, names),
        "classes": tables.classes(shown, names),
        "labels": tables.labels(shown, names),
        "reliability": tables.reliability(shown),
        "curves": tables.curves(shown),
        "manifest": tables.manifest(shown, names),
    }


def _about(shown: ModelVersion) -> list[tuple[Any, Any]]:
    told, metrics = shown.report.get("engine", {}), shown.metrics
    name = told.get("architecture", "")
    rows = [
        (_("Network"), Architecture(name).label if name in Architecture.values else name),
        (_("Pixels a side"), figure(told["size"]) if "size" in told else "–"),
        (_("Categories right"), percent(metrics.get("accuracy", 0.0))),
        (_("Right among the first three"), percent(metrics.get("top3", 0.0))),
        (_("Category above right"), percent(metrics.get("parent_accuracy", 0.0))),
        (_("Mean F1 of categories"), figure(metrics.get("macro_f1", 0.0), 2)),
        (_("Confidence was off by"), percent(metrics.get("ece", 0.0))),
        (_("Seconds of the processor"), figure(round(told.get("cpu_seconds", 0)))),
    ]
    if told.get("weights"):
        rows.append((_("Began from the weights"), told["weights"][:12]))
    return rows


def _models_url(version: ModelVersion | None) -> str:
    query: dict[str, str | int] = {"kind": VISION.name, **({"version": version.number} if version is not None else {})}
    return f"{reverse('admin:core_modelversion_changelist')}?{urlencode(query)}"


def _failed() -> Job | None:
    """The newest training, where it came to nothing."""
    newest = Job.objects.filter(task=asking.TRAIN).order_by("-pk").first()
    is_lost = newest is not None and newest.state in (Job.State.FAILED, Job.State.QUARANTINED)
    return newest if is_lost else None


def _read_words(reading: Job | None) -> str:
    """How far the live version is with the photos. Between its start and the next look at what is new nothing reads
    yet; then the page says when. Three queries."""
    active = ModelVersion.objects.of(VISION.name).active().values_list("pk", flat=True).first()
    if active is None:
        return ""
    photos, waiting = asking.readable().count(), asking.unread(active).count()
    values = {"read": figure(photos - waiting), "count": figure(photos)}
    if not waiting:
        words = ngettext(
            "%(count)s photo read by the live version", "%(count)s photos read by the live version", photos
        )
    elif reading is not None:
        words = ngettext(
            "%(read)s of %(count)s photo read by the live version",
            "%(read)s of %(count)s photos read by the live version", photos,
        )  # fmt: skip
    else:
        words = ngettext(
            "%(read)s of %(count)s photo read by the live version; the others follow from the next minute on",
            "%(read)s of %(count)s photos read by the live version; the others follow from the next minute on", photos,
        )  # fmt: skip
    return words % values


def _decisions_words() -> str:
    count = asking.new_decisions()
    if not count:
        return ""
    words = ngettext(
        "%(count)s decision of staff since the newest version.",
        "%(count)s decisions of staff since the newest version.", count,
    ) % {"count": figure(count)}  # fmt: skip
    return in_a_row(words, _("Training again is worth it.")) if count >= asking.DECISIONS else words


def _settings() -> dict[str, Any]:
    return {
        "chosen": VisionSettings.current(),
        "architectures": Architecture.choices,
        "sizes": PictureSize.choices,
        "least": LEAST_SECONDS,
        "most": MOST_SECONDS,
        "weights": settings.VISION_WEIGHTS,
    }


# --- the photos of a cell -------------------------------------------------------------------------------------------


def _cell(request: HttpRequest, version: ModelVersion, names: Names) -> HttpResponse:
    """Photos kept apart that are `label` and were read as `read`, the surest answers first."""
    label, read = request.GET["label"], request.GET.get("read", "")
    cells = version.report.get("cells", [])
    found = next((one for one in cells if (one["label"], one["read"]) == (label, read)), None)
    if found is None and label not in {one["label"] for one in cells}:
        raise Http404
    ids = found["ids"] if found is not None else []
    images = ProductImage.objects.filter(product__deleted_at=None).select_related("product").in_bulk(ids)
    words = {"label": names.category(label), "read": names.category(read)}
    title = _("Read right: %(read)s") % words if label == read else _("%(label)s, read as %(read)s") % words
    shown = [images[pk] for pk in ids if pk in images]
    values = {"shown": figure(len(shown)), "count": figure(found["photos"] if found is not None else 0),
              "name": version.name}  # fmt: skip
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": title,
        "crumbs": [
            *_crumbs(),
            {
                "title": _("Learning from photos"),
                "url": f"{reverse('admin:vision_quality')}?version={version.number}",
            },
        ],
        "version": version,
        "photos": [
            {
                "address": reverse("picture", args=[LARGE, image.file.name]),
                "product": image.product.localised("name"),
                "url": reverse("admin:catalog_product_change", args=[image.product_id]),
            }
            for image in shown
        ],
        "words": _("%(shown)s of %(count)s photos kept apart from learning, as %(name)s read them, the surest first.")
        % values,
    }  # fmt: skip
    return render(request, "admin/vision/quality_photos.html", context)


# --- acts -----------------------------------------------------------------------------------------------------------


def _act(request: HttpRequest) -> HttpResponse:
    act, here = request.POST.get("act", ""), reverse("admin:vision_quality")
    if act == "train":
        _require(request, ACTIVATE)
        enqueue(asking.TRAIN, dedupe_key=asking.TRAIN_KEY, created_by=request.user)  # type: ignore[arg-type]
        toast(request, _("Training queued"))
    elif act == "read":
        _require(request, LEARN)
        asking.read_all_again()
        enqueue(asking.READ, dedupe_key=asking.READ_KEY, created_by=request.user)  # type: ignore[arg-type]
        toast(request, _("Reading queued"))
    elif act == "settings":
        _require(request, LEARN)
        _save(request)
    return HttpResponseRedirect(here)


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def _save(request: HttpRequest) -> None:
    before = VisionSettings.current()
    seconds, size = request.POST.get("seconds", ""), request.POST.get("size", str(before.size))
    wanted = VisionSettings(
        architecture=request.POST.get("architecture", ""),
        cpu_seconds=int(seconds) if seconds.isdecimal() and len(seconds) < 6 else 0,
        size=int(size) if size.isdecimal() and len(size) < 6 else 0,
        may_unfreeze=request.POST.get("unfreeze", str(int(before.may_unfreeze))) == "1",
    )
    try:
        wanted.clean_fields()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return
    if all(getattr(wanted, name) == getattr(before, name) for name in SETTINGS):
        return
    VisionSettings.objects.update_or_create(pk=1, defaults={name: getattr(wanted, name) for name in SETTINGS})
    toast(
        request, _("The next training uses it"), undo=reverse("admin:vision_quality"), act="settings",
        architecture=before.architecture, seconds=str(before.cpu_seconds), size=str(before.size),
        unfreeze=str(int(before.may_unfreeze)),
    )  # fmt: skip


# --- the file -------------------------------------------------------------------------------------------------------


def table(request: HttpRequest) -> PageTable:
    """Category by category, of the version that the address shows."""
    shown, names = _shown(request, _versions()), Names()
    heads = [_("Category"), _("Photos that judged"), _("Precision"), _("Recall"), "F1"]

    def rows() -> Iterator[Sequence[Any]]:
        for row in shown.report.get("classes", []) if shown is not None else []:
            yield [names.category(row["key"]), row["photos"], row["precision"], row["recall"], row["f1"]]

    return PageTable(f"{_('Learning from photos')} {shown.name if shown is not None else ''}".strip(), heads, rows())
