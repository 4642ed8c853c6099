"""Staff page "Duplicate photos": groups of photos that look the same, each kept or thinned in one click."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.admin import cells as shared
from catalog.admin.notices import acting
from catalog.models import ProductImage
from core.components import figure, toast
from core.exceptions import DomainError
from vision import selectors, services
from vision.selectors import Group

PAGE = 12
MOST_PAGES = 1_000
LONGEST_PK = 18
LARGE = 320
REMOVE = "catalog.change_product"


@dataclass(frozen=True)
class Photo:
    """One photo of a group; made without further queries."""

    image: ProductImage
    address: str
    product: str
    status: SafeString
    page: str


@dataclass(frozen=True)
class Shown:
    """A group as the page shows it."""

    group: Group
    photos: list[Photo]
    words: str


def page(request: HttpRequest) -> HttpResponse:
    """`?page=`; a POST keeps a group (`keep`), removes photos (`remove`) or takes back (`act` undo with `key`)."""
    if request.method == "POST":
        _act(request)
        return HttpResponseRedirect(request.get_full_path())
    number = _page_number(request)
    count = selectors.group_count()
    here = reverse("admin:vision_duplicates")
    if number > 1 and (number - 1) * PAGE >= count:
        return HttpResponseRedirect(here)
    found = selectors.groups((number - 1) * PAGE, PAGE) if count else []
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Duplicate photos"),
        "crumbs": [{"title": _("Photos"), "url": reverse("admin:vision_imageanalysis_changelist")}],
        "groups": [_shown(group) for group in found],
        "summary": ngettext("%(count)s group", "%(count)s groups", count) % {"count": figure(count)},
        "may_remove": request.user.has_perm(REMOVE),
        "next_page": f"{here}?page={number + 1}" if count > number * PAGE else "",
        "previous_page": f"{here}?page={number - 1}" if number > 1 else "",
        "empty_title": _("No duplicates"),
        "empty_text": _("Photos that look the same, smaller, compressed or mirrored, appear here within minutes."),
        "empty_label": _("All photos"),
        "empty_url": reverse("admin:vision_imageanalysis_changelist"),
    }
    return render(request, "admin/vision/duplicates.html", context)


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return min(max(int(text), 1), MOST_PAGES) if text.isdecimal() and len(text) < 6 else 1


def _shown(group: Group) -> Shown:
    photos = [
        Photo(
            image=image,
            address=reverse("picture", args=[LARGE, image.file.name]),
            product=image.product.localised("name"),
            status=shared.product_status(image.product),
            page=reverse("admin:catalog_product_change", args=[image.product_id]),
        )
        for image in group.images
    ]
    return Shown(group, photos, _words(group))


def _words(group: Group) -> str:
    count = ngettext(
        "%(photos)s photos of %(products)s product", "%(photos)s photos of %(products)s products", group.products
    ) % {"photos": figure(len(group.images)), "products": figure(group.products)}
    how = _("the same file") if group.is_exact else _("looks the same")
    parts = [count, how, *([_("one is mirrored")] if group.is_mirrored else [])]
    return " · ".join(parts)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= LONGEST_PK else None


def _act(request: HttpRequest) -> None:
    by, here = acting(request), reverse("admin:vision_duplicates")
    try:
        if request.POST.get("act") == "undo":
            count = services.undo(request.POST.get("key", ""), by=by)
            toast(request, ngettext("%(count)d photo put back", "%(count)d photos put back", count) % {"count": count})
            return
        if (group := _number(request.POST.get("keep", ""))) is not None:
            decision = services.keep_all(group, by=by)
            text = ngettext("%(count)d photo kept", "%(count)d photos kept", decision.count)
        elif (image := _number(request.POST.get("remove", ""))) is not None and request.user.has_perm(REMOVE):
            decision = services.remove([image], by=by)
            text = ngettext("%(count)d photo removed", "%(count)d photos removed", decision.count)
        else:
            return
    except DomainError as error:
        messages.error(request, str(error.message))
        return
    if decision.undo:
        toast(request, text % {"count": decision.count}, undo=here, act="undo", key=decision.undo)
    else:
        toast(request, _("Somebody else decided it meanwhile"))
