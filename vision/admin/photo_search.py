"""Staff page "Search by photo": what arithmetic and the network see on a photo, and what looks like it here."""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from PIL import Image

from catalog.admin import cells as shared
from catalog.admin.fields import CategoryChoiceField
from catalog.importing.pictures import MAX_BYTES, PictureRefused
from catalog.models import Brand, Category, Product
from catalog.thumbnails import thumbnail_address
from core.components import figure, percent
from vision import memory, seeing, selectors
from vision.admin import cells
from vision.memory import Laid
from vision.ml.nearest import mask, nearest
from vision.ml.pictures import Opened
from vision.ml.serving import Reading, Tagger, prepared
from vision.models import ImageAnalysis, Label, LabelSet
from vision.selectors import Alike
from vision.tags import tagged

FIELD = "photo"
BRANDS = "brands"
MOST_BRANDS = 200
"""Offered while a brand is typed; others are found all the same."""
SHOWN = 24
MOST_SAID = 5
LEAST_SAID = 0.05
"""Chances below this are not worth a line."""


def _labels() -> list[tuple[str, list[tuple[str, str]]]]:
    """Labels in use below their sets; categories have a field of their own. One query."""
    rows = Label.objects.in_use().exclude(label_set__kind=LabelSet.Kind.CATEGORY).select_related("label_set")
    found: dict[str, list[tuple[str, str]]] = {}
    for label in rows.order_by("label_set__position", "label_set_id", "position", "pk"):
        found.setdefault(label.label_set.name, []).append((str(label.pk), label.name))
    return list(found.items())


class NarrowingForm(forms.Form):
    """Which products are compared with the photo; empty, all of them."""

    category = CategoryChoiceField(
        required=False, empty_label=gettext_lazy("All"), widget=forms.Select({"class": "zg-input"})
    )
    low = forms.DecimalField(
        label=pgettext_lazy("lowest price", "From"), required=False, min_value=0, max_digits=19, decimal_places=4,
        widget=forms.NumberInput({"class": "zg-input", "step": "any", "min": "0"}),
    )  # fmt: skip
    high = forms.DecimalField(
        label=pgettext_lazy("highest price", "To"), required=False, min_value=0, max_digits=19, decimal_places=4,
        widget=forms.NumberInput({"class": "zg-input", "step": "any", "min": "0"}),
    )  # fmt: skip
    brand = forms.CharField(
        label=gettext_lazy("Brand"), required=False, max_length=120, strip=True,
        widget=forms.TextInput({"class": "zg-input", "autocomplete": "off", "list": BRANDS}),
    )  # fmt: skip
    tag = forms.TypedChoiceField(
        label=gettext_lazy("Tag"), required=False, coerce=int, empty_value=None,
        choices=lambda: [("", _("All")), *_labels()], widget=forms.Select({"class": "zg-input"}),
    )  # fmt: skip
    buyable = forms.BooleanField(label=gettext_lazy("Only what can be bought now"), required=False)

    def clean_brand(self) -> list[int] | None:
        """Primary keys of the brands that are called so, in whatever language; None for any brand."""
        text = str(self.cleaned_data["brand"]).casefold()
        if not text:
            return None
        rows = Brand.objects.values_list("pk", "name", "name_translations")
        found = [pk for pk, name, others in rows if any(text in word.casefold() for word in (name, *others.values()))]
        if not found:
            raise forms.ValidationError(_("No brand is called so."))
        return found

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        low, high = said.get("low"), said.get("high")
        if low is not None and high is not None and low > high:
            self.add_error("low", _("The lowest price is above the highest."))
        return said

    def products(self) -> list[int] | None:
        """Primary keys of what is left; None where nothing narrows. Up to two queries."""
        said = self.cleaned_data
        if not any(value not in (None, False) for value in said.values()):
            return None
        found = Product.objects.sellable() if said["buyable"] else Product.objects.existing()
        if said["category"] is not None:
            found = found.in_branch(said["category"])
        if said["low"] is not None:
            found = found.filter(price__gte=said["low"])
        if said["high"] is not None:
            found = found.filter(price__lte=said["high"])
        if said["brand"] is not None:
            found = found.filter(brand__in=said["brand"])
        if said["tag"] is not None:
            label = Label.objects.select_related("label_set").get(pk=said["tag"])
            found = found.filter(pk__in=tagged(label))
        return list(found.order_by().values_list("pk", flat=True))


@dataclass(frozen=True)
class Row:
    """A product that looks like the photo; made without further queries."""

    name: str
    page: str
    picture: SafeString
    status: SafeString
    likeness: str
    distance: str


@dataclass(frozen=True)
class Said:
    """What the network says of one question, the surest first, and how sure it is."""

    title: str
    answers: list[tuple[str, str]]


