"""Sixty pictures that nobody should take as they are."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache

from PIL import Image, PngImagePlugin

SCRIPT = b"<script>alert(document.domain)</script>"
HTML = b"<!doctype html><html><body>" + SCRIPT + b"</body></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
SECRET = b"secret place 48.8584 N"


def drawn(kind: str = "PNG", size: tuple[int, int] = (12, 8), mode: str = "RGB", **how) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, how.pop("colour", None) or 0).save(written, kind, **how)
    return written.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, pixels: bytes, *, depth: int = 8, colour: int = 2, extra: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def exif(**tags) -> Image.Exif:
    found = Image.Exif()
    found[0x010E] = SECRET.decode()
    found[0x0112] = tags.get("turned", 1)
    place = found.get_ifd(0x8825)
    place.update({1: "N", 2: (48.0, 51.0, 30.2), 3: "E", 4: (2.0, 17.0, 40.1)})
    return found


def frames(kind: str, count: int = 3) -> bytes:
    written = io.BytesIO()
    pictures = [Image.new("RGB", (8, 8), (40 * number, 0, 0)) for number in range(count)]
    pictures[0].save(written, kind, save_all=True, append_images=pictures[1:])
    return written.getvalue()


def mpo() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (12, 8), "red").save(written, "MPO", save_all=True, append_images=[Image.new("RGB", (6, 4))])
    return written.getvalue()


def with_text(**more: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for name, text in more.items():
        info.add_text(name, text, zip=True)
    return drawn(pnginfo=info)


def after_head(data: bytes, extra: bytes) -> bytes:
    """Put between the first two parts of a JPEG."""
    return data[:2] + extra + data[2:]


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def riff(kind: bytes, data: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(data) + 4) + kind + data


@cache
def packed_zeros() -> bytes:
    return b"a\0\0" + zlib.compress(b"\0" * 90_000_000)


@cache
def row_bomb(side: int, depth: int, colour: int, bytes_a_row: int) -> bytes:
    """A square of zeros: a few kilobytes that become hundreds of megabytes."""
    packer = zlib.compressobj(9)
    row = b"\0" * (bytes_a_row + 1)
    return png(
        side, side, b"".join(packer.compress(row) for _i in range(side)) + packer.flush(), depth=depth, colour=colour
    )


REFUSED: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\x89",
    "zeros": lambda: b"\0" * 5_000,
    "svg": lambda: SVG,
    "svg with a mark": lambda: b"\xef\xbb\xbf" + SVG,
    "html": lambda: HTML,
    "script": lambda: b"#!/bin/sh\nid\n",
    "pdf": lambda: b"%PDF-1.7\n1 0 obj<<>>endobj\n",
    "zip": lambda: b"PK\x03\x04" + b"\0" * 200,
    "program": lambda: b"\x7fELF" + b"\0" * 200,
    "gif": lambda: drawn("GIF"),
    "animated gif": lambda: frames("GIF"),
    "gif and javascript": lambda: b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)",
    "bmp": lambda: drawn("BMP"),
    "tiff": lambda: drawn("TIFF"),
    "ico": lambda: drawn("ICO", (16, 16)),
    "ppm": lambda: drawn("PPM"),
    "tga": lambda: drawn("TGA"),
    "psd head": lambda: b"8BPS" + b"\0" * 100,
    "eps": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EOF\n",
    "avif head": lambda: b"\0\0\0\x1cftypavif" + b"\0" * 100,
    "heic head": lambda: b"\0\0\0\x1cftypheic" + b"\0" * 100,
    "8,001 wide": lambda: drawn(size=(8_001, 1), mode="1"),
    "8,001 high": lambda: drawn(size=(1, 8_001), mode="1"),
    "65,500 wide jpeg": lambda: drawn("JPEG", (65_500, 1), "L"),
    "over 25 megapixels": lambda: drawn(size=(5_001, 5_000), mode="1"),
    "bomb of 400 megabytes": lambda: row_bomb(7_100, 16, 6, 7_100 * 8),
    "bomb of one bit": lambda: row_bomb(7_999, 1, 0, 1_000),
    "2 thousand million a side": lambda: png(2**31 - 1, 2**31 - 1, zlib.compress(b"\0")),
    "no width": lambda: png(0, 10, zlib.compress(b"\0" * 10)),
    "no height": lambda: png(10, 0, zlib.compress(b"")),
    "no pixels": lambda: png(10, 10, b""),
    "pixels that are not packed": lambda: png(10, 10, b"A" * 300),
    "depth 3": lambda: png(4, 4, zlib.compress(b"\0" * 20), depth=3, colour=0),
    "colour 9": lambda: png(4, 4, zlib.compress(b"\0" * 60), colour=9),
    "palette that is missing": lambda: png(4, 4, zlib.compress(b"\0\1\2\3\4" * 4), colour=3)[:40],
    "png cut in the head": lambda: drawn()[:20],
    "png cut in the pixels": lambda: drawn(size=(300, 300), colour="red")[:120],
    "png with a wrong sum": lambda: flipped(drawn(), 18),
    "jpeg cut in the head": lambda: drawn("JPEG")[:40],
    "jpeg cut in the pixels": lambda: drawn("JPEG", (400, 400))[:700],
    "jpeg of marks alone": lambda: b"\xff\xd8" + b"\xff\xd8" * 3_000,
    "jpeg without pixels": lambda: b"\xff\xd8" + segment(0xE0, b"JFIF\0" + b"\0" * 9) + b"\xff\xd9",
    "webp cut": lambda: drawn("WEBP", (64, 64))[:30],
    "webp head alone": lambda: riff(b"WEBP", b""),
    "wave file": lambda: riff(b"WAVE", b"fmt \x10\0\0\0" + b"\0" * 16),
    "webp of nonsense": lambda: riff(b"WEBP", b"VP8X" + b"\xff" * 40),
    "text bomb": lambda: png(4, 4, zlib.compress(b"\0" * 52), extra=chunk(b"zTXt", packed_zeros())),
    "colour profile bomb": lambda: png(4, 4, zlib.compress(b"\0" * 52), extra=chunk(b"iCCP", packed_zeros())),
    "over 10 megabytes": lambda: drawn("JPEG") + b"\0" * (10 * 1024 * 1024),
}  # fmt: skip
"""Not taken, with a reason."""

CLEANED: dict[str, Callable[[], bytes]] = {
    "html in a comment": lambda: drawn("JPEG", comment=HTML),
    "html behind the end": lambda: drawn("JPEG") + HTML,
    "php behind the end": lambda: drawn() + b"<?php system($_GET['c']); ?>",
    "zip behind the end": lambda: drawn("WEBP") + b"PK\x03\x04" + SCRIPT,
    "script in an application part": lambda: after_head(drawn("JPEG"), segment(0xEF, SCRIPT)),
    "script in a text": lambda: with_text(Title=SCRIPT.decode()),
    "place and name in a jpeg": lambda: drawn("JPEG", exif=exif()),
    "place and name in a png": lambda: drawn(exif=exif()),
    "place and name in a webp": lambda: drawn("WEBP", exif=exif()),
    "xmp in a jpeg": lambda: drawn("JPEG", xmp=b"<x:xmpmeta>" + SECRET + SCRIPT + b"</x:xmpmeta>"),
    "turned jpeg": lambda: drawn("JPEG", exif=exif(turned=6)),
    "nonsense as exif": lambda: after_head(drawn("JPEG"), segment(0xE1, b"Exif\0\0MM\0*" + b"\xff" * 60)),
    "colour profile of nonsense": lambda: drawn("JPEG", icc_profile=SCRIPT * 50),
    "animated webp": lambda: frames("WEBP"),
    "animated png": lambda: frames("PNG"),
    "two pictures in one": mpo,
    "ink colours": lambda: drawn("JPEG", mode="CMYK"),
    "sixteen bits": lambda: drawn(mode="I;16"),
    "sixteen bits and colours": lambda: png(4, 4, zlib.compress((b"\0" + b"\x12\x34" * 12) * 4), depth=16),
    "one bit": lambda: drawn(mode="1"),
    "palette with a hole": lambda: drawn(mode="P", transparency=0),
    "grey and clear": lambda: drawn(mode="LA"),
    "a jpeg that says it is a png": lambda: drawn("JPEG"),
    "12 megapixels of a telephone": lambda: drawn("JPEG", (4_000, 3_000), colour="green", exif=exif(turned=8)),
}
"""Taken, but nothing of what was sent is left but the pixels."""
