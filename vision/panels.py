"""What is shown about photos on the page of a product."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import Product, ProductImage
from catalog.thumbnails import thumbnail_address
from core.panels import Panel
from vision import memory, selectors
from vision.admin import cells, photo_search
from vision.choices import ADVICE, Issue
from vision.ml.nearest import nearest
from vision.models import ImageAnalysis
from vision.roles import DECIDE

ALIKE = 6


def photos_of_product(request: HttpRequest, product: Product) -> Panel:
    """Each photo with its colours, what is wrong with it and what to do about that."""
    images = selectors.photos_of(product)
    doubles = selectors.doubles_of(images)
    seen = [_seen(image) for image in images]
    may_decide = request.user.has_perm(DECIDE)
    return Panel(
        title=_("Photos"),
        template="admin/vision/panels/product.html",
        context={
            "rows": [
                _row(image, analysis, doubles.get(analysis.duplicate_group or 0, []) if analysis else [])
                for image, analysis in zip(images, seen, strict=True)
            ]
        },
        count=len(images),
        as_of=max((one.analysed_at for one in seen if one), default=None),
        url=reverse("admin:vision_duplicates") if doubles and may_decide else "",
        url_label=_("Duplicate photos"),
        empty="" if images else _("This product has no photo yet."),
    )


def similar_looking(request: HttpRequest, product: Product) -> Panel:
    """Products whose photos look most like this one's, as the network sees them."""
    laid = memory.laid()
    direction = laid.matrix.mean(product.pk) if laid is not None else None
    rows: list[photo_search.Row] = []
    if laid is not None and direction is not None and direction.any():
        rows = photo_search.rows(selectors.alike(nearest(laid.matrix, direction, ALIKE, but=product.pk)))
    return Panel(
        title=_("Similar looking"),
        template="admin/vision/panels/similar.html",
        context={"rows": rows},
        url=reverse("admin:vision_search"),
        url_label=_("Search by photo"),
        empty="" if rows else _("No network has read the photos of this product yet."),
    )


def _seen(image: ProductImage) -> ImageAnalysis | None:
    return getattr(image, "analysis", None)


def _row(image: ProductImage, analysis: ImageAnalysis | None, doubles: list[ProductImage]) -> dict[str, Any]:
    others = [one for one in doubles if one.pk != image.pk]
    return {
        "thumbnail": thumbnail_address(image),
        "faults": cells.faults(analysis) if analysis else "",
        "advice": [ADVICE[Issue(one)] for one in analysis.issues] if analysis else [],
        "colours": cells.colours(analysis) if analysis else "",
        "size": cells.size(image.width, image.height),
        "doubles": [
            (one.product.localised("name"), reverse("admin:catalog_product_change", args=[one.product_id]))
            for one in others[:3]
        ],
        "more": max(0, len(others) - 3),
    }
