"""Which encoding a file is in, found out by reading it once before its rows are used."""

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from django.utils.translation import gettext as _

from catalog.importing.errors import FileRefused

CHUNK = 1 << 20
LONGEST_LINE = 8 << 20
BROKEN = "surrogateescape"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DAMAGED_BYTES = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True)
class Encoding:
    """`name` for open(); `is_damaged` when single rows hold bytes that are not text in it."""

    name: str
    is_damaged: bool
    newlines: int


def open_bytes(path: Path) -> IO[bytes]:
    """The bytes of the file, unpacked when its name ends in .gz."""
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def find_encoding(path: Path) -> Encoding:
    """UTF-8, else GB18030, else UTF-8 with rows to refuse. Raises FileRefused for what is no text at all.

    A file in which most of the characters outside ASCII are right UTF-8 is UTF-8 with damage, not Chinese in GBK.
    """
    scan = _scan(path)
    if not scan.damaged:
        return Encoding("utf-8-sig", False, scan.newlines)
    if scan.damaged > scan.others and _is_gb18030(path):
        return Encoding("gb18030", False, scan.newlines)
    return Encoding("utf-8-sig", True, scan.newlines)


@dataclass
class _Scan:
    newlines: int = 0
    others: int = 0  # characters outside ASCII that are right UTF-8
    damaged: int = 0  # bytes that are not UTF-8


def _scan(path: Path) -> _Scan:
    scan = _Scan()
    decoder = codecs.getincrementaldecoder("utf-8")(errors=BROKEN)
    unbroken = 0
    for number, chunk in enumerate(_chunks(path)):
        if number == 0 and chunk[:2] in _UTF16:
            raise FileRefused(path, _("is in UTF-16; save it as UTF-8"))
        last = chunk.rfind(b"\n")
        if last < 0:
            last = chunk.rfind(b"\r")
        unbroken = unbroken + len(chunk) if last < 0 else len(chunk) - last
        if unbroken > LONGEST_LINE:
            raise FileRefused(path, _("the line is longer than 8 MB"), line=scan.newlines + 1)
        scan.newlines += chunk.count(b"\n")
        if not chunk.isascii() or decoder.getstate()[0]:
            _count_others(scan, decoder.decode(chunk))
    _count_others(scan, decoder.decode(b"", final=True))
    return scan


def _count_others(scan: _Scan, text: str) -> None:
    damaged = len(_DAMAGED_BYTES.findall(text))
    scan.damaged += damaged
    scan.others += len(text) - len(text.encode("ascii", errors="ignore")) - damaged


def _is_gb18030(path: Path) -> bool:
    """Decodes without a fault into characters that Chinese uses every day."""
    decoder = codecs.getincrementaldecoder("gb18030")()
    common = rare = 0
    try:
        for chunk in _chunks(path):
            if chunk.isascii() and not decoder.getstate()[0]:
                continue
            others = "".join(c for c in decoder.decode(chunk) if c > "\x7f")
            known = len(others.encode("gb2312", errors="ignore")) // 2
            common, rare = common + known, rare + len(others) - known
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return common > 4 * rare


def _chunks(path: Path) -> Iterator[bytes]:
    with open_bytes(path) as file:
        while True:
            try:
                chunk = file.read(CHUNK)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise FileRefused(path, _("the packed file is damaged")) from error
            if not chunk:
                return
            yield chunk