def page(request: HttpRequest) -> HttpResponse:
    """A form for a photo; a POST with one shows what it finds. Nothing of the photo is stored."""
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Search by photo"),
        "crumbs": [{"title": _("Photos"), "url": reverse("admin:vision_imageanalysis_changelist")}],
        "problem": "",
        "field": FIELD,
        "narrowing": NarrowingForm(),
        "brands": [one.localised("name") for one in Brand.objects.order_by("name", "pk")[:MOST_BRANDS]],
        "brands_list": BRANDS,
    }
    laid = memory.laid()
    if request.method == "POST":
        narrowing = context["narrowing"] = NarrowingForm(request.POST)
        picture, context["problem"] = _opened(request)
        if not narrowing.is_valid():
            context["problem"] = context["problem"] or " ".join(
                sorted({str(one) for errors in narrowing.errors.values() for one in errors})
            )
        elif picture is not None:
            among = narrowing.products()
            context |= {
                "shown": _address(picture), "is_narrowed": among is not None, **_looked(picture),
                **_found(picture, laid, among),
            }  # fmt: skip
    context["is_ready"] = laid is not None
    context["compared"] = _compared(laid)
    return render(request, "admin/vision/photo_search.html", context, status=422 if context["problem"] else 200)


def _opened(request: HttpRequest) -> tuple[Opened | None, str]:
    file = request.FILES.get(FIELD)
    if file is None:
        return None, _("Choose a photo first.")
    try:
        return seeing.look_at(file.read(MAX_BYTES + 1)), ""
    except PictureRefused as error:
        return None, _("The photo %(reason)s.") % {"reason": error}


def _compared(laid: Laid | None) -> str:
    if laid is None:
        return ""
    return _("Compared with %(pictures)s photos of %(products)s products, as %(version)s sees them.") % {
        "pictures": figure(len(laid.matrix.rows)),
        "products": figure(len(laid.matrix.products)),
        "version": laid.version,
    }


def _address(picture: Opened) -> str:
    """The small photo as an address that holds it."""
    written = io.BytesIO()
    Image.fromarray(picture.rgb).save(written, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode('ascii')}"


def _looked(picture: Opened) -> dict[str, Any]:
    """What arithmetic sees, as on the list of photos."""
    # SciPy stays out of processes that nobody shows a photo.
    from vision.ml.colours import colours
    from vision.ml.quality import quality

    seen = ImageAnalysis(
        issues=list(quality(picture).issues),
        colours=[{"name": one.name, "share": one.share, "code": one.code} for one in colours(picture)],
    )
    return {
        "faults": cells.faults(seen),
        "colours": cells.colours(seen),
        "size": cells.size(picture.width, picture.height),
    }


def _found(picture: Opened, laid: Laid | None, among: list[int] | None) -> dict[str, Any]:
    tagger = seeing.tagger(laid.version_id) if laid is not None else None
    if laid is None or tagger is None:
        return {"said": [], "rows": [], "is_silent": True}
    reading = tagger.read(prepared(picture, tagger.size)[np.newaxis])
    direction = reading.embedding[0]
    if direction.shape != (laid.matrix.dimensions,) or not np.isfinite(direction).all() or not direction.any():
        return {"said": _said(tagger, reading), "rows": [], "is_silent": True}
    allowed = None if among is None else mask(laid.matrix, np.array(among, np.int64))
    alike = selectors.alike(nearest(laid.matrix, direction, SHOWN, allowed=allowed))
    return {"said": _said(tagger, reading), "rows": rows(alike)}


def rows(alike: Iterable[Alike]) -> list[Row]:
    """As the page and the panel show them."""
    return [
        Row(
            name=one.product.localised("name"),
            page=reverse("admin:catalog_product_change", args=[one.product.pk]),
            picture=shared.picture(thumbnail_address(one.image) if one.image else "", 56),
            status=shared.product_status(one.product),
            likeness=f"{one.likeness:.3f}",
            distance=f"{1 - one.likeness:.3f}",
        )
        for one in alike
    ]


def _said(tagger: Tagger, reading: Reading) -> list[Said]:
    """Categories and labels by their names. Two queries."""
    likely = _best(tagger.classes, reading.category[0])
    categories = Category.objects.filter(public_id__in=[key for key, _chance in likely])
    names = {one.public_id: one.localised("name") for one in categories}
    gone = _("a category that is gone")
    found = [Said(_("Category"), [(names.get(key, gone), percent(chance)) for key, chance in likely])]
    labels = {
        (one.label_set.key, one.key): one
        for one in Label.objects.filter(label_set__key__in=[group.key for group in tagger.groups]).select_related(
            "label_set"
        )
    }
    for group in tagger.groups:
        answers = []
        title = group.key
        for key, chance in _best(group.labels, reading.groups[group.key][0]):
            label = labels.get((group.key, key.rpartition("/")[2]))
            title = label.label_set.name if label else title
            answers.append((label.name if label else key, percent(chance)))
        found.append(Said(title, answers))
    return [one for one in found if one.answers]


def _best(keys: Iterable[str], chances: Any) -> list[tuple[str, float]]:
    likely = sorted(zip(keys, chances.tolist(), strict=True), key=lambda one: -one[1])
    return [(key, chance) for key, chance in likely[:MOST_SAID] if chance >= LEAST_SAID]
