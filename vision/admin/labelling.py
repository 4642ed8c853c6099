"""Staff page "Label photos": choose a label, say of each photo whether it shows it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.admin.notices import acting
from catalog.models import Category, Product
from core.components import figure
from core.reports.periods import Choice
from vision import deciding, tag_selectors
from vision.admin import tag_cards as cards
from vision.admin.tag_cards import PAGE, Section, Told
from vision.admin.tag_queue import crumbs, tabs
from vision.choices import in_a_row
from vision.models import Label, LabelSet

LEAST = 20
"""From so many photos on that show a label, a model may learn to give it."""


def page(request: HttpRequest) -> HttpResponse:
    """`?set=&label=&category=&q=`; a POST says what photos show."""
    if request.method == "POST":
        return cards.answer(request, _act, _summary)
    sets = list(LabelSet.objects.filter(is_active=True).exclude(kind=LabelSet.Kind.CATEGORY))
    chosen_set = next((one for one in sets if one.key == request.GET.get("set")), None) or _first_set(sets)
    labels = list(Label.objects.in_use().filter(label_set=chosen_set)) if chosen_set else []
    for one in labels:
        one.label_set = chosen_set  # type: ignore[assignment]
    label = _label_of(request, labels)
    counts = tag_selectors.labelled_counts([one.pk for one in labels])
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Label photos"),
        "crumbs": crumbs(),
        "tabs": tabs("labelling"),
        "labels": [_chip(request, one, counts.get(one.pk, (0, 0)), is_current=one == label) for one in labels],
        "choices": _choices(request, sets, chosen_set),
        "search": Choice("q", _("Product"), request.GET.get("q", "")[:100]),
        "kept": [("label", str(label.pk))] if label else [],
        "sections": _sections(request, label) if label else [],
        "hint": _question(label, counts) if label else "",
        "summary": cards.done_words(request),
        "accept": _("Shows it"),
        "reject": _("Does not"),
        "page_keys": cards.keys(_("The photo shows it"), _("The photo does not show it")),
        "empty_title": _("No photo left to label here"),
        "empty_text": _("Somebody said of each photo whether it shows this label, or no product matches."),
        "empty_label": _("Suggested tags"),
        "empty_url": reverse("admin:vision_queue"),
    }
    return render(request, "admin/vision/tags.html", context)


def _first_set(sets: list[LabelSet]) -> LabelSet | None:
    """Colours come by themselves, so the first others."""
    others = [one for one in sets if one.kind == LabelSet.Kind.ATTRIBUTE]
    return next(iter([*others, *sets]), None)


def _label_of(request: HttpRequest, labels: list[Label]) -> Label | None:
    wanted = cards.number(request.GET.get("label", ""))
    return next((one for one in labels if one.pk == wanted), labels[0] if labels else None)


def _chip(request: HttpRequest, label: Label, counts: tuple[int, int], *, is_current: bool) -> dict[str, Any]:
    kept = {name: request.GET.get(name, "") for name in ("category", "q")}
    query = {"set": label.label_set.key, "label": label.pk, **{name: text for name, text in kept.items() if text}}
    return {
        "label": label.name, "count": counts[0], "is_current": is_current, "swatch": cards.swatch(label),
        "url": f"{reverse('admin:vision_labelling')}?{urlencode(query)}",
    }  # fmt: skip


def _choices(request: HttpRequest, sets: list[LabelSet], chosen: LabelSet | None) -> list[Choice]:
    branches = [
        (str(row.pk), f"{'– ' * (row.depth - 1)}{row.localised('name')}")
        for row in Category.objects.filter(depth__lte=2).order_by("path")[:200]
    ]
    return [
        Choice("set", _("Label set"), chosen.key if chosen else "", [(one.key, one.name) for one in sets]),
        Choice("category", _("Category"), request.GET.get("category", ""), [("", _("All")), *branches]),
    ]


def _sections(request: HttpRequest, label: Label) -> list[Section]:
    rows = list(tag_selectors.unlabelled(label, _products(request))[:PAGE])
    return [Section(label, len(rows), [cards.photo_card(image) for image in rows])] if rows else []


def _products(request: HttpRequest) -> QuerySet[Product] | None:
    """Those of a category and with these words in their name; None: all."""
    category, text = cards.number(request.GET.get("category", "")), request.GET.get("q", "").strip()[:100]
    if not category and not text:
        return None
    products = Product.objects.existing()
    if category:
        branch = Category.objects.filter(pk=category).values("path")[:1]
        products = products.filter(category__path__startswith=branch)
    if text:
        found, _twice = admin.site.get_model_admin(Product).get_search_results(request, products, text)
        return found
    return products


def _question(label: Label, counts: dict[int, tuple[int, int]]) -> str:
    yes, no = counts.get(label.pk, (0, 0))
    known = _("%(yes)s photos show it, %(no)s do not.") % {"yes": figure(yes), "no": figure(no)}
    if yes >= LEAST:
        return known
    left = LEAST - yes
    more = _("A model can learn it from %(least)s on: %(left)s more.")
    return in_a_row(known, more % {"least": figure(LEAST), "left": figure(left)})


def _act(request: HttpRequest) -> Told:
    act, ids = cards.sent(request)
    label = cards.chosen_label(request, "label")
    if act not in ("accept", "reject") or label is None:
        return Told()
    if not ids:
        return Told(_("Tick the photos first"))
    outcome = deciding.label_photos(ids, label, is_right=act == "accept", by=acting(request))
    if not outcome.count:
        return Told(_("This photo is gone"))
    words = ngettext("%(count)s photo labelled", "%(count)s photos labelled", outcome.count)
    return Told(words % {"count": figure(outcome.count)}, outcome.undo)


def _summary(request: HttpRequest) -> str:
    return cards.done_words(request)
