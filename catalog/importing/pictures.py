"""Pictures of strangers made safe: looked at before they are decoded, drawn anew, without what else was in them."""

import io
import warnings
from dataclasses import dataclass
from math import sqrt
from typing import Any

from django.utils.translation import gettext_noop
from PIL import Image

from core.said import Said

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_SIDE = 8_000
KEPT_PIXELS = 8_000_000
"""Larger pictures are made smaller. Nobody decodes more than this while a person or a shop waits for an answer."""
FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
_OPTIONS = {"JPEG": {"quality": 90}, "PNG": {"compress_level": 6}, "WEBP": {"quality": 90}}
_MODES = {"JPEG": {"RGB", "L"}, "PNG": {"RGB", "RGBA", "L", "LA", "P", "1"}, "WEBP": {"RGB", "RGBA"}}


BAND = 256
"""Rows that are made narrower at once."""
WEBP_PIXELS = 7_000_000
"""The decoder of WebP needs 23 bytes a pixel and cannot read a part."""
MOST_COEFFICIENTS = 160_000_000
"""Bytes that a JPEG in passes may need beside its pixels: all of it is kept until the last pass, two for each value."""
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


class PictureRefused(Exception):
    """Why a picture cannot be used: `said` for people of either language, `str()` in that of whoever reads it now."""

    def __init__(self, text: str, **values: Any) -> None:
        super().__init__(text)
        self.said = Said(text, values)

    def __str__(self) -> str:
        return str(self.said)


class PictureTooLarge(PictureRefused):
    """Perhaps a good one, but of more bytes or pixels than are taken."""


TOO_LARGE = gettext_noop("is larger than 10 MB")
MANY_PIXELS = gettext_noop("has more pixels than anybody takes")
NOT_WHOLE = gettext_noop("is not a whole JPEG, PNG or WebP picture")
EMPTY = gettext_noop("is an empty file")
BROKEN = gettext_noop("is cut off or damaged; upload the original again")
OTHER_KIND = gettext_noop("is %(kind)s; save it as JPEG, PNG or WebP")
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n")
_OTHER_KINDS = {
    b"GIF87a": "GIF", b"GIF89a": "GIF", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"%PDF-": "PDF", b"8BPS": "Photoshop",
    b"<svg": "SVG",
}  # fmt: skip
_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC", b"avif": "AVIF", b"avis": "AVIF"}
"""Of files as telephones write them; the brand stands behind four bytes of length and `ftyp`."""


@dataclass(frozen=True)
class CleanPicture:
    """A picture that was encoded here: its bytes, the ending of its name, and its size in pixels."""

    content: bytes
    extension: str
    width: int
    height: int


