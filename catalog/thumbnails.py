"""Small pictures for staff lists, made once from the stored picture and kept beside it."""

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
    name = f"thumbnails/{image.pk}-{version}.webp"
    if default_storage.exists(name):
        with default_storage.open(name) as stored:
            return stored.read()
    try:
        with image.file.open("rb") as source, Image.open(source) as picture:
            if picture.width * picture.height > KEPT_PIXELS:
                return None  # stored by other hands: too much to decode while a page waits
            small: Image.Image = picture
            small.thumbnail((EDGE, EDGE))  # reads a JPEG at a part of its size
            if small.mode not in ("RGB", "RGBA"):
                small = small.convert("RGBA" if "transparency" in small.info else "RGB")
            data = io.BytesIO()
            small.save(data, "WEBP", quality=QUALITY)
    except Exception:  # a file that somebody changed may make a decoder stumble anywhere
        log.warning("thumbnail.unreadable", image_id=image.pk)
        return None
    default_storage.save(name, ContentFile(data.getvalue()))
    return data.getvalue()
