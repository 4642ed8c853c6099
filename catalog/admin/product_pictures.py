"""The card of pictures on the page of a product: sent several at once, put in order, described, taken off with undo.

It lies outside the form of the product: each act is saved at once and answered with the list as it is now.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin.arriving import arriving_state
from catalog.admin.notices import acting
from catalog.importing.pictures import MAX_BYTES
from catalog.models import ArrivingPicture, Product, ProductImage
from catalog.services import pictures
from core.admin.base import StaffModelAdmin
from core.components import figure
from core.exceptions import BadInput, DomainError
from core.panels import MAIN, Panel

SEE, CHANGE = "catalog.view_productimage", "catalog.change_productimage"
LARGE = 160
LONGEST_ALT = 300
MOST_ARRIVING = 50
LONGEST_PK = 18


def card(request: HttpRequest, product: Product) -> Panel:
    """The pictures of the product, below its form."""
    may_change = request.user.has_perm(CHANGE)
    shown = _context(product, may_change=may_change)
    return Panel(
        title=_("Pictures"),
        template="admin/catalog/panels/pictures.html",
        context={**shown, "address": reverse("admin:catalog_product_pictures", args=[product.pk])},
        place=MAIN,
        count=len(shown["images"]),
        empty="" if may_change or shown["images"] else _("This product has no picture yet."),
    )


def _context(product: Product, *, may_change: bool) -> dict[str, Any]:
    images = sorted(product.images.all(), key=lambda image: (image.position, image.pk))  # read with the product already
    arriving = list(product.arriving_pictures.order_by("state", "id")[: MOST_ARRIVING + 1])
    return {
        "images": [
            {
                "row": image,
                "source": reverse("picture", args=[LARGE, image.file.name]),
                "size": f"{figure(image.width)} × {figure(image.height)}",
                "place": place,
            }
            for place, image in enumerate(images, 1)
        ],
        "arriving": [{"row": row, "state": arriving_state(row)} for row in arriving[:MOST_ARRIVING]],
        "more_arriving": len(arriving) > MOST_ARRIVING,
        "is_waiting": any(row.state == ArrivingPicture.State.WAITING for row in arriving),
        "may_change": may_change,
    }


class PicturesMixin(StaffModelAdmin):
    """The address behind the card. A POST says `act`; its answer is JSON: `list` (the list as it is now), `said`, and
    `undo` (a key) or, with 4xx, `error` (a sentence)."""

    def pictures_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.pictures_view)
        return [path("<int:pk>/pictures/", view, name="catalog_product_pictures")]

    def pictures_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        may_change = request.user.has_perm(CHANGE)
        if not (may_change or (request.method == "GET" and request.user.has_perm(SEE))):
            raise PermissionDenied
        product = get_object_or_404(Product, pk=pk)
        if request.method != "POST":
            return HttpResponse(_list(request, product))
        try:
            answer = _ACTS.get(request.POST.get("act", ""), _unknown)(request, product)
        except DomainError as error:
            return JsonResponse({"error": str(error.message)}, status=error.status)
        return JsonResponse({"list": _list(request, product), **answer})


def _list(request: HttpRequest, product: Product) -> str:
    context = _context(product, may_change=request.user.has_perm(CHANGE))
    return render_to_string("admin/catalog/panels/pictures_list.html", context, request)


def _add(request: HttpRequest, product: Product) -> dict[str, Any]:
    sent = request.FILES.get("image")
    if not isinstance(sent, UploadedFile):
        raise BadInput(_("Choose a picture to upload."))
    if (sent.size or 0) > MAX_BYTES:
        raise BadInput(_("The picture %(reason)s.") % {"reason": _("is larger than 10 MB")})
    before = product.images.count()
    added = pictures.add(product, sent.read(), name=sent.name or "", by=acting(request))
    if isinstance(added, ArrivingPicture):
        return {"said": _("It is large, so it appears in a minute.")}
    is_known = product.images.count() == before
    return {"said": _("This product has the picture already.") if is_known else _("Picture added")}


def _address(request: HttpRequest, product: Product) -> dict[str, Any]:
    added = pictures.add_address(product, request.POST.get("url", ""), by=acting(request))
    if isinstance(added, ProductImage):
        return {"said": _("This product has the picture already.")}
    return {"said": _("It is fetched now.")}


def _order(request: HttpRequest, product: Product) -> dict[str, Any]:
    wanted = [int(text) for text in request.POST.get("ids", "").split(",") if _is_pk(text)]
    pictures.put_in_order(product, wanted, by=acting(request))
    return {"said": _("Order saved")}


def _describe(request: HttpRequest, product: Product) -> dict[str, Any]:
    alt = " ".join(request.POST.get("alt", "").replace("\x00", "").split())
    if len(alt) > LONGEST_ALT:
        raise BadInput(_("At most %(most)d characters.") % {"most": LONGEST_ALT})
    pictures.describe(_image(request, product), alt, by=acting(request))
    return {"said": _("Description saved")}


def _remove(request: HttpRequest, product: Product) -> dict[str, Any]:
    removed = pictures.remove([_image(request, product).pk], by=acting(request))
    text = ngettext("%(count)d picture removed", "%(count)d pictures removed", removed.count)
    return {"said": text % {"count": removed.count}, "undo": removed.undo}


def _undo(request: HttpRequest, product: Product) -> dict[str, Any]:
    count = pictures.undo_removal(request.POST.get("key", ""), by=acting(request))
    return {"said": ngettext("%(count)d picture put back", "%(count)d pictures put back", count) % {"count": count}}


def _again(request: HttpRequest, product: Product) -> dict[str, Any]:
    pictures.try_again([_arriving(request, product).pk], by=acting(request))
    return {"said": _("It is tried again.")}


def _discard(request: HttpRequest, product: Product) -> dict[str, Any]:
    pictures.forget_arriving([_arriving(request, product).pk])
    return {"said": _("Discarded")}


def _unknown(request: HttpRequest, product: Product) -> dict[str, Any]:
    raise BadInput(_("This page is out of date. Load it again."))


_ACTS = {
    "add": _add, "address": _address, "order": _order, "describe": _describe, "remove": _remove, "undo": _undo,
    "again": _again, "discard": _discard,
}  # fmt: skip


def _is_pk(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_PK


def _gone() -> BadInput:
    return BadInput(gettext_lazy("Somebody else removed it meanwhile."), code="gone")


def _image(request: HttpRequest, product: Product) -> ProductImage:
    text = request.POST.get("id", "")
    found = product.images.filter(pk=int(text)).select_related("product").first() if _is_pk(text) else None
    if found is None:
        raise _gone()
    return found


def _arriving(request: HttpRequest, product: Product) -> ArrivingPicture:
    text = request.POST.get("id", "")
    found = product.arriving_pictures.filter(pk=int(text)).first() if _is_pk(text) else None
    if found is None:
        raise _gone()
    return found
