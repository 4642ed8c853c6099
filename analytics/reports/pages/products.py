"""Staff page "Products sold": products, categories, price bands and baskets."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db import OperationalError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.reports import baskets, kept, products
from analytics.reports.asof import AsOf, as_of
from analytics.reports.empty import import_address
from analytics.reports.people import days_words, may_save
from analytics.reports.products import Asked, Group, Products
from catalog.models import Category, Product
from core.components import figure, money, percent
from core.components.figures import direction
from core.components.words import money_short
from core.reports import Choice, Line, Period, bar_chart

VIEWS: dict[str, Any] = {
    "products": gettext_lazy("Products"), "categories": gettext_lazy("Categories"),
    "prices": gettext_lazy("Price bands"), "baskets": gettext_lazy("Baskets"),
}  # fmt: skip
SORTS: dict[str, Any] = {
    "revenue": gettext_lazy("Most revenue"), "items": gettext_lazy("Most pieces"),
    "orders": gettext_lazy("Most orders"), "growth": gettext_lazy("Grew most"),
    "falling": gettext_lazy("Fell most"), "returns": gettext_lazy("Most returned"),
}  # fmt: skip
CLASSES: dict[str, Any] = {
    "": gettext_lazy("All classes"), "A": gettext_lazy("A: first 80% of revenue"),
    "B": gettext_lazy("B: up to 95%"), "C": gettext_lazy("C: the rest"),
}  # fmt: skip
LONGEST_TEXT = 80
ALONE = "only:"
AT_ONCE_DAYS = 92
"""More days, and baskets, are added up once the page is there."""


def page(request: HttpRequest) -> HttpResponse:
    """`?show=products|categories|prices|baskets&within=…&against=…`, for products also `sort`, `abc`, `category`, `q`,
    `page`. What is not understood is what is usual. `part=shown` is what is below the days."""
    clock = as_of()
    show, period, category = state(request, clock)
    if kept.is_asked(request):
        return _keep(request, show, period)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Products sold"),
        "page_title": _("Products sold"),
        "crumbs": [{"title": _("Products sold"), "url": reverse("admin:analytics_products")}],
        "clock": clock,
        "period": period,
        "show": show,
        "tabs": [(name, title, _address(period, show=name)) for name, title in VIEWS.items()],
        "kept": [("show", show), *([("category", category.pk)] if category else [])],
        "category": category,
        "all_categories": _address(period, show=show),
        "import_url": import_address(request),
    }  # fmt: skip
    if show == "products":
        context |= _controls(asked(request, category))
    is_part = request.GET.get("part") == "shown"
    if not is_part and clock.first and (show == "baskets" or period.days > AT_ONCE_DAYS):
        context["later_url"] = f"?{urlencode({**request.GET.dict(), 'part': 'shown'})}"
        return render(request, "admin/analytics/products.html", context)
    try:
        with transaction.atomic():
            context |= BUILDERS[show](request, period, category) if clock.first else {}
    except OperationalError:
        context["is_too_long"] = True
    context["is_part"] = is_part
    return render(request, f"admin/analytics/{'products_shown' if is_part else 'products'}.html", context)


def _keep(request: HttpRequest, show: str, period: Period) -> HttpResponse:
    """Keep the buyers of these days as a segment: of a product (`keep` is its number), of a category (its number;
    behind "only:" without what is below it, "none": of products in none), of a price band (where it begins), of
    baskets of one size, of two products in one order (their numbers)."""
    asked, days = request.POST["keep"][:40], {"days": days_words(period.first, period.last)}
    if show == "products":
        (product,) = _products_of(asked, 1)
        name = _("Bought %(product)s, %(days)s") % {"product": product.localised("name"), **days}
        return kept.keep(request, {"kind": "product", "product": product.pk, **kept.days_of(period)}, name)
    if show == "categories":
        own = None if asked == "none" else _category(asked.removeprefix(ALONE))
        if own is None and asked != "none":
            raise Http404
        source: dict[str, Any] = {
            "kind": "category",
            "category": own.pk if own else None,
            "is_alone": asked.startswith(ALONE),
        }
        said = _("No category") if own is None else own.localised("name")
        if source["is_alone"]:
            said = _("%(category)s itself") % {"category": said}
        name = _("Bought %(product)s, %(days)s") % {"product": said, **days}
        return kept.keep(request, {**source, **kept.days_of(period)}, name)
    if show == "baskets" and ":" in asked:
        first, second = _products_of(asked, 2)
        names = {"first": first.localised("name"), "second": second.localised("name")}
        name = _("Bought %(first)s and %(second)s together, %(days)s") % {**names, **days}
        source = {"kind": "pair", "products": [first.pk, second.pk], **kept.days_of(period)}
        return kept.keep(request, source, name)
    if show == "prices":
        start = next((one for one in products.STARTS if f"{one:f}" == asked), None)
        if start is not None:
            name = _("Bought at %(band)s, %(days)s") % {"band": _band(start), **days}
            return kept.keep(request, {"kind": "price", "start": asked, **kept.days_of(period)}, name)
    if show == "baskets" and asked in map(str, range(1, baskets.SIZES + 1)):
        source = {"kind": "basket", "products": int(asked), **kept.days_of(period)}
        name = _("Orders of different products: %(count)s, %(days)s") % {"count": _size_words(int(asked)), **days}
        return kept.keep(request, source, name)
    raise Http404


def _products_of(asked: str, count: int) -> list[Product]:
    """The products whose numbers stand there, parted by colons."""
    numbers = asked.split(":")
    if len(numbers) != count or not all(one.isascii() and one.isdigit() and len(one) <= 18 for one in numbers):
        raise Http404
    known = Product.objects.in_bulk([int(one) for one in numbers])
    if len(known) != count:
        raise Http404
    return [known[int(one)] for one in numbers]


def state(request: HttpRequest, clock: AsOf) -> tuple[str, Period, Category | None]:
    """What is shown, of which days and below which category."""
    show = request.GET.get("show", "")
    show = show if show in VIEWS else "products"
    period = Period.of(request, against="" if show == "baskets" else "previous", today=clock.today)
    return show, period, _category(request.GET.get("category"))


def _address(period: Period, **more: Any) -> str:
    query = {**period.query, **{name: value for name, value in more.items() if value}}
    return f"{reverse('admin:analytics_products')}?{urlencode(query)}"


def _category(text: str | None) -> Category | None:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return Category.objects.filter(pk=int(text)).first()


def asked(request: HttpRequest, category: Category | None) -> Asked:
    sort, abc = request.GET.get("sort", ""), request.GET.get("abc", "")
    page = request.GET.get("page", "")
    return Asked(
        sort=sort if sort in products.SORTS else "revenue",
        abc=abc if abc in products.CLASSES else "",
        path=category.path if category else "",
        text=request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_TEXT],
        page=int(page) if page.isascii() and page.isdigit() and 0 < int(page[:6]) < 100_000 and len(page) < 6 else 1,
    )


# --- products -----------------------------------------------------------------------------------------------------


def _products(request: HttpRequest, period: Period, category: Category | None) -> dict[str, Any]:
    wanted = asked(request, category)
    found = products.products(period, wanted)
    known = Product.objects.in_bulk([row.product_id for row in found.rows])
    own: dict[str, Any] = {
        "show": "products", "sort": wanted.sort, "abc": wanted.abc, "category": category.pk if category else "",
        "q": wanted.text,
    }  # fmt: skip
    return {
        "page_title": answer(found),
        "found": found,
        "asked": wanted,
        "rows": [
            (product, row, growth_words(row.growth), str(product.pk))
            for row in found.rows
            if (product := known.get(row.product_id)) is not None
        ],
        "saves": may_save(request),
        "is_filtered": bool(wanted.abc or wanted.text or category),
        "clear_url": _address(period, show="products"),
        "previous_url": _address(period, **own, page=wanted.page - 1) if wanted.page > 1 else "",
        "next_url": _address(period, **own, page=wanted.page + 1) if wanted.page < found.pages else "",
        "links_products": request.user.has_perm("catalog.view_product"),
    }


def _controls(wanted: Asked) -> dict[str, Any]:
    """What the bar offers beside the days."""
    return {
        "choices": [
            Choice("sort", _("Sorted by"), wanted.sort, list(SORTS.items())),
            Choice("abc", _("Class"), wanted.abc, list(CLASSES.items())),
        ],
        "search": Choice("q", _("Name or ID"), wanted.text),
    }


def answer(found: Products) -> str:
    """How few products bring most of the revenue."""
    if not found.sold:
        return _("No product was sold in these days")
    if found.revenue <= 0:
        return _("These products brought no revenue")
    text = ngettext(
        "%(few)s of %(all)s product sold brings 80%% of the revenue",
        "%(few)s of %(all)s products sold bring 80%% of the revenue",
        found.sold,
    )
    return text % {"few": figure(found.counts["A"]), "all": figure(found.sold)}


def growth_words(growth: float | None) -> str:
    """▲ 12%, ▼ 4.1%, – without anything to compare with."""
    if growth is None:
        return "–"
    return f"{direction(growth)} {percent(abs(growth))}"


# --- categories and price bands -----------------------------------------------------------------------------------


def _categories(request: HttpRequest, period: Period, category: Category | None) -> dict[str, Any]:
    found = products.categories(period, category.path if category else "")
    named = _branches(found)
    rows = []
    for name, group in zip(group_names(found, category, named), found, strict=True):
        own = named.get(group.key)
        is_itself = category is not None and group.key == category.path
        deeper = own is not None and not is_itself and own.numchild
        url = ""
        if own is not None:
            url = _address(period, show="categories" if deeper else "products", category=own.pk)
        keep = "none" if own is None else f"{ALONE if is_itself else ''}{own.pk}"
        rows.append((name, group, growth_words(group.growth), url, keep))
    best = next((row for row in rows if row[1].revenue > 0), None)
    title = _("Nothing was sold in these days")
    if best is not None:
        title = _("%(name)s brings most: %(revenue)s, %(share)s of it all") % {
            "name": best[0], "revenue": money_short(best[1].revenue), "share": percent(best[1].share),
        }  # fmt: skip
    return {
        "page_title": title,
        "groups": rows,
        "group_head": _("Category"),
        "saves": may_save(request),
    }


def group_names(
    found: Sequence[Group], category: Category | None, named: dict[str, Category] | None = None
) -> list[str]:
    """What the branches are called. One query where they are not known."""
    named = _branches(found) if named is None else named
    names = []
    for group in found:
        own = named.get(group.key)
        name = _("No category") if own is None else own.localised("name")
        if category is not None and group.key == category.path:
            name = _("%(category)s itself") % {"category": name}
        names.append(name)
    return names


def _branches(found: Sequence[Group]) -> dict[str, Category]:
    return {one.path: one for one in Category.objects.filter(path__in=[group.key for group in found if group.key])}


def _prices(request: HttpRequest, period: Period, _category: Category | None) -> dict[str, Any]:
    found = products.price_bands(period)
    rows = [(_band(group.key), group, growth_words(group.growth), "", f"{group.key:f}") for group in found]
    best = max(rows, key=lambda row: row[1].revenue, default=None)
    title = _("Nothing was sold in these days")
    chart = None
    if best is not None:
        title = _("Products at %(band)s bring most: %(share)s of the revenue") % {
            "band": best[0], "share": percent(best[1].share),
        }  # fmt: skip
        chart = bar_chart(
            _("Revenue by price"), [row[0] for row in rows],
            [Line(_("Revenue"), [row[1].revenue for row in rows], "money")], first_head=_("Price of a piece"),
            note=_("What a piece was paid with on average in these days."),
        )  # fmt: skip
    return {
        "page_title": title,
        "groups": rows,
        "group_head": _("Price of a piece"),
        "chart": chart,
        "saves": may_save(request),
    }


def _band(start: Decimal) -> str:
    return _("%(low)s to %(high)s") % {"low": money(start), "high": money(products.band_end(start))}


# --- baskets ------------------------------------------------------------------------------------------------------


def _baskets(request: HttpRequest, period: Period, _category: Category | None) -> dict[str, Any]:
    found = baskets.baskets(period)
    keys = {key for pair in found.pairs for key in (pair.first, pair.second)}
    known = Product.objects.in_bulk(list(keys))
    title = _("No orders in these days")
    if found.products is not None:
        title = _("An order has %(products)s different products and %(pieces)s pieces on average") % {
            "products": figure(found.products, 1), "pieces": figure(found.pieces, 1),
        }  # fmt: skip
    sizes = [
        (_size_words(size.products), size, percent(size.orders / found.orders), size.products) for size in found.sizes
    ]
    return {
        "page_title": title,
        "baskets": found,
        "keeps": may_save(request),
        "sizes": sizes,
        "pairs": [
            (
                known[pair.first],
                known[pair.second],
                pair,
                figure(pair.lift, 1),
                f"{pair.first}:{pair.second}",
            )
            for pair in found.pairs
            if pair.first in known and pair.second in known
        ],
        "most_orders": baskets.ORDERS,
        "least_together": baskets.LEAST_TOGETHER,
        "links_products": request.user.has_perm("catalog.view_product"),
    }


def _size_words(products: int) -> str:
    return _("%(count)d and more") % {"count": products} if products == baskets.SIZES else figure(products)


BUILDERS = {"products": _products, "categories": _categories, "prices": _prices, "baskets": _baskets}
