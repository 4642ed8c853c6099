"""Looking whether the chain still fits, and naming the first entry that does not."""

import struct
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop

from core.ledger import roots
from core.said import NOTHING, Said

EMPTY = "0" * 64
"""What stands before the first entry."""

# The bytes that migration 0002 hashes, without the hash before them: place first, so that it can be read here.
ENTRIES = """
COPY (
    SELECT convert_to(hash, 'UTF8'), int8send(index) || int8send((extract(epoch FROM at) * 1000000)::bigint)
        || convert_to(kind, 'UTF8') || '\\x00'::bytea || convert_to(subject, 'UTF8') || '\\x00'::bytea
        || convert_to(actor, 'UTF8') || '\\x00'::bytea || convert_to(body, 'UTF8')
    FROM core_ledgerentry WHERE index >= {first} ORDER BY index
) TO STDOUT (FORMAT BINARY)
"""
HEADER_BYTES = 19
"""Signature, flags and an empty extension: what every binary COPY begins with."""
TRAILER_BYTES = 2
_size = struct.Struct(">i").unpack_from
_place = struct.Struct(">q").unpack_from


@dataclass(frozen=True)
class Verdict:
    """`first_broken` is the index of the first entry that was changed, removed or put elsewhere, None when all fit."""

    entries: int
    last_index: int
    roots: int
    first_broken: int | None = None
    reason: Said = NOTHING

    @property
    def is_whole(self) -> bool:
        return self.first_broken is None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "reason": str(self.reason)}


class _Broken(Exception):
    def __init__(self, index: int, text: str, **values: Any) -> None:
        self.index, self.said = index, Said(text, {"index": index, **values})
        super().__init__(index)


def verify(first: int = 1, *, roots_file: Path | None = None) -> Verdict:
    """Read the chain from entry `first` on, in one pass, and hold it against the signed heads.

    The entry before `first` is taken for granted. What is written meanwhile is not looked at. `roots_file`: another
    file of signed heads than that of this installation.
    """
    chain = _Chain(max(first, 1), roots_file)
    try:
        known = chain.signed_heads()
        chain.read()
        chain.compare(known)
    except _Broken as broken:
        return Verdict(chain.count, chain.last, chain.signed, broken.index, broken.said)
    return Verdict(chain.count, chain.last, chain.signed)


class _Chain:
    """One reading of the chain."""

    def __init__(self, first: int, roots_file: Path | None) -> None:
        self.roots_file = roots_file
        self.first, self.last, self.count, self.signed = first, first - 1, 0, 0
        self.hashes: dict[int, str] = {}

    def signed_heads(self) -> list[roots.Root]:
        """In the order of the chain. Raises when one of them was not signed here."""
        found = []
        try:
            for root in roots.all_roots(self.roots_file):
                if not root.is_genuine:
                    raise _Broken(root.index, gettext_noop("The signature of entry %(index)d is not this shop's."))
                found.append(root)
        except ValueError as error:
            raise _Broken(0, gettext_noop("The file of signatures cannot be read.")) from error
        self.signed = len(found)
        self.hashes = {root.index: "" for root in found}
        return sorted(found, key=lambda root: root.index)

    def read(self) -> None:
        """Every entry: its place follows the one before, and its hash is that of what it says."""
        reader = _Reader(self.first, self._hash_before(), self.hashes)
        with connection.cursor() as cursor:
            cursor.copy_expert(ENTRIES.format(first=int(self.first)), reader)
        self.last, self.count = reader.expected - 1, reader.expected - self.first
        if reader.broken is not None:
            raise reader.broken

    def compare(self, known: list[roots.Root]) -> None:
        """With what was signed on earlier days."""
        for root in known:
            if root.index > self.last:
                raise _Broken(
                    self.last + 1,
                    gettext_noop("Entry %(index)d is missing: the chain once reached entry %(reached)d."),
                    reached=known[-1].index,
                )
            if root.index >= self.first and self.hashes[root.index] != root.hash:
                raise _Broken(
                    root.index, gettext_noop("Entry %(index)d is another one than was signed: the chain was rewritten.")
                )

    def _hash_before(self) -> str:
        if self.first == 1:
            return EMPTY
        with connection.cursor() as cursor:
            cursor.execute("SELECT hash FROM core_ledgerentry WHERE index = %s", [self.first - 1])
            row = cursor.fetchone()
        if row is None:
            raise _Broken(self.first - 1, gettext_noop("Entry %(index)d is missing."))
        return str(row[0])


class _Reader:
    """The file that COPY writes into, one row with each call. Nothing is kept but the last hash and those asked for."""

    def __init__(self, first: int, previous: str, wanted: dict[int, str]) -> None:
        self.expected, self.previous, self.wanted = first, previous.encode(), wanted
        self.broken: _Broken | None = None
        self._skip = HEADER_BYTES

    def write(self, data: bytes) -> None:
        """A row: number of fields, then length and bytes of each. Errors are kept until the stream has ended."""
        skip, self._skip = self._skip, 0
        if self.broken is not None or len(data) - skip <= TRAILER_BYTES:
            return
        start = skip + 6
        end = start + (_size(data, start - 4)[0] if data[start - 4] < 128 else 0)
        entry = data[end + 4 :]
        index = _place(entry)[0]
        if index != self.expected:
            self.broken = _Broken(self.expected, gettext_noop("Entry %(index)d is missing."))
            return
        digest = sha256(self.previous + entry).hexdigest()
        self.previous = digest.encode()
        if self.previous != data[start:end]:
            self.broken = _Broken(
                index, gettext_noop("Entry %(index)d was changed, or does not follow the one before it.")
            )
            return
        if index in self.wanted:
            self.wanted[index] = digest
        self.expected = index + 1