def clean_picture(data: bytes, *, in_request: bool = False) -> CleanPicture:
    """Decode and encode again: JPEG, PNG or WebP, first frame, upright, at most 8 megapixels, without metadata.

    Size in bytes, pixels and sides is checked before anything is decoded. With `in_request` at most 8 megapixels are
    decoded: larger JPEGs are read at a half of their size, larger PNG and WebP are refused. Raises PictureRefused.
    """
    image = _head_of(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Cameras put a second, small picture behind the first and call the file MPO.
            kind = "JPEG" if image.format == "MPO" else str(image.format)
            _check_size(image)
            _shrink_while_decoding(image, kind, in_request=in_request)
            return _drawn_anew(image, kind)
    except PictureRefused:
        raise
    except Exception as error:  # decoders raise whatever they stumble over: struct.error, KeyError, MemoryError, …
        raise PictureRefused(BROKEN) from error


def pixels_of(data: bytes) -> int:
    """How many pixels would be decoded, read from the head alone. Raises PictureRefused for what is no picture or too
    large to be ever decoded."""
    image = _head_of(data)
    _check_size(image)
    return image.width * image.height


def check_picture(data: bytes) -> None:
    """What `clean_picture` refuses within a request, by the head alone: nothing is decoded. Raises PictureRefused."""
    image = _head_of(data)
    _check_size(image)
    _shrink_while_decoding(image, "JPEG" if image.format == "MPO" else str(image.format), in_request=True)


def _head_of(data: bytes) -> Image.Image:
    if len(data) > MAX_BYTES:
        raise PictureTooLarge(TOO_LARGE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(data), formats=tuple(FORMATS))
    except Image.DecompressionBombError as error:
        raise PictureTooLarge(MANY_PIXELS) from error
    except Exception as error:  # decoders raise whatever they stumble over
        raise _no_picture(data) from error


def _no_picture(data: bytes) -> PictureRefused:
    """Says what it is instead, where its first bytes tell."""
    if not data:
        return PictureRefused(EMPTY)
    if data.startswith(_BEGINNINGS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return PictureRefused(BROKEN)
    kind = next((name for mark, name in _OTHER_KINDS.items() if data.startswith(mark)), "")
    kind = kind or (_BRANDS.get(data[8:12], "") if data[4:8] == b"ftyp" else "")
    return PictureRefused(OTHER_KIND, kind=kind) if kind else PictureRefused(NOT_WHOLE)


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise PictureTooLarge(
            gettext_noop("is %(width)d × %(height)d pixels; at most 8,000 a side and 25 million in all"),
            width=width, height=height,
        )  # fmt: skip
    if not width or not height:
        raise PictureRefused(NOT_WHOLE)
    if (image.format == "WEBP" and width * height > WEBP_PIXELS) or _coefficients(image) > MOST_COEFFICIENTS:
        raise PictureRefused(
            gettext_noop("is %(width)d × %(height)d pixels, too many for this kind; store it as a plain JPEG"),
            width=width, height=height,
        )  # fmt: skip


def _shrink_while_decoding(image: Image.Image, kind: str, *, in_request: bool) -> None:
    width, height = image.size
    if width * height <= KEPT_PIXELS:
        return
    if kind == "JPEG":
        image.draft(None, (width // 2, height // 2))
    elif in_request:
        raise PictureTooLarge(
            gettext_noop(
                "is %(width)d × %(height)d pixels; larger than 8 million only JPEG is taken here, others by an import"
            ),
            width=width, height=height,
        )  # fmt: skip


def _coefficients(image: Image.Image) -> int:
    """Bytes that the decoder keeps of a JPEG in passes; 0 of others, which are decoded line by line."""
    is_in_passes = "progressive" in image.info or "progression" in image.info
    return image.width * image.height * len(image.getbands()) * 2 if is_in_passes else 0


def _drawn_anew(image: Image.Image, kind: str) -> CleanPicture:
    image.load()
    transparent = "A" in image.mode or "transparency" in image.info
    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    pixels = image.width * image.height
    if pixels > KEPT_PIXELS:
        scale = sqrt(KEPT_PIXELS / pixels)
        image = _made_smaller(image, max(1, int(image.width * scale)), max(1, int(image.height * scale)))
    image = _eight_bits(image)
    if turn is not None:
        image = image.transpose(turn)
    if image.mode not in _MODES[kind]:
        image = image.convert("RGBA" if transparent and kind != "JPEG" else "RGB")
    transparency = image.info.get("transparency") if image.mode == "P" else None
    image.info = {} if transparency is None else {"transparency": transparency}
    written = io.BytesIO()
    image.save(written, kind, **_OPTIONS[kind], exif=b"", icc_profile=None)
    return CleanPicture(written.getvalue(), FORMATS[kind], image.width, image.height)


def _made_smaller(image: Image.Image, width: int, height: int) -> Image.Image:
    """First narrower, band by band, then lower: never a second picture of the full size in memory. Ends `image`."""
    narrow: Image.Image | None = None
    for top in range(0, image.height, BAND):
        band = image.crop((0, top, image.width, min(top + BAND, image.height)))
        band = _smooth(_eight_bits(band)).resize((width, band.height))
        if narrow is None:
            narrow = Image.new(band.mode, (width, image.height))
        narrow.paste(band, (0, top))
    image.close()
    assert narrow is not None  # a picture has a row
    return narrow.resize((width, height))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Of 16 bits a pixel the upper eight: what screens show."""
    return image.convert("I").point(lambda value: value / 256).convert("L") if image.mode.startswith("I") else image


def _smooth(image: Image.Image) -> Image.Image:
    """A mode in which pixels can be mixed."""
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    return image.convert("L") if image.mode == "1" else image
