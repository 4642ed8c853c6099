"""Pictures of strangers made safe: looked at before they are decoded, drawn anew, without what else was in them."""

import io
import warnings
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_SIDE = 8_000
FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
_OPTIONS = {"JPEG": {"quality": 90}, "PNG": {"compress_level": 6}, "WEBP": {"quality": 90}}
_MODES = {"JPEG": {"RGB", "L"}, "PNG": {"RGB", "RGBA", "L", "LA", "P", "1"}, "WEBP": {"RGB", "RGBA"}}


class PictureRefused(Exception):
    """Why a picture cannot be used; the message is for people."""


@dataclass(frozen=True)
class CleanPicture:
    """A picture that was encoded here: its bytes, the ending of its name, and its size in pixels."""

    content: bytes
    extension: str
    width: int
    height: int


def clean_picture(data: bytes) -> CleanPicture:
    """Decode and encode again: JPEG, PNG or WebP, first frame, upright, without metadata.

    Size in bytes, pixels and sides is checked before anything is decoded. Raises PictureRefused.
    """
    if len(data) > MAX_BYTES:
        raise PictureRefused(_("is larger than 10 MB"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(data), formats=tuple(FORMATS))
        _check_size(image)
        kind = str(image.format)
        image.load()
        image = ImageOps.exif_transpose(image)
    except PictureRefused:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise PictureRefused(_("is not a whole JPEG, PNG or WebP picture")) from error
    if image.mode not in _MODES[kind]:
        transparent = "A" in image.mode or "transparency" in image.info
        image = image.convert("RGBA" if transparent and kind != "JPEG" else "RGB")
    transparency = image.info.get("transparency") if image.mode == "P" else None
    image.info = {} if transparency is None else {"transparency": transparency}
    written = io.BytesIO()
    image.save(written, kind, **_OPTIONS[kind], exif=b"", icc_profile=None)
    return CleanPicture(written.getvalue(), FORMATS[kind], image.width, image.height)


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise PictureRefused(
            _("is %(width)d × %(height)d pixels; at most 8,000 a side and 25 million in all")
            % {"width": width, "height": height}
        )
    if not width or not height:
        raise PictureRefused(_("is not a whole JPEG, PNG or WebP picture"))
