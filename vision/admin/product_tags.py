"""Tags on the page of a product: who gave each, how sure and why; staff add and take off, and take that back."""

from itertools import groupby
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from catalog.admin.notices import acting
from catalog.models import Product, ProductTag
from core.components import Explanation, Reason, toast
from core.exceptions import DomainError
from core.panels import MAIN, Panel
from vision import deciding, product_tags, thresholds
from vision.admin import tag_cards as cards
from vision.models import Label, ReviewDecision, TagSuggestion
from vision.product_tags import Standing
from vision.roles import REVIEW_TAGS
from vision.thresholds import NEVER, Limits

Source = ProductTag.Source


def panel(request: HttpRequest, product: Product) -> Panel:
    """Five queries."""
    labels = product_tags.choosable()
    rows = product_tags.standing(product, labels)
    limits = {source: thresholds.measured(labels, source) for source in TagSuggestion.Source.values}
    may = request.user.has_perm(REVIEW_TAGS) and product.deleted_at is None
    return Panel(
        title=_("Tags"),
        template="admin/vision/panels/tags.html",
        context={
            "rows": [_row(one, product, limits) for one in rows],
            "address": reverse("admin:vision_product_tags", args=[product.pk]) if may else "",
            "groups": _groups(labels, rows) if may else [],
        },
        place=MAIN,
        count=sum(one.tag is not None for one in rows),
        empty="" if rows or may else _("This product has no tags yet."),
    )


def _groups(labels: list[Label], rows: list[Standing]) -> list[tuple[str, list[Label]]]:
    """What may be added, by set."""
    there = {one.label.pk for one in rows if one.label is not None and one.tag is not None}
    free = [label for label in labels if label.pk not in there]
    return [(own[0].label_set.name, own) for _set, some in groupby(free, lambda one: one.label_set_id)
            if (own := list(some))]  # fmt: skip


def _row(one: Standing, product: Product, limits: dict[str, dict[int, Limits]]) -> dict[str, Any]:
    confidence = one.tag.confidence if one.tag is not None else one.reading and one.reading.confidence
    return {
        "name": one.name,
        "group": one.group,
        "waits": one.tag is None,
        "source": one.tag.get_source_display() if one.tag is not None else _("to review"),
        "confidence": f"{confidence:.2f}" if confidence is not None else "",
        "version": _version(one),
        "why": _why(one, product, limits),
        "label": one.label.pk if one.label is not None else "",
    }


def _version(one: Standing) -> str:
    told = one.tag if one.tag is not None else one.reading
    return told.model_version.name if told is not None and told.model_version is not None else ""


def _why(one: Standing, product: Product, limits: dict[str, dict[int, Limits]]) -> Explanation:
    tag, reading = one.tag, one.reading
    if reading is not None and one.label is not None and (tag is None or tag.source == Source.MODEL):
        reading.product, reading.label = product, one.label
        return cards.explained(reading, limits[reading.source].get(one.label.pk, NEVER))
    assert tag is not None
    if tag.source == Source.STAFF:
        said = one.decision
        if said is None:
            return Explanation(tag.get_source_display(), [Reason(_("Staff gave it."))], as_of=tag.updated_at)
        words = {"who": said.decided_by or _("somebody"), "where": ReviewDecision.CameFrom(said.came_from).label}
        reason = Reason(_("%(who)s said so: %(where)s") % words)
        return Explanation(tag.get_source_display(), [reason], as_of=said.decided_at)
    if tag.source == Source.IMPORT:
        return Explanation(tag.get_source_display(), [Reason(_("An import brought it."))], as_of=tag.updated_at)
    sure = _("Confidence %(value)s.") % {"value": f"{tag.confidence:.2f}"} if tag.confidence is not None else ""
    return Explanation(
        tag.get_source_display(), [Reason(_("A model read it on the photos."))], how_sure=sure, as_of=tag.updated_at,
        model_version=_version(one),
    )  # fmt: skip


@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """`act` add, remove (with `label`) or undo (with `key`); then the page of the product again."""
    if not request.user.has_perm(REVIEW_TAGS):
        raise PermissionDenied
    by, what = acting(request), request.POST.get("act", "")
    here = HttpResponseRedirect(reverse("admin:catalog_product_change", args=[pk]))
    try:
        if what == "undo":
            deciding.undo(request.POST.get("key", ""), by=by)
            toast(request, _("Taken back"))
            return here
        label = cards.chosen_label(request, "label")
        if what not in ("add", "remove") or label is None or label.is_category:
            return here
        outcome = deciding.say_of_product(pk, label, is_right=what == "add", by=by)
    except DomainError as error:
        toast(request, str(error.message))
        return here
    if outcome.count:
        words = _("Tag added: %(name)s") if what == "add" else _("Tag taken off: %(name)s")
        toast(request, words % {"name": label.name}, undo=request.path, act="undo", key=outcome.undo)
    return here
