"""Which encoding a file is in, found out by reading it once before its rows are used."""

import codecs
import gzip
import io
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
UTF8, UTF16, GB18030, WINDOWS_1252 = "utf-8-sig", "utf-16", "gb18030", "cp1252"
LABELS = {UTF8: "UTF-8", GB18030: "GB18030", WINDOWS_1252: "Windows-1252"}
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DAMAGED_BYTES = re.compile("[\udc80-\udcff]")

# Windows-1252: letters; bytes without a meaning; signs that no word has between two of its letters.
_LETTER = rb"\x8a\x8c\x8e\x9a\x9c\x9e\x9f\xc0-\xd6\xd8-\xf6\xf8-\xfe"
_RUNS = re.compile(rb"([A-Za-z]?)([" + _LETTER + rb"]+)(?=([A-Za-z]?))")
_NOTHING = re.compile(rb"[\x81\x8d\x8f\x90\x9d\xff]")
_INSIDE_WORDS = re.compile(
    rb"[A-Za-z" + _LETTER + rb"][\x80\x82-\x89\x8b\x93-\x95\x98\x99\x9b\xa1-\xac\xae-\xb3\xb5\xb6\xb8-\xbf\xd7\xf7]"
    rb"[a-z" + _LETTER + rb"]"
)


@dataclass(frozen=True)
class Encoding:
    """`name` for open(); `is_damaged` when single rows hold bytes that are not text in it."""

    name: str
    is_damaged: bool
    newlines: int

    @property
    def label(self) -> str:
        """What people call it."""
        return LABELS.get(self.name, self.name.upper())

    @property
    def is_expected(self) -> bool:
        return self.name == UTF8


def open_bytes(path: Path) -> IO[bytes]:
    """The bytes of the file, unpacked when its name ends in .gz."""
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def open_text(path: Path, encoding: Encoding) -> io.TextIOWrapper:
    """The text of the file with its own ends of lines; damaged bytes of UTF-8 come as lone surrogates."""
    errors = BROKEN if encoding.name == UTF8 else "strict"
    return io.TextIOWrapper(open_bytes(path), encoding=encoding.name, errors=errors, newline="")


def find_encoding(path: Path) -> Encoding:
    """UTF-8, UTF-16, else GB18030 or Windows-1252 where the bytes leave no doubt, else UTF-8 with rows to refuse.

    A file in which most of the characters outside ASCII are right UTF-8 is UTF-8 with damage, nothing else. Raises
    FileRefused for what is no text at all.
    """
    wide = _utf16(path)
    if wide:
        return Encoding(wide, False, _check_utf16(path, wide))
    scan = _scan(path)
    if not scan.damaged:
        return Encoding(UTF8, False, scan.newlines)
    if scan.damaged > scan.others:
        if _is_gb18030(path):
            return Encoding(GB18030, False, scan.newlines)
        if _is_windows_1252(path):
            return Encoding(WINDOWS_1252, False, scan.newlines)
    return Encoding(UTF8, True, scan.newlines)


@dataclass
class _Scan:
    newlines: int = 0
    others: int = 0  # characters outside ASCII that are right UTF-8
    damaged: int = 0  # bytes that are not UTF-8


def _scan(path: Path) -> _Scan:
    scan = _Scan()
    decoder = codecs.getincrementaldecoder("utf-8")(errors=BROKEN)
    unbroken = 0
    for chunk in _chunks(path):
        unbroken = _measure(path, chunk, unbroken, scan.newlines)
        scan.newlines += chunk.count(b"\n")
        if not chunk.isascii() or decoder.getstate()[0]:
            _count_others(scan, decoder.decode(chunk))
    _count_others(scan, decoder.decode(b"", final=True))
    return scan


def _measure(path: Path, chunk: bytes, unbroken: int, newlines: int) -> int:
    """Bytes since the last end of a line. Raises FileRefused when there are too many."""
    last = max(chunk.rfind(b"\n"), -1)
    if last < 0:
        last = chunk.rfind(b"\r")
    unbroken = unbroken + len(chunk) if last < 0 else len(chunk) - last
    if unbroken > LONGEST_LINE:
        raise FileRefused(path, _("the line is longer than 8 MB"), line=newlines + 1)
    return unbroken


def _count_others(scan: _Scan, text: str) -> None:
    damaged = len(_DAMAGED_BYTES.findall(text))
    scan.damaged += damaged
    scan.others += len(text) - len(text.encode("ascii", errors="ignore")) - damaged


def _utf16(path: Path) -> str:
    """The name of the encoding when the file begins like UTF-16: with its mark, or with Latin letters of two bytes."""
    head = next(_chunks(path), b"")[:4_096]
    if head[:2] in _BOMS:
        return UTF16
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half >= 4 and odd > 0.6 * half and not even:
        return "utf-16-le"
    if half >= 4 and even > 0.6 * half and not odd:
        return "utf-16-be"
    return ""


def _check_utf16(path: Path, name: str) -> int:
    """Number of lines. Raises FileRefused with the line of what is not text."""
    decoder = codecs.getincrementaldecoder(name)()
    newlines = unbroken = 0
    try:
        for chunk in _chunks(path):
            unbroken = _measure(path, chunk, unbroken, newlines)
            newlines += decoder.decode(chunk).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise FileRefused(path, _("is in UTF-16 with characters that are broken"), line=newlines + 1) from error
    return newlines


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


def _is_windows_1252(path: Path) -> bool:
    """One or two accented letters beside plain ones, and no sign inside a word.

    Cyrillic, Greek and Hebrew code pages make whole words of such letters; those of central Europe give signs in words.
    """
    inside = foreign = 0
    for chunk in _chunks(path):
        if chunk.isascii():
            continue
        if _NOTHING.search(chunk) or _INSIDE_WORDS.search(chunk):
            return False
        for before, run, after in _RUNS.findall(chunk):
            if len(run) <= 2 and (before or after):
                inside += len(run)
            elif len(run) > 1:
                foreign += len(run)
    return inside > 4 * foreign


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
