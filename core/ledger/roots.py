"""Signed heads: proof against the one change that a chain cannot show by itself, the loss of its end.

Once a day the last entry is signed with a key made from SECRET_KEY, which is not in the database, and written to a
table and to `ledger/roots.jsonl` below VAR_DIR. Copy that file elsewhere and nobody on this machine can go behind it.
"""

import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from core.models import LedgerEntry, LedgerRoot

SALT = "core.ledger.root"


@dataclass(frozen=True)
class Root:
    """One signed head, wherever it was kept."""

    at: str
    index: int
    hash: str
    mac: str

    def as_line(self) -> str:
        """As it stands in the file."""
        return json.dumps({"at": self.at, "index": self.index, "hash": self.hash, "mac": self.mac})

    @property
    def is_genuine(self) -> bool:
        """Signed with this installation's key, or one it had before (SECRET_KEY_FALLBACKS)."""
        keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        return any(hmac.compare_digest(mac_of(self.at, self.index, self.hash, key=key), self.mac) for key in keys)


def mac_of(at: str, index: int, digest: str, *, key: str | bytes | None = None) -> str:
    """The signature of a head."""
    return salted_hmac(SALT, f"{at}\n{index}\n{digest}", secret=key, algorithm="sha256").hexdigest()


def path() -> Path:
    """The file of this installation."""
    return Path(settings.VAR_DIR) / "ledger" / "roots.jsonl"


def sign_head() -> Root | None:
    """Sign the last entry, in table and file. None while the chain is empty or its head is signed already."""
    head = LedgerEntry.objects.exclude(index=None).order_by("-index").first()
    if head is None or head.index is None or head.hash is None:
        return None
    if LedgerRoot.objects.filter(index=head.index, hash=head.hash).exists():
        return None
    now = timezone.now()
    root = Root(_moment(now), head.index, head.hash, mac_of(_moment(now), head.index, head.hash))
    with transaction.atomic():
        row = LedgerRoot.objects.create(index=root.index, hash=root.hash, mac=root.mac)
        LedgerRoot.objects.filter(pk=row.pk).update(at=now)
        _append(root)
    return root


def all_roots(file: Path | None = None) -> Iterator[Root]:
    """Those of the table and those of the file; most stand in both. Raises ValueError for a line that is none."""
    file = file or path()
    seen: set[tuple[int, str, str]] = set()
    rows = LedgerRoot.objects.values_list("at", "index", "hash", "mac").order_by("index", "id")
    for at, index, digest, mac in rows:
        seen.add((index, digest, mac))
        yield Root(_moment(at), index, digest, mac)
    if file.exists():
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
            root = _read(line, number)
            if (root.index, root.hash, root.mac) not in seen:
                yield root


def _read(line: str, number: int) -> Root:
    try:
        found = json.loads(line)
        return Root(str(found["at"]), int(found["index"]), str(found["hash"]), str(found["mac"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"Line {number} of the signed heads is none.") from error


def _append(root: Root) -> None:
    """One line, on the disk when this returns. A full disk leaves the file as it was."""
    line = root.as_line() + "\n"
    path().parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path(), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        before = os.fstat(handle).st_size
        try:
            os.write(handle, line.encode())
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, before)
            raise
    finally:
        os.close(handle)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
