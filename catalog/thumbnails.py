"""Smaller forms of stored pictures, made once and kept beside them: for staff lists, and for storefronts."""

import io
from typing import Any

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image

from catalog.importing.pictures import KEPT_PIXELS
from catalog.models import ProductImage

log = structlog.get_logger(__name__)
EDGE = 112
"""Pixels: twice the 56 that the largest place shows, for dense screens."""
QUALITY = 72
WIDTHS = (160, 320, 480, 800)
"""Pixels: what storefronts may ask for. Few, so that nobody fills the disk with all the numbers there are."""
SHOP_QUALITY = 78


def thumbnail_address(image: ProductImage) -> str:
    """Changes with the picture, so browsers may keep it for ever."""
    version = image.content_sha256[:12] or str(int(image.updated_at.timestamp()))
    return reverse("admin:catalog_product_thumbnail", args=[image.pk, version])


def first_thumbnail(product: Any) -> str:
    """Address of the first picture's thumbnail, "" without a picture. Reads the prefetched pictures."""
    image = next(iter(product.images.all()), None) if product is not None else None
    return thumbnail_address(image) if image is not None else ""


def thumbnail_bytes(image: ProductImage) -> bytes | None:
    """WebP of at most 112 × 112 pixels; None when the stored picture is gone or cannot be read."""
    version = image.content_sha256[:12] or str(int(image.updated_at.timestamp()))
    return _kept(f"thumbnails/{image.pk}-{version}.webp", image.file.name or "", (EDGE, EDGE), QUALITY)


def picture_bytes(name: str, width: int) -> bytes | None:
    """WebP of the stored picture `name` of a product or review, at most `width` pixels wide; never larger than it was.

    None when there is no such picture, it cannot be read, or nobody offers this width.
    """
    if width not in WIDTHS or not name.startswith(("products/", "reviews/")):
        return None
    return _kept(f"pictures/{width}/{name}.webp", name, (width, width * 4), SHOP_QUALITY)


def _kept(kept_as: str, name: str, within: tuple[int, int], quality: int) -> bytes | None:
    """What was made before, else made now."""
    if default_storage.exists(kept_as):
        with default_storage.open(kept_as) as stored:
            content: bytes = stored.read()
        return content
    try:
        with default_storage.open(name, "rb") as source, Image.open(source) as picture:
            if picture.width * picture.height > KEPT_PIXELS:
                return None  # stored by other hands: too much to decode while a page waits
            small: Image.Image = picture
            small.thumbnail(within)  # reads a JPEG at a part of its size
            if small.mode not in ("RGB", "RGBA"):
                small = small.convert("RGBA" if "transparency" in small.info else "RGB")
            data = io.BytesIO()
            small.save(data, "WEBP", quality=quality)
    except Exception:  # a file that somebody changed may make a decoder stumble anywhere
        log.warning("picture.unreadable", name=name)
        return None
    default_storage.save(kept_as, ContentFile(data.getvalue()))
    return data.getvalue()
