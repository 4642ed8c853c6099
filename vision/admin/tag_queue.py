"""Staff page "Suggested tags": photos under each label, the most urgent first, decided with one key or all at once."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.admin.notices import acting
from catalog.models import Category
from core.components import figure
from core.reports.periods import Choice
from vision import deciding, tag_selectors, thresholds
from vision.admin import tag_cards as cards
from vision.admin.tag_cards import PAGE, Section, Told
from vision.models import Label, LabelSet, ReviewDecision, TagSuggestion
from vision.tag_selectors import Waiting, Wanted

AT_ONCE, EACH = 4, 6
"""Without a chosen label: so many labels, so many photos of each."""
SAMPLE = "sample"
MOST_LABELS = 40


def page(request: HttpRequest) -> HttpResponse:
    """`?show=sample`, `?set=&label=&category=&source=&page=`; a POST decides."""
    if request.method == "POST":
        return cards.answer(request, _act, _summary, _counts)
    wanted = _wanted(request)
    waiting = tag_selectors.waiting_by_label(wanted)
    total = sum(one.count for one in waiting)
    number = cards.page_number(request)
    if number > 1 and (not wanted.label or (number - 1) * PAGE >= total):
        return HttpResponseRedirect(_address(wanted))
    sections = _sections(wanted, waiting, number)
    is_filtered = bool(wanted.label_set or wanted.label or wanted.category or wanted.source)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Suggested tags"),
        "crumbs": crumbs(),
        "sections": sections,
        "labels": _chips(wanted)[:MOST_LABELS],
        "tabs": tabs("sample" if wanted.is_sample else ""),
        "choices": _choices(wanted),
        "kept": [("show", SAMPLE)] if wanted.is_sample else [],
        "summary": _summary(request),
        "accept": _("Right") if wanted.is_sample else _("Accept"),
        "reject": _("Wrong") if wanted.is_sample else _("Reject"),
        "next_page": _address(wanted, page=number + 1) if wanted.label and total > number * PAGE else "",
        "previous_page": _address(wanted, page=number - 1) if number > 1 else "",
        "page_keys": cards.keys(
            _("Accept the tag"), _("Reject the tag"), [("E", _("Another label of the same set"))]
        ),
        **(_filtered_away(wanted) if is_filtered else _nothing(wanted)),
    }  # fmt: skip
    return render(request, "admin/vision/tags.html", context)


def crumbs() -> list[dict[str, Any]]:
    return [{"title": _("Photos"), "url": reverse("admin:vision_imageanalysis_changelist")}]


def tabs(now: str) -> list[dict[str, Any]]:
    """The places where people say what photos show."""
    here = reverse("admin:vision_queue")
    found = [
        ("", _("To review"), here, Wanted().rows().count()),
        ("sample", _("Sample of applied tags"), f"{here}?show={SAMPLE}", tag_selectors.sample_count()),
        ("labelling", _("Label photos"), reverse("admin:vision_labelling"), None),
        ("errors", _("Probable errors"), reverse("admin:vision_label_errors"), None),
    ]
    return [{"label": label, "url": url, "count": count, "is_current": key == now} for key, label, url, count in found]


def _counts(request: HttpRequest) -> dict[str, str]:
    """What tabs and labels say after a decision; a label that is missing has none left."""
    wanted = _wanted(request)
    told = [(one["url"], one["count"]) for one in (*tabs(""), *_chips(wanted)) if one["count"] is not None]
    return {url: str(figure(count)) for url, count in told}


def _wanted(request: HttpRequest) -> Wanted:
    source = request.GET.get("source", "")
    return Wanted(
        is_sample=request.GET.get("show") == SAMPLE,
        label_set=request.GET.get("set", "")[:40],
        label=cards.number(request.GET.get("label", "")),
        category=cards.number(request.GET.get("category", "")),
        source=source if source in TagSuggestion.Source.values else "",
    )


def _address(wanted: Wanted, **more: Any) -> str:
    told = {
        "show": SAMPLE if wanted.is_sample else "", "set": wanted.label_set, "label": wanted.label,
        "category": wanted.category, "source": wanted.source, **more,
    }  # fmt: skip
    query = urlencode({name: value for name, value in told.items() if value})
    return reverse("admin:vision_queue") + (f"?{query}" if query else "")


def _sections(wanted: Wanted, waiting: list[Waiting], number: int) -> list[Section]:
    """One query for each section, one for the labels that could be meant instead."""
    shown = waiting[:1] if wanted.label else waiting[:AT_ONCE]
    others: dict[int, list[Label]] = {}
    rows = Label.objects.in_use().filter(label_set_id__in={one.label.label_set_id for one in shown})
    for other in rows.order_by("position", "pk"):
        others.setdefault(other.label_set_id, []).append(other)
    first, count = ((number - 1) * PAGE, PAGE) if wanted.label else (0, EACH)
    limits = {
        source: thresholds.measured([one.label for one in shown], source) for source in TagSuggestion.Source.values
    }
    return [
        Section(
            label=one.label,
            count=one.count,
            cards=[
                cards.card(row, limits[row.source][one.label.pk])
                for row in tag_selectors.most_urgent(wanted, one.label, first, count)
            ],
            others=[label for label in others.get(one.label.label_set_id, []) if label.pk != one.label.pk],
            url="" if wanted.label else _address(wanted, label=one.label.pk),
        )
        for one in shown
    ]


def _chips(wanted: Wanted) -> list[dict[str, Any]]:
    """Labels with something to do; without the chosen label itself, so that one can go from label to label."""
    whole = Wanted(wanted.is_sample, wanted.label_set, 0, wanted.category, wanted.source)
    return [
        {
            "label": one.label.name, "count": one.count, "swatch": cards.swatch(one.label),
            "url": _address(whole, label="" if one.label.pk == wanted.label else one.label.pk),
            "is_current": one.label.pk == wanted.label,
        }
        for one in tag_selectors.waiting_by_label(whole)
    ]  # fmt: skip


def _choices(wanted: Wanted) -> list[Choice]:
    sets = [(row.key, row.name) for row in LabelSet.objects.filter(is_active=True)]
    branches = [
        (str(row.pk), f"{'– ' * (row.depth - 1)}{row.localised('name')}")
        for row in Category.objects.filter(depth__lte=2).order_by("path")[:200]
    ]
    every = ("", _("All"))
    return [
        Choice("set", _("Label set"), wanted.label_set, [every, *sets]),
        Choice("category", _("Category"), str(wanted.category or ""), [every, *branches]),
        Choice("source", _("Read by"), wanted.source, [every, *TagSuggestion.Source.choices]),
    ]


def _act(request: HttpRequest) -> Told:
    act, ids = cards.sent(request)
    by = acting(request)
    is_sample = request.GET.get("show") == SAMPLE
    came_from = ReviewDecision.CameFrom.AUDIT if is_sample else ReviewDecision.CameFrom.QUEUE
    if not ids:
        return Told(_("Tick the photos first")) if act else Told()
    if act in ("accept", "reject"):
        return cards.told_of(deciding.decide(ids, is_right=act == "accept", by=by, came_from=came_from), act)
    to = cards.chosen_label(request)
    if act == "change" and to is not None:
        return cards.told_of(deciding.change(ids, to=to, by=by, came_from=came_from), act)
    return Told(_("Choose the label that is right")) if act == "change" else Told()


def _summary(request: HttpRequest) -> str:
    count = _wanted(request).rows().count()
    words = ngettext("%(count)s to review", "%(count)s to review", count) % {"count": figure(count)}
    return f"{words} · {cards.done_words(request)}"


def _nothing(wanted: Wanted) -> dict[str, str]:
    if wanted.is_sample:
        text = _("Two of a hundred tags that were given without a person come here to be checked.")
    else:
        text = _("Colours are read within minutes after a photo arrived, other labels by a trained model.")
    return {
        "empty_title": _("Nothing to review"),
        "empty_text": text,
        "empty_label": _("Label photos"),
        "empty_url": reverse("admin:vision_labelling"),
    }


def _filtered_away(wanted: Wanted) -> dict[str, str]:
    return {
        "empty_title": _("Nothing to review here"),
        "empty_text": _("No suggestion matches what you chose."),
        "empty_label": _("Show all"),
        "empty_url": _address(Wanted(is_sample=wanted.is_sample)),
    }
