"""Staff page "What customers say": praise and complaints by aspect, product, category, brand, language and week."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from catalog.admin.fields import language_name, shop_languages
from catalog.languages import plain_language
from catalog.models import Brand, Category, Product
from core.components import figure, percent
from core.components.words import day_text
from core.exports import PageTable
from core.reports import Chart, Choice, Line, Period, bar_chart, line_chart
from reviews import aspect_counts
from reviews.aspect_counts import LEAST, Asked, Clock, Opinions, Said
from reviews.models import Aspect, Polarity, ReviewAspect, ReviewReading

VIEWS: dict[str, Any] = {
    "aspects": gettext_lazy("Aspects"), "products": gettext_lazy("Products"),
    "categories": gettext_lazy("Categories"), "brands": gettext_lazy("Brands"),
    "languages": gettext_lazy("Languages"),
}  # fmt: skip
LONGEST_TEXT = 80
LONGEST_PK = 18
BARS = 12
PRAISE, COMPLAINTS = gettext_lazy("Praise"), pgettext_lazy("polarity", "Complaints")


@dataclass(frozen=True)
class Group:
    """What a row is called, and what narrows an address to it (nothing: such rows have no address)."""

    name: str
    part: Mapping[str, Any] = field(default_factory=dict)
    is_leaf: bool = False


Groups = dict[Any, Group]
UNKNOWN = Group("–")


def page(request: HttpRequest) -> HttpResponse:
    """`?within=…&against=…&show=aspects|products|categories|brands|languages&aspect=…&language=…&q=…&product=…
    &category=…&brand=…`; what is not understood is what is usual."""
    clock = aspect_counts.clock()
    aspects = list(Aspect.objects.filter(is_active=True))
    show, asked = state(request, clock, aspects)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("What customers say"),
        "page_title": _("What customers say"),
        "crumbs": [{"title": _("What customers say"), "url": reverse("admin:reviews_aspects")}],
        "clock": clock,
        "period": asked.period,
        "show": show,
        "may_edit": request.user.has_perm("reviews.view_aspect"),
    }
    if clock.first is not None:
        context |= _shown(asked, show, aspects)
    return render(request, "admin/reviews/aspects.html", context)


def state(request: HttpRequest, clock: Clock, aspects: Sequence[Aspect]) -> tuple[str, Asked]:
    """What the address asks for. A query for each of product, category and brand that it names."""
    show = request.GET.get("show", "")
    key = request.GET.get("aspect", "")
    asked = Asked(
        period=Period.of(request, usual="last_90", against="previous", today=clock.today),
        aspect=next((one for one in aspects if one.key == key), None),
        product=_row(Product, request.GET.get("product", "")),
        category=_row(Category, request.GET.get("category", "")),
        brand=_row(Brand, request.GET.get("brand", "")),
        language=plain_language(request.GET.get("language", "")),
        text=request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_TEXT],
    )
    return (show if show in VIEWS else "aspects"), asked


def _row(model: Any, text: str) -> Any:
    is_key = text.isascii() and text.isdigit() and len(text) <= LONGEST_PK
    return model.objects.filter(pk=int(text)).first() if is_key else None


def query(asked: Asked, **more: Any) -> dict[str, Any]:
    """The address of what is asked; what `more` gives replaces it, empty values go."""
    found = {
        **asked.period.query,
        "aspect": asked.aspect.key if asked.aspect else "",
        "product": asked.product.pk if asked.product else "",
        "category": asked.category.pk if asked.category else "",
        "brand": asked.brand.pk if asked.brand else "",
        "language": asked.language,
        "q": asked.text,
        **more,
    }
    return {name: value for name, value in found.items() if value not in ("", None)}


def address(asked: Asked, **more: Any) -> str:
    return f"{reverse('admin:reviews_aspects')}?{urlencode(query(asked, **more))}"


def behind_address(asked: Asked, **more: Any) -> str:
    """The reviews behind a number."""
    return f"{reverse('admin:reviews_aspect_reviews')}?{urlencode(query(asked, **more))}"


def chips(asked: Asked, where: Any, **kept: Any) -> list[tuple[Any, str, str]]:
    """(what narrows, its value, the address without it)."""
    rows = [
        ("product", _("Product"), asked.product.localised("name") if asked.product else ""),
        ("category", _("Category"), str(asked.category or "")),
        ("brand", _("Brand"), str(asked.brand or "")),
    ]
    return [(label, value, where(asked, **{name: "", **kept})) for name, label, value in rows if value]


# --- what is shown ------------------------------------------------------------------------------------------------


def _shown(asked: Asked, show: str, aspects: Sequence[Aspect]) -> dict[str, Any]:
    counted = aspect_counts.count(asked, show)
    found, by_week = counted.groups, counted.weeks
    groups = _groups(found, show, asked, aspects)
    kept = [("show", show)] + [
        (name, value) for name, value in query(asked).items() if name in ("product", "category", "brand")
    ]
    return {
        "page_title": answer(found, groups),
        "tabs": [(name, title, address(asked, show=name)) for name, title in VIEWS.items()],
        "choices": _choices(asked, aspects),
        "search": Choice("q", _("Product name or ID"), asked.text),
        "kept": kept,
        "chips": chips(asked, address, show=show),
        "clear_url": address(Asked(asked.period), show=show) if asked.is_narrowed else "",
        "facts": _facts(found),
        "chart": _bars(asked, show, found, groups),
        "weeks": _weeks(asked, by_week),
        "head": VIEWS[show],
        "rows": [_table_row(asked, show, one, groups.get(one.key, UNKNOWN)) for one in found],
        "is_cut": len(found) == aspect_counts.MOST_GROUPS,
        "most": figure(aspect_counts.MOST_GROUPS),
        "read": _read(),
        "least": LEAST,
    }


def _choices(asked: Asked, aspects: Sequence[Aspect]) -> list[Choice]:
    languages = dict.fromkeys([*shop_languages(), *filter(None, [asked.language])])
    return [
        Choice("aspect", _("Aspect"), asked.aspect.key if asked.aspect else "",
               [("", _("All aspects")), *((one.key, one.title) for one in aspects)]),
        Choice("language", _("Language"), asked.language,
               [("", _("All languages")), *((code, language_name(code)) for code in languages)]),
    ]  # fmt: skip


def _groups(found: Sequence[Said], show: str, asked: Asked, aspects: Sequence[Aspect]) -> Groups:
    """What each group is called and what narrows an address to it; at most one query."""
    keys = [one.key for one in found if one.key != ""]
    if show == "aspects":
        return {one.pk: Group(one.title, {"aspect": one.key}) for one in aspects}
    if show == "products":
        return {pk: Group(one.localised("name"), {"product": pk}) for pk, one in Product.objects.in_bulk(keys).items()}
    if show == "brands":
        brands = {pk: Group(str(one), {"brand": pk}) for pk, one in Brand.objects.in_bulk(keys).items()}
        return brands | {"": Group(_("No brand"))}
    if show == "languages":
        return {key: Group(language_name(key), {"language": key}) for key in keys} | {"": Group(_("unknown"))}
    groups = {
        one.path: Group(str(one), {"category": one.pk}, is_leaf=not one.numchild)
        for one in Category.objects.filter(path__in=keys)
    }
    if asked.category is not None:
        groups[asked.category.path] = Group(_("%(category)s itself") % {"category": asked.category})
    return groups | {"": Group(_("No category"))}


def answer(found: Sequence[Said], groups: Groups) -> str:
    """What is praised and complained about most, in one sentence."""
    worst = max(found, key=lambda one: one.now.negative, default=None)
    best = max(found, key=lambda one: one.now.positive, default=None)
    if worst is None or best is None or not (worst.now.negative or best.now.positive):
        return _("No praise and no complaints in these days")
    if not worst.now.negative:
        return _("%(name)s is praised most: %(praise)s reviews") % {
            "name": groups.get(best.key, UNKNOWN).name, "praise": figure(best.now.positive),
        }  # fmt: skip
    words = {
        "best": groups.get(best.key, UNKNOWN).name, "praise": figure(best.now.positive),
        "worst": groups.get(worst.key, UNKNOWN).name, "complaints": figure(worst.now.negative),
    }  # fmt: skip
    if not best.now.positive:
        return _("Most complaints: %(worst)s (%(complaints)s)") % words
    return _("Praised most: %(best)s (%(praise)s). Most complaints: %(worst)s (%(complaints)s)") % words


def _facts(found: Sequence[Said]) -> list[tuple[Any, str]]:
    """Sums of what the table shows."""
    total = sum((one.now for one in found), Opinions())
    return [
        (_("Opinions"), figure(total.reviews)),
        (PRAISE, _share(total.positive, total.praise)),
        (COMPLAINTS, _share(total.negative, total.complaints)),
        (Polarity.NEUTRAL.label.capitalize(), figure(total.neutral)),
    ]


def _share(count: int, share: float | None) -> str:
    return "–" if share is None else f"{figure(count)} · {percent(share)}"


def _bars(asked: Asked, show: str, found: Sequence[Said], groups: Groups) -> Chart:
    some = found[:BARS]
    title = {
        "aspects": _("Praise and complaints by aspect"), "products": _("Praise and complaints by product"),
        "categories": _("Praise and complaints by category"), "brands": _("Praise and complaints by brand"),
        "languages": _("Praise and complaints by language"),
    }[show]  # fmt: skip
    return bar_chart(
        title, [groups.get(one.key, UNKNOWN).name for one in some],
        [Line(PRAISE, [one.now.positive for one in some]), Line(COMPLAINTS, [one.now.negative for one in some])],
        first_head=VIEWS[show], is_horizontal=True,
        note=_("Reviews, those with most complaints first. Click a bar to read them."),
        urls=[behind_address(asked, **groups.get(one.key, UNKNOWN).part) for one in some],
    )  # fmt: skip


def _weeks(asked: Asked, by_week: Sequence[tuple[date, Opinions]]) -> Chart:
    first, last = asked.period.first, asked.period.last
    urls = [
        behind_address(asked, **between(max(week, first), min(week + timedelta(days=6), last)))
        for week, _said in by_week
    ]  # fmt: skip
    return line_chart(
        _("Praise and complaints by week"), [day_text(week) for week, _said in by_week],
        [Line(PRAISE, [said.positive for _week, said in by_week]),
         Line(COMPLAINTS, [said.negative for _week, said in by_week])],
        first_head=_("Week from"), note=_("Opinions in the reviews of each week. Click a point to read them."),
        urls=urls,
    )  # fmt: skip


def between(first: date, last: date) -> dict[str, str]:
    """Two days for an address."""
    return {"within": "between", "from": first.isoformat(), "to": last.isoformat()}


def _table_row(asked: Asked, show: str, one: Said, group: Group) -> dict[str, Any]:
    """A row of aspects leads to products, a branch to the branches below it, everything else to its aspects."""
    part = group.part
    deeper = "products" if show == "aspects" else show if show == "categories" and not group.is_leaf else "aspects"
    return {
        "name": group.name,
        "url": address(asked, show=deeper, **part) if part else "",
        "said": one,
        "all_url": behind_address(asked, **part) if part else "",
        "praise_url": behind_address(asked, polarity=Polarity.POSITIVE, **part) if part else "",
        "complaints_url": behind_address(asked, polarity=Polarity.NEGATIVE, **part) if part else "",
        "neutral_url": behind_address(asked, polarity=Polarity.NEUTRAL, **part) if part else "",
        "change": change_words(one),
        "tone": "" if not one.is_clear else "bad" if (one.change or 0) > 0 else "good",
    }


def change_words(one: Said) -> str:
    """▲ 3.1 points, – where there is too little to compare."""
    if one.change is None:
        return "–"
    arrow = "▲" if one.change > 0 else "▼" if one.change < 0 else "＝"
    return _("%(arrow)s %(points)s points") % {"arrow": arrow, "points": f"{abs(one.change) * 100:.1f}"}


def _read() -> dict[str, Any]:
    """When reviews were read last and with what. Two queries."""
    newest = ReviewAspect.objects.order_by("-pk").select_related("model_version").first()
    return {
        "at": ReviewReading.objects.aggregate(at=Max("read_at"))["at"],
        "version": newest.model_version if newest is not None else None,
        "is_list": newest is not None and newest.model_version is None,
    }


# --- the file -----------------------------------------------------------------------------------------------------


def table(request: HttpRequest) -> PageTable:
    """The table that the address shows, all of its rows."""
    aspects = list(Aspect.objects.filter(is_active=True))
    show, asked = state(request, aspect_counts.clock(), aspects)
    heads = [
        VIEWS[show], _("Reviews"), PRAISE, _("Share of praise"), COMPLAINTS, _("Share of complaints"),
        Polarity.NEUTRAL.label.capitalize(), _("Reviews before"), _("Complaints before"), _("Change in points"),
    ]  # fmt: skip

    def rows() -> Iterator[Sequence[Any]]:
        found = aspect_counts.count(asked, show, most=None).groups
        groups = _groups(found, show, asked, aspects)
        for one in found:
            now, before = one.now, one.before
            yield [
                groups.get(one.key, UNKNOWN).name, now.reviews, now.positive, _four(now.praise), now.negative,
                _four(now.complaints), now.neutral, before.reviews if before else None,
                before.negative if before else None, None if one.change is None else round(one.change * 100, 2),
            ]  # fmt: skip

    return PageTable(f"{_('What customers say')} {asked.period.words}", heads, rows())


def _four(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
